"""The study file: a base experiment, axes to vary, and what to make of the points.

``experiments/study-digits.toml`` shows every key. All that is contradictory is refused with its
line before any work starts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Annotated, Any, Literal

from hrsnn_boards.boards import BOARDS, find_board
from pydantic import Field, ValidationError, ValidationInfo, field_validator

from hrsnn_edge.errors import ExperimentError
from hrsnn_edge.flow.experiment import Experiment, load_experiment
from hrsnn_edge.flow.section import Count, Section
from hrsnn_edge.flow.toml import line_of, load_toml
from hrsnn_edge.network import IntFormat
from hrsnn_edge.study.columns import COLUMNS


def _width(name: str) -> Any:
    low, high = IntFormat.LIMITS[name]
    return tuple[Annotated[int, Field(ge=low, le=high)], ...] | None


#: Where in an experiment the value of an axis stands.
PLACES = {
    "n_neurons": ("model", "network", "n_neurons"),
    "method": ("prune", "method"),
    "sparsity": ("prune", "sparsity"),
    "weight_width": ("quantise", "weight_width"),
    "v_width": ("quantise", "v_width"),
    "decay_width": ("quantise", "decay_width"),
    "leak": ("quantise", "leak"),
    "lanes": ("build", "lanes"),
    "board": ("build", "boards"),
}
#: Axes that change the core, not the network.
HARDWARE = ("lanes", "board")


class Axes(Section):
    """The values of every axis; one left out keeps what the experiment says.

    Sparsity 0 is the network unpruned, whatever the method. A leak of ``two_powers`` has decays
    that need no multiplier.
    """

    n_neurons: tuple[Annotated[int, Field(ge=2)], ...] | None = None
    method: tuple[Literal["lnp", "magnitude", "uniform"], ...] | None = None
    sparsity: tuple[Annotated[float, Field(ge=0, lt=1)], ...] | None = None
    weight_width: _width("weight_width") = None
    v_width: _width("v_width") = None
    decay_width: _width("decay_width") = None
    leak: tuple[Literal["product", "two_powers"], ...] | None = None
    lanes: tuple[Literal[1, 2, 4, 8], ...] | None = None
    board: tuple[str, ...] | None = None

    @field_validator("*", mode="before")
    @classmethod
    def _check_values(cls, values: Any, info: ValidationInfo) -> Any:
        if isinstance(values, list):
            if not values:
                raise ValueError(f"Axis {info.field_name} must have a value or more, not none")
            twice = next((v for k, v in enumerate(values) if v in values[:k]), None)
            if twice is not None:
                raise ValueError(
                    f"Axis {info.field_name} must have each value once, not {twice!r} twice"
                )
        return values

    @field_validator("board")
    @classmethod
    def _check_boards(cls, names: tuple[str, ...] | None) -> tuple[str, ...] | None:
        for name in names or ():
            find_board(name)
        return names


class SearchSection(Section):
    """Bayesian optimisation over the points of the grid instead of all of them.

    `batch` points are suggested at a time; another number is another search.
    """

    evaluations: Count = 30
    initial: Count = 10
    batch: Count = 4


class Study(Section):
    """A what-if study.

    Attributes
    ----------
    name : str
        Of the study's folder.
    experiment : str
        The base experiment, a path from the study file.
    seeds : tuple of int
        Of the networks; accuracies are means over them.
    folds : int
        Validation folds that each seed holds out, seed `k` from fold `k` on.
    cycle_samples : int
        Training samples whose clock cycles are counted.
    axes : Axes
        The grid.
    search : SearchSection or None
        None measures all of the grid.
    front : (str, str)
        The two columns whose Pareto front is sought; the front is what is built by default.
    builds : int
        At most so many points of the front are built, spread evenly over it; 0 builds all.
    n_jobs, dask : int, str
        Processes at a time, or the address of a Dask scheduler whose workers see the same store.
    """

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
    experiment: str
    seeds: Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(min_length=1)] = (1, 2, 3)
    folds: Count = 1
    cycle_samples: Count = 4
    axes: Axes = Axes()
    search: SearchSection | None = None
    front: tuple[str, str] = ("sop", "accuracy")
    builds: Annotated[int, Field(ge=0)] = 0
    n_jobs: Count = 2
    dask: str = ""

    @field_validator("seeds")
    @classmethod
    def _check_seeds(cls, seeds: tuple[int, ...]) -> tuple[int, ...]:
        if len(set(seeds)) != len(seeds):
            raise ValueError(f"Seeds must differ, not be {', '.join(map(str, seeds))}")
        return seeds

    @field_validator("front")
    @classmethod
    def _check_front(cls, names: tuple[str, str]) -> tuple[str, str]:
        known = [name for name, column in COLUMNS.items() if column.better and not column.real]
        for name in names:
            if name not in known:
                raise ValueError(f"Front must be of {', '.join(known)}, not {name!r}")
        if names[0] == names[1]:
            raise ValueError(f"Front must be of two columns, not {names[0]} twice")
        return names


@dataclass(frozen=True)
class Point:
    """One design: its number in the grid, and its value on every axis."""

    id: int
    values: dict[str, Any]

    @property
    def network(self) -> tuple:
        """What distinguishes its network from others, whatever the hardware."""
        return tuple(v for name, v in self.values.items() if name not in HARDWARE)

    def __str__(self) -> str:
        """Return number and values."""
        return f"{self.id} ({', '.join(f'{k} {v}' for k, v in self.values.items())})"


@dataclass(frozen=True)
class Plan:
    """A checked study: its file, its experiment, and all points of its grid."""

    study: Study
    experiment: Experiment
    points: tuple[Point, ...]

    def with_settings(self, values: dict[str, Any]) -> Plan:
        """Return the plan with other settings that change no point."""
        return replace(self, study=self.study.model_copy(update=values))

    def in_words(self) -> str:
        """Return what is varied, in one sentence."""
        axes = axes_of(self.study, self.experiment)
        varied = [f"{name} {', '.join(map(str, v))}" for name, v in axes.items() if len(v) > 1]
        seeds = len(self.study.seeds)
        return (
            f"{self.experiment.name}: {'; '.join(varied) or 'one point'}. Mean of {seeds} "
            f"seed{'s' * (seeds > 1)}."
        )

    def experiment_of(self, point: Point, seed: int) -> Experiment:
        """Return the experiment of a point with a seed."""
        return experiment_at(self.experiment, point.values).with_seed(seed)


def experiment_at(base: Experiment, values: dict[str, Any]) -> Experiment:
    """Return the base experiment with the values of a point put in, checked."""
    document = base.model_dump()
    for axis, value in values.items():
        *tables, key = PLACES[axis]
        table = document
        for name in tables:
            table = table[name]
        table[key] = (value,) if axis == "board" else value
    return Experiment.model_validate(document)


def expand(axes: dict[str, tuple]) -> Iterator[Point]:
    """Yield the points of a grid in the order of the axes, the last changing fastest.

    Without pruning all methods are one, so such points stand once.
    """
    seen = set()
    for combination in product(*axes.values()):
        values = dict(zip(axes, combination, strict=True))
        if values["sparsity"] == 0 or values["method"] == "none":
            values |= {"sparsity": 0.0, "method": "none"}
        key = tuple(values.values())
        if key not in seen:
            seen.add(key)
            yield Point(len(seen) - 1, values)


def axes_of(study: Study, experiment: Experiment) -> dict[str, tuple]:
    """Return the values of every axis; those not in the file are the experiment's."""
    out = {}
    for name, path in PLACES.items():
        value = getattr(study.axes, name)
        if value is None:
            value = experiment
            for part in path:
                value = getattr(value, part)
            value = tuple(value) if name == "board" else (value,)
        out[name] = value
    return out


