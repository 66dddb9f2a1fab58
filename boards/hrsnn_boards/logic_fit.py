"""Fit the logic model on real builds.

``python -m hrsnn_boards.logic_fit [again | [KIND] SAMPLES [FAMILY ...]]``

Each sample is a core with its link, synthesised and packed, not placed: packing settles the
counts. Samples are kept in ``logic_samples.json`` beside this file, the model that follows from
them in ``logic_model.json``. With a number, samples of a kind of `DRAWS` are drawn and measured
until every family has so many; with ``again`` all that are kept are measured anew, as is due when
the generator has changed.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from hrsnn_rtl.blocks import WITH_DISTRIBUTED_RAM
from hrsnn_rtl.config import NEURON_MEMORIES, CoreConfig
from hrsnn_rtl.plasticity import Plasticity
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
#: Features of what an iCE40 has no hardware for: multipliers (the HX8K) and RAM in LUTs.
LACKING = ("product", "learning_registers")
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


def draw_optional(rng: np.random.Generator, board: Board) -> CoreConfig:
    """Return a random core with synaptic currents, a codebook or both."""
    config = replace(draw_config(rng, board), distributed=())
    currents, codebook = ((True, False), (False, True), (True, True))[int(rng.integers(3))]
    return replace(
        config,
        syn_width=config.sum_width + int(rng.integers(3, 7)) if currents else 0,
        codebook_rows=int(rng.integers(4, 33)) if codebook else 0,
    )


def draw_learning(rng: np.random.Generator, board: Board) -> CoreConfig:
    """Return a random core that learns."""
    config = draw_config(rng, board)
    lanes, n_slots = min(config.lanes, 2), min(config.n_slots, 128)
    return replace(
        config,
        lanes=lanes,
        n_slots=n_slots,
        synapse_depth=int(n_slots * n_slots * lanes * rng.uniform(0.05, 0.15)) + 1,
        out_lanes=min(lanes, config.out_lanes),
        shift_width=0,
        distributed=(),
        double_buffer=False,
        queue_depth=512,
        plasticity=Plasticity(
            plastic_in=bool(rng.random() < 0.5),
            plastic_rec=True,
            learn_shift=int(rng.integers(6, 11)),
            trace_width=int(rng.integers(8, 11)),
            trace_step=128,
            decay_width=int(rng.integers(10, 13)),
            eta_shift=20,
            eta_width=int(rng.integers(12, 17)),
            gain_width=6,
            loss_width=6,
            history=int(rng.choice([16, 32, 32])),
            overlap=board.synapse_memory != "spram",
        ),
    )


def draw_alternately(rng: np.random.Generator, board: Board) -> CoreConfig:
    """Return a random core whose readout is computed when asked, of any kind."""
    return draw_asked(rng, board, str(rng.choice(list(SHAPES))))


#: How a core of each kind is drawn.
DRAWS: Mapping[str, Callable[[np.random.Generator, Board], CoreConfig]] = {
    "plain": draw_config,
    "asked": draw_alternately,
    "optional": draw_optional,
    "learning": draw_learning,
}


def kind_of(config: CoreConfig) -> str:
    """Return which of `DRAWS` a core is of."""
    if config.plasticity:
        return "learning"
    if config.readout:
        return "asked"
    return "optional" if config.syn_width or config.codebook_rows else "plain"


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
    used = {name: row["used"] for name, row in report["utilization"].items()}
    return {name: used[name] for name in board.budget if name in used}


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
        for name in ("readout", "plasticity"):
            if getattr(self.config, name):
                values[name] = asdict(getattr(self.config, name))
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


def extend(samples: list[Sample], family: str, count: int, kind: str = "plain") -> None:
    """Draw and measure cores until there are `count` of a kind and family; keep each at once."""
    boards = families()[family]
    rng = np.random.default_rng([SEED, list(DRAWS).index(kind)])
    drawn = 0
    while sum(s.board.model == family and kind_of(s.config) == kind for s in samples) < count:
        board = boards[drawn % len(boards)]
        config = DRAWS[kind](rng, board)
        if blocks(config, board) > board.budget[board.block_ram]:
            continue
        drawn += 1
        if any((s.config, s.board) == (config, board) for s in samples):
            continue
        samples.append(Sample(config, board, measure(config, board)))
        write_samples(samples)
        print(f"{family}: {samples[-1].to_dict()}", flush=True)


def measured_again(samples: Sequence[Sample]) -> list[Sample]:
    """Return the samples as the generator builds them now."""
    return [replace(s, used=measure(s.config, s.board)) for s in samples]


@dataclass(frozen=True, eq=False)
class Fit:
    """Coefficients of the features for each family.

    LUTs of four inputs are much the same everywhere, and so are registers; what differs is how well
    they are used. So families that count them apart share coefficients but for a factor. A cell of
    an iCE40 is a LUT and a register: cells follow from what the others say of both and from what
    only an iCE40 lacks, `LACKING`.
    """

    coefficients: Mapping[str, np.ndarray]

    @classmethod
    def of(cls, samples: Sequence[Sample], resource: str) -> Fit:
        """Return the fit of a resource: no coefficient negative, least error in per cent."""
        apart = [s for s in samples if has_own_registers(s)]
        cells = [s for s in samples if not has_own_registers(s)]
        shared, factors = _shared(apart, resource)
        found = {family: factor * shared for family, factor in factors.items()}
        if cells and resource == "logic":
            registers, _ = _shared(apart, "registers")
            lacking = np.eye(shared.size)[
                [list(features(cells[0].config)).index(n) for n in LACKING]
            ]
            causes = np.vstack([shared, registers, lacking])
            rows = np.array([causes @ sample.row for sample in cells])
            found[cells[0].board.model] = _least_percent(rows, _values(cells, "logic")) @ causes
        return cls(found)

    def predict(self, sample: Sample) -> float:
        """Return what a sample should take."""
        return float(sample.row @ self.coefficients[sample.board.model])


def _shared(samples: Sequence[Sample], resource: str) -> tuple[np.ndarray, dict[str, float]]:
    """Return the coefficients that families share, and the factor of each family."""
    used, rows = _values(samples, resource), np.array([sample.row for sample in samples])
    model = np.array([sample.board.model for sample in samples])
    factor = np.ones(len(samples))
    for _ in range(ROUNDS):
        found = _least_percent(rows * factor[:, None], used)
        ratio = rows @ found / used
        for name in set(model):
            of = model == name
            factor[of] = ratio[of].sum() / (ratio[of] ** 2).sum()
    return found, {str(name): float(factor[model == name][0]) for name in sorted(set(model))}


def _values(samples: Sequence[Sample], resource: str) -> np.ndarray:
    return np.array([sample.value(resource) for sample in samples], float)


def _least_percent(rows: np.ndarray, used: np.ndarray) -> np.ndarray:
    """Return coefficients of which none is negative, with the least squares of relative errors."""
    return nnls(rows / used[:, None], np.ones(len(used)))[0]


def has_own_registers(sample: Sample) -> bool:
    """Return whether a sample's part counts registers apart from logic."""
    return sample.board.registers != sample.board.logic


def counted(samples: Sequence[Sample], resource: str) -> list[Sample]:
    """Return the samples whose part counts a resource apart; an iCE40's cells are both."""
    return [s for s in samples if resource == "logic" or has_own_registers(s)]


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
        for family, coefficients in fit.coefficients.items():
            own = [sample for sample in samples if sample.board.model == family]
            used = np.array([sample.value(resource) for sample in own])
            residual = used - np.array([fit.predict(sample) for sample in own])
            names = features(own[0].config)
            values = coefficients.round(3).tolist()
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
    if words == ["again"]:
        samples, words = measured_again(samples), []
        write_samples(samples)
    kind = words.pop(0) if words and words[0] in DRAWS else "plain"
    for family in words[1:] or families() if words else ():
        extend(samples, family, int(words[0]), kind)
    text = json.dumps(model_of(samples), indent=2, sort_keys=True) + "\n"
    write_atomic(Path(__file__).with_name(MODEL), text.encode())
    print(text)


if __name__ == "__main__":
    main()
