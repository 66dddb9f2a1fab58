"""What a source's synapses are owed: the gains since its last visit, by the step they belong to.

A weight is used only when its source's row is walked, and until then only its own source and its
target's spikes change it, so the walk can make up for all steps since the last one. Ages count the
steps back from the last finished one: a target's spike of age `h` raises the magnitude by
``gain[h]``, and this block fills that table for one row while the row before it streams.
"""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hrsnn_rtl.config import CoreConfig, bits_for
from hrsnn_rtl.count import one_less, one_more
from hrsnn_rtl.interfaces import event_layout, row_layout
from hrsnn_rtl.plasticity import rule_layout, source_layout


def n_tables(config: CoreConfig) -> int:
    """Return the tables of gains: one is filled, and every row behind it needs its own.

    A row may be in each stage up to W5, and one waits for W0; where rows are held in registers, it
    waits until the one before is in W5.
    """
    return 4 if config.block_ram == "ICESTORM_RAM" else 8


def walk_layout(config: CoreConfig) -> data.StructLayout:
    """Return what the walk of a row must know; `start` and `left` as in `row_layout`.

    `mask` has a 1 for each age whose gain is not 0, `age` is that of the source's last spike, and
    `table` the number of the table of gains. `deliver` says that the source fired, rather than that
    the row is only brought up to date; `depress` that a depression is due. With `past` ages count
    from the step before the one that is scanned.
    """
    c, row = config, row_layout(config)
    return data.StructLayout(
        {
            "start": row["start"].shape,
            "left": row["left"].shape,
            "source": c.source_width,
            "mask": c.plasticity.history,
            "age": c.plasticity.age_width,
            "table": range(n_tables(c)),
            "is_input": 1,
            "plastic": 1,
            "deliver": 1,
            "depress": 1,
            "shift": c.shift_width,
            **({"past": 1} if c.plasticity.overlap else {}),
        }
    )


def bump(trace, step: int, top: int):
    """Return a trace after a spike: plus `step`, saturated; as `bump_traces` of the reference."""
    total = trace + step
    return Mux(total > top, top, total)


