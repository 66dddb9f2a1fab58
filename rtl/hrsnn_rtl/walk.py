"""The walk of a row whose synapses learn: one synapse a cycle, while its target fired rarely.

Of the target's spikes that are new to the magnitude one of an even and one of an odd age are taken
in a cycle; further ones take further cycles.

::

    W0 address | W1 memory | W2 target | W3 history of | W4 two spikes of | W5 gains, magnitude,
               |           |           | the target    | the past a cycle | limit, loss addressed
"""

from __future__ import annotations

from functools import reduce
from operator import or_

from amaranth.hdl import C, Cat, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hrsnn_rtl.config import CoreConfig
from hrsnn_rtl.count import one_more
from hrsnn_rtl.delay import Delay
from hrsnn_rtl.memory import Ram
from hrsnn_rtl.replay import n_tables, walk_layout

#: Bits of a group among which `lowest` looks at once, a power of two, and of a place in it.
GROUP = 4
GROUP_WIDTH = 2
#: What a synapse's token has from its row.
OF_ROW = ("age", "table", "source", "is_input", "plastic", "deliver", "depress", "shift")


def held_layout(config: CoreConfig) -> data.StructLayout:
    """Return what waits for the first synapse of a row: where it is, and `OF_ROW`."""
    walk = walk_layout(config)
    return data.StructLayout({name: walk[name].shape for name in ("start", *OF_ROW)})


def token_layout(config: CoreConfig) -> data.StructLayout:
    """Return what W5 says of a synapse, in as many tokens as its target's spikes take, or one.

    `first` and `last` are those of a synapse, `starts` and `ends` of its row. With ``hit[k]`` the
    gain of age ``2 half[k] + k`` is owed. `addr` is the synapse's, the rest is its row's.
    """
    c, walk = config, walk_layout(config)
    return data.StructLayout(
        {
            "first": 1,
            "last": 1,
            "starts": 1,
            "ends": 1,
            "hit": 2,
            "half": data.ArrayLayout(c.plasticity.age_width - 1, 2),
            "target": c.slot_width,
            "addr": c.pointer_width,
            **{name: walk[name].shape for name in OF_ROW},
        }
    )


def early_hits(token):
    """Return which gains of a token are those of the source's own step, an input's."""
    return Cat(token.is_input & (Cat(C(k, 1), token.half[k]) == token.age) for k in range(2))


