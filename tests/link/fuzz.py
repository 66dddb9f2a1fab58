"""Random, wrong, cut, repeated and reordered frames, given to a device and to its model alike.

What a frame does is drawn so that it can be foreseen: commands are legal, and memories are only
written with what they hold. Whatever slips through where it must not shows in an answer, or in the
run of the network afterwards.
"""

from __future__ import annotations

from collections import Counter
from random import Random

from hrsnn_boards.link import request_frame
from hrsnn_rtl.crc import crc16
from hrsnn_rtl.interfaces import CommandKind, Select
from hrsnn_rtl.registers import BY_NAME, MAX_WORDS, MEMORY_WORDS, Op, Status
from hrsnn_sim.commands import command_word

from tests.link.model import CYCLE_COUNTERS, LinkModel

#: Registers whose words a host may write at will.
FREE = ("MODEL", "NEURONS", "SCRATCH")


class Fuzzer:
    """A seeded source of frames, and the comparison of the answers.

    Parameters
    ----------
    seed : int
        Everything follows from it.
    model : LinkModel
        What the device must do; loaded with the network that the device is loaded with.
    line : SimulatedLine, CompiledLine or alike
        The way to the device.
    """

    def __init__(self, seed: int, model: LinkModel, line):
        self._rng, self._model, self._line = Random(seed), model, line
        self._core = model.bank.core
        self._previous = b""
        self.seen: Counter = Counter()

    def run(self, count: int) -> None:
        """Give `count` frames to both and compare every answer."""
        self._send(request_frame(self._rng.randrange(256), Op.SYNC), "the start")
        for k in range(count):
            frame = self._mutated(self._frame())
            self._send(frame, f"frame {k}, {frame.hex()}")
        self._silence("the end")

    def _send(self, frame: bytes, where: str) -> None:
        waiting = b""
        for byte in frame:
            waiting += bytes([byte])
            expected = self._model.feed(bytes([byte]))
            if expected:
                self._line.write(waiting)
                waiting = b""
                self._compare(expected, where)
        self._line.write(waiting)
        # Half a frame is left behind now and then for what comes next.
        if self._rng.random() < 0.9:
            self._silence(where)

    def _silence(self, where: str) -> None:
        expected = self._model.silence()
        if expected:
            self._compare(expected, where)

    def _compare(self, expected: bytes, where: str) -> None:
        answer = self._line.read(len(expected))
        status = Status(expected[2] & 7)
        self.seen[status, bool(expected[2] & 0x40)] += 1
        if status == Status.TIMEOUT:
            # The number of a cut frame has no meaning.
            assert not crc16(answer[1:]), where
            answer, expected = answer[2:4], expected[2:4]
        assert answer == expected, f"{where}: {answer.hex()} must be {expected.hex()}"

    def _frame(self, ahead: int = 0) -> bytes:
        """Return a frame with a right CRC, mostly one that is executed after `ahead` others."""
        rng = self._rng
        last = (self._model.last_seq or 0) + ahead
        seq = rng.choice([last] + [last + 1] * 8 + [rng.randrange(256)]) & 0xFF
        choice = rng.random()
        if choice < 0.03:
            return request_frame(seq, Op.SYNC, rng.randrange(256), rng.randrange(256))
        if choice < 0.08:
            # Operations that do not exist, and writes to where there is nothing to write.
            op, address = rng.choice([3, 9, 255]), rng.randrange(256)
            if rng.random() < 0.5:
                op, address = Op.WRITE, rng.choice([0, 0x1F, 0x41, 0x43, 255])
            words = [rng.getrandbits(32)] * rng.randrange(3)
            return request_frame(seq, op, address, len(words), words if op == Op.WRITE else ())
        draw = rng.choice([self._read, self._write, self._command, self._memory])
        return draw(seq)

    def _read(self, seq: int) -> bytes:
        rng = self._rng
        address, count = rng.randrange(MEMORY_WORDS + 3), rng.choice([1, 2, 5, rng.randrange(80)])
        burst = range(address, address + count)
        if any(BY_NAME[name].address in burst for name in CYCLE_COUNTERS):
            count = 0
        if address == BY_NAME["MEM_DATA"].address:
            return self._memory(seq)
        return request_frame(seq, Op.READ, address, count)

    def _write(self, seq: int) -> bytes:
        rng = self._rng
        if rng.random() < 0.2:
            value = rng.choice([0, 2, 0xFFFFFFFC])
            return request_frame(seq, Op.WRITE, BY_NAME["CONTROL"].address, 1, [value])
        if rng.random() < 0.2:
            words = [rng.getrandbits(32)]
            return request_frame(seq, Op.WRITE, BY_NAME["MEM_HIGH"].address, 1, words)
        first = rng.randrange(len(FREE))
        words = [rng.getrandbits(32) for _ in FREE[first:]]
        return request_frame(seq, Op.WRITE, BY_NAME[FREE[first]].address, len(words), words)

    def _command(self, seq: int) -> bytes:
        """Return legal commands: each event in a step of its own."""
        rng, net = self._rng, self._core.net
        words = []
        for _ in range(rng.choice([1, 2, 3, rng.randrange(1, MAX_WORDS + 1)])):
            step = command_word(CommandKind.STEP, rng.randrange(net.readout.n_bins))
            event = command_word(CommandKind.EVENT, rng.randrange(net.n_inputs))
            clear, nothing = command_word(CommandKind.CLEAR), command_word(CommandKind.NOP)
            low, high = rng.choice(
                [(event, step), (step, step), (nothing, step), (step, nothing), (clear, step)]
            )
            words.append(low | high << 16)
        return request_frame(seq, Op.WRITE, BY_NAME["COMMAND"].address, len(words), words)

    def _memory(self, seq: int) -> bytes:
        """Return a request that moves in the memories, reads state or writes what stands there."""
        rng, bank = self._rng, self._model.bank
        data = BY_NAME["MEM_DATA"].address
        select, lane, address = bank.place
        config = self._core.config
        if rng.random() < 0.6:
            room = {Select.V: config.n_slots, Select.OUT: config.n_out}.get(select, 0) - address
            if room > 0 and (select == Select.V or lane == 0):
                return request_frame(seq, Op.READ, data, rng.randint(1, room))
            words = []
            while len(words) < MAX_WORDS and (select, lane, address) in self._core.memory:
                words.append(self._core.memory[select, lane, address])
                address += 1
            if words and bank.high == 0:
                words = words[: rng.randint(1, len(words))]
                return request_frame(seq, Op.WRITE, data, len(words), words)
            if words:
                return request_frame(seq, Op.WRITE, BY_NAME["MEM_HIGH"].address, 1, [0])
        places = [*self._core.memory, (Select.OUT, 0, 0), (Select.V, config.lanes - 1, 0)]
        select, lane, address = rng.choice([*places, *places[-2:] * (len(places) // 4)])
        word = address | lane << 16 | int(select) << 20
        return request_frame(seq, Op.WRITE, BY_NAME["MEM_ADDRESS"].address, 1, [word])

    def _mutated(self, frame: bytes) -> bytes:
        """Return a frame as the line may deliver it: mostly untouched."""
        rng = self._rng
        kind, k = rng.random(), rng.randrange(len(frame))
        if kind < 0.6:
            out = frame
        elif kind < 0.68:
            out = frame[:k] + bytes([frame[k] ^ 1 << rng.randrange(8)]) + frame[k + 1 :]
        elif kind < 0.74:
            out = frame[:k]
        elif kind < 0.80:
            out = frame[:k] + frame[k + 1 :]
        elif kind < 0.86:
            out = frame[:k] + rng.randbytes(1) + frame[k:]
        elif kind < 0.89:
            out = self._previous
        elif kind < 0.92:
            out = self._frame(ahead=1) + frame
        else:
            out = rng.randbytes(rng.randrange(12)) + frame
        self._previous = frame
        return out