class RowReplay(wiring.Component):
    """Sources in; their rows, with the gains that the synapses are owed, out.

    ::

        source -> FETCH memories -> BEGIN age, gain of the source's own step -> FIRST
               -> FILL one age a cycle -> LAST -> CLOSE new trace, row -> next source

    A scan has two parts. At first the last finished step is still the one before, and a sweep goes
    on; from `turn` on it is the step of the scan, whose spikes are prepared.

    Parameters
    ----------
    config : CoreConfig
        Widths.

    Members
    -------
    event : In(stream.Signature(event_layout(config)))
        Sources that fired.
    step, turn : In(1)
        A step begins, while not `busy`; its scan comes to the second part.
    sweep : In(1)
        For one cycle, while not `busy`: begin a sweep, which visits every source that learns. The
        rows of more than half a history are brought up to date; one that is owed nothing is not
        walked.
    rush : In(1)
        Go on with the sweep at once.
    sweep_all, forget : In(1)
        While `rush`: bring all rows up to date; let all traces become 0.
    row_en, row_addr, row_word
        Read port of the memory of rows.
    r_addr, rule_word, source_word
        Read ports of the memories of learning constants and traces, which read in every cycle.
    w_en, w_addr, w_data : Out
        Write port of the memory of traces.
    gain_en, gain_addr, gain : Out
        Write port of the tables of gains, a word an age.
    row : Out(stream.Signature(walk_layout(config)))
        A row to walk.
    skipped : Out(1)
        One cycle a source that fired and has no synapse in any lane.
    swept : Out(1)
        The sweep has visited all sources.
    busy : Out(1)
        A source is held, a sweep must go on, or the first part of a scan is not over.
    """

    def __init__(self, *, config: CoreConfig):
        self._config = config
        p = config.plasticity
        super().__init__(
            {
                "event": In(stream.Signature(event_layout(config))),
                "step": In(1),
                "turn": In(1),
                "sweep": In(1),
                "rush": In(1),
                "sweep_all": In(1),
                "forget": In(1),
                "row_en": Out(1),
                "row_addr": Out(config.source_width),
                "row_word": In(row_layout(config)),
                "r_addr": Out(config.source_width),
                "rule_word": In(rule_layout(p)),
                "source_word": In(source_layout(p)),
                "w_en": Out(1),
                "w_addr": Out(config.source_width),
                "w_data": Out(source_layout(p)),
                "gain_en": Out(1),
                "gain_addr": Out(p.age_width + bits_for(n_tables(config))),
                "gain": Out(p.gain_width),
                "row": Out(stream.Signature(walk_layout(config))),
                "skipped": Out(1),
                "swept": Out(1),
                "busy": Out(1),
            }
        )

    def elaborate(self, platform):
        """Build the circuit."""
        c, p = self._config, self._config.plasticity
        m = Module()
        takes, idle = Signal(), Signal()
        now, behind, open_ = self._clock(m, idle)
        source, is_input, firing, sweeping = self._sources(m, takes, open_)
        # The memory keeps the row's place until the next source; what decides is a register.
        row, rule, empty, silent = self.row_word, Signal(rule_layout(p)), Signal(), Signal()
        old, x, place = Signal(source_layout(p)), Signal(p.trace_width), Signal(p.age_width)
        last_age = Signal(p.age_width)
        since = (now - old.time)[: p.age_width + 1]
        age, future = since[:-1], since[-1]
        # Kept as they are, for a memory's word and a product leave time for one LUT.
        fetches, decays = Signal(attrs={"keep": 1}), Signal(attrs={"keep": 1})
        raised = Signal(p.trace_width, attrs={"keep": 1})
        plastic = (is_input & int(p.plastic_in)) | (~is_input & int(p.plastic_rec))
        decayed = (x * rule.decay) >> p.decay_width
        m.d.comb += raised.eq(x)
        m.d.sync += x.eq(Mux(fetches, self.source_word.x, Mux(decays, decayed, raised)))
        m.d.sync += [empty.eq(row.empty), silent.eq(row.silent if c.lanes > 1 else 0)]

        # A sweep has nothing to do for a source without a trace, and leaves one whose last event
        # belongs to the coming step as it is.
        live = old.fired | x.any()
        # Kept as they are, for few levels behind the subtraction.
        due, stays = Signal(attrs={"keep": 1}), Signal(attrs={"keep": 1})
        m.d.comb += [
            due.eq(live & ~future & (self.sweep_all | age[-1])),
            stays.eq(firing | (plastic & due)),
        ]
        issue, counts, walks = Signal(), Signal(), Signal()
        with m.FSM() as fsm:

            def ask(free):
                # The way back to the queue is a long one: no more may decide here.
                m.d.comb += self.event.ready.eq(free & ~sweeping & ~behind)
                m.d.comb += takes.eq(free & (sweeping | (self.event.valid & ~behind)))
                with m.If(takes):
                    m.next = "FETCH"

            with m.State("IDLE"):
                m.d.comb += idle.eq(1)
                ask(1)
            with m.State("FETCH"):
                m.d.sync += [rule.eq(self.rule_word), old.eq(self.source_word)]
                m.d.comb += fetches.eq(1)
                m.d.comb += self.row_en.eq(1)
                m.next = "BEGIN"
            with m.State("BEGIN"):
                # The step of the spike itself: its trace was not raised yet. A neuron's row has
                # been walked in that step, an input's before it.
                m.d.comb += [issue.eq(1), counts.eq(old.fired & is_input)]
                m.d.sync += [place.eq(age), last_age.eq(age)]
                with m.If(old.fired):
                    m.d.comb += raised.eq(bump(x, p.trace_step, p.trace_top))
                with m.If(firing & ~(plastic & live)):
                    m.next = "CLOSE"
                with m.Elif(stays):
                    m.next = "FIRST"
                with m.Elif(sweeping):
                    m.d.comb += takes.eq(1)
                    m.next = "FETCH"
                with m.Else():
                    m.next = "IDLE"
            with m.State("FIRST"):
                with m.If(place == 0):
                    m.next = "LAST"
                with m.Else():
                    m.d.comb += decays.eq(1)
                    m.d.sync += place.eq(one_less(place))
                    m.next = "FILL"
            with m.State("FILL"):
                m.d.comb += [issue.eq(1), counts.eq(1)]
                with m.If(place == 0):
                    m.next = "LAST"
                with m.Else():
                    m.d.comb += decays.eq(1)
                    m.d.sync += place.eq(one_less(place))
            with m.State("LAST"):
                with m.If(firing & is_input):
                    m.d.comb += decays.eq(1)
                m.next = "CLOSE"
            with m.State("CLOSE"):
                m.d.comb += [
                    self.row.valid.eq(walks),
                    self.skipped.eq(firing & (silent if c.lanes > 1 else empty)),
                ]
                with m.If(self.row.ready | ~walks):
                    m.next = "IDLE"
                with m.Else():
                    m.next = "OFFER"
                ask(self.row.ready)
            with m.State("OFFER"):
                m.d.comb += self.row.valid.eq(1)
                with m.If(self.row.ready):
                    m.next = "IDLE"
                ask(self.row.ready)
        begins, walk = fsm.ongoing("BEGIN"), self.row.payload
        m.d.comb += [
            self.busy.eq(~idle | behind | (self.rush & ~self.swept)),
            self.row_addr.eq(source),
            self.w_addr.eq(source),
            # A source without synapses needs no trace. One that is due is written again.
            self.w_en.eq((fsm.ongoing("CLOSE") & plastic & ~empty) | (begins & self.forget)),
            self.w_data.x.eq(Mux(self.forget, 0, x)),
            self.w_data.fired.eq(firing),
            self.w_data.time.eq(Mux(firing & is_input, one_more(now), now)),
            walk.start.eq(row.start),
            walk.left.eq(row.left),
            walk.source.eq(source),
            walk.age.eq(last_age),
            walk.is_input.eq(is_input),
            walk.plastic.eq(plastic),
            walk.deliver.eq(firing),
            # A neuron's depression is due with its spike, an input's once its step is over.
            walk.depress.eq(plastic & Mux(is_input, old.fired, firing)),
        ]
        if c.shift_width:
            m.d.comb += walk.shift.eq(row.shift)
        if p.overlap:
            m.d.comb += walk.past.eq(behind)
        gain = (x * rule.eta) >> p.eta_shift
        some = self._table(m, begins, gain, Mux(begins, age, place), issue, counts)
        # Where only the trace changed, the synapses need no visit.
        m.d.comb += walks.eq(~empty & (firing | some | walk.depress))
        return m

    def _clock(self, m, idle):
        """Count the finished steps; return their number, and the part of a scan that comes first.

        While `behind` the scanned step is not counted, and while `open_` a sweep may go on.
        """
        p = self._config.plasticity
        now, behind, open_ = Signal(p.age_width + 1, name="now"), Signal(), Signal()
        with m.If(self.step):
            m.d.sync += [behind.eq(1), open_.eq(int(p.overlap))]
        with m.Elif(self.turn):
            m.d.sync += open_.eq(0)
        with m.If(idle & behind & ~open_):
            m.d.sync += [now.eq(one_more(now)), behind.eq(0)]
        return now, behind, open_

    def _sources(self, m, takes, open_):
        """Return the source at work, taken from the sweep or the events, and if the former is on.

        All are taken that there are and that learn.
        """
        c = self._config
        source, is_input, firing = Signal(c.source_width), Signal(), Signal()
        first = 0 if c.plasticity.plastic_rec else c.n_hw
        end = c.n_sources if c.plasticity.plastic_in else c.n_hw
        left, next_source = Signal(init=1), Signal(c.source_width, init=first)
        sweeping = left & (open_ | self.rush)
        m.d.comb += [
            self.swept.eq(~left),
            self.r_addr.eq(Mux(sweeping, next_source, self.event.payload.source)),
        ]
        with m.If(takes):
            m.d.sync += [
                source.eq(self.r_addr),
                is_input.eq(Mux(sweeping, next_source >= c.n_hw, self.event.payload.is_input)),
                firing.eq(~sweeping),
            ]
            with m.If(sweeping):
                m.d.sync += next_source.eq(next_source + 1)
                with m.If(next_source == end - 1):
                    m.d.sync += left.eq(0)
        with m.If(self.sweep):
            m.d.sync += [left.eq(1), next_source.eq(first)]
        return source, is_input, firing, sweeping

    def _table(self, m, begins, gain, place, issue, counts):
        """Write the gains into a table, mark those that are not 0, oldest first; return if any."""
        p = self._config.plasticity
        mask, table, some = Signal(p.history), Signal(range(n_tables(self._config))), Signal()
        issued, place_1, counts_1 = Signal(), Signal(p.age_width), Signal()
        m.d.sync += [
            issued.eq(issue),
            place_1.eq(place),
            counts_1.eq(counts),
            self.gain.eq(gain),
        ]
        m.d.comb += [
            self.gain_en.eq(issued),
            self.gain_addr.eq(Cat(place_1, table)),
            self.row.payload.mask.eq(mask),
            self.row.payload.table.eq(table),
        ]
        owed = counts_1 & self.gain.any()
        with m.If(begins):
            m.d.sync += [mask.eq(0), some.eq(0)]
        with m.Elif(issued):
            m.d.sync += [mask.eq(Cat(owed, mask)), some.eq(some | owed)]
        with m.If(self.row.valid & self.row.ready):
            m.d.sync += table.eq(one_more(table))
        return some
