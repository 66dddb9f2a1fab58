"""The device as `docs/link.md` describes it, in a few lines of Python: what the RTL must equal.

`LinkModel` is the front, `BankModel` the registers, `CoreModel` the integer network behind them.
"""

from __future__ import annotations

from collections import deque

import numpy as np
from hrsnn_rtl.config import DATA_WIDTH
from hrsnn_rtl.crc import crc16
from hrsnn_rtl.image import memory_images, pack
from hrsnn_rtl.interfaces import CommandKind, Select, state_layout
from hrsnn_rtl.placer import place
from hrsnn_rtl.registers import (
    ANSWER_START,
    BY_NAME,
    COUNTERS,
    FIRST_WRITABLE,
    HAS_DATA,
    MAX_WORDS,
    MEMORY_WORDS,
    PORTS,
    REPEATED,
    REQUEST_START,
    Op,
    Status,
    constants,
)

from hrsnn_edge.network import Counts
from hrsnn_edge.reference.lif import LifParams, lif_step
from hrsnn_edge.reference.network import step_counts
from hrsnn_edge.reference.readout import readout_step
from hrsnn_edge.reference.synapse import deliver

#: Cycles that pass or not, as the simulated clock will: no test compares their number.
CYCLE_COUNTERS = ("BUSY_CYCLES", "STALLED_CYCLES", "IDLE_CYCLES")


class CoreModel:
    """A core that computes one network, once the right images are in its memories."""

    def __init__(self, net, config):
        self.net, self.config = net, config
        self.placement = place(net, config.lanes, config.n_slots)
        self._images = memory_images(net, config, self.placement)
        self._params = LifParams.of(net)
        self.memory: dict[tuple[int, int, int], int] = {}
        self.counts, self.steps = Counts(), 0
        self.spikes_kept = False
        self.spikes: deque[int] = deque()
        self._waiting: deque[int] = deque()
        self._clear()

    def _clear(self):
        n = self.net.n_neurons
        self._v = self._refractory = np.zeros(n, np.int64)
        self._spikes = np.zeros(n, bool)
        self._events = np.zeros(self.net.n_inputs, bool)
        self._acc = self.net.readout.bias.astype(np.int64)

    def load(self):
        """Put the network into the memories."""
        for image in self._images:
            for k, word in enumerate(image.words):
                self.memory[image.select, image.lane, image.base + k] = int(word)

    @property
    def loaded(self) -> bool:
        """Whether every image is in its memory."""
        return all(
            self.memory.get((image.select, image.lane, image.base + k), 0) == word
            for image in self._images
            for k, word in enumerate(image.words.tolist())
        )

    def command(self, word: int) -> None:
        """Execute one command word."""
        kind, arg = CommandKind(word >> 14), word & 0x3FFF
        if kind == CommandKind.CLEAR:
            self._clear()
        elif kind == CommandKind.EVENT:
            self._events[arg] = True
        elif kind == CommandKind.STEP:
            self._step(arg)

    def _step(self, bin_idx: int):
        net = self.net
        syn_sum = deliver(net.w_in, net.shift_in, self._events)
        syn_sum += deliver(net.w_rec, net.shift_rec, self._spikes)
        self._v, self._refractory, self._spikes = lif_step(
            self._v, self._refractory, syn_sum, self._params
        )
        self._acc = readout_step(self._acc, self._spikes, bin_idx, net.readout)
        self.counts = self.counts + step_counts(net, self._events, self._spikes)
        self.steps += 1
        self._events = np.zeros(net.n_inputs, bool)
        if self.spikes_kept:
            index = np.sort(self.placement.index[self._spikes])
            self.spikes.extend([*index.tolist(), BY_NAME["SPIKE"].field("last").put(1)])

    def read(self, select: int, lane: int, address: int) -> int:
        """Return a memory word."""
        if select == Select.OUT:
            acc = int(self._acc[address]) if address < self._acc.size else 0
            return acc & ((1 << DATA_WIDTH) - 1)
        # Every other number reads the state of a neuron.
        neuron = self.placement.neuron[address * self.config.lanes + lane]
        if neuron < 0:
            return 0
        state = state_layout(self.config)
        return int(pack(state, v=self._v[neuron], refractory=self._refractory[neuron]))


class BankModel:
    """The registers. `read` and `write` return None and False where the port ends the burst."""

    def __init__(self, core: CoreModel, config):
        self.core = core
        self.words = [constants(config).get(k, 0) for k in range(MEMORY_WORDS)]
        self.link_errors = 0
        self.idle = True
        self.high = 0
        self.place = [0, 0, 0]
        self._base = dict.fromkeys((register.name for register in COUNTERS), 0)

    def _counters(self) -> dict[str, int]:
        core = self.core
        values = {
            register.name: getattr(core.counts, register.name.lower(), 0) for register in COUNTERS
        }
        return values | {"STEPS": core.steps, "LINK_ERRORS": self.link_errors}

    def read(self, address: int) -> int | None:
        """Return the word of a register."""
        name = next((r.name for r in BY_NAME.values() if r.address == address), None)
        if name == "SPIKE":
            return self.core.spikes.popleft() if self.core.spikes else None
        if name == "MEM_DATA":
            word = self.core.read(*self.place)
            self.place[2] = (self.place[2] + 1) & 0xFFFF
            self.high = word >> 32
            return word & 0xFFFFFFFF
        if name == "STATUS":
            return int(self.idle) | bool(self.core.spikes) << 1
        if name == "MEM_HIGH":
            return self.words[address] & ~0xF | self.high
        if name in self._base and name not in CYCLE_COUNTERS:
            return (self._counters()[name] - self._base[name]) & 0xFFFFFFFF
        return self.words[address]

    def write(self, address: int, word: int) -> bool:
        """Write the word of a register."""
        name = next((r.name for r in BY_NAME.values() if r.address == address), None)
        if name == "COMMAND":
            if self.core.spikes:
                return False
            self.core.command(word & 0xFFFF)
            self.core.command(word >> 16)
            return True
        if name == "MEM_DATA":
            self.core.memory[tuple(self.place)] = word | self.high << 32
            self.place[2] = (self.place[2] + 1) & 0xFFFF
            return True
        self.words[address] = word
        if name == "MEM_ADDRESS":
            self.place = [word >> 20 & 0xF, word >> 16 & 7, word & 0xFFFF]
        if name == "MEM_HIGH":
            self.high = word & 0xF
        if name == "CONTROL":
            self.core.spikes_kept = bool(word & 1)
            if not word & 1:
                self.core.spikes.clear()
            if word & 2:
                self._base = self._counters()
        return True