class RowWalk(wiring.Component):
    """Streams the synapses of rows, and of each the spikes that its magnitude does not know yet.

    Parameters
    ----------
    config : CoreConfig
        Widths.
    poison : bool
        As of `hrsnn_rtl.memory.Ram`.

    Members
    -------
    row : In(stream.Signature(walk_layout(config)))
        Rows.
    hold : In(1)
        Rows that are delivered wait: their targets' last spikes are not written yet.
    stall : In(1)
        The token waits.
    target_addr, target
        Read port of the targets, which reads in every cycle.
    history_en, history_slot, history
        Read port of the histories.
    past : Out(1)
        With ``history_en``: of the step before the last one, as the row says.
    valid : Out(1)
        There is a token.
    token : Out(token_layout(config))
        It, a register.
    busy : Out(1)
        A synapse is held.
    """

    def __init__(self, *, config: CoreConfig, poison: bool = False):
        self._config, self._poison = config, poison
        super().__init__(
            {
                "row": In(stream.Signature(walk_layout(config))),
                "hold": In(1),
                "stall": In(1),
                "target_addr": Out(config.pointer_width),
                "target": In(config.slot_width),
                "history_en": Out(1),
                "history_slot": Out(config.slot_width),
                "history": In(config.plasticity.history),
                "past": Out(1),
                "valid": Out(1),
                "token": Out(token_layout(config)),
                "busy": Out(1),
            }
        )

    def elaborate(self, platform):
        """Build the circuit."""
        c, half = self._config, self._config.plasticity.history // 2
        m = Module()
        # W5 lists the spikes of one synapse, those of even and of odd ages side by side; what is
        # behind it waits meanwhile. All enables wait for that: whether more spikes are left than
        # are taken now is a register.
        rest = [Signal(half, name=f"rest_{k}") for k in range(2)]
        # Kept as it is, for the words of two memories that are far leave time for one LUT.
        left = [Signal(half, name=f"left_{k}", attrs={"keep": 1}) for k in range(2)]
        found = [lowest(rest[k]) for k in range(2)]
        more, go, loads = Signal(), Signal(), Signal(attrs={"keep": 1})
        m.d.comb += [
            *(left[k].eq((~go).replicate(half) & found[k][1]) for k in range(2)),
            more.eq(Cat(several(m, rest[k]) for k in range(2)).any()),
            go.eq(~self.stall & ~more),
        ]
        # The next row.
        held, taken, begins = Signal(walk_layout(c)), Signal(), Signal()
        valid, new, ends = self._stream(m, held, go, begins)
        mask, of_row, stays = self._rows(m, held, new, go)
        target_2, first = self._target(m, go), Signal()
        m.submodules.late_target = target = Delay(
            width=c.slot_width, cycles=2, registers=c.block_ram == "ICESTORM_RAM"
        )
        m.d.comb += [
            loads.eq(go & valid[3]),
            self.history_en.eq(go),
            self.history_slot.eq(target_2),
            target.en.eq(go),
            target.i.eq(target_2),
        ]
        with m.If(~self.stall):
            m.d.sync += first.eq(go)
            new_spikes = self.history & mask
            m.d.sync += [
                rest[k].eq((loads.replicate(half) & new_spikes[k::2]) | left[k]) for k in range(2)
            ]

        token = self.token
        # Held in registers, a row must stay until its first synapse leaves W4.
        m.d.comb += taken.eq(~self.stall & valid[4] & first & new[4])
        free = Signal(init=1)
        m.d.comb += self.row.ready.eq(free)
        with m.If(taken if stays else begins):
            m.d.sync += free.eq(1)
        with m.Elif(free & self.row.valid):
            m.d.sync += free.eq(0)
        with m.If(~self.stall):
            m.d.sync += [
                self.valid.eq(valid[4]),
                token.first.eq(first),
                token.last.eq(~more),
                token.starts.eq(new[4]),
                token.ends.eq(ends[4]),
                token.hit.eq(Cat(rest[k].any() for k in range(2))),
                *(token.half[k].eq(found[k][0]) for k in range(2)),
                token.target.eq(target.o),
            ]
            with m.If(valid[4] & first):
                m.d.sync += token.addr.eq(Mux(new[4], of_row.start, token.addr + 1))
        with m.If(taken if stays else ~self.stall):
            m.d.sync += [token[name].eq(of_row[name]) for name in OF_ROW]
        m.d.comb += self.busy.eq(~self.row.ready | Cat(valid).any() | self.valid)
        return m

    def _target(self, m, go):
        """Return the target in W2.

        What stops the stages comes too late to stop a large memory, and a word that comes from afar
        must end in a register at once. So the memory reads in every cycle; while the stages stand,
        it reads the word of W0 again, `word` keeps that of W1 and `held` that of W2.
        """
        went, target = Signal(), Signal.like(self.target, name="target_2")
        word, held = Signal.like(self.target), Signal.like(self.target)
        m.d.sync += [went.eq(go), held.eq(target)]
        with m.If(went):
            m.d.sync += word.eq(self.target)
        m.d.comb += target.eq(Mux(went, word, held))
        return target

    def _rows(self, m, held, new, go):
        """Return the mask of the row in W3, what W4 wants of its row, and if rows stay in `held`.

        Flip-flops are what a lane runs out of first, and a block RAM's output is as good: a row
        waits there until its first synapse arrives, and `held` is free for the next one.
        """
        c, p = self._config, self._config.plasticity
        # In flip-flops: two words from afar for one LUT are one too many.
        mask = Signal(p.history)
        if c.block_ram == "ICESTORM_RAM":
            with m.If(go & new[2]):
                m.d.sync += mask.eq(held.mask)
            return mask, held, True
        row, layout = self.row.payload, held_layout(c)
        m.submodules.ram_mask = masks = self._row_ram(p.history)
        m.submodules.ram_row = rows = self._row_ram(layout.size)
        # Rows come in the order of their tables.
        table_1, table_2, table_3 = (Signal.like(row.table, name=f"table_{k}") for k in (1, 2, 3))
        with m.If(go & new[1]):
            m.d.sync += [table_1.eq(one_more(table_1)), table_2.eq(table_1)]
        with m.If(go & new[2]):
            m.d.sync += [mask.eq(masks.r_data), table_3.eq(table_2)]
        m.d.comb += [
            masks.w_data.eq(row.mask),
            masks.r_en.eq(go & new[1]),
            masks.r_addr.eq(table_1),
            rows.w_data.eq(Cat(row[name] for name, _ in layout)),
            rows.r_en.eq(go & new[3]),
            rows.r_addr.eq(table_3),
        ]
        for ram in (masks, rows):
            m.d.comb += [ram.w_en.eq(self.row.valid & self.row.ready), ram.w_addr.eq(row.table)]
        return mask, layout(rows.r_data), False

    def _row_ram(self, width: int) -> Ram:
        depth = n_tables(self._config)
        return Ram(width=width, depth=depth, poison=self._poison, style="block")

    def _stream(self, m, held, go, begins):
        """Address the synapses; return which of W0 .. W5 have one, a row's first, its last."""
        valid, new, ends = (
            [Signal(name=f"{name}_{k}") for k in range(5)] for name in ("valid", "new", "ends")
        )
        left, started, starts = Signal.like(held.left), Signal(init=1), Signal()
        # The sign of `left` marks the last word of the row; without a row it does not matter.
        take = ~valid[0] | ends[0]
        m.d.comb += [
            ends[0].eq(left[-1]),
            starts.eq(~started & ~self._waits(held, valid)),
            begins.eq(go & take & starts),
        ]
        with m.If(go):
            m.d.sync += [self.target_addr.eq(self.target_addr + 1), left.eq(left - 1), new[0].eq(0)]
            with m.If(take):
                m.d.sync += [
                    valid[0].eq(starts),
                    new[0].eq(starts),
                    self.target_addr.eq(held.start),
                    left.eq(held.left),
                ]
            for k in range(1, 5):
                m.d.sync += [part[k].eq(part[k - 1]) for part in (valid, new, ends)]
        with m.If(begins):
            m.d.sync += started.eq(1)
            if self._config.plasticity.overlap:
                m.d.sync += self.past.eq(held.past)
        with m.If(self.row.ready & self.row.valid):
            m.d.sync += [held.eq(self.row.payload), started.eq(0)]
        return valid, new, ends

    def _waits(self, held, valid):
        """Return whether the held row must not begin.

        One that is delivered waits for the scan, and until those that were brought up to date while
        it ran have left W4: it may be one of them, and must find its magnitudes written. That is
        soon enough, for in W6 it is further behind them than a magnitude takes to W11.
        """
        updating = self.past & Cat(valid).any() if self._config.plasticity.overlap else 0
        return held.deliver & (self.hold | updating)


