"""The host driver: a network into the device, samples in, outputs, spikes and counts out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from hrsnn_rtl.bursts import Burst, load_bursts, memory_bursts, model_mark, place_word
from hrsnn_rtl.config import DATA_WIDTH, CoreConfig
from hrsnn_rtl.image import memory_images
from hrsnn_rtl.interfaces import CommandKind, Select
from hrsnn_rtl.placer import Placement, place
from hrsnn_rtl.registers import (
    BY_NAME,
    CONSTANTS,
    IDENTITY,
    MAP_VERSION,
    MAX_WORDS,
    FlashStatus,
    config_from,
    counters_of,
    further_constants,
)
from hrsnn_sim.commands import command_word, command_words

from hrsnn_boards.link import Link
from hrsnn_boards.transport import Transport
from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.errors import LinkError
from hrsnn_edge.network import Counts, IntNetwork, TraceReadout

#: Reads of `STATUS` after which a core that still works counts as stuck.
IDLE_POLLS = 1000


@dataclass(frozen=True, eq=False)
class RunResult:
    """What a device made of one sample.

    Attributes
    ----------
    outputs : (n_out,) int64
        Readout accumulators.
    prediction : int
        Class: the lowest index among the greatest outputs.
    counts : Counts
        Work of the run.
    spikes : (T, N) bool or None
        Who fired in each step, when asked for.
    """

    outputs: np.ndarray
    prediction: int
    counts: Counts
    spikes: np.ndarray | None = None


class HrsnnDevice:
    """An accelerator at the other end of a transport.

    Every method raises `LinkError` when the device answers wrongly or not at all.

    Parameters
    ----------
    transport : Transport
        Bytes to and from the device.
    retries : int
        How often a request without a right answer is sent again.
    """

    def __init__(self, transport: Transport, *, retries: int = 4):
        self._link = Link(transport, retries=retries)
        self._config: CoreConfig | None = None
        self._net: IntNetwork | None = None
        self._placement: Placement | None = None
        #: Steps since the core was cleared last.
        self._steps = 0

    def identify(self) -> CoreConfig:
        """Agree on a sequence number, and return what the device's core was built for.

        Work that an earlier host left behind is finished first, its spikes dropped.
        """
        self._link.sync()
        words = dict(enumerate(self._link.read("IDENTITY", len(CONSTANTS))))
        found = words[BY_NAME["IDENTITY"].address], words[BY_NAME["VERSION"].address]
        if found != (IDENTITY, MAP_VERSION):
            raise LinkError(
                f"Device must be {IDENTITY:#010x} version {MAP_VERSION}, not {found[0]:#010x} "
                f"version {found[1]}. Check port and bitstream."
            )
        for group in further_constants(words):
            found = self._link.read(group[0].name, len(group))
            words |= dict(enumerate(found, group[0].address))
        self._link.write("CONTROL", [0])
        self._wait_idle()
        self._config = config_from(words)
        return self._config

    def load(self, net: IntNetwork, placement: Placement | None = None) -> None:
        """Load a network, in place of whatever the device holds.

        `MODEL` is 0 from the first to the last word, so a load that was cut short is never run.

        Raises
        ------
        CapacityError
            When the network needs more than the core has.
        """
        placement, images = self._images(net, placement)
        self._net = None
        self._write_all(load_bursts(images, net.n_neurons, MAX_WORDS))
        self._net, self._placement = net, placement

    def attach(self, net: IntNetwork, placement: Placement | None = None) -> None:
        """Use the network that an earlier `load` has put there, after checking that it is `net`."""
        placement, images = self._images(net, placement)
        (mark,) = self._link.read("MODEL", 1)
        if mark != model_mark(images):
            raise LinkError(
                f"Loaded network must have mark {model_mark(images):#010x}, not {mark:#010x}. "
                "Load it again."
            )
        self._net, self._placement = net, placement

    def flash_status(self) -> FlashStatus:
        """Return what the design has found in the board's flash at its start."""
        (word,) = self._link.read("STATUS", 1)
        return FlashStatus(BY_NAME["STATUS"].field("flash").get(word))

    def clear(self) -> None:
        """Begin a new sample."""
        self._send([command_word(CommandKind.CLEAR)])

    def run(
        self, batch: EventBatch, sample: int = 0, *, spikes: bool = False, go_on: bool = False
    ) -> RunResult:
        """Run one sample from the cleared state, or as the continuation of the last run.

        Parameters
        ----------
        batch : EventBatch
            Samples.
        sample : int
            Which of them.
        spikes : bool
            Also record the spikes; the core must have been built with its spike stream.
        go_on : bool
            Continue the last run. Only a trace readout does not depend on the length of the run.
        """
        if self._net is None:
            raise LinkError("A network must be loaded before a run. Call load or attach.")
        net, config = self._net, self._known_config()
        if go_on and not isinstance(net.readout, TraceReadout):
            raise ValueError(
                f"Readout of a run that goes on must be 'traces', not '{net.readout.kind}'"
            )
        if batch.n_inputs != net.n_inputs:
            raise ValueError(f"Samples must have {net.n_inputs} channels, not {batch.n_inputs}")
        if spikes and not config.spike_stream:
            raise LinkError("Core must have a spike stream to record spikes. Build it with one.")
        control = BY_NAME["CONTROL"]
        self._link.write("CONTROL", [control.field("spike_stream").put(int(spikes))])

        before = self.counters()
        one = batch.select([sample])
        items = self._send(self._sample_words(one, go_on))
        if spikes:
            items += self._spike_items()
        self._wait_idle()
        outputs = self.outputs()
        work = {name: (now - before[name]) % (1 << 32) for name, now in self.counters().items()}
        return RunResult(
            outputs,
            int(np.argmax(outputs)) if outputs.size else 0,
            counts_of(work, net.n_neurons),
            self._raster(items, int(one.n_steps[0])) if spikes else None,
        )

    def outputs(self) -> np.ndarray:
        """Return the readout accumulators, (n_out,) int64."""
        config = self._known_config()
        n_out = self._net.readout.n_out if self._net else config.n_out
        if not n_out:
            return np.zeros(0, np.int64)
        words = self.read_memory(Select.OUT, 0, n_out, wide=config.out_width > 32)
        sign = np.int64(1) << (config.out_width - 1)
        return (words & (2 * sign - 1) ^ sign) - sign

    def counters(self) -> dict[str, int]:
        """Return all counters, by the names of their registers."""
        registers = counters_of(self._known_config())
        words = self._link.read(registers[0].name, len(registers))
        return {register.name: word for register, word in zip(registers, words, strict=True)}

    def clear_counters(self) -> None:
        """Set all counters to 0."""
        field = BY_NAME["CONTROL"].field("clear_counters")
        self._link.write("CONTROL", [field.put(1)])

    def write_memory(self, select: Select, address: int, words, *, lane: int = 0) -> None:
        """Write consecutive words of a memory of the core; it must be idle."""
        self._write_all(memory_bursts(select, lane, address, words, MAX_WORDS))

    def read_memory(
        self, select: Select, address: int, count: int, *, lane: int = 0, wide: bool = False
    ) -> np.ndarray:
        """Return consecutive words of a memory of the core, (count,) int64; it must be idle.

        Parameters
        ----------
        wide : bool
            Read bits 32 and up too, one word at a time.
        """
        self._link.write("MEM_ADDRESS", [place_word(select, lane, address)])
        words: list[int] = []
        while len(words) < count:
            burst = self._link.read("MEM_DATA", 1 if wide else min(MAX_WORDS, count - len(words)))
            if wide:
                (high,) = self._link.read("MEM_HIGH", 1)
                burst = (burst[0] | (high & ((1 << (DATA_WIDTH - 32)) - 1)) << 32,)
            words.extend(burst)
        return np.array(words, np.int64)

    def _known_config(self) -> CoreConfig:
        return self._config or self.identify()

    def _sample_words(self, one: EventBatch, go_on: bool = False) -> np.ndarray:
        """Return the commands of a sample; `go_on` as of `run`."""
        readout, steps = self._net.readout, int(one.n_steps[0])
        before = self._steps if go_on else 0
        self._steps = before + steps
        asked = readout.asked_steps(steps, before)
        return command_words(one, max(1, readout.n_bins), asked)[int(go_on) :]

    def _images(self, net: IntNetwork, placement: Placement | None):
        """Return where the neurons go, and the memory images."""
        config = self._known_config()
        placement = placement or place(net, config.lanes, config.n_slots)
        return placement, memory_images(net, config, placement)

    def _write_all(self, bursts: Iterable[Burst]) -> None:
        """Write one burst after the other."""
        for name, words in bursts:
            self._link.write(name, words)

    def _send(self, commands) -> list[int]:
        """Send command words; return the spike items that had to be read meanwhile."""
        pairs = np.zeros((len(commands) + 1) // 2 * 2, np.uint32)
        pairs[: len(commands)] = commands
        words = (pairs[0::2] | pairs[1::2] << np.uint32(16)).tolist()
        items: list[int] = []
        start = 0
        while start < len(words):
            burst = words[start : start + MAX_WORDS]
            done = self._link.write("COMMAND", burst)
            start += done
            if done < len(burst):
                items += self._spike_items()
        return items

    def _spike_items(self) -> list[int]:
        """Read spike items until the core is idle."""
        items: list[int] = []
        while True:
            burst = self._link.read("SPIKE", MAX_WORDS)
            items += burst
            if len(burst) < MAX_WORDS:
                return items

    def _raster(self, items: Sequence[int], n_steps: int) -> np.ndarray:
        """Return the (T, N) bool raster of spike items."""
        index, last = BY_NAME["SPIKE"].field("index"), BY_NAME["SPIKE"].field("last")
        raster = np.zeros((n_steps, self._net.n_neurons), bool)
        neuron, t = self._placement.neuron, 0
        for item in items:
            if t == n_steps:
                raise LinkError(f"Spikes must end with step {n_steps - 1}, not go on")
            if last.get(item):
                t += 1
            else:
                raster[t, neuron[index.get(item)]] = True
        if t != n_steps:
            raise LinkError(f"Spikes must come for {n_steps} steps, not {t}")
        return raster

    def _wait_idle(self) -> None:
        """Wait until the core has done all commands."""
        idle = BY_NAME["STATUS"].field("idle")
        for _ in range(IDLE_POLLS):
            if idle.get(self._link.read("STATUS", 1)[0]):
                return
        raise LinkError(f"Core must be idle after its last command, not busy {IDLE_POLLS} polls on")


def counts_of(counters: dict[str, int], n_neurons: int) -> Counts:
    """Return the counters of a run as the contract's counts."""
    return Counts(
        **{
            name: counters[name.upper()]
            for name in ("input_events", "spikes", "sop_in", "sop_rec", "sop_out", "skipped_rows")
        },
        neuron_updates=counters["STEPS"] * n_neurons,
        weight_updates=counters.get("WEIGHT_UPDATES", 0),
    )
