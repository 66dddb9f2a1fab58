"""The learning rule of one synapse and one neuron a cycle: `hrsnn_edge.reference.stdp` in hardware.

All potentiation between two clippings at 0 may be added up before the clipping at the greatest
magnitude, and an input's depression comes between the potentiation by its own step and that by the
later ones. So three clipped sums give the bits of the step-by-step rule.
"""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hrsnn_rtl.config import CoreConfig
from hrsnn_rtl.delay import Delay
from hrsnn_rtl.image import memory_words
from hrsnn_rtl.interfaces import Select, load_layout, scan_layout
from hrsnn_rtl.memory import Ram
from hrsnn_rtl.plasticity import loss_layout
from hrsnn_rtl.replay import bump


def owed_layout(config: CoreConfig) -> data.StructLayout:
    """Return what a synapse is owed: gains before the depression, `loss`, and gains after it."""
    p = config.plasticity
    return data.StructLayout(
        {
            "before": p.gain_width + p.age_width,
            "loss": p.loss_width,
            "after": p.gain_width + p.age_width if p.plastic_in else 0,
        }
    )


def raise_layout(config: CoreConfig) -> data.StructLayout:
    """Return what the last of the three sums needs beside the magnitude."""
    return data.StructLayout(
        {"limit": config.magnitude_width, "after": owed_layout(config)["after"].shape}
    )


class StdpUpdate(wiring.Component):
    """``min(max(min(m + before, limit) - loss, 0) + after, limit)``, a pipeline of three stages.

    Parameters
    ----------
    config : CoreConfig
        Widths.

    Members
    -------
    magnitude, limit, owed : In
        In cycle ``t``; ``magnitude <= limit``.
    result : Out
        In ``t + 3``.
    """

    #: Cycles from an input to its output.
    latency = 3

    def __init__(self, *, config: CoreConfig):
        self._config = config
        super().__init__(
            {
                "magnitude": In(config.magnitude_width),
                "limit": In(config.magnitude_width),
                "owed": In(owed_layout(config)),
                "result": Out(config.magnitude_width),
            }
        )

    def elaborate(self, platform):
        """Build the circuit."""
        m = Module()
        raised, lowered = Signal.like(self.magnitude), Signal.like(self.magnitude)
        loss_1 = Signal.like(self.owed.loss)
        m.d.sync += [
            raised.eq(_at_most(self.magnitude + self.owed.before, self.limit)),
            loss_1.eq(self.owed.loss),
        ]
        # The sign of the difference says which it is.
        difference = raised - loss_1
        m.d.sync += lowered.eq(Mux(difference[-1], 0, difference))
        if self._config.plasticity.plastic_in:
            late = data.StructLayout(
                {"limit": self.limit.shape(), "after": self.owed.after.shape()}
            )
            m.submodules.late = delay = Delay(
                width=late.size, cycles=2, registers=self._config.block_ram == "ICESTORM_RAM"
            )
            then = late(delay.o)
            m.d.comb += delay.i.eq(Cat(self.limit, self.owed.after))
            m.d.sync += self.result.eq(_at_most(lowered + then.after, then.limit))
        else:
            m.d.sync += self.result.eq(lowered)
        return m


def _at_most(value, limit):
    """Return the smaller of two unsigned values."""
    return Mux(value > limit, limit, value)


