"""The record of one run: everything the report says, as values and as bytes.

A `RunRecord` holds the figures (JSON), a `hrsnn_edge.report.traces.RunTraces` the arrays of the
plots. Every section is optional: a station that was not run leaves its section out and the report
says so. Nothing is derived here that the run did not measure.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from hrsnn_edge.errors import DataError
from hrsnn_edge.network import Counts


class _Section(BaseModel):
    """A part of the record: frozen, finite numbers only, no unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Manifest(_Section):
    """Where the run came from: versions by name, SHA-256 by file name."""

    commit: str | None = None
    python: str | None = None
    platform: str | None = None
    packages: dict[str, str] = {}
    tools: dict[str, str] = {}
    inputs: dict[str, str] = {}
    outputs: dict[str, str] = {}


class DataInfo(_Section):
    """The data set as the network saw it; `dt_ms` is the length of a step."""

    name: str
    classes: tuple[str, ...]
    n_train: int
    n_validation: int | None = None
    n_test: int
    n_inputs: int
    n_steps: int
    encoder: str
    dt_ms: float | None = None


class NetworkInfo(_Section):
    """Size and variant of the recurrent network."""

    n_neurons: int
    n_excitatory: int
    variant: str
    readout: str


#: One value of an experiment file; lists are written as words.
Setting = bool | int | float | str | None

#: Stations whose test accuracy may be recorded, in the order of the report.
ACCURACY_LABELS = {
    "baseline": "Logistic regression on the raw data",
    "encoder": "Readout on the encoder's spikes alone",
    "float": "Network, floating point",
    "pruned": "Network, pruned",
    "integer_unpruned": "Network in integers, not pruned",
    "integer": "Network in integers, pruned",
    "integer_trained": "Network trained wholly in integers",
}
AccuracyName = Literal[
    "baseline", "encoder", "float", "pruned", "integer_unpruned", "integer", "integer_trained"
]


class Accuracy(_Section):
    """Test accuracies, 0 .. 1; `sd` over `n_seeds` seeds where `test` holds means."""

    test: dict[AccuracyName, float]
    sd: dict[AccuracyName, float] = {}
    n_seeds: int = 1


class TunePoint(_Section):
    """One evaluation of the tuner; `values` in the order of the parameters.

    A network that could not be trained has no score.
    """

    values: tuple[float, ...]
    score: float | None


class Tune(_Section):
    """The history of the tuner; a greater score is better."""

    parameters: tuple[str, ...]
    history: tuple[TunePoint, ...]
    metric: str

    @property
    def best(self) -> int | None:
        """Index of the first best evaluation, None if none has a score."""
        scored = [k for k, point in enumerate(self.history) if point.score is not None]
        return max(scored, key=lambda k: self.history[k].score, default=None)


class Change(_Section):
    """A quantity before and after a station."""

    before: float
    after: float


class PruneRound(_Section):
    """The recurrent graph after one round; `lambda_1` [1/ms] is of the graph before it."""

    synapses: int
    lambda_1: float
    neurons: int | None = None
    eps: float | None = None


class Prune(_Section):
    """What the pruning did; `synapses` by projection, `lambda_1` the largest Lyapunov exponent."""

    method: str
    target_sparsity: float
    synapses: dict[str, Change]
    edge_value: str | None = None
    neurons: Change | None = None
    lambda_1: Change | None = None
    eps: float | None = None
    rounds: tuple[PruneRound, ...] = ()


class Quantise(_Section):
    """Widths in bits, errors by population and quantity, and the warnings of the station."""

    formats: dict[str, int]
    errors: dict[str, dict[str, float]] = {}
    warnings: tuple[str, ...] = ()


class Divergence(_Section):
    """The first wrong value: the step, the neuron, the quantity and both values.

    `neuron` is the index of the output where the quantity is ``'out'``, None for a counter.
    """

    step: int
    quantity: str
    expected: int
    got: int
    neuron: int | None = None
    network: str | None = None
    sample: int | None = None
    waveform: str | None = None

    @property
    def place(self) -> str:
        """Where it is, in words."""
        parts = (
            # The run's own network has no other name; random ones are called by their seeds.
            ("network", None if self.network == "network" else self.network),
            ("sample", self.sample),
            ("step", self.step),
            ("output" if self.quantity == "out" else "neuron", self.neuron),
        )
        return ", ".join(f"{word} {value}" for word, value in parts if value is not None)


