"""The walk of a row whose synapses learn: one synapse a cycle, while its target fired rarely.

Of the target's spikes that are new to the magnitude one of an even and one of an odd age are taken
in a cycle; further ones take further cycles.

::

    W0 address | W1 memory | W2 target | W3 history of | W4 two spikes of | W5 gains, magnitude,
               |           |           | the target    | the past a cycle | limit, loss addressed
"""

from __future__ import annotations

from amaranth.hdl import C, Cat, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hrsnn_rtl.config import CoreConfig
from hrsnn_rtl.replay import N_TABLES, walk_layout


def token_layout(config: CoreConfig) -> data.StructLayout:
    """Return what W5 says of a synapse, in as many tokens as its target's spikes take, or one.

    `first` and `last` are those of a synapse. With ``hit[k]`` the gain of age ``2 half[k] + k`` is
    owed; ``early[k]`` that it is that of the source's own step. `addr` is the synapse's, the rest
    is its row's.
    """
    c = config
    return data.StructLayout(
        {
            "first": 1,
            "last": 1,
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

    Members
    -------
    row : In(stream.Signature(walk_layout(config)))
        Rows.
    stall : In(1)
        The token waits.
    target_en, target_addr, target
        Read port of the targets.
    history_en, history_slot, history
        Read port of the histories.
    valid : Out(1)
        There is a token.
    token : Out(token_layout(config))
        It, a register.
    busy : Out(1)
        A synapse is held.
    """

    def __init__(self, *, config: CoreConfig):
        self._config = config
        super().__init__(
            {
                "row": In(stream.Signature(walk_layout(config))),
                "stall": In(1),
                "target_en": Out(1),
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
        below = [Signal(p.history // 2, name=f"below_{k}") for k in range(2)]
        valid_4, more, go = Signal(), Signal(), Signal()
        m.d.comb += [
            *(below[k].eq(rest[k] - 1) for k in range(2)),
            more.eq((Cat(rest) & Cat(below)).any()),
            go.eq(~self.stall & ~(valid_4 & more)),
        ]
        # The next row waits until its first synapse arrives in W4.
        held, row, begun = Signal(walk_layout(c)), Signal(walk_layout(c)), Signal()
        valid, new = self._stream(m, held, go, begun)
        target = {k: Signal(c.slot_width, name=f"target_{k}") for k in (2, 3, 4)}
        mask, first, new_4 = Signal(p.history), Signal(), Signal()
        with m.If(go):
            m.d.sync += [target[2].eq(self.target), target[3].eq(target[2])]
            m.d.sync += [target[4].eq(target[3]), valid_4.eq(valid[3]), new_4.eq(new[3])]
            with m.If(new[2]):
                m.d.sync += mask.eq(held.mask)
        m.d.comb += [
            self.target_en.eq(go),
            self.history_en.eq(go),
            self.history_slot.eq(target[2]),
            begun.eq(go & new[3]),
        ]
        with m.If(begun):
            m.d.sync += row.eq(held)
        with m.If(~self.stall):
            m.d.sync += first.eq(go)
            new_spikes = self.history & mask
            m.d.sync += [
                rest[k].eq(Mux(go, new_spikes[k::2], rest[k] & below[k])) for k in range(2)
            ]

        token = self.token
        half = [Signal(p.age_width - 1, name=f"half_{k}") for k in range(2)]
        m.d.comb += [half[k].eq(_index(rest[k] & ~below[k])) for k in range(2)]
        with m.If(~self.stall):
            m.d.sync += [
                self.valid.eq(valid_4),
                token.first.eq(first),
                token.last.eq(~more),
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

    def _stream(self, m, held, go, begun):
        """Address the synapses; return which of W0 .. W3 have one, and which the first of a row."""
        valid = [Signal(name=f"valid_{k}") for k in range(4)]
        new = [Signal(name=f"new_{k}") for k in range(4)]
        left, free, started = Signal.like(held.left), Signal(init=1), Signal(init=1)
        # The sign of `left` marks the last word of the row; without a row it does not matter.
        take = ~valid[0] | left[-1]
        m.d.comb += self.row.ready.eq(free)
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
                m.d.sync += [valid[k].eq(valid[k - 1]), new[k].eq(new[k - 1])]
        with m.If(free & self.row.valid):
            m.d.sync += [held.eq(self.row.payload), free.eq(0), started.eq(0)]
        with m.If(begun):
            m.d.sync += free.eq(1)
        return valid, new


def _index(one_hot):
    """Return the number of the bit that is set, 0 for none."""
    return Cat(
        Cat(one_hot[h] for h in range(len(one_hot)) if h >> bit & 1).any()
        for bit in range((len(one_hot) - 1).bit_length())
    )