def contradiction(study: Study, experiment: Experiment) -> tuple[str, str] | None:
    """Return the key and the reason of the first thing that cannot be, None if all can."""
    axes = axes_of(study, experiment)
    for board in axes["board"]:
        most = BOARDS[board].max_lanes
        for lanes in axes["lanes"]:
            if lanes > most:
                return "axes.lanes", f"lanes must be at most {most} on {board}, not {lanes}"
    if not axes["board"]:
        return "axes.board", "a board must be named, here or in the experiment, not none"
    pruned = any(axes["sparsity"])
    if study.axes.method and not pruned:
        return "axes.method", "method must go with a sparsity above 0, not with 0 alone"
    if study.axes.sparsity and pruned and axes["method"] == ("none",):
        return "axes.sparsity", "sparsity must go with a method, but the experiment's is none"
    folds = getattr(experiment.data, "n_folds", study.folds)
    if study.folds > folds:
        return "folds", f"folds must be at most {folds}, those of the data, not {study.folds}"
    count = sum(1 for _ in expand(axes))
    if study.search and study.search.evaluations > count:
        return "search.evaluations", (
            f"evaluations must be at most {count}, the points of the grid, "
            f"not {study.search.evaluations}"
        )
    if study.search and study.search.initial > study.search.evaluations:
        return "search.initial", "initial must be at most the evaluations"
    return None


def load_study(path: Path) -> Plan:
    """Return the checked plan of a study file.

    Raises
    ------
    ExperimentError
        A wrong key, value or combination, with its line.
    """
    path = Path(path)
    text = path.read_text(encoding="utf-8")
    study = load_toml(text, Study, str(path))
    experiment = load_experiment(path.parent / study.experiment)
    wrong = contradiction(study, experiment)
    if wrong:
        key = tuple(wrong[0].split("."))
        line = line_of(text, key) or line_of(text, key[:1]) or 1
        raise ExperimentError(f"{path}: line {line}: {wrong[1]}.")
    points = tuple(expand(axes_of(study, experiment)))
    for point in points:
        try:
            experiment_at(experiment, point.values)
        except ValidationError as error:
            reason = error.errors()[0]["msg"].removeprefix("Value error, ")
            line = line_of(text, ("axes",)) or 1
            raise ExperimentError(f"{path}: line {line}: point {point}: {reason}.") from None
    return Plan(study, experiment, points)
