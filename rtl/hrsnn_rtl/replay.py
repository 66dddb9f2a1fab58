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

#: Tables of gains: one of the row whose walk ends, two of the rows behind it, one being filled.
N_TABLES = 4


def walk_layout(config: CoreConfig) -> data.StructLayout:
    """Return what the walk of a row must know; `start` and `left` as in `row_layout`.

    `mask` has a 1 for each age whose gain is not 0, `age` is that of the source's last spike, and
    `table` the number of the table of gains. `deliver` says that the source fired, rather than that
    the row is only brought up to date; `depress` that a depression is due.
    """
    c, row = config, row_layout(config)
    return data.StructLayout(
        {
            "start": row["start"].shape,
            "left": row["left"].shape,
            "source": c.source_width,
            "mask": c.plasticity.history,
            "age": c.plasticity.age_width,
            "table": range(N_TABLES),
            "is_input": 1,
            "plastic": 1,
            "deliver": 1,
            "depress": 1,
            "shift": c.shift_width,
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

    Parameters
    ----------
    config : CoreConfig
        Widths.

    Members
    -------
    event : In(stream.Signature(event_layout(config)))
        Sources that fired.
    hold : In(1)
        The scan is still writing what a walk reads.
    step : In(1)
        A step begins.
    sweep, sweep_all, forget : In
        `sweep` for one cycle, while not `busy`: visit every source that learns. The rows of more
        than `sweep_steps` steps are brought up to date, with `sweep_all` all of them, and with
        `forget` all traces become 0. These two must stay while `busy`. A row that is owed nothing
        is not walked.
    r_en, r_addr, row_word, rule_word, source_word
        Read ports of the memories of rows, learning constants and traces.
    w_en, w_addr, w_data : Out
        Write port of the memory of traces.
    gain_en, gain_addr, gain : Out
        Write port of the tables of gains, a word an age.
    row : Out(stream.Signature(walk_layout(config)))
        A row to walk.
    skipped : Out(1)
        One cycle a source that fired and has no synapse in any lane.
    busy : Out(1)
        A source is held, or a sweep is on.
    """

    def __init__(self, *, config: CoreConfig):
        self._config = config
        p = config.plasticity
        super().__init__(
            {
                "event": In(stream.Signature(event_layout(config))),
                "hold": In(1),
                "step": In(1),
                "sweep": In(1),
                "sweep_all": In(1),
                "forget": In(1),
                "r_en": Out(1),
                "r_addr": Out(config.source_width),
                "row_word": In(row_layout(config)),
                "rule_word": In(rule_layout(p)),
                "source_word": In(source_layout(p)),
                "w_en": Out(1),
                "w_addr": Out(config.source_width),
                "w_data": Out(source_layout(p)),
                "gain_en": Out(1),
                "gain_addr": Out(p.age_width + bits_for(N_TABLES)),
                "gain": Out(p.gain_width),
                "row": Out(stream.Signature(walk_layout(config))),
                "skipped": Out(1),
                "busy": Out(1),
            }
        )

    def elaborate(self, platform):
        """Build the circuit."""
        c, p = self._config, self._config.plasticity
        m = Module()
        now = Signal(p.age_width + 1)
        with m.If(self.step):
            m.d.sync += now.eq(one_more(now))
        source, is_input, firing, sweeping = self._sources(m)
        # The memory keeps the row's place until the next source; what decides is a register.
        row, rule, empty, silent = self.row_word, Signal(rule_layout(p)), Signal(), Signal()
        old, x, place = Signal(source_layout(p)), Signal(p.trace_width), Signal(p.age_width)
        last_age = Signal(p.age_width)
        since = (now - old.time)[: p.age_width + 1]
        age, future = since[:-1], since[-1]
        plastic = (is_input & int(p.plastic_in)) | (~is_input & int(p.plastic_rec))
        decayed = (x * rule.decay) >> p.decay_width

        # A sweep has nothing to do for a source that is owed nothing, and leaves one whose last
        # event belongs to the coming step as it is.
        live = old.fired | x.any()
        owed = old.fired | age.any()
        due = live & owed & ~future & ~empty & (self.sweep_all | age[-1])
        issue, counts, walks = Signal(), Signal(), Signal()
        with m.FSM() as fsm:

            def ask():
                m.d.comb += self.r_en.eq(1)
                with m.If(sweeping | (self.event.valid & ~self.hold)):
                    m.next = "FETCH"
                with m.Else():
                    m.next = "IDLE"

            with m.State("IDLE"):
                ask()
            with m.State("FETCH"):
                m.d.sync += [rule.eq(self.rule_word), old.eq(self.source_word)]
                m.d.sync += [empty.eq(row.empty), silent.eq(row.silent if c.lanes > 1 else 0)]
                m.d.sync += x.eq(self.source_word.x)
                m.next = "BEGIN"
            with m.State("BEGIN"):
                # The step of the spike itself: its trace was not raised yet. A neuron's row has
                # been walked in that step, an input's before it.
                m.d.comb += [issue.eq(1), counts.eq(old.fired & is_input)]
                m.d.sync += [place.eq(age), last_age.eq(age)]
                with m.If(old.fired):
                    m.d.sync += x.eq(bump(x, p.trace_step, p.trace_top))
                with m.If(firing & ~(plastic & live)):
                    m.next = "CLOSE"
                with m.Elif(firing | (plastic & due)):
                    m.next = "FIRST"
                with m.Else():
                    m.d.comb += self.w_en.eq(self.forget)
                    ask()
            with m.State("FIRST"):
                with m.If(place == 0):
                    m.next = "LAST"
                with m.Else():
                    m.d.sync += [x.eq(decayed), place.eq(one_less(place))]
                    m.next = "FILL"
            with m.State("FILL"):
                m.d.comb += [issue.eq(1), counts.eq(1)]
                with m.If(place == 0):
                    m.next = "LAST"
                with m.Else():
                    m.d.sync += [x.eq(decayed), place.eq(one_less(place))]
            with m.State("LAST"):
                with m.If(firing & is_input):
                    m.d.sync += x.eq(decayed)
                m.next = "CLOSE"
            with m.State("CLOSE"):
                m.d.comb += [
                    self.row.valid.eq(walks),
                    # A source without synapses needs no trace.
                    self.w_en.eq(plastic & ~empty),
                    self.skipped.eq(firing & (silent if c.lanes > 1 else empty)),
                ]
                with m.If(~walks | self.row.ready):
                    ask()
                with m.Else():
                    m.next = "OFFER"
            with m.State("OFFER"):
                m.d.comb += self.row.valid.eq(1)
                with m.If(self.row.ready):
                    ask()
        begins, walk = fsm.ongoing("BEGIN"), self.row.payload
        m.d.comb += [
            self.event.ready.eq(self.r_en & ~sweeping & ~self.hold),
            self.busy.eq(~fsm.ongoing("IDLE") | sweeping | self.sweep),
            self.w_addr.eq(source),
            self.w_data.x.eq(Mux(firing, x, Mux(self.forget, 0, x))),
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
        gain = (x * rule.eta) >> p.eta_shift
        some = self._table(m, begins, gain, Mux(begins, age, place), issue, counts)
        # Where only the trace changed, the synapses need no visit.
        m.d.comb += walks.eq(~empty & (firing | some | walk.depress))
        return m

    def _sources(self, m):
        """Take the sources, or in a sweep all there are; return the one at work and the sweep."""
        c = self._config
        source, is_input, firing = Signal(c.source_width), Signal(), Signal()
        sweeping, next_source = Signal(), Signal(c.source_width)
        first = 0 if c.plasticity.plastic_rec else c.n_hw
        end = c.n_sources if c.plasticity.plastic_in else c.n_hw
        m.d.comb += self.r_addr.eq(Mux(sweeping, next_source, self.event.payload.source))
        with m.If(self.r_en):
            m.d.sync += [
                source.eq(self.r_addr),
                is_input.eq(Mux(sweeping, next_source >= c.n_hw, self.event.payload.is_input)),
                firing.eq(~sweeping),
            ]
            with m.If(sweeping):
                m.d.sync += next_source.eq(next_source + 1)
                with m.If(next_source == end - 1):
                    m.d.sync += sweeping.eq(0)
        with m.If(self.sweep):
            m.d.sync += [sweeping.eq(1), next_source.eq(first)]
        return source, is_input, firing, sweeping

    def _table(self, m, begins, gain, place, issue, counts):
        """Write the gains into a table, mark those that are not 0, oldest first; return if any."""
        p = self._config.plasticity
        mask, table, some = Signal(p.history), Signal(range(N_TABLES)), Signal()
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
