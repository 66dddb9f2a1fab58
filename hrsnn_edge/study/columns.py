"""The columns of a study's table: what each means, and which way is better."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """A column.

    Attributes
    ----------
    label : str
        In words, with the unit.
    better : int
        1 when more is better, -1 when less is, 0 when neither.
    real : str
        For a column that place and route fills: the estimate that it stands beside.
    percent : bool
        Whether it is a share.
    """

    label: str
    better: int = 0
    real: str = ""
    percent: bool = False


#: By name, in the order of the table. Accuracies are shares; they and the work of the network are
#: those of held-out validation folds, but for `test`.
COLUMNS = {
    "id": Column("point"),
    "n_neurons": Column("neurons"),
    "method": Column("pruning method"),
    "sparsity": Column("sparsity", percent=True),
    "weight_width": Column("weight [bit]"),
    "v_width": Column("membrane [bit]"),
    "decay_width": Column("decay [bit]"),
    "leak": Column("leak"),
    "lanes": Column("lanes"),
    "board": Column("board"),
    "accuracy": Column("validation accuracy", 1, percent=True),
    "accuracy_sd": Column("s.d. of validation accuracy", percent=True),
    "float_accuracy": Column("float accuracy, unpruned", percent=True),
    "pruned_accuracy": Column("float accuracy, pruned", percent=True),
    "test": Column("test accuracy", percent=True),
    "test_sd": Column("s.d. of test accuracy", percent=True),
    "sop": Column("SOPs of an inference", -1),
    "spikes": Column("spikes of an inference", -1),
    "synapses": Column("synapses", -1),
    "cycles": Column("clock cycles of an inference", -1),
    "latency_ms": Column("latency at the board's clock [ms]", -1),
    "link_ms": Column("input events on the link [ms]", -1),
    "energy_uj": Column("energy, estimate for 45 nm [µJ]", -1),
    "memory_kbit": Column("memory [kbit]", -1),
    "logic": Column("logic cells, estimated", -1),
    "logic_share": Column("share of the logic, estimated", -1, percent=True),
    "registers": Column("flip-flops, estimated", -1),
    "block_ram": Column("block RAMs, estimated", -1),
    "block_ram_share": Column("share of the block RAMs, estimated", -1, percent=True),
    "multipliers": Column("multipliers, estimated", -1),
    "single_port_ram": Column("single-port RAMs, estimated", -1),
    "single_port_ram_share": Column("share of the single-port RAMs, estimated", -1, percent=True),
    "fits": Column("fits the board, estimated"),
    "reasons": Column("what does not fit"),
    "remedies": Column("what would make it fit"),
    "step_cycles": Column("clock cycles of a step, on average"),
    "scan_cycles": Column("clock cycles of the scan in a step"),
    "clock_mhz": Column("board's clock [MHz]"),
    "real_logic": Column("logic cells, placed", -1, "logic"),
    "real_registers": Column("flip-flops, placed", -1, "registers"),
    "real_block_ram": Column("block RAMs, placed", -1, "block_ram"),
    "real_multipliers": Column("multipliers, placed", -1, "multipliers"),
    "real_single_port_ram": Column("single-port RAMs, placed", -1, "single_port_ram"),
    "fmax_mhz": Column("fmax, placed and routed [MHz]", 1, "clock_mhz"),
    "build": Column("what became of the build"),
    "failure": Column("why there are no figures"),
}