class Verdict(_Section):
    """Equality of two descriptions of the same networks; green when `mismatches` is 0.

    `networks` and `steps` count what was compared, `seeds` are those of random networks. The
    first four fields are those of ``hrsnn verify --json``.
    """

    networks: int
    steps: int
    mismatches: int
    first_divergence: Divergence | None = None
    simulator: str | None = None
    compared: tuple[str, ...] = ()
    seeds: tuple[int, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether something was compared and all of it was equal."""
        return self.mismatches == 0 and self.networks > 0 and self.steps > 0


class Work(_Section):
    """Counts summed over `n_inferences` test samples, the same ones before and after pruning.

    `lanes`, `has_reset` (reset potentials other than 0 are stored) and `has_currents` (each neuron
    has a synaptic current) are those of the core.
    """

    n_inferences: int
    pruned: Counts
    unpruned: Counts | None = None
    lanes: int = 1
    has_reset: bool = False
    has_currents: bool = False

    @property
    def core(self) -> dict[str, int]:
        """What `hrsnn_edge.report.energy.accesses` must know of the core."""
        names = ("lanes", "has_reset", "has_currents")
        return {name: getattr(self, name) for name in names}


class Cycles(_Section):
    """Clock cycles of the simulated core; `per_inference` is the mean over samples."""

    per_sop: float
    per_inference: float
    per_step: float | None = None


class Use(_Section):
    """One resource of a board's device."""

    used: int
    available: int


class BoardResult(_Section):
    """One board: placed and routed, or refused with what would make it fit (`remedy`)."""

    fits: bool
    device: str | None = None
    fmax_mhz: float | None = None
    clock_mhz: float | None = None
    utilisation: dict[str, Use] = {}
    bitstream: str | None = None
    sha256: str | None = None
    latency_us: float | None = None
    lanes: int | None = None
    remedy: str | None = None

    @property
    def timing_met(self) -> bool | None:
        """Whether the design is fast enough for the board's clock; None if not known."""
        if self.fmax_mhz is None or self.clock_mhz is None:
            return None
        return self.fmax_mhz >= self.clock_mhz


class Example(_Section):
    """The sample of the raster plot and what the network made of it."""

    sample: int
    label: str
    predicted: str


class RunRecord(_Section):
    """Every figure of one run, by section; an absent section was not run.

    `command` and `created` (ISO 8601) are printed as given, `timings_s` holds the seconds of each
    station in the order they ran, `verdicts` is keyed ``engine``, ``cosim``, ``bulk`` and so on.
    `settings` are those of the experiment file, defaults included, by dotted key.
    """

    schema_version: Literal[1] = 1
    name: str
    command: str
    seed: int
    created: str
    settings: dict[str, Setting] = {}
    manifest: Manifest = Manifest()
    data: DataInfo | None = None
    network: NetworkInfo | None = None
    accuracy: Accuracy | None = None
    tune: Tune | None = None
    prune: Prune | None = None
    quantise: Quantise | None = None
    verdicts: dict[str, Verdict] = {}
    work: Work | None = None
    cycles: Cycles | None = None
    boards: dict[str, BoardResult] = {}
    timings_s: dict[str, float] = {}
    example: Example | None = None


def record_to_bytes(record: RunRecord) -> bytes:
    """Return the record as indented JSON, the sections in the order of the flow."""
    return record.model_dump_json(indent=1).encode() + b"\n"


def record_from_bytes(data: bytes) -> RunRecord:
    """Return the record of a JSON document; raise `DataError` that names the first wrong field."""
    try:
        return RunRecord.model_validate_json(data)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "document"
        raise DataError(f"Record, {place}: {first['msg']}, not {first['input']!r:.60}") from None
