"""Fit the logic model on real builds.

``python -m hrsnn_boards.logic_fit [[asked] SAMPLES [FAMILY ...]]``

Each sample is a core with its link, synthesised and packed, not placed: packing settles the
counts. Samples are kept in ``logic_samples.json`` beside this file, the model that follows from
them in ``logic_model.json``; with a number, samples are drawn and measured until every family has
so many; with ``asked`` in front, those with readouts that are computed when asked.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from hrsnn_rtl.blocks import WITH_DISTRIBUTED_RAM
from hrsnn_rtl.config import NEURON_MEMORIES, CoreConfig
from hrsnn_rtl.readout_shapes import SHAPES, FilterShape, PerceptronShape
from hrsnn_rtl.top import Top
from scipy.optimize import nnls

from hrsnn_boards.board import Board
from hrsnn_boards.boards import BOARDS
from hrsnn_boards.build import REPORT, commands_of, inputs_sha256, plan_build
from hrsnn_boards.logic import MODEL, features
from hrsnn_boards.resources import blocks
from hrsnn_boards.result import load_report
from hrsnn_edge import tools
from hrsnn_edge.files import write_atomic

#: Seed of the drawn samples.
SEED = 20261122
SAMPLES = "logic_samples.json"
WORK = Path("build/logic-fit")
#: Turns between the coefficients and the factors of the families.
ROUNDS = 30


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


def draw_asked(rng: np.random.Generator, board: Board, kind: str) -> CoreConfig:
    """Return a random core of sizes that people use, with a readout that is computed when asked."""
    config = draw_config(rng, board)
    weight_width = int(rng.choice([6, 8, 12, 16]))
    acc_width = int(rng.integers(weight_width + 14, weight_width + 21))
    if kind == PerceptronShape.kind:
        hidden = tuple(int(n) for n in rng.integers(5, 31, int(rng.integers(1, 3))))
        n_read = int(rng.integers(8, min(40, config.n_hw) + 1))
        shape = PerceptronShape(n_read=n_read, hidden=hidden, act_width=8, acc_width=acc_width)
    else:
        acc_width += 6
        shape = FilterShape(
            n_filters=int(rng.integers(1, 4)),
            squares=bool(rng.random() < 0.5),
            trace_width=int(rng.choice([12, 14, 16])),
            decay_width=int(rng.choice([12, 16])),
            acc_width=acc_width,
        )
    return replace(
        config,
        n_out=3 if kind == FilterShape.kind else config.n_out,
        n_bins=int(rng.integers(1, 4)),
        out_lanes=1,
        out_weight_width=weight_width,
        out_width=acc_width - 4,
        readout=shape,
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

    def to_dict(self) -> dict:
        """Return plain values for the file of samples."""
        values = {
            name: value
            for name, value in vars(self.config).items()
            if value != CoreConfig.__dataclass_fields__[name].default
        }
        if self.config.readout:
            values["readout"] = asdict(self.config.readout)
        return {"board": self.board.name, "config": values, "used": dict(self.used)}

    @classmethod
    def from_dict(cls, values: Mapping) -> Sample:
        """Return the sample whose `to_dict` is `values`."""
        return cls(CoreConfig.from_dict(values["config"]), BOARDS[values["board"]], values["used"])

    def value(self, resource: str) -> int:
        """Return what it takes of ``"logic"``, ``"registers"`` or ``"block_ram"``."""
        return self.used.get(getattr(self.board, resource), 0)

    @property
    def row(self) -> np.ndarray:
        """The features of the core."""
        found = features(self.config, has_multiplier=self.board.multiplier is not None)
        return np.array(list(found.values()))


def read_samples() -> list[Sample]:
    """Return the samples that were measured."""
    path = Path(__file__).with_name(SAMPLES)
    return [Sample.from_dict(values) for values in json.loads(path.read_text())]


def write_samples(samples: Sequence[Sample]) -> None:
    """Keep samples."""
    lines = ",\n".join(json.dumps(sample.to_dict()) for sample in samples)
    write_atomic(Path(__file__).with_name(SAMPLES), f"[\n{lines}\n]\n".encode())


def families() -> dict[str, list[Board]]:
    """Return one board for each part, by the family of the logic model."""
    found: dict[str, dict[tuple, Board]] = {}
    for board in BOARDS.values():
        found.setdefault(board.model, {}).setdefault(tuple(sorted(board.budget)), board)
    return {name: list(boards.values()) for name, boards in found.items()}


def extend(samples: list[Sample], family: str, count: int, *, asked: bool = False) -> None:
    """Draw and measure cores until there are `count` samples of a family; keep each at once.

    Those of `asked`, with readouts that are computed when asked, are counted apart.
    """
    boards = families()[family]
    rng = np.random.default_rng([SEED, 1] if asked else SEED)
    drawn = 0
    while sum(s.board.model == family and bool(s.config.readout) == asked for s in samples) < count:
        board = boards[drawn % len(boards)]
        kind = list(SHAPES)[drawn % len(SHAPES)]
        config = draw_asked(rng, board, kind) if asked else draw_config(rng, board)
        if blocks(config, board) > board.budget[board.block_ram]:
            continue
        drawn += 1
        if any((s.config, s.board) == (config, board) for s in samples):
            continue
        samples.append(Sample(config, board, measure(config, board)))
        write_samples(samples)
        print(f"{family}: {samples[-1].to_dict()}", flush=True)


@dataclass(frozen=True, eq=False)
class Fit:
    """Coefficients that all families share, and the factor of each family.

    LUTs of four inputs are much the same everywhere; what differs is how well they are used.
    """

    coefficients: np.ndarray
    factor: Mapping[str, float]

    @classmethod
    def of(cls, samples: Sequence[Sample], resource: str) -> Fit:
        """Return the fit of a resource: no coefficient negative, least error in per cent."""
        samples = counted(samples, resource)
        used = np.array([sample.value(resource) for sample in samples], float)
        rows = np.array([sample.row for sample in samples])
        model = np.array([sample.board.model for sample in samples])
        factor = np.ones(len(samples))
        for _ in range(ROUNDS):
            found, _ = nnls(rows * (factor / used)[:, None], np.ones(len(used)))
            ratio = rows @ found / used
            for name in set(model):
                of = model == name
                factor[of] = ratio[of].sum() / (ratio[of] ** 2).sum()
        return cls(found, {name: float(factor[model == name][0]) for name in sorted(set(model))})

    def predict(self, sample: Sample) -> float:
        """Return what a sample should take."""
        return self.factor[sample.board.model] * float(sample.row @ self.coefficients)


def counted(samples: Sequence[Sample], resource: str) -> list[Sample]:
    """Return the samples whose part counts a resource apart; an iCE40's cells are both."""
    return [s for s in samples if resource == "logic" or s.board.registers != s.board.logic]


