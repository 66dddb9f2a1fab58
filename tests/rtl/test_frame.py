"""The front alone: every frame, right or wrong, is answered as `docs/link.md` says."""

from random import Random

import pytest
from hrsnn_boards.link import request_frame
from hrsnn_rtl.crc import crc16
from hrsnn_rtl.frame import FrameFront
from hrsnn_rtl.registers import BY_NAME, MAX_WORDS, Op, Status, burst_allowed

from tests.link.fuzz import Fuzzer
from tests.link.lines import FrontLine
from tests.link.model import device_model
from tests.link.vectors import configuration, network

TIMEOUT_BITS = 64


def connect(seed: int = 1):
    """Return a line to a front, its bank, and a model of the same state."""
    net, _ = network()
    bank = device_model(net, configuration(), loaded=True).bank
    front = FrameFront(timeout_bits=TIMEOUT_BITS, poison=True)
    model = device_model(net, configuration(), loaded=True)
    return FrontLine(front, bank, Random(seed)), bank, model


def ask(line, frame: bytes, size: int = 7) -> bytes:
    line.write(frame)
    return line.read(size)


def test_page_example():
    """The shortest frame of the page gets the answer of the page."""
    line, *_ = connect()
    assert ask(line, bytes.fromhex("a507000000d5ed"), 6).hex() == "5a070000490c"


def test_before_sync():
    """No sequence number is right before the first SYNC, neither the last nor the next of 0."""
    line, *_ = connect()
    for seq in (0, 1):
        answer = ask(line, request_frame(seq, Op.READ, 0, 1), 6)
        assert answer[2:4] == bytes([Status.OUT_OF_ORDER, 0])


def test_every_bit_of_the_crc():
    """A frame whose CRC leaves any one bit of the register is refused, and the right one is not."""
    line, *_ = connect()
    ask(line, request_frame(0, Op.SYNC), 6)
    frame = request_frame(1, Op.READ, 1, 1)
    wrong = {crc16(frame[1:5] + k.to_bytes(2)): k.to_bytes(2) for k in range(1 << 16)}
    for bit in range(16):
        assert ask(line, frame[:5] + wrong[1 << bit], 6)[2] == Status.BAD_CRC
    assert ask(line, frame[:5] + wrong[0], 10)[:8].hex() == "5a01800101000000"


def test_ends_of_the_registers():
    """Bursts are taken up to the last register and refused one further: `burst_allowed`."""
    line, *_ = connect()
    ask(line, request_frame(0, Op.SYNC), 6)
    seq = 1
    for op, address, count in (
        (Op.READ, 0, 64),
        (Op.READ, 1, 64),
        (Op.READ, 63, 1),
        (Op.READ, 63, 2),
        (Op.WRITE, 63, 1),
        (Op.WRITE, 62, 3),
        (Op.WRITE, 31, 1),
        (Op.READ, 64, 1),
        (Op.READ, 255, 64),
    ):
        words = [0] * count if op == Op.WRITE else ()
        allowed = burst_allowed(op, address, count)
        size = 6 + (4 * count if allowed and op == Op.READ else 0)
        answer = ask(line, request_frame(seq, op, address, count, words), size)
        assert answer[2] & 7 == (Status.OK if allowed else Status.BAD_ADDR), (op, address, count)
        seq += allowed


def test_busy_memory():
    """A memory access while the core works is answered BUSY, and works when it is idle."""
    line, bank, _ = connect()
    ask(line, request_frame(0, Op.SYNC), 6)
    bank.idle = False
    frame = request_frame(1, Op.READ, BY_NAME["MEM_DATA"].address, 1)
    assert ask(line, frame, 6)[:4] == bytes([0x5A, 1, Status.BUSY, 0])
    assert ask(line, request_frame(1, Op.READ, 0, 1), 10)[2] == 0x80
    bank.idle = True
    frame = request_frame(2, Op.READ, BY_NAME["MEM_DATA"].address, 1)
    assert ask(line, frame, 10)[:4] == bytes([0x5A, 2, 0x80, 1])


def test_port_ends_a_burst():
    """A port that ends a burst leaves OK and the words done; a repeat shows the same."""
    line, bank, _ = connect()
    ask(line, request_frame(0, Op.SYNC), 6)
    bank.core.spikes.extend([5, 6])
    spike, command = BY_NAME["SPIKE"].address, BY_NAME["COMMAND"].address
    assert ask(line, request_frame(1, Op.WRITE, command, 1, [0]), 6)[:4].hex() == "5a010000"
    first = ask(line, request_frame(2, Op.READ, spike, 4), 14)
    assert first[:12].hex() == "5a0280020500000006000000"
    again = ask(line, request_frame(2, Op.READ, spike, 4), 14)
    assert again[:12].hex() == "5a02c0020500000006000000"
    assert ask(line, request_frame(3, Op.READ, spike, 4), 6)[:4].hex() == "5a038000"


def test_longest_burst():
    """A burst of 64 words fills the buffer and no more, both ways."""
    line, bank, _ = connect()
    ask(line, request_frame(0, Op.SYNC), 6)
    command, words = BY_NAME["COMMAND"].address, [0] * MAX_WORDS
    assert ask(line, request_frame(1, Op.WRITE, command, MAX_WORDS, words), 6)[3] == MAX_WORDS
    bank.core.spikes.extend(range(100, 164))
    answer = ask(line, request_frame(2, Op.READ, BY_NAME["SPIKE"].address, MAX_WORDS), 262)
    assert answer[4:-2] == b"".join(k.to_bytes(4, "little") for k in range(100, 164))


@pytest.mark.parametrize("size", range(1, 14))
def test_cut_anywhere(size):
    """A frame cut after any byte is answered TIMEOUT, changes nothing, and the next is right."""
    line, *_ = connect()
    ask(line, request_frame(0, Op.SYNC), 6)
    scratch = BY_NAME["SCRATCH"].address
    ask(line, request_frame(1, Op.WRITE, scratch, 1, [77]), 6)
    frame = request_frame(2, Op.WRITE, scratch, 2, [1, 2])[:size]
    assert ask(line, frame, 6)[2:4] == bytes([Status.TIMEOUT, 0])
    assert ask(line, request_frame(2, Op.READ, scratch, 1), 10)[4:8] == bytes([77, 0, 0, 0])


def test_fuzz():
    """Random and mutated frames are answered as the model does; a wrong one changes nothing."""
    seed = 1
    line, bank, model = connect(seed)
    fuzzer = Fuzzer(seed, model, line)
    fuzzer.run(150)
    assert bank.words == model.bank.words
    assert bank.core.memory == model.bank.core.memory
    print(f"seed {seed}: {fuzzer.seen}")
