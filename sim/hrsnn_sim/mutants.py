"""Ways to break the RTL: each is one changed line, and every one must be caught by some check."""

from __future__ import annotations

from hrsnn_sim.mutation import Change

#: Wrong versions of the datapath: a sign, a width, a rounding, an operand, a stage.
DATAPATH = (
    Change("lif", "product.eq(self.state_now.v * decay)", "product.eq(self.state.v * decay)"),
    Change("lif", "carry = product[-1] & product[:shift].any()", "carry = product[-1]"),
    Change("lif", "leak = product[shift:].as_signed()", "leak = product[shift:]"),
    Change("lif", "fire = (x >= threshold.threshold)", "fire = (x > threshold.threshold)"),
    Change("lif", "held_4.eq(held_3)", "held_4.eq(held)"),
    Change("lif", "Mux(fire, threshold.refractory, count_4)", "count_4"),
    Change("lif", "refractory - 1, 0)", "refractory - 1, 1)"),
    Change("lif", "with m.If(fire | held_4):", "with m.If(fire):"),
    Change("lif", "v_reset if c.has_reset else 0", "0"),
    Change("lif", "fits = Mux(sign, top.all(), ~top.any())", "fits = ~(sign ^ top.any())"),
    Change("lif", "self.spike.eq(fire & self.enable)", "self.spike.eq(fire)"),
    Change("lif", "with m.If(self.clear):", "with m.If(0):"),
    Change("lif", "Cat(Const(0, c.drive_shift), self.drive)", "Cat(self.drive)"),
    Change("lif", "Cat(Const(0, c.drive_shift), self.drive)",
           "Cat(Const(0, c.v_shift), self.drive)"),
    Change("current", "product.eq(self.current_now * decay)", "product.eq(self.current * decay)"),
    Change("current", "saturated(x, c.syn_width)", "x"),
    Change("current", "leak_plus(product, c.decay_width, scaled",
           "leak_plus(product, c.decay_width - 1, scaled"),
    Change("current", "with m.If(self.clear):", "with m.If(0):"),
    Change("synapse", "near_3.eq(same[0] & ~self.first)", "near_3.eq(same[0])"),
    Change("synapse", "second_3.eq(same[1] & ~same[0] & ~self.first)", "second_3.eq(0)"),
    Change("synapse", "last.eq(self.w_data)", "last.eq(self.stored)"),
    Change("synapse", "Mux(near_4, self.w_data, 0)", "Mux(near_4, last, 0)"),
    Change("synapse", "ram.w_data.eq(Mux(self.scanned, 0, self.add_w_data))",
           "ram.w_data.eq(self.add_w_data)"),
    Change("synapse", "self.busy.eq(self.valid | valid_3 | valid_4 | self.w_en)",
           "self.busy.eq(self.valid | valid_3)"),
    Change("distance", "Mux(self.first, 0, self.target)", "self.target"),
    Change("distance", "(self.synapse & ~self.first)", "self.synapse"),
    Change("distance", "self.synapse.eq(self.valid & ~is_filler)", "self.synapse.eq(self.valid)"),
    Change("lane", "synapse.weight << shift_2", "synapse.weight << shift_1"),
    Change("lane", "targets.first.eq(first[-1])", "targets.first.eq(first[0])"),
    Change("lane", "targets.synapse & ~from_input[-1]", "targets.synapse"),
    Change("lane", "lif.enable.eq(scan.valid[4] & ~scan.clear)", "lif.enable.eq(~scan.clear)"),
    Change("lane", "state_ram.w_en.eq(scan.valid[5])", "state_ram.w_en.eq(scan.valid[4])"),
    Change("lane", "threshold_layout(c).size, 2)", "threshold_layout(c).size, 1)"),
    Change("lane", "Select.RESET, c.v_width, 2)", "Select.RESET, c.v_width, 1)"),
    Change("lane", "Select.DECAY, c.decay_width, 0)", "Select.DECAY, c.decay_width, 1)"),
    Change("lane", "self._codes[stage] if", "self._codes[0] if"),
    Change("lane", "scan_stage(self.scan, c, -c.lead)", "scan_stage(self.scan, c, 1 - c.lead)"),
    Change("lane", "self._codes[stage] if c.codebook_rows else slot", "slot"),
    Change("lane", "bank.scan_w_en.eq(clear_valid)", "bank.scan_w_en.eq(0)"),
    Change("lane", "read_slot, _ = scan_stage(self.scan, c, sum_stage(c))",
           "read_slot, _ = scan_stage(self.scan, c, 1)"),
    Change("lane", "sum_stage(c) + 1)", "2)"),
    Change("scheduler", "| scan_stage(scan, c, first + 1)[1]", ""),
    Change("lane", "slot, _ = scan_stage(scan, c, -2)", "slot, _ = scan_stage(scan, c, -1)"),
    Change("lane", "current_ram.w_en.eq(scan.valid[3])", "current_ram.w_en.eq(scan.valid[2])"),
    Change("lane", "current_ram.w_addr.eq(scan.slot[3])", "current_ram.w_addr.eq(scan.slot[4])"),
    Change("lane", "Select.CURRENT, c.decay_width, -2)", "Select.CURRENT, c.decay_width, -1)"),
    Change("lane", "self._scanned_word = Mux(self.scan.bank, words[-1], words[0])",
           "self._scanned_word = Mux(self.scan.bank, words[0], words[-1])"),
    Change("lane", "rows.valid & ~rows.is_input", "rows.valid"),
    Change("readout", "base.eq(times(self.bin, c.n_hw * c.out_words, ptr_width))", "base.eq(0)"),
    Change("readout", "add.first.eq(clear_2)", "add.first.eq(0)"),
    Change("readout", "(word == c.out_words - 1)\n", "(word == c.out_words - 2)\n"),
    Change("readout", "spikes = self.event.valid & ~self.event.payload.is_input",
           "spikes = self.event.payload.is_input"),
)  # fmt: skip
#: Wrong versions of the control: a lost or doubled item, an early start, a stuck signal.
CONTROL = (
    Change("synapse", "take = ~self.valid | left[-1]", "take = ~self.valid | ~left[0]"),
    Change("synapse", "self.valid.eq(waiting & ~row.empty)", "self.valid.eq(waiting)"),
    Change("synapse", "row_moves = ~waiting | row.empty | take", "row_moves = ~waiting | take | 1"),
    Change("synapse", "waiting_input.eq(fetched_input)", "waiting_input.eq(self.is_input)"),
    Change("stream", "level < self._depth - QUEUE_MARGIN", "level < self._depth"),
    Change("stream", "fetch = stored & (~fetched | moves)", "fetch = stored"),
    Change("stream", "moves = ~valid | self.o.ready", "moves = ~valid | 1"),
    Change("stream", "ram.w_en.eq(self.i.valid & ~self.empty)", "ram.w_en.eq(self.i.valid)"),
    Change("stream", "fetched | (passes & ~(self.o.ready", "fetched | (passes & ~(0"),
    Change("scheduler", "bank.eq(bank ^ begun)", "bank.eq(bank ^ begins)"),
    Change("lane", "| valid_1 | valid_2 | add.valid | queue", "| valid_1 | queue"),
    Change("stream", "with m.If(self.i.valid & self.i.ready):", "with m.If(self.i.ready):"),
    Change("stream", "with m.If(self.o.valid & self.o.ready):", "with m.If(self.o.ready):"),
    Change("stream", "ready.eq(level <= self._depth - 2)", "ready.eq(level <= self._depth)"),
    Change("scheduler", "blocked = self.spikes.any() | ended |", "blocked ="),
    Change("scheduler", "scanning & self.room", "scanning"),
    Change("scheduler", "rest.eq(word.mask & ~(1 << k))", "rest.eq(word.mask)"),
    Change("scheduler", "source.eq(self.command.payload.arg + c.n_hw)",
           "source.eq(self.command.payload.arg + c.n_hw + 1)"),
    Change("scheduler", "is_last = slot == c.n_slots - 1", "is_last = slot == c.n_slots - 2"),
    Change("scheduler", "self.bin.eq(self.command.payload.arg)", "self.bin.eq(0)"),
    Change("scheduler", "self.hold.eq(scanning | self._lead_works())", "self.hold.eq(0)"),
    Change("scheduler", "self._lead_works() | self.scan.valid[1:5].any())", "0)"),
    Change("scheduler", "self.scan.early_valid[1:].any() | self.scan.valid[0] if", "0 if"),
    Change("scheduler", "self.delivered\n            & ~(scanning", "~(scanning"),
    Change("core", "queue.empty\n                & ~expander", "~expander"),
    Change("core", "& ~Cat(lane.busy for lane in lanes).any()\n", "\n"),
    Change("core", "(queue.i, ~is_input & ~is_last)", "(queue.i, ~is_last)"),
    Change("core", "(spikes.i, ~is_input | is_last)", "(spikes.i, ~is_input)"),
    Change("core", "(readout.busy if readout else 0)", "0"),
    Change("core", "strobes.spikes.eq(sum(lane.spike for lane in lanes))",
           "strobes.spikes.eq(lanes[0].spike)"),
    Change("memory", "write.en.eq(self.w_en", "write.en.eq(self.r_en & self.w_en"),
)  # fmt: skip
#: Changes that nobody can see, and why.
EQUIVALENT: dict[Change, str] = {
    Change(
        "lif", "leak = product[shift:].as_signed()", "leak = product[shift:]"
    ): "`leak` is only used within a Cat, which takes bits, and the whole is made signed",
    Change(
        "synapse",
        "self.busy.eq(self.valid | valid_3 | valid_4 | self.w_en)",
        "self.busy.eq(self.valid | valid_3)",
    ): "idle is a register behind `busy`: it rises in A5 at the earliest, with the last write, and "
    "the first read that a new command causes is a cycle later",
    Change(
        "core", "(queue.i, ~is_input & ~is_last)", "(queue.i, ~is_last)"
    ): "the readout passes over inputs by itself: keeping them away from its queue saves it cycles "
    "and changes no value",
}

MUTANTS: tuple[Change, ...] = (*DATAPATH, *CONTROL)