def unseen_errors(samples: Sequence[Sample], resource: str) -> np.ndarray:
    """Return the relative error of each of the `counted` samples by a fit on all others."""
    errors = []
    samples = counted(samples, resource)
    for k, sample in enumerate(samples):
        fit = Fit.of([*samples[:k], *samples[k + 1 :]], resource)
        errors.append(fit.predict(sample) / sample.value(resource) - 1)
    return np.array(errors)


def model_of(samples: Sequence[Sample]) -> dict[str, dict]:
    """Return the model: family -> resource -> coefficients by feature, and what they leave."""
    model: dict[str, dict] = {}
    for resource in ("logic", "registers"):
        fit = Fit.of(samples, resource)
        for family, factor in fit.factor.items():
            own = [sample for sample in samples if sample.board.model == family]
            used = np.array([sample.value(resource) for sample in own])
            residual = used - np.array([fit.predict(sample) for sample in own])
            names = features(own[0].config)
            values = (factor * fit.coefficients).round(3).tolist()
            model.setdefault(family, {})[getattr(own[0].board, resource)] = {
                "coefficients": dict(zip(names, values, strict=True)),
                "greatest_residual": round(float(np.abs(residual).max()), 1),
                "range": [int(used.min()), int(used.max())],
                "samples": len(own),
            }
    return model


def main() -> None:
    """Measure samples as asked for, and write the model that follows from all."""
    samples, words = read_samples(), sys.argv[1:]
    asked = words[:1] == ["asked"]
    if count := words[asked:]:
        for family in count[1:] or families():
            extend(samples, family, int(count[0]), asked=asked)
    text = json.dumps(model_of(samples), indent=2, sort_keys=True) + "\n"
    write_atomic(Path(__file__).with_name(MODEL), text.encode())
    print(text)


if __name__ == "__main__":
    main()
