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
from hrsnn_rtl.memory import Ram
from hrsnn_rtl.replay import N_TABLES, walk_layout

#: Bits of a group among which `lowest` looks at once, a power of two, and of a place in it.
GROUP = 4
GROUP_WIDTH = 2


def token_layout(config: CoreConfig) -> data.StructLayout:
    """Return what W5 says of a synapse, in as many tokens as its target's spikes take, or one.

    `first` and `last` are those of a synapse, `starts` and `ends` of its row. With ``hit[k]`` the
    gain of age ``2 half[k] + k`` is owed; ``early[k]`` that it is that of the source's own step.
    `addr` is the synapse's, the rest is its row's.
    """
    c = config
    return data.StructLayout(
        {
            "first": 1,
            "last": 1,
            "starts": 1,
            "ends": 1,
            "hit": 2,
            "early": 2,
            "half": data.ArrayLayout(c.plasticity.age_width - 1, 2),
            "table": range(N_TABLES),
            "target": c.slot_width,
            "addr": c.pointer_width,
            "source": c.source_width,
            "is_input": 1,
            "plastic": 1,
            "deliver": 1,
            "depress": 1,
            "shift": c.shift_width,
        }
    )


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
    stall : In(1)
        The token waits.
    target_addr, target
        Read port of the targets, which reads in every cycle.
    history_en, history_slot, history
        Read port of the histories.
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
                "stall": In(1),
                "target_addr": Out(config.pointer_width),
                "target": In(config.slot_width),
                "history_en": Out(1),
                "history_slot": Out(config.slot_width),
                "history": In(config.plasticity.history),
                "valid": Out(1),
                "token": Out(token_layout(config)),
                "busy": Out(1),
            }
        )

    def elaborate(self, platform):
        """Build the circuit."""
        c, p = self._config, self._config.plasticity
        m = Module()
        # W4 lists the spikes of one synapse, those of even and of odd ages side by side; what is
        # behind it waits meanwhile.
        rest = [Signal(p.history // 2, name=f"rest_{k}") for k in range(2)]
        found = [lowest(rest[k]) for k in range(2)]
        later = [Signal(p.history // 2, name=f"later_{k}") for k in range(2)]
        valid_4, more, go = Signal(), Signal(), Signal()
        m.d.comb += [
            *(later[k].eq(found[k][1]) for k in range(2)),
            # What `later` says too, but sooner: everything in front waits for it.
            more.eq(Cat(several(m, rest[k]) for k in range(2)).any()),
            go.eq(~self.stall & ~(valid_4 & more)),
        ]
        # The next row waits until its first synapse arrives in W4.
        held, row, begun = Signal(walk_layout(c)), Signal(walk_layout(c)), Signal()
        valid, new, ends = self._stream(m, held, go, begun)
        target = {k: Signal(c.slot_width, name=f"target_{k}") for k in (2, 3, 4)}
        first, new_4, ends_4 = Signal(), Signal(), Signal()
        mask = self._mask(m, held, go & new[2])
        with m.If(go):
            m.d.sync += target[3].eq(target[2])
            m.d.sync += [target[4].eq(target[3]), valid_4.eq(valid[3]), new_4.eq(new[3])]
            m.d.sync += ends_4.eq(ends[3])
        m.d.comb += [
            target[2].eq(self._target(m, go)),
            self.history_en.eq(go),
            self.history_slot.eq(target[2]),
            begun.eq(go & new[3]),
        ]
        with m.If(begun):
            m.d.sync += row.eq(held)
        with m.If(~self.stall):
            m.d.sync += first.eq(go)
            new_spikes = self.history & mask
            # No multiplexer: the bit that `later` never has would be reset by `go`, which is late.
            loads, stays = go.replicate(p.history // 2), (~go).replicate(p.history // 2)
            m.d.sync += [
                rest[k].eq((loads & new_spikes[k::2]) | (stays & later[k])) for k in range(2)
            ]

        token = self.token
        half = [Signal(p.age_width - 1, name=f"half_{k}") for k in range(2)]
        m.d.comb += [half[k].eq(found[k][0]) for k in range(2)]
        with m.If(~self.stall):
            m.d.sync += [
                self.valid.eq(valid_4),
                token.first.eq(first),
                token.last.eq(~more),
                token.starts.eq(new_4),
                token.ends.eq(ends_4),
                token.hit.eq(Cat(rest[k].any() for k in range(2))),
                token.early.eq(
                    Cat(row.is_input & (Cat(C(k, 1), half[k]) == row.age) for k in range(2))
                ),
                *(token.half[k].eq(half[k]) for k in range(2)),
                token.target.eq(target[4]),
                *(
                    token[name].eq(row[name])
                    for name in (
                        "table", "source", "is_input", "plastic", "deliver", "depress", "shift"
                    )
                ),
            ]  # fmt: skip
            with m.If(valid_4 & first):
                m.d.sync += token.addr.eq(Mux(new_4, row.start, token.addr + 1))
        m.d.comb += self.busy.eq(~self.row.ready | Cat(valid).any() | valid_4 | self.valid)
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

    def _mask(self, m, held, wanted):
        """Return the mask of the row whose first synapse comes into W3 with `wanted`."""
        p = self._config.plasticity
        if self._config.block_ram == "ICESTORM_RAM":
            mask = Signal(p.history)
            with m.If(wanted):
                m.d.sync += mask.eq(held.mask)
            return mask
        # Flip-flops are what a lane runs out of first, and a block RAM's output is as good.
        m.submodules.ram_mask = masks = Ram(
            width=p.history, depth=N_TABLES, poison=self._poison, style="block"
        )
        m.d.comb += [
            masks.w_en.eq(self.row.valid & self.row.ready),
            masks.w_addr.eq(self.row.payload.table),
            masks.w_data.eq(self.row.payload.mask),
            masks.r_en.eq(wanted),
            masks.r_addr.eq(held.table),
        ]
        return masks.r_data

    def _stream(self, m, held, go, begun):
        """Address the synapses; return which of W0 .. W3 have one, a row's first, its last."""
        valid, new, ends = (
            [Signal(name=f"{name}_{k}") for k in range(4)] for name in ("valid", "new", "ends")
        )
        left, free, started = Signal.like(held.left), Signal(init=1), Signal(init=1)
        # The sign of `left` marks the last word of the row; without a row it does not matter.
        take = ~valid[0] | ends[0]
        m.d.comb += [self.row.ready.eq(free), ends[0].eq(left[-1])]
        with m.If(go):
            m.d.sync += [self.target_addr.eq(self.target_addr + 1), left.eq(left - 1), new[0].eq(0)]
            with m.If(take):
                m.d.sync += [
                    valid[0].eq(~started),
                    new[0].eq(~started),
                    started.eq(1),
                    self.target_addr.eq(held.start),
                    left.eq(held.left),
                ]
            for k in (1, 2, 3):
                m.d.sync += [part[k].eq(part[k - 1]) for part in (valid, new, ends)]
        with m.If(free & self.row.valid):
            m.d.sync += [held.eq(self.row.payload), free.eq(0), started.eq(0)]
        with m.If(begun):
            m.d.sync += free.eq(1)
        return valid, new, ends


def several(m, bits):
    """Return whether more than one bit is set."""
    groups = [bits[k : k + GROUP] for k in range(0, len(bits), GROUP)]
    # Kept as they are, for few levels: synthesis would rather share them with `lowest`.
    hit, inside = (Signal(len(groups), attrs={"keep": 1}) for _ in range(2))
    m.d.comb += [
        hit.eq(Cat(group.any() for group in groups)),
        inside.eq(Cat(_twice(group) for group in groups)),
    ]
    return inside.any() | (_twice(hit) if len(groups) <= GROUP else several(m, hit))


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
