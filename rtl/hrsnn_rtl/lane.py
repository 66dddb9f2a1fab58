"""One lane: the rows of its own targets, their sums, and the neurons themselves."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from hrsnn_rtl.config import CoreConfig
from hrsnn_rtl.current import CurrentUpdate
from hrsnn_rtl.distance import RowTargets
from hrsnn_rtl.image import memory_words
from hrsnn_rtl.interfaces import (
    Select,
    event_layout,
    load_layout,
    row_layout,
    scan_layout,
    scan_stage,
    state_layout,
    sum_stage,
    synapse_layout,
    threshold_layout,
)
from hrsnn_rtl.lif import LifUpdate
from hrsnn_rtl.memory import Ram, SinglePortRam
from hrsnn_rtl.stream import SmallQueue
from hrsnn_rtl.synapse import Accumulate, RowStream, SumBank

#: Name of each loaded memory of a lane in the memory plan.
MEMORY_NAMES = {
    Select.SYNAPSE: "synapses",
    Select.ROW: "rows",
    Select.DECAY: "decays",
    Select.THRESHOLD: "thresholds",
    Select.RESET: "resets",
    Select.CURRENT: "current decays",
    Select.CODE: "codes",
    Select.LIMIT: "limits",
    Select.PRE_RULE: "source rules",
}


def queue_depth(config: CoreConfig) -> int:
    """Return how many sources wait in front of a row stream or the readout.

    Two cut the path from a row's last word back to the event queue. Where several lanes must agree
    on every source, four let them drift apart, and more gains nothing.
    """
    return 4 if config.lanes > 1 else 2


class Lane(wiring.Component):
    """Streams the rows of its sources and updates its neurons, both at once.

    Parameters
    ----------
    config : CoreConfig
        Capacities and widths.
    index : int
        Number of the lane, for the contents of its memories.
    images, vendor_cells, poison
        As of `hrsnn_rtl.core.Core`.

    Members
    -------
    event : In(stream.Signature(event_layout(config)))
        Sources, in any order.
    scan : In(scan_layout(config))
        Stages of the scan.
    load : In(load_layout())
        Words for its memories.
    state_now : Out
        State read in U0 two cycles before, for the read port.
    state_next, spike : Out
        Stage U5.
    current_now, current : Out
        Likewise the synaptic current, where there is one.
    sop_in, sop_rec, skipped : Out(1)
        Strobes.
    busy : Out(1)
        A row is being delivered; low from stage A3 of its last synapse on.
    """

    def __init__(self, *, config: CoreConfig, index: int, images=(), vendor_cells, poison):
        self._config, self._index, self._images = config, index, images
        self._vendor_cells, self._poison = vendor_cells, poison
        super().__init__(self.members(config))

    @classmethod
    def members(cls, config: CoreConfig) -> dict:
        """Return the ports."""
        ports = {
            "event": In(stream.Signature(event_layout(config))),
            "scan": In(scan_layout(config)),
            "load": In(load_layout()),
            "state_now": Out(state_layout(config)),
            "state_next": Out(state_layout(config)),
            "spike": Out(1),
            "sop_in": Out(1),
            "sop_rec": Out(1),
            "skipped": Out(1),
            "busy": Out(1),
        }
        if config.syn_width:
            current = Out(signed(config.syn_width))
            ports |= {"current_now": current, "current": current}
        return ports

    def elaborate(self, platform):
        """Build the circuit."""
        m = Module()
        self._deliver(m)
        self._update(m)
        return m

    def _ram(self, m, select: Select, width: int, depth: int, *, late=False, registered=False):
        """Return a memory that is loaded from its images and by the load port; options of `Ram`."""
        if select == Select.SYNAPSE and self._config.synapse_memory == "spram":
            ram = SinglePortRam(depth=depth, vendor_cells=self._vendor_cells, registered=registered)
            m.d.comb += ram.w_open.eq(self.load.open)
        else:
            ram = Ram(
                width=width,
                depth=depth,
                init=memory_words(self._images, select, self._index, depth),
                poison=self._poison,
                late=late or self._config.late_load,
                registered=registered,
                **self._config.ram_options(MEMORY_NAMES[select]),
            )
        m.submodules[f"ram_{select.name.lower()}"] = ram
        m.d.comb += [
            ram.w_en.eq(self.load.valid & (self.load.select == select)),
            ram.w_addr.eq(self.load.addr),
            ram.w_data.eq(self.load.data),
        ]
        return ram

    def _deliver(self, m):
        """Add rows to the sums: the row stream, synapse memory, accumulation."""
        c = self._config
        m.submodules.rows = rows = RowStream(config=c)
        m.submodules.accumulate = add = Accumulate(
            depth=c.n_slots, width=c.sum_width, addend_width=c.addend_width
        )
        row_ram = self._ram(m, Select.ROW, row_layout(c).size, c.n_sources, registered=True)
        synapse_ram = self._ram(
            m, Select.SYNAPSE, c.synapse_width, c.synapse_depth, registered=True
        )
        m.submodules.queue = queue = SmallQueue(layout=event_layout(c), depth=queue_depth(c))
        connect(m, flipped(self.event), queue.i)
        connect(m, queue.o, rows.i)

        # A1 and A2: the synapse word, in a register before anything is decided, and in another one
        # where it comes from far away.
        cycles = 3 if c.late_words else 2
        valid, shift = Signal(cycles), Signal(cycles * c.shift_width)
        synapse = Signal(synapse_layout(c))
        m.d.sync += [valid.eq(Cat(rows.valid, valid)), shift.eq(Cat(rows.shift, shift))]
        before, reads_first = valid if c.distance_width else valid[:-1], Signal()
        m.d["sync" if c.late_words else "comb"] += synapse.eq(synapse_ram.r_data)
        m.d.comb += [
            row_ram.r_en.eq(rows.row_en),
            row_ram.r_addr.eq(rows.row_addr),
            row_ram.take.eq(rows.row_take),
            rows.row.eq(row_ram.r_data),
            synapse_ram.r_en.eq(rows.valid),
            synapse_ram.r_addr.eq(rows.addr),
            self.skipped.eq(rows.skipped),
            # The last sums are still on their way (A2 .. A5) when the next scan may begin: it reads
            # its first one when the last of them is written, which must be another.
            reads_first.eq(add.valid & (add.target == 0)),
            self.busy.eq(rows.busy | before.any() | reads_first | queue.o.valid),
        ]
        last_shift = shift[len(shift) - c.shift_width :]
        if c.distance_width:
            self._find_targets(m, rows, synapse, valid, last_shift, add)
        else:
            m.d.comb += [
                add.valid.eq(valid[-1]),
                add.target.eq(synapse.target),
                add.addend.eq(synapse.weight << last_shift),
                self.sop_in.eq(rows.valid & rows.is_input),
                self.sop_rec.eq(rows.valid & ~rows.is_input),
            ]
        self._sums(m, add)

    def _find_targets(self, m, rows, synapse, valid, shift, add):
        """Sum up the distances along each row, in a stage between the word and A2."""
        c = self._config
        m.submodules.targets = targets = RowTargets(config=c)
        first, from_input = Signal(len(valid)), Signal(len(valid) + 1)
        addend = Signal(signed(c.addend_width))
        m.d.sync += [
            first.eq(Cat(rows.first, first)),
            from_input.eq(Cat(rows.is_input, from_input)),
            addend.eq(synapse.weight << shift),
        ]
        m.d.comb += [
            targets.valid.eq(valid[-1]),
            targets.first.eq(first[-1]),
            targets.distance.eq(synapse.distance),
            add.valid.eq(targets.synapse),
            add.target.eq(targets.target),
            add.addend.eq(addend),
            # Only now it is known which words are synapses.
            self.sop_in.eq(targets.synapse & from_input[-1]),
            self.sop_rec.eq(targets.synapse & ~from_input[-1]),
        ]

    def _sums(self, m, add):
        """Share the sum banks between the accumulation and the scan."""
        c = self._config
        read_slot, _ = scan_stage(self.scan, c, sum_stage(c))
        clear_slot, clear_valid = scan_stage(self.scan, c, sum_stage(c) + 1)
        words = []
        for k in range(2 if c.double_buffer else 1):
            bank = SumBank(
                depth=c.n_slots, width=c.sum_width, poison=self._poison, **c.ram_options("sums")
            )
            m.submodules[f"bank{k}"] = bank
            scanned = self.scan.bank == (k if c.double_buffer else 1)
            m.d.comb += [
                bank.scanned.eq(scanned),
                bank.add_r_addr.eq(add.target),
                bank.add_w_en.eq(add.w_en),
                bank.add_w_addr.eq(add.w_addr),
                bank.add_w_data.eq(add.w_data),
                bank.scan_r_addr.eq(read_slot),
                bank.scan_w_en.eq(clear_valid),
                bank.scan_w_addr.eq(clear_slot),
            ]
            words.append(bank.word)
        m.d.comb += add.stored.eq(Mux(self.scan.bank, words[0], words[-1]))
        self._scanned_word = Mux(self.scan.bank, words[-1], words[0])

    def _update(self, m):
        """Advance the neurons of the scan: each memory is read just when its word is needed."""
        c = self._config
        scan = self.scan
        self._codes = self._read_codes(m) if c.codebook_rows else {}
        drive = self._currents(m) if c.syn_width else self._scanned_word
        m.submodules.lif = lif = LifUpdate(config=c)
        m.submodules.ram_v = state_ram = Ram(
            width=state_layout(c).size,
            depth=c.n_slots,
            poison=self._poison,
            **c.ram_options("membranes"),
        )
        m.d.comb += [
            state_ram.r_addr.eq(scan.slot[0]),
            lif.state.eq(state_ram.r_data),
            lif.decay.eq(self._parameter(m, Select.DECAY, c.decay_width, 0)),
            lif.threshold.eq(self._parameter(m, Select.THRESHOLD, threshold_layout(c).size, 2)),
            lif.drive.eq(drive),
            lif.enable.eq(scan.valid[4] & ~scan.clear),
            lif.clear.eq(scan.clear),
            state_ram.w_en.eq(scan.valid[5]),
            state_ram.w_addr.eq(scan.slot[5]),
            state_ram.w_data.eq(lif.state_next),
            self.state_now.eq(lif.state_now),
            self.state_next.eq(lif.state_next),
            self.spike.eq(lif.spike),
        ]
        if c.has_reset:
            m.d.comb += lif.v_reset.eq(self._parameter(m, Select.RESET, c.v_width, 2))

    def _parameter(self, m, select: Select, width: int, stage: int):
        """Return a parameter of the neuron that was in a stage of the scan a cycle before."""
        c = self._config
        ram = self._ram(m, select, width, c.parameter_depth)
        slot, _ = scan_stage(self.scan, c, stage)
        m.d.comb += ram.r_addr.eq(self._codes[stage] if c.codebook_rows else slot)
        return ram.r_data

    def _read_codes(self, m) -> dict:
        """Return the neuron's row of the codebook in each stage of the scan that needs it."""
        c = self._config
        codes_ram = self._ram(m, Select.CODE, c.code_width, c.n_slots)
        first, (slot, _) = 2 - c.lead, scan_stage(self.scan, c, -c.lead)
        m.d.comb += codes_ram.r_addr.eq(slot)
        # Registers: the memory's output is slow, and the parameters are wanted one after the other.
        codes, before = {}, codes_ram.r_data
        for k in range(first, 3):
            codes[k] = Signal(c.code_width, name=f"code_{k}".replace("-", "early_"))
            m.d.sync += codes[k].eq(before)
            before = codes[k]
        return codes

    def _currents(self, m):
        """Advance the synaptic currents of the scan; return that of U3."""
        c, scan = self._config, self.scan
        m.submodules.synapses = synapses = CurrentUpdate(config=c)
        m.submodules.ram_i_syn = current_ram = Ram(
            width=c.syn_width, depth=c.n_slots, poison=self._poison, **c.ram_options("currents")
        )
        slot, _ = scan_stage(scan, c, -2)
        before = Signal.like(synapses.current_next)
        m.d.comb += [
            # While idle the read port has U0.
            current_ram.r_addr.eq(Mux(self.load.open, scan.slot[0], slot)),
            synapses.current.eq(current_ram.r_data),
            synapses.decay.eq(self._parameter(m, Select.CURRENT, c.decay_width, -2)),
            synapses.syn_sum.eq(self._scanned_word),
            synapses.clear.eq(scan.clear),
            current_ram.w_en.eq(scan.valid[3]),
            current_ram.w_addr.eq(scan.slot[3]),
            current_ram.w_data.eq(synapses.current_next),
            self.current_now.eq(synapses.current_now),
        ]
        # For co-simulation, beside the membrane.
        m.d.sync += [before.eq(synapses.current_next), self.current.eq(before)]
        return synapses.current_next
