"""A lane whose synapses learn: the walk of a row also makes up for what its weights are owed.

::

    source > RowReplay > RowWalk W0 .. W5 | W6 gains; address of | W7 gains, memories | W8 sum of
                           gains addressed | the other memories  |                    | gains
    | W9 raise | W10 lower | W11 raise; write magnitude, weight to the sums (A2)

A magnitude is addressed in W6 and written in W11. Nothing of that needs forwarding: a row is walked
at most once after a scan, those that are brought up to date during the scan are over before, and a
sweep that must go on at once waits until all walks are over.
"""

from __future__ import annotations

from amaranth.hdl import Cat, Mux, Signal
from amaranth.lib import data
from amaranth.lib.wiring import In, Out, connect, flipped

from hrsnn_rtl.config import CoreConfig
from hrsnn_rtl.count import negated_if
from hrsnn_rtl.delay import Delay
from hrsnn_rtl.image import memory_words
from hrsnn_rtl.interfaces import Select, event_layout, row_layout
from hrsnn_rtl.lane import Lane, queue_depth
from hrsnn_rtl.memory import Ram
from hrsnn_rtl.paired import PairedRam, reads_ram, writes_ram
from hrsnn_rtl.plasticity import limit_layout, magnitude_layout, rule_layout, source_layout
from hrsnn_rtl.replay import RowReplay, n_tables
from hrsnn_rtl.stdp import PostHistory, StdpUpdate, owed_layout
from hrsnn_rtl.stream import SmallQueue
from hrsnn_rtl.synapse import Accumulate
from hrsnn_rtl.walk import RowWalk, early_hits


def carried_layout(config: CoreConfig) -> data.StructLayout:
    """Return what W11 needs of a token."""
    return data.StructLayout(
        {
            "addr": config.pointer_width,
            "target": config.slot_width,
            "is_input": 1,
            "deliver": 1,
            "ends": 1,
            "shift": config.shift_width,
        }
    )


def late_layout(config: CoreConfig) -> data.StructLayout:
    """Return what W11 needs of the words of W8."""
    return data.StructLayout({"negative": 1, "next_loss": config.plasticity.loss_width})


