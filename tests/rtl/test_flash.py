"""Loading from flash: the simulated flash by hand, then the loader before a register bank."""

from __future__ import annotations

from random import Random

import pytest
from amaranth.hdl import Module, ResetInserter, Signal
from hrsnn_rtl.flash import FlashLoader, FlashPlace
from hrsnn_rtl.flash_image import MAGIC, crc32_high_first, flash_image, signature
from hrsnn_rtl.image import memory_images
from hrsnn_rtl.registers import BY_NAME, FlashStatus
from hrsnn_sim.spi_flash import ERASED, SpiFlash

from hrsnn_edge.reference.random import random_network
from tests.link.model import device_model
from tests.link.vectors import configuration, network
from tests.rtl.harness import simulate

PLACE = FlashPlace(0x20000, 12)
MARK = BY_NAME["MODEL"].address
NET, CONFIG = network()[0], configuration()
IMAGE = flash_image(CONFIG, memory_images(NET, CONFIG), NET.n_neurons)
#: Records of the image, and cycles of one on the line.
LENGTH, RECORD = len(IMAGE) // 5 - 2, 80


def test_crc_by_hand():
    """The check value of CRC-32/MPEG-2, and bytes in parts."""
    assert crc32_high_first(b"123456789") == 0x0376E6E7
    assert crc32_high_first(b"6789", crc32_high_first(b"12345")) == 0x0376E6E7


def test_image_by_hand():
    """Magic, records less 1, records of register and word, and a CRC that makes the whole 0."""
    assert IMAGE[:2] == MAGIC and int.from_bytes(IMAGE[2:5], "big") == len(IMAGE) // 5 - 3
    assert IMAGE[5:10].hex() == "2100000000", "first no model"
    assert IMAGE[10:12].hex() == "2400", "then a place in the memories"
    assert (IMAGE[-15], IMAGE[-10]) == (MARK, BY_NAME["NEURONS"].address), "last mark and size"
    assert int.from_bytes(IMAGE[-9:-5], "big") == NET.n_neurons
    assert IMAGE[-5] == 0 and crc32_high_first(IMAGE, signature(CONFIG)) == 0


def ask(flash: SpiFlash, *commands: bytes, answer: int = 4, pause: int = 20) -> list[bytes]:
    """Return what the flash says after each command."""
    m = Module()
    m.submodules.flash = flash
    pins, answers = flash.pins, []

    async def controller(ctx):
        for command in commands:
            got = []
            ctx.set(pins.cs_n, 0)
            for byte in command + bytes(answer):
                value = 0
                for k in range(7, -1, -1):
                    ctx.set(pins.copi, byte >> k & 1)
                    await ctx.tick()
                    ctx.set(pins.sck, 1)
                    await ctx.tick()
                    # The level before the falling edge, as the loader takes it.
                    value = value << 1 | ctx.get(pins.cipo)
                    ctx.set(pins.sck, 0)
                got.append(value)
                if byte == 0xAB and command == b"\xab":
                    break
            await ctx.tick()
            ctx.set(pins.cs_n, 1)
            await ctx.tick().repeat(pause)
            answers.append(bytes(got[len(command) :]))

    simulate(m, controller)
    return answers


def test_flash_by_hand():
    """It sleeps until it is woken, and is read with and without a byte of no meaning."""
    flash = SpiFlash(b"\x12\x34\x56", base=0x20000)
    read, fast = bytes.fromhex("03020000"), bytes.fromhex("0b02000100")
    answers = ask(flash, read, b"\xab", read, fast, bytes.fromhex("03000000"), b"\x9f")
    erased = bytes([ERASED])
    assert answers[0] == 4 * erased, "asleep"
    assert answers[2] == b"\x12\x34\x56" + erased
    assert answers[3] == b"\x34\x56" + 2 * erased
    assert answers[4] == answers[5] == 4 * erased
    early = ask(SpiFlash(b"\x12", base=0x20000, wake_cycles=40), b"\xab", read, pause=3)
    assert early[1] == 4 * erased, "not awake yet"


def load(contents: bytes, *, bank=None, resets=(), fickle: int | None = None, seed: int = 1):
    """Return what came of a load, the register bank, and the number of words written.

    Parameters
    ----------
    contents : bytes
        Of the flash, from its place on.
    bank : BankModel, optional
        Registers with something in them already.
    resets : sequence of int
        Cycles after which the loader is reset.
    fickle : int, optional
        A byte of the flash that changes when the first word has been written.
    seed : int
        Of the pauses of the bus.
    """
    m, reset = Module(), Signal()
    dut = FlashLoader(config=CONFIG, place=PLACE)
    m.submodules.dut = ResetInserter(reset)(dut)
    m.submodules.flash = flash = SpiFlash(contents, base=PLACE.address, wake_cycles=10)
    m.d.comb += [
        flash.pins.cs_n.eq(dut.pins.cs_n),
        flash.pins.sck.eq(dut.pins.sck),
        flash.pins.copi.eq(dut.pins.copi),
        dut.pins.cipo.eq(flash.pins.cipo),
    ]
    bank = bank or device_model(NET, CONFIG).bank
    rng, found, times = Random(seed), {"writes": 0}, list(resets)

    async def serve(ctx):
        cycle, before = 0, None
        while True:
            cycle += 1
            ctx.set(reset, bool(times) and cycle == times[0])
            ctx.set(dut.bus.ready, rng.random() < 0.4)
            *_, valid, ready, address, word = await ctx.tick().sample(
                dut.bus.valid, dut.bus.ready, dut.bus.address, dut.bus.w_data
            )
            if valid and ready and not ctx.get(reset):
                assert before == address, "the address is there a cycle before the request"
                assert bank.write(address, word)
                found["writes"] += 1
                if fickle is not None:
                    ctx.set(flash.data[fickle], contents[fickle] ^ 1)
            before = address
            if ctx.get(reset):
                cycle, before = 0, None
                times.pop(0)
            if not ctx.get(dut.busy):
                break
            assert cycle < 3 * RECORD * (LENGTH + 50), "the loader must end"
        found["status"] = FlashStatus(ctx.get(dut.status))
        assert ctx.get(dut.pins.cs_n), "the flash is left alone"

    simulate(m, serve)
    return found["status"], bank, found["writes"]


