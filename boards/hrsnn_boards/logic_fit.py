"""Fit the logic model on real builds: ``python -m hrsnn_boards.logic_fit [SAMPLES [FAMILY ...]]``.

Each sample is a core with its link, synthesised and packed, not placed: packing settles the
counts. The coefficients and the greatest residual go to ``logic_model.json`` beside this file, the
samples to ``build/logic-fit`` of the working folder, where a second run finds them again.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from hrsnn_rtl.blocks import WITH_DISTRIBUTED_RAM
from hrsnn_rtl.config import NEURON_MEMORIES, CoreConfig
from hrsnn_rtl.top import Top
from scipy.optimize import nnls

from hrsnn_boards.board import Board
from hrsnn_boards.boards import BOARDS
from hrsnn_boards.build import REPORT, commands_of, inputs_sha256, plan_build
from hrsnn_boards.estimate import blocks
from hrsnn_boards.logic import MODEL, features
from hrsnn_boards.result import load_report
from hrsnn_edge import tools

#: Seed of the drawn samples.
SEED = 20261122
DEFAULT_SAMPLES = 14
WORK = Path("build/logic-fit")


def draw_config(rng: np.random.Generator, board: Board) -> CoreConfig:
    """Return a random core of sizes that people use on the board."""
    lanes = int(rng.choice([p for p in (1, 2, 4, 8) if p <= board.max_lanes]))
    # Small parts have room for fewer words in all.
    words = min(256 * lanes, 16 * board.budget[board.block_ram])
    n_slots = int(rng.integers(24, max(25, words // lanes) + 1))
    decay_width, weight_width = int(rng.integers(6, 13)), int(rng.integers(3, 9))
    shift_width = int(rng.choice([0, 0, 2]))
    n_out = int(rng.choice([2, 5, 10, 20]))
    spilled = int(rng.choice([0, 0, 0, 1, 2])) if board.block_shape in WITH_DISTRIBUTED_RAM else 0
    return CoreConfig(
        lanes=lanes,
        n_slots=n_slots,
        n_inputs=int(rng.integers(16, 129)),
        synapse_depth=int(n_slots * n_slots * lanes * rng.uniform(0.05, 0.2)) + 1,
        v_width=int(rng.integers(10, 19)),
        decay_width=decay_width,
        weight_width=weight_width,
        shift_width=shift_width,
        refractory_width=int(rng.integers(2, 5)),
        has_reset=bool(rng.random() < 0.3),
        sum_width=int(rng.integers(8, 17)),
        n_out=n_out,
        out_width=int(rng.integers(16, 25)),
        out_lanes=min(lanes, 1 << (n_out.bit_length() - 1)),
        synapse_memory=board.synapse_memory,
        spike_stream=bool(rng.random() < 0.3),
        block_ram=board.block_shape,
        distributed=NEURON_MEMORIES[:spilled],
    )


def measure(config: CoreConfig, board: Board) -> dict[str, int]:
    """Return what a core with its link takes of each resource, by synthesis and packing."""
    top = Top(config=config, uart_divisor=board.uart_divisor, vendor_cells=True)
    plan = plan_build(top, board, seed=1)
    (synthesis, synthesis_args), (pack, pack_args), *_ = commands_of(plan)
    folder = WORK / inputs_sha256(plan)[:20]
    if not (folder / REPORT).exists():
        plan.extract(folder)
        command = [*synthesis.command, *synthesis_args]
        tools.run_tool(command, cwd=folder, log=folder / "yosys.log")
        # The last option and its value are the output, which a packed design cannot give.
        command = [*pack.command, *pack_args[:-2], "--pack-only"]
        tools.run_tool(command, cwd=folder, log=folder / "pack.log")
    report = load_report(folder / REPORT)
    return {name: row["used"] for name, row in report["utilization"].items()}


@dataclass(frozen=True)
class Sample:
    """A core on a board, and what it takes of each resource."""

    config: CoreConfig
    board: Board
    used: Mapping[str, int]


def samples_of(boards: Sequence[Board], count: int) -> Iterator[Sample]:
    """Give random cores that fit one of the boards, in turn, with what they take."""
    rng = np.random.default_rng(SEED)
    while count:
        board = boards[count % len(boards)]
        config = draw_config(rng, board)
        if blocks(config, board) <= board.budget[board.block_ram]:
            yield Sample(config, board, measure(config, board))
            count -= 1


def _row(sample: Sample) -> list[float]:
    """Return the features of a sample."""
    return list(
        features(sample.config, has_multiplier=sample.board.multiplier is not None).values()
    )


def coefficients(samples: Sequence[Sample], resource: str) -> np.ndarray:
    """Return the coefficients of a resource, none negative.

    What counts is the error in per cent, so a sample weighs the more the smaller it is.
    """
    used = np.array([sample.used[resource] for sample in samples], float)
    matrix = np.array([_row(sample) for sample in samples])
    return nnls(matrix / used[:, None], np.ones(len(used)))[0]


def unseen_errors(samples: Sequence[Sample], resource: str) -> np.ndarray:
    """Return the relative error of each sample by a fit on all others."""
    errors = []
    for k, sample in enumerate(samples):
        others = [*samples[:k], *samples[k + 1 :]]
        predicted = np.dot(_row(sample), coefficients(others, resource))
        errors.append(predicted / sample.used[resource] - 1)
    return np.array(errors)


def fit(samples: Sequence[Sample], resource: str) -> dict:
    """Return the model of a resource, and what it leaves."""
    found = coefficients(samples, resource)
    used = np.array([sample.used[resource] for sample in samples], float)
    residual = used - np.array([_row(sample) for sample in samples]) @ found
    return {
        "coefficients": dict(
            zip(features(samples[0].config), found.round(3).tolist(), strict=True)
        ),
        "greatest_residual": round(float(np.abs(residual).max()), 1),
        "greatest_unseen_error": round(float(np.abs(unseen_errors(samples, resource)).max()), 4),
        "range": [int(used.min()), int(used.max())],
        "samples": len(samples),
    }


def families() -> dict[str, list[Board]]:
    """Return one board for each part, by the family of the logic model."""
    found: dict[str, dict[tuple, Board]] = {}
    for board in BOARDS.values():
        found.setdefault(board.model, {}).setdefault(tuple(sorted(board.budget)), board)
    return {name: list(boards.values()) for name, boards in found.items()}


def main() -> None:
    """Measure the samples of every family, or of those that are named, and write the model."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT_SAMPLES
    path = Path(__file__).with_name(MODEL)
    fitted = json.loads(path.read_text())
    for family in sys.argv[2:] or families():
        samples = []
        for sample in samples_of(families()[family], count):
            samples.append(sample)
            print(f"{family} {len(samples)}/{count}", flush=True)
        board = samples[0].board
        fitted[family] = {name: fit(samples, name) for name in {board.logic, board.registers}}
        print(json.dumps(fitted[family], indent=2))
    path.write_text(json.dumps(fitted, indent=2, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
