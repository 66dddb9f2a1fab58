"""The accelerator core: lanes, scheduler and readout, with the ports of ``docs/accelerator.md``."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, EnableInserter, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import connect, flipped

from hrsnn_rtl.config import CoreConfig
from hrsnn_rtl.filters import Filters
from hrsnn_rtl.flush import FlushGate
from hrsnn_rtl.interfaces import (
    CoreSignature,
    Select,
    event_layout,
    queue_layout,
    spike_layout,
)
from hrsnn_rtl.lane import Lane, queue_depth
from hrsnn_rtl.perceptron import Perceptron
from hrsnn_rtl.plastic_lane import PlasticLane
from hrsnn_rtl.readout import Readout
from hrsnn_rtl.readout_shapes import FilterShape, PerceptronShape
from hrsnn_rtl.scheduler import Expander, Scheduler
from hrsnn_rtl.stream import EventQueue, SmallQueue

#: The block that is a readout, by its shape.
READOUTS = {type(None): Readout, PerceptronShape: Perceptron, FilterShape: Filters}
#: Spikes that wait for the host before they hold up the scan's queue.
SPIKE_QUEUE_DEPTH = 2


class Core(wiring.Component):
    """A heterogeneous recurrent network of LIF neurons, bit-exact with the numeric contract.

    Parameters
    ----------
    config : CoreConfig
        Capacities and widths.
    images : sequence of MemoryImage
        Contents at start, as of `hrsnn_rtl.image.memory_images`; none leaves every memory 0.
    vendor_cells : bool
        With ``synapse_memory="spram"``: instantiate the vendor's cell (synthesis, or simulation
        with its model) instead of a model of ours.
    poison : bool
        Make every memory word that must not be used wrong; for simulation, see `Ram`.

    Members
    -------
    As `CoreSignature`.
    """

    def __init__(self, *, config: CoreConfig, images=(), vendor_cells=False, poison=False):
        self._config, self._images = config, tuple(images)
        self._vendor_cells, self._poison = vendor_cells, poison
        super().__init__(CoreSignature(config))

    @property
    def config(self) -> CoreConfig:
        """The generator values."""
        return self._config

    def elaborate(self, platform):
        """Build the circuit."""
        c = self._config
        m = Module()
        m.submodules.scheduler = scheduler = Scheduler(config=c)
        m.submodules.queue = queue = EventQueue(
            layout=queue_layout(c),
            depth=c.queue_depth,
            early=c.lanes > 1,
            # Spikes are prepared while the scan still runs: two cycles more or less do not matter.
            direct=not c.plasticity,
            poison=self._poison,
        )
        m.submodules.expander = expander = Expander(config=c)
        lanes = []
        for k in range(c.lanes):
            lane = (PlasticLane if c.plasticity else Lane)(
                config=c,
                index=k,
                images=self._images,
                vendor_cells=self._vendor_cells,
                poison=self._poison,
            )
            m.submodules[f"lane{k}"] = EnableInserter(scheduler.awake)(lane) if c.halt else lane
            lanes.append(lane)
        self._commands(m, scheduler, lanes)
        connect(m, scheduler.queue, queue.i)
        # A lane that learns holds its rows back itself, once they are prepared.
        hold = Const(0) if c.plasticity else scheduler.hold
        m.d.comb += [
            scheduler.room.eq(queue.room),
            scheduler.spikes.eq(Cat(lane.spike for lane in lanes)),
            scheduler.read_slot.eq(self.read.addr),
            expander.i.payload.eq(queue.o.payload),
            expander.i.valid.eq(queue.o.valid & ~hold),
            queue.o.ready.eq(expander.i.ready & ~hold),
            *(lane.scan.eq(scheduler.scan) for lane in lanes),
        ]
        readout = None
        if c.n_out:
            m.submodules.readout = readout = READOUTS[type(c.readout)](
                config=c, images=self._images, poison=self._poison
            )
            m.d.comb += [readout.bin.eq(scheduler.bin), readout.clear.eq(scheduler.clear)]
        waiting = self._broadcast(m, expander, lanes, readout)
        if c.readout:
            # A register; in the cycle of the STEP nothing is on its way yet.
            nothing = queue.empty & ~expander.o.valid & ~waiting
            m.d.sync += readout.settled.eq(scheduler.scanned & nothing & ~scheduler.step)
            m.d.comb += [readout.step.eq(scheduler.step), readout.ask.eq(scheduler.ask)]
        m.d.comb += [
            scheduler.delivered.eq(
                queue.empty
                & ~expander.o.valid
                & ~Cat(lane.busy for lane in lanes).any()
                & ~waiting
                & ~(readout.busy if readout else 0)
            ),
            self.idle.eq(scheduler.idle),
        ]
        self._memory_ports(m, scheduler, lanes, readout)
        self._observe(m, scheduler, lanes, readout)
        return m

    def _commands(self, m, scheduler, lanes):
        """Hand the commands to the scheduler; on a core that learns, sweeps come between them."""
        plasticity = self._config.plasticity
        if plasticity is None:
            connect(m, flipped(self.command), scheduler.command)
            return
        m.submodules.gate = gate = FlushGate(plasticity=plasticity)
        connect(m, flipped(self.command), gate.i)
        connect(m, gate.o, scheduler.command)
        m.d.comb += [
            gate.idle.eq(scheduler.idle),
            gate.swept.eq(Cat(lane.swept for lane in lanes).all()),
        ]
        for lane in lanes:
            m.d.comb += [
                lane.step.eq(scheduler.step),
                lane.sweep.eq(gate.sweep),
                lane.rush.eq(gate.rush),
                lane.sweep_all.eq(gate.sweep_all),
                lane.forget.eq(gate.forget),
            ]

    def _broadcast(self, m, expander, lanes, readout):
        """Give every source to all who want it in one cycle; return whether one waits behind."""
        c = self._config
        source, is_input, is_last = expander.o, expander.o.payload.is_input, expander.is_last
        sinks = [(lane.event, ~is_last) for lane in lanes]
        waiting = []
        if readout:
            # The lanes share a row, the readout has it alone: let it fall behind a little.
            m.submodules.out_queue = queue = SmallQueue(
                layout=event_layout(c), depth=queue_depth(c)
            )
            connect(m, queue.o, readout.event)
            sinks.append((queue.i, ~is_input & ~is_last))
            waiting.append(queue.o.valid)
        for sink, _ in sinks:
            m.d.comb += sink.payload.eq(source.payload)
        if c.spike_stream:
            m.submodules.spike_queue = spikes = SmallQueue(
                layout=spike_layout(c), depth=SPIKE_QUEUE_DEPTH
            )
            connect(m, spikes.o, flipped(self.spike))
            m.d.comb += [
                spikes.i.payload.index.eq(source.payload.source),
                spikes.i.payload.last.eq(is_last),
            ]
            sinks.append((spikes.i, ~is_input | is_last))
            waiting.append(spikes.o.valid)
        m.d.comb += source.ready.eq(Cat(sink.ready | ~wanted for sink, wanted in sinks).all())
        for sink, wanted in sinks:
            m.d.comb += sink.valid.eq(source.valid & source.ready & wanted)
        return Cat(waiting).any()

    def _memory_ports(self, m, scheduler, lanes, readout):
        """Connect the load and the read port; both work only while the core is idle."""
        c = self._config
        write, read = self.write, self.read
        opened = scheduler.idle
        if c.halt:
            opened = scheduler.idle & scheduler.awake
            m.d.comb += scheduler.asked.eq(write.valid | read.valid)
        # A late word is in its memory when a command or read of the next cycle may want it.
        m.d.comb += [write.ready.eq(opened), read.ready.eq(opened)]
        if c.late_load:
            written = Signal()
            m.d.sync += written.eq(write.valid & write.ready)
            m.d.comb += [scheduler.loading.eq(write.valid), read.ready.eq(opened & ~written)]
        for lane in lanes if c.plasticity else ():
            m.d.comb += [
                lane.read_magnitude.eq(read.valid & (read.select == Select.MAGNITUDE)),
                lane.read_addr.eq(read.addr),
            ]
        targets = [(lane.load, write.lane == k) for k, lane in enumerate(lanes)]
        if readout:
            targets.append((readout.load, 1))
            m.d.comb += readout.read_addr.eq(read.addr)
        for load, chosen in targets:
            m.d.comb += [
                load.open.eq(opened),
                load.valid.eq(write.valid & write.ready & chosen),
                load.select.eq(write.select),
                load.addr.eq(write.addr),
                load.data.eq(write.data),
            ]
        # A word arrives two cycles after its address; until then, remember whose it is.
        words = [Value.cast(lane.state_now) for lane in lanes]
        number = read.lane[: c.lane_width]
        if c.syn_width:
            number = number + Mux(read.select == Select.CURRENT, len(words), 0)
            words += [lane.current_now for lane in lanes]
        if c.plasticity:
            number = number + Mux(read.select == Select.MAGNITUDE, len(words), 0)
            words += [lane.magnitude for lane in lanes]
        if readout:
            out_number = len(words) + read.addr[: c.out_lanes.bit_length() - 1]
            number = Mux(read.select == Select.OUT, out_number, number)
            words = [*words, *readout.stored]
        owner_1, owner_2 = Signal(range(len(words))), Signal(range(len(words)))
        valid_1 = Signal()
        m.d.sync += [
            valid_1.eq(read.valid & read.ready),
            read.data_valid.eq(valid_1),
            owner_1.eq(number),
            owner_2.eq(owner_1),
        ]
        with m.Switch(owner_2):
            for k, word in enumerate(words):
                with m.Case(k):
                    m.d.comb += read.data.eq(word)

    def _observe(self, m, scheduler, lanes, readout):
        """Drive the strobes and the trace."""
        c = self._config
        strobes, trace, scan = self.strobes, self.trace, scheduler.scan
        # An event that is taken in an idle cycle is in work from the next cycle on.
        unfinished, at_rest = Signal(), scheduler.idle & ~scheduler.event
        with m.If(scheduler.step):
            m.d.sync += unfinished.eq(1)
        with m.Elif(at_rest):
            m.d.sync += unfinished.eq(0)
        m.d.comb += [
            strobes.input_event.eq(scheduler.event),
            strobes.step.eq(scheduler.step),
            strobes.skipped_rows.eq(lanes[0].skipped),
            strobes.spikes.eq(sum(lane.spike for lane in lanes)),
            strobes.sop_in.eq(Cat(lane.sop_in for lane in lanes)),
            strobes.sop_rec.eq(Cat(lane.sop_rec for lane in lanes)),
            trace.valid.eq(scan.valid[5] & ~scan.clear),
            trace.slot.eq(scan.slot[5]),
            *(trace.v[k].eq(lane.state_next.v) for k, lane in enumerate(lanes)),
            trace.spike.eq(Cat(lane.spike for lane in lanes)),
            trace.step_done.eq(scheduler.last),
            trace.drained.eq(unfinished & at_rest),
        ]
        if c.syn_width:
            m.d.comb += [trace.i_syn[k].eq(lane.current) for k, lane in enumerate(lanes)]
        if c.plasticity:
            m.d.comb += strobes.weight_updates.eq(sum(lane.weight_updates for lane in lanes))
        if readout:
            m.d.comb += [
                strobes.sop_out.eq(readout.sop),
                trace.out_valid.eq(readout.written),
                trace.out_index.eq(readout.word),
                trace.out_value.eq(readout.value),
            ]