def several(m, bits):
    """Return whether more than one bit is set."""
    groups = [bits[k : k + GROUP] for k in range(0, len(bits), GROUP)]
    # Kept as they are, a LUT each: synthesis would rather share parts of `lowest`, in more levels.
    hit, inside = (Signal(len(groups), attrs={"keep": 1}) for _ in range(2))
    both = Signal(2, attrs={"keep": 1})
    m.d.comb += [
        hit.eq(Cat(group.any() for group in groups)),
        inside.eq(Cat(_twice(group) for group in groups)),
        both.eq(Cat(inside.any(), _twice(hit) if len(groups) <= GROUP else several(m, hit))),
    ]
    return both.any()


def _twice(bits):
    """Return whether more than one of a few bits is set."""
    return Cat(bits[k] & bits[:k].any() for k in range(1, len(bits))).any()


def lowest(bits):
    """Return the number of the lowest bit that is set, 0 for none, and the bits without it.

    First among groups of four bits, then within them: a function of four bits is one LUT, and
    ``bits & (bits - 1)`` would take a carry chain more.
    """
    groups = [bits[k : k + GROUP] for k in range(0, len(bits), GROUP)]
    hit = Cat(group.any() for group in groups)
    # No lower group, no lower bit of the group.
    free = [~hit[:k].any() for k in range(len(groups))]
    inside = [_index(group) & free[k].replicate(GROUP_WIDTH) for k, group in enumerate(groups)]
    without = Cat(
        group[b] & ~(free[k] & ~group[:b].any())
        for k, group in enumerate(groups)
        for b in range(len(group))
    )
    return Cat(reduce(or_, inside), _index(hit)), without


def _index(bits):
    """Return the number of the lowest bit that is set, 0 for none."""
    only = [bits[k] & ~bits[:k].any() for k in range(len(bits))]
    width = (len(bits) - 1).bit_length()
    return Cat(Cat(only[k] for k in range(len(bits)) if k >> j & 1).any() for j in range(width))