class PlasticLane(Lane):
    """A `Lane` that learns.

    Parameters
    ----------
    config, index, images, vendor_cells, poison
        As of `Lane`.

    Members
    -------
    As `Lane`, and

    step : In(1)
        A step begins.
    sweep, rush, sweep_all, forget : In(1)
        As of `hrsnn_rtl.replay.RowReplay`.
    swept : Out(1)
        Likewise.
    weight_updates : Out(2)
        Increments that were not 0 in this cycle.
    read_magnitude : In(1)
        While idle: the read port asks for a word of the magnitudes.
    read_addr : In
        Which.
    magnitude : Out
        That word, two cycles later.
    """

    @classmethod
    def members(cls, config: CoreConfig) -> dict:
        """Return the ports."""
        return {
            **super().members(config),
            "step": In(1),
            "sweep": In(1),
            "rush": In(1),
            "sweep_all": In(1),
            "forget": In(1),
            "swept": Out(1),
            "weight_updates": Out(2),
            "read_magnitude": In(1),
            "read_addr": In(config.pointer_width),
            "magnitude": Out(magnitude_layout(config).size),
        }

    def _deliver(self, m):
        """Walk the rows: replay, change and deliver their weights."""
        c, p = self._config, self._config.plasticity
        m.submodules.replay = replay = RowReplay(config=c)
        m.submodules.walk = walk = RowWalk(config=c, poison=self._poison)
        m.submodules.post = post = PostHistory(
            config=c, index=self._index, images=self._images, poison=self._poison
        )
        waits = 0
        if c.lanes > 1:
            # Lanes agree on every source: a queue lets them drift apart a little.
            m.submodules.queue = queue = SmallQueue(layout=event_layout(c), depth=queue_depth(c))
            connect(m, flipped(self.event), queue.i)
            connect(m, queue.o, replay.event)
            waits = queue.o.valid
        else:
            connect(m, flipped(self.event), replay.event)
        connect(m, replay.row, walk.row)
        rows = self._ram(m, Select.ROW, row_layout(c).size, c.n_sources)
        rules = self._ram(m, Select.PRE_RULE, rule_layout(p).size, c.n_sources)
        # A large memory, far from the load port; a row comes to it many cycles after its event.
        targets = self._ram(m, Select.SYNAPSE, c.synapse_width, c.synapse_depth, late=True)
        m.submodules.ram_source = sources = Ram(
            width=source_layout(p).size, depth=c.n_sources, poison=self._poison
        )
        # Even and odd ages apart, for one of each is read in a cycle. The upper half stays 0, for
        # those that are not owed: nothing has to gate what comes late from a block RAM.
        gains = [
            Ram(width=p.gain_width, depth=n_tables(c) * p.history, poison=self._poison)
            for _ in range(2)
        ]
        for k, ram in enumerate(gains):
            m.submodules[f"ram_gain{k}"] = ram
            m.d.comb += [
                ram.w_en.eq(replay.gain_en & (replay.gain_addr[0] == k)),
                ram.w_addr.eq(replay.gain_addr[1:]),
                ram.w_data.eq(replay.gain),
                ram.r_addr.eq(Cat(walk.token.half[k], walk.token.table, ~walk.token.hit[k])),
            ]
        # The last neurons' histories are written before the first row gets there (W2).
        m.d.sync += walk.hold.eq(self.scan.valid[:4].any())
        m.d.comb += [
            *(
                getattr(replay, name).eq(getattr(self, name))
                for name in ("step", "sweep", "rush", "sweep_all", "forget")
            ),
            self.swept.eq(replay.swept),
            replay.turn.eq(self.scan.valid[1] & (self.scan.slot[1] == c.n_slots * 7 // 8)),
            rows.r_en.eq(replay.row_en),
            rows.r_addr.eq(replay.row_addr),
            rules.r_addr.eq(replay.r_addr),
            sources.r_addr.eq(replay.r_addr),
            replay.row_word.eq(rows.r_data),
            replay.rule_word.eq(rules.r_data),
            replay.source_word.eq(sources.r_data),
            sources.w_en.eq(replay.w_en),
            sources.w_addr.eq(replay.w_addr),
            sources.w_data.eq(replay.w_data),
            targets.r_addr.eq(walk.target_addr),
            walk.target.eq(targets.r_data),
            post.scan.eq(self.scan),
            post.spike.eq(self.spike),
            post.load.eq(self.load),
            post.step.eq(self.step),
            post.past.eq(walk.past),
            post.history_en.eq(walk.history_en),
            post.history_slot.eq(walk.history_slot),
            walk.history.eq(post.history),
        ]
        busy = self._change(m, walk, post, gains)
        m.d.comb += [
            self.skipped.eq(replay.skipped),
            self.busy.eq(waits | replay.busy | walk.busy | busy),
        ]

    def _change(self, m, walk, post, gains):
        """Read the magnitude of each token's synapse, change it, use it; return whether one is."""
        c, p = self._config, self._config.plasticity
        m.submodules.update = update = StdpUpdate(config=c)
        m.submodules.accumulate = add = Accumulate(
            depth=c.n_slots, width=c.sum_width, addend_width=c.addend_width
        )
        limits = self._ram(m, Select.LIMIT, limit_layout(c).size, c.n_sources)
        carried = carried_layout(c)
        last = Signal(carried)
        valid = {k: Signal(name=f"valid_{k}") for k in range(6, 12)}
        token = walk.token
        reading = walk.valid & token.last
        writes = {k: Signal(name=f"writes_{k}") for k in range(6, 12)}
        if c.synapse_memory == "spram":
            # A write of W11 takes the one port first, and the token that would read then waits.
            uses = writes_ram(token.addr, token.ends)
            m.d.sync += [writes[k].eq(writes[k - 1]) for k in range(7, 12)]
            m.d.sync += writes[6].eq(reading & ~walk.stall & uses)
            m.d.comb += walk.stall.eq(reading & writes[10] & reads_ram(token.addr, token.starts))
        m.submodules.late_token = delay = Delay(
            width=carried.size, cycles=6, registers=c.block_ram == "ICESTORM_RAM"
        )
        m.d.comb += [delay.i.eq(Cat(token[name] for name, _ in carried)), last.eq(delay.o)]
        m.d.sync += valid[6].eq(reading & ~walk.stall)
        m.d.sync += [valid[k].eq(valid[k - 1]) for k in range(7, 12)]

        # W6: the gains come, the other memories are addressed.
        stored, result = Signal(magnitude_layout(c)), Signal(magnitude_layout(c))
        token_6, seen = Signal.like(token), {k: Signal(name=f"seen_{k}") for k in (6, 7)}
        m.d.sync += [token_6.eq(token), seen[6].eq(walk.valid & ~walk.stall)]
        self._magnitudes(m, valid[6], token_6, stored, last, valid[11], writes[11], result)
        m.d.comb += [limits.r_addr.eq(token_6.source), post.loss_slot.eq(token_6.target)]
        # W7: of all tokens of the synapse the sum of gains; the words of the memories.
        gain_7 = [Signal(p.gain_width, name=f"gain_7_{k}") for k in range(2)]
        first_7, early_7 = Signal(), Signal(2)
        early, gain = Signal(p.gain_width), Signal(p.gain_width + p.age_width)
        word, limit, loss = Signal.like(stored), Signal(limit_layout(c)), Signal.like(post.loss)
        depress, is_input = Signal(2), Signal(2)
        m.d.sync += [
            *(gain_7[k].eq(gains[k].r_data) for k in range(2)),
            seen[7].eq(seen[6]),
            first_7.eq(token_6.first),
            early_7.eq(early_hits(token_6) if p.plastic_in else 0),
            depress.eq(Cat(token_6.depress, depress)),
            is_input.eq(Cat(token_6.is_input, is_input)),
            word.eq(stored),
            loss.eq(post.loss),
            limit.eq(limits.r_data),
        ]
        with m.If(seen[7]):
            later = [Mux(early_7[k], 0, gain_7[k]) for k in range(2)]
            m.d.sync += gain.eq(Mux(first_7, 0, gain) + (later[0] + later[1]))
            if p.plastic_in:
                with m.If(first_7 | early_7.any()):
                    words = [Mux(early_7[k], gain_7[k], 0) for k in range(2)]
                    m.d.sync += early.eq(words[0] | words[1])
        # W8: what is owed, in the order of the contract.
        owed, due = Signal(owed_layout(c)), Signal(p.loss_width)
        m.d.comb += [
            due.eq(loss.last),
            owed.before.eq(gain),
            owed.loss.eq(Mux(depress[1], due, 0)),
            update.magnitude.eq(word.magnitude),
            update.limit.eq(limit.limit),
            update.owed.eq(owed),
        ]
        if p.plastic_in:
            with m.If(is_input[1]):
                m.d.comb += [due.eq(word.owed), owed.before.eq(early), owed.after.eq(gain)]
        lowered = Signal()
        m.d.sync += lowered.eq(valid[8] & owed.loss.any())
        counted = [seen[6] & token_6.hit[k] for k in range(2)]
        m.d.comb += self.weight_updates.eq(counted[0] + counted[1] + lowered)

        # W11: write back, deliver.
        late = Signal(late_layout(c))
        # A few bits for a few cycles: registers.
        m.submodules.late = delay = Delay(width=late.shape().size, cycles=3, registers=True)
        m.d.comb += [delay.i.eq(Cat(limit.negative, loss.next)), late.eq(delay.o)]
        m.d.comb += result.magnitude.eq(update.result)
        if p.plastic_in:
            # An input's own depression comes after the potentiation of its step, which the scan
            # must decide first.
            m.d.comb += result.owed.eq(Mux(last.is_input, late.next_loss, 0))
        weight = update.result[p.learn_shift :]
        signed_weight = negated_if(weight, late.negative)[: c.weight_width].as_signed()
        delivered = valid[11] & last.deliver
        m.d.comb += [
            add.valid.eq(delivered),
            add.target.eq(last.target),
            add.addend.eq(signed_weight << last.shift),
            self.sop_in.eq(delivered & last.is_input),
            self.sop_rec.eq(delivered & ~last.is_input),
            self.magnitude.eq(word),
        ]
        self._sums(m, add)
        return Cat(valid.values()).any() | Cat(seen.values()).any()

    def _magnitudes(self, m, reading, token, stored, last, valid, opens, result):
        """Build their memory: W6 and read port read it, W11 and load port write it.

        The magnitude of a synapse that does not learn is written back as it was: its gains and its
        loss are 0, and its limit is the greatest there is.
        """
        c, load = self._config, self.load
        layout = magnitude_layout(c)
        loads = load.valid & (load.select == Select.MAGNITUDE)
        if c.synapse_memory == "spram":
            ram = PairedRam(
                width=layout.size, depth=c.synapse_depth, vendor_cells=self._vendor_cells
            )
            # The host's words are runs of one.
            m.d.comb += [
                ram.r_en.eq(load.open | reading),
                ram.w_open.eq(Mux(load.open, ~self.read_magnitude, opens)),
                ram.r_first.eq(load.open | token.starts),
                ram.w_last.eq(load.open | last.ends),
            ]
        else:
            init = memory_words(self._images, Select.MAGNITUDE, self._index, c.synapse_depth)
            ram = Ram(
                width=layout.size,
                depth=c.synapse_depth,
                init=init,
                poison=self._poison,
                **c.ram_options("magnitudes"),
            )
        m.submodules.ram_magnitude = ram
        m.d.comb += [
            stored.eq(ram.r_data),
            ram.r_addr.eq(Mux(load.open, self.read_addr, token.addr)),
            ram.w_en.eq(loads | valid),
            ram.w_addr.eq(Mux(load.open, load.addr, last.addr)),
            ram.w_data.eq(Mux(load.open, load.data, result.as_value())),
        ]