class LinkModel:
    """The front: bytes of requests in, bytes of answers out.

    It answers in no time, so a byte is never dropped because an answer is under way; the RTL is
    given requests only after it has answered.
    """

    def __init__(self, bank: BankModel):
        self.bank = bank
        self._frame = bytearray()
        self.last_seq: int | None = None
        self._answer = (0, b"")

    def feed(self, data: bytes) -> bytes:
        """Take received bytes, and return what is sent for them."""
        out = b""
        for byte in data:
            if self._frame or byte == REQUEST_START:
                self._frame.append(byte)
            if len(self._frame) > 4 and len(self._frame) == self._size():
                frame, self._frame = bytes(self._frame), bytearray()
                out += self._judge(frame)
        return out

    def silence(self) -> bytes:
        """Take a silence longer than the timeout, and return what is sent for it."""
        if not self._frame:
            return b""
        seq = self._frame[1] if len(self._frame) > 4 else 0
        self._frame = bytearray()
        return self._send(seq, Status.TIMEOUT)

    def _size(self) -> int:
        return 7 + (4 * self._frame[4] if self._frame[2] == Op.WRITE else 0)

    def _judge(self, frame: bytes) -> bytes:
        seq, op, address, count = frame[1:5]
        if crc16(frame[1:]):
            return self._send(seq, Status.BAD_CRC)
        if op not in tuple(Op):
            return self._send(seq, Status.BAD_OP)
        if op == Op.SYNC:
            self.last_seq, self._answer = seq, (0, b"")
            return self._send(seq, Status.OK)
        if seq == self.last_seq:
            return self._send(seq, Status.OK, repeated=True)
        if self.last_seq is None or seq != (self.last_seq + 1) & 0xFF:
            return self._send(seq, Status.OUT_OF_ORDER)
        if not 1 <= count <= MAX_WORDS:
            return self._send(seq, Status.BAD_COUNT)
        if not self._allowed(op, address, count):
            return self._send(seq, Status.BAD_ADDR)
        if address == BY_NAME["MEM_DATA"].address and not self.bank.idle:
            return self._send(seq, Status.BUSY)
        self.last_seq = seq
        self._execute(op, address, count, frame[5:-2])
        return self._send(seq, Status.OK)

    @staticmethod
    def _allowed(op: int, address: int, count: int) -> bool:
        for port in PORTS:
            if address == port.address:
                return ("r" if op == Op.READ else "w") in port.access
        first = 0 if op == Op.READ else FIRST_WRITABLE
        return address >= first and address + count <= MEMORY_WORDS

    def _execute(self, op: int, address: int, count: int, payload: bytes) -> None:
        done, data = 0, b""
        for k in range(count):
            here = address if address >= MEMORY_WORDS else address + k
            if op == Op.WRITE:
                if not self.bank.write(here, int.from_bytes(payload[4 * k :][:4], "little")):
                    break
            else:
                word = self.bank.read(here)
                if word is None:
                    break
                data += word.to_bytes(4, "little")
            done += 1
        self._answer = (done | (HAS_DATA << 8 if op == Op.READ else 0), data)

    def _send(self, seq: int, status: Status, repeated: bool = False) -> bytes:
        done, data = self._answer if status == Status.OK else (0, b"")
        if status != Status.OK:
            self.bank.link_errors += 1
        body = bytes([seq, status | (REPEATED if repeated else 0) | done >> 8, done & 0xFF]) + data
        return bytes([ANSWER_START]) + body + crc16(body).to_bytes(2, "big")


def device_model(net, config, *, loaded: bool = False) -> LinkModel:
    """Return a device of a configuration that can run `net`."""
    core = CoreModel(net, config)
    if loaded:
        core.load()
    return LinkModel(BankModel(core, config))


class ModelLine:
    """A transport that ends on a `LinkModel`."""

    def __init__(self, model: LinkModel):
        self.model = model
        self._received = b""

    def write(self, data: bytes) -> None:
        """Send bytes."""
        self._received += self.model.feed(data)

    def read(self, count: int) -> bytes:
        """Return up to `count` bytes; waiting for more is a silence for the device."""
        if len(self._received) < count:
            self._received += self.model.silence()
        out, self._received = self._received[:count], self._received[count:]
        return out

    def drain(self) -> None:
        """Drop what has come."""
        self.model.silence()
        self._received = b""