def test_loads():
    """Every memory gets its words, and the mark comes last; whatever follows the image is left."""
    status, bank, writes = load(IMAGE + b"\x00\x55")
    assert status == FlashStatus.LOADED and bank.core.loaded and writes > 50
    assert bank.words[MARK] == int.from_bytes(IMAGE[-14:-10], "big") != 0
    assert bank.words[BY_NAME["NEURONS"].address] == NET.n_neurons


def changed(at: int, value: int) -> bytes:
    return IMAGE[:at] + bytes([IMAGE[at] ^ value]) + IMAGE[at + 1 :]


def with_length(records: int) -> bytes:
    return MAGIC + (records - 1).to_bytes(3, "big") + IMAGE[5:]


OTHER = random_network(5, 9, 5, 3, n_out=2, n_bins=1)[0]
OTHER_CONFIG = type(CONFIG).for_network(OTHER, n_steps=4)
#: Contents -> what is said of them. Nothing may be written.
WRONG = {
    "erased": (b"", FlashStatus.NO_MODEL),
    "zeros": (bytes(64), FlashStatus.NO_MODEL),
    "wrong magic": (changed(1, 4), FlashStatus.NO_MODEL),
    "cut in the magic": (IMAGE[:1], FlashStatus.NO_MODEL),
    "no length": (IMAGE[:2], FlashStatus.BAD_MODEL),
    "cut": (IMAGE[:200], FlashStatus.BAD_MODEL),
    "cut before the CRC": (IMAGE[:-4], FlashStatus.BAD_MODEL),
    "one record": (with_length(1), FlashStatus.BAD_MODEL),
    "too long": (with_length(1 << 22), FlashStatus.BAD_MODEL),
    "a record short": (with_length(LENGTH - 1), FlashStatus.BAD_MODEL),
    "a record long": (with_length(LENGTH + 1), FlashStatus.BAD_MODEL),
    "a bit": (changed(77, 0x10), FlashStatus.BAD_MODEL),
    "a bit of the CRC": (changed(len(IMAGE) - 1, 1), FlashStatus.BAD_MODEL),
    "of another core": (
        flash_image(OTHER_CONFIG, memory_images(OTHER, OTHER_CONFIG), 9),
        FlashStatus.BAD_MODEL,
    ),
}


@pytest.mark.parametrize("contents, expected", WRONG.values(), ids=WRONG)
def test_wrong_contents(contents, expected):
    """What is no image, or a damaged one, is named and changes nothing."""
    status, _, writes = load(contents)
    assert (status, writes) == (expected, 0)


def test_damaged_between_the_passes():
    """A model that turns out damaged only when it has been written is marked as none."""
    bank = device_model(NET, CONFIG).bank
    bank.words[MARK] = 77
    status, bank, writes = load(IMAGE, bank=bank, fickle=len(IMAGE) - 30)
    assert status == FlashStatus.BAD_MODEL and writes > 50
    assert bank.words[MARK] == 0


@pytest.mark.parametrize("seed", range(2))
def test_reset(seed):
    """A load that is reset twice, anywhere, begins again and is whole."""
    rng = Random(seed)
    whole = 2 * RECORD * LENGTH
    resets = [rng.randrange(1, whole), rng.choice([1, 2, 9, 60])]
    status, bank, _ = load(IMAGE, resets=resets, seed=seed)
    assert status == FlashStatus.LOADED and bank.core.loaded and bank.words[MARK]


def test_only_its_registers():
    """Whatever bursts an image has, no command is given and no register beside its own written."""
    records = bytes.fromhex("40c000c000 2200000001 0000000005 4100000007")
    data = MAGIC + (3).to_bytes(3, "big") + records + b"\0"
    data += crc32_high_first(data, signature(CONFIG)).to_bytes(4, "big")
    bank = device_model(NET, CONFIG).bank
    status, bank, writes = load(data, bank=bank)
    assert status == FlashStatus.LOADED and writes == 4
    assert bank.core.steps == 0 and list(bank.core.memory) == [(0, 0, 0), (0, 0, 1)]
    assert [bank.words[k] for k in (0x20, 0x22)] == [5, 1]
