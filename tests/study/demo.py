"""Synthetic rows of a study: plausible numbers from a seed, with no run behind them."""

from itertools import product

import numpy as np

SHARED = {"v_width": 16, "decay_width": 8, "leak": "product", "lanes": 1}
BOARDS = {"icebreaker": 30, "ulx3s-85f": 208}


def demo_row(index: int, **values) -> dict:
    """Return the row of a point that fits, with all columns; `values` replace some."""
    row = {"id": index, "n_neurons": 128, "method": "lnp", "sparsity": 0.8, "weight_width": 6}
    row |= SHARED | {"board": "icebreaker"}
    row |= {"accuracy": 0.95, "accuracy_sd": 0.004, "float_accuracy": 0.97}
    row |= {"pruned_accuracy": 0.965, "test": 0.94, "test_sd": 0.005, "sop": 5000.0}
    row |= {"spikes": 400.0, "energy_uj": 0.4, "synapses": 3000, "cycles": 9000}
    row |= {"step_cycles": 187, "scan_cycles": 128, "latency_ms": 0.3, "link_ms": 2.5}
    row |= {"memory_kbit": 120.0, "logic": 1800, "registers": None, "block_ram": 20}
    row |= {"multipliers": 1, "single_port_ram": 1, "logic_share": 0.34}
    row |= {"block_ram_share": 20 / 30, "single_port_ram_share": 0.25, "fits": True}
    row |= {"reasons": [], "remedies": [], "clock_mhz": 30.0}
    row |= {"memories": {"rows": 40_000, "membranes": 2_000, "synapses": 60_000, "sums": 900}}
    return row | values


def demo_rows() -> list[dict]:
    """Return some hundred rows; one has no figures, some do not fit, some are placed."""
    rng = np.random.default_rng(3)
    rows = []
    grid = product((128, 256), (0.5, 0.8, 0.9, 0.95), (2, 3, 4, 6, 8), BOARDS, ("lnp", "magnitude"))
    for index, (n, sparsity, width, board, method) in enumerate(grid):
        sop = n * n * (1.05 - sparsity) * rng.uniform(0.9, 1.1)
        accuracy = 0.97 - 0.05 * sparsity**6 - 0.25 * 2.0**-width + rng.normal(0, 0.003)
        memory = 8 * n * (1 - sparsity) * width + 60
        blocks = int(memory / 9) + 4
        row = demo_row(
            index, n_neurons=n, sparsity=sparsity, weight_width=width, board=board,
            accuracy=float(accuracy), sop=float(sop), memory_kbit=memory, block_ram=blocks,
            block_ram_share=blocks / BOARDS[board], fits=blocks <= BOARDS[board], method=method,
            reasons=[] if blocks <= BOARDS[board] else ["block RAM must be at most 30"],
        )  # fmt: skip
        if index % 17 == 0 and row["fits"]:
            placed = int(row["logic"] * rng.uniform(0.93, 1.07))
            row |= {"real_logic": placed, "real_block_ram": blocks, "fmax_mhz": 41.5}
            row |= {"build": "timing met"}
        rows.append(row)
    keep = ("id", "n_neurons", "method", "sparsity", "weight_width", "board", *SHARED)
    rows[5] = {name: rows[5][name] for name in keep} | {"failure": "Network must fire"}
    return rows