class PostHistory(wiring.Component):
    """What the walk of a row asks about its targets: their past spikes and their depressions.

    The scan keeps it up to date, a neuron a cycle, while it advances the neurons::

        U3 address trace   U4 address history   U5 spike known: shift it in, raise the trace
        U6 decay the trace   U7 write it, times eta   U8 write the depressions

    A depression by a neuron is due to sources that fire in the same step: in the last step for
    neurons, in the coming one for inputs. The latter's trace is the former's after one more decay,
    so each scan makes one new depression and keeps the one before.

    Parameters
    ----------
    config : CoreConfig
        Widths.
    index, images, poison
        As of `hrsnn_rtl.lane.Lane`.

    Members
    -------
    scan : In(scan_layout(config))
        Stages of the scan.
    spike : In(1)
        Stage U5.
    load : In(load_layout())
        Words for the learning constants.
    step : In(1)
        A scan of a step begins.
    history_en, history_slot : In
        A walk's read of a history, once all of them are written, or with `past`.
    past : In(1)
        With ``history_en``, only with ``overlap``: the history before this scan, whether it runs or
        not.
    loss_slot : In
        A walk's read of the depressions, three cycles after the scan or later.
    history, loss : Out
        Of the neuron whose slot was given one cycle before; bit `h` of `history` is its spike of
        age `h`.
    """

    def __init__(self, *, config: CoreConfig, index: int, images=(), poison: bool):
        self._config, self._index, self._images = config, index, images
        self._poison = poison
        p = config.plasticity
        super().__init__(
            {
                "scan": In(scan_layout(config)),
                "spike": In(1),
                "load": In(load_layout()),
                "step": In(1),
                "past": In(1),
                "history_en": In(1),
                "history_slot": In(config.slot_width),
                "loss_slot": In(config.slot_width),
                "history": Out(p.history),
                "loss": Out(loss_layout(p)),
            }
        )

    def elaborate(self, platform):
        """Build the circuit."""
        c, p, scan = self._config, self._config.plasticity, self.scan
        m = Module()

        def ram(name: str, width: int, init=()) -> Ram:
            made = Ram(width=width, depth=c.n_slots, poison=self._poison, init=init)
            m.submodules[f"ram_{name}"] = made
            return made

        words = memory_words(self._images, Select.POST_RULE, self._index, c.n_slots)
        decays = ram("post_decay", p.decay_width, words & ((1 << p.decay_width) - 1))
        etas = ram("post_eta", p.eta_width, words >> p.decay_width)
        traces = ram("trace", p.trace_width)
        losses = ram("loss", loss_layout(p).size)

        valid, slot = {5: scan.valid[5]}, {5: scan.slot[5]}
        for k in (6, 7, 8):
            valid[k], slot[k] = Signal(name=f"valid_{k}"), Signal(c.slot_width, name=f"slot_{k}")
            m.d.sync += [valid[k].eq(valid[k - 1]), slot[k].eq(slot[k - 1])]
        # U5: the spike is known. A CLEAR leaves nothing.
        trace = Signal(p.trace_width)
        raised = Mux(self.spike, bump(trace, p.trace_step, p.trace_top), trace)
        trace_6, decay_6 = Signal(p.trace_width), Signal(p.decay_width)
        trace_7, eta_7 = Signal(p.trace_width), Signal(p.eta_width)
        loss_8, old = Signal(p.loss_width), Signal(loss_layout(p))
        m.d.sync += [
            trace.eq(traces.r_data),
            decay_6.eq(decays.r_data),
            trace_6.eq(Mux(scan.clear, 0, raised)),
            trace_7.eq((trace_6 * decay_6) >> p.decay_width),
            eta_7.eq(etas.r_data),
            loss_8.eq((trace_7 * eta_7) >> p.eta_shift),
            old.eq(losses.r_data),
        ]
        m.d.comb += [
            decays.r_addr.eq(scan.slot[4]),
            etas.r_addr.eq(scan.slot[5]),
            *(
                port
                for made in (decays, etas)
                for port in (
                    made.w_en.eq(self.load.valid & (self.load.select == Select.POST_RULE)),
                    made.w_addr.eq(self.load.addr),
                )
            ),
            decays.w_data.eq(self.load.data),
            etas.w_data.eq(self.load.data[p.decay_width :]),
            traces.r_addr.eq(scan.slot[3]),
            traces.w_en.eq(valid[7]),
            traces.w_addr.eq(slot[7]),
            traces.w_data.eq(trace_7),
            losses.r_addr.eq(Mux(valid[6], slot[6], self.loss_slot)),
            losses.w_en.eq(valid[8]),
            losses.w_addr.eq(slot[8]),
            losses.w_data.eq(Cat(old.as_value()[p.loss_width :], loss_8)),
            self.loss.eq(losses.r_data),
        ]
        self._histories(m)
        return m

    def _histories(self, m):
        """Shift the spikes of a step in.

        A CLEAR leaves them, for it follows an update of all rows: nothing of them is owed any more.
        With `overlap` the scan reads them from one half of a memory and writes them to the other,
        and a second memory is the walk's.
        """
        c, p, scan = self._config, self._config.plasticity, self.scan
        n_halves = 2 if p.overlap else 1
        memories = [
            Ram(width=p.history, depth=n_halves * c.n_slots, poison=self._poison)
            for _ in range(n_halves)
        ]
        scanned = memories[0]
        for name, made in zip(("history", "history_walked"), memories, strict=False):
            m.submodules[f"ram_{name}"] = made
            m.d.comb += [
                made.w_en.eq(scan.valid[5] & ~scan.clear),
                made.w_data.eq(Cat(self.spike, scanned.r_data)),
            ]
        if p.overlap:
            half, walked = Signal(name="half"), memories[1]
            with m.If(self.step):
                m.d.sync += half.eq(~half)
            m.d.comb += [
                scanned.r_addr.eq(Cat(~half, scan.slot[4])),
                walked.r_en.eq(self.history_en),
                walked.r_addr.eq(Cat(half ^ self.past, self.history_slot)),
                *(made.w_addr.eq(Cat(half, scan.slot[5])) for made in memories),
            ]
        else:
            walked = scanned
            m.d.comb += [
                scanned.r_en.eq(self.history_en | scan.valid[4]),
                scanned.r_addr.eq(Mux(scan.valid[4], scan.slot[4], self.history_slot)),
                scanned.w_addr.eq(scan.slot[5]),
            ]
        m.d.comb += self.history.eq(walked.r_data)
