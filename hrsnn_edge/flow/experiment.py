"""The experiment file: one TOML document that describes a whole flow, checked before it runs.

``experiments/digits.toml`` shows every section. A section left out takes its defaults; a wrong
key or value is named with its line.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from hrsnn_edge.data.augment import AugmentConfig
from hrsnn_edge.flow.data_sections import AnyData
from hrsnn_edge.flow.section import Section
from hrsnn_edge.flow.toml import load_toml
from hrsnn_edge.model.config import (
    RATE_RANGE_HZ,
    BackpropConfig,
    ModelConfig,
    NetworkConfig,
    PlasticityConfig,
    RateConfig,
    ReadoutConfig,
)
from hrsnn_edge.network import IntFormat
from hrsnn_edge.prune.edges import AddRule
from hrsnn_edge.prune.nodes import NodeRule
from hrsnn_edge.prune.record import INPUT_SHARES, LnpConfig, TimescaleSearch


class ModelSection(Section):
    """The network and its training; `variant` switches heterogeneity, matched in mean."""

    variant: Literal["HoNHoS", "HeNHoS", "HoNHeS", "HeNHeS", "HoNB", "HeNB"] | None = None
    network: NetworkConfig = NetworkConfig()
    plasticity: PlasticityConfig = PlasticityConfig()
    rate: RateConfig = RateConfig()
    readout: ReadoutConfig = ReadoutConfig()
    backprop: BackpropConfig = BackpropConfig()
    augment: AugmentConfig = AugmentConfig()

    def config(self, values: dict[str, float] | None = None) -> ModelConfig:
        """Return the settings with the tuner's `values` (dotted names) put in."""
        config = ModelConfig(
            self.network, self.plasticity, self.rate, self.readout, self.backprop, self.augment
        )
        if self.variant is not None:
            config = config.variant(self.variant)
        return config.with_values(values or {})


class TuneSection(Section):
    """Bayesian optimisation over the distributions of the network; 0 evaluations: none.

    The first evaluation is the experiment's own settings; with `plastic` the networks learn by
    STDP before they are judged. `network` says which one is: the float network, or the integer
    one in the widths of ``[quantise]``. With two `seeds` or more their spread is the noise of a
    score. The objectives, all on held-out folds but the two under noise:

    * ``accuracy``;
    * ``spikes``: minus the mean spikes of a neuron and sample;
    * ``efficiency``: accuracy over those spikes;
    * ``hardware``: accuracy, less `sop_weight` for every doubling of the operations of a sample
      beyond `sop_budget`; an integer network must fit `board` too;
    * ``capacity``: memory capacity, eq. (9), of noise that modulates the rates of the channels;
    * ``lyapunov``: how near the greatest exponent under that noise is to slightly stable.

    But for accuracy and hardware, a mean rate outside `rate_range_hz` is a failed point.
    """

    evaluations: Annotated[int, Field(ge=0)] = 14
    initial: Annotated[int, Field(ge=1)] = 6
    folds: Annotated[int, Field(ge=1)] = 4
    seeds: Annotated[int, Field(ge=1)] = 1
    plastic: bool = False
    objective: Literal["accuracy", "capacity", "spikes", "efficiency", "lyapunov", "hardware"] = (
        "accuracy"
    )
    network: Literal["float", "integer"] = "float"
    rate_range_hz: tuple[float, float] = RATE_RANGE_HZ
    sop_weight: Annotated[float, Field(ge=0)] = 0.01
    sop_budget: Annotated[float, Field(gt=0)] = 10_000
    board: str = ""
    metric: Literal["quantile", "sinkhorn"] = "quantile"
    n_jobs: Annotated[int, Field(ge=1)] = 2
    dask: str = ""

    @field_validator("objective", mode="before")
    @classmethod
    def _check_word(cls, word: Any) -> Any:
        if word in ("float", "integer"):
            raise ValueError(
                f"tune.objective must be 'accuracy', not {word!r}. Which network is judged has a "
                f"key of its own: network = {word!r}"
            )
        return word

    @model_validator(mode="after")
    def _check_bounds(self) -> TuneSection:
        low, high = self.rate_range_hz
        if not 0 <= low < high:
            raise ValueError(
                f"tune.rate_range_hz must be a range from 0 or more, not {low:g} to {high:g}"
            )
        if self.board and self.network == "float":
            raise ValueError(
                f"tune.network must be 'integer' where tune.board is {self.board!r}, not 'float': "
                "a board holds integers"
            )
        return self


class PruneSection(Section):
    """Pruning of the recurrent synapses, and of the input synapses if asked.

    `steps` beyond ``I`` are the whole algorithm, in `rounds` rounds (None: 100; step I alone: 1):
    neurons go (`nodes`), synapses come (`added`), time constants change (`timescales`).
    """

    method: Literal["lnp", "magnitude", "uniform", "none"] = "lnp"
    edge_value: Literal["lyapunov", "weight", "product"] = "product"
    sparsity: Annotated[float, Field(ge=0, lt=1)] = 0.8
    projections: tuple[Literal["rec", "in"], ...] = ("rec",)
    steps: tuple[Literal["I", "II", "III", "IV"], ...] = ("I",)
    rounds: Annotated[int, Field(ge=1)] | None = None
    score: Literal["spread", "share"] = "spread"
    node_exponents: Literal["spectrum", "leak"] = "spectrum"
    weights: Literal["mask", "rescale"] = "mask"
    algebra: Literal["dense", "sparse"] = "dense"
    preserve_input: bool = False
    nodes: NodeRule = NodeRule()
    added: AddRule = AddRule()
    timescales: TimescaleSearch = TimescaleSearch()

    @model_validator(mode="after")
    def _check_steps(self) -> PruneSection:
        if "I" not in self.steps:
            raise ValueError(f"Steps must include I, not {', '.join(self.steps) or 'none'}")
        if self.method != "lnp" and self.steps != ("I",):
            raise ValueError(f"Steps must be I alone with method {self.method}; lnp has the others")
        if self.whole and self.sparsity == 0:
            raise ValueError("Sparsity must be above 0 with steps beyond I, not 0")
        if self.whole and "rec" not in self.projections:
            raise ValueError("Projections must include rec with steps beyond I, not in alone")
        return self

    @property
    def whole(self) -> bool:
        """Whether more than step I is asked for."""
        return set(self.steps) != {"I"}

    def config(self, rounds: int) -> LnpConfig:
        """Return the settings of step I, of `rounds` rounds."""
        if self.score == "share":
            return replace(
                INPUT_SHARES,
                edge_value=self.edge_value,
                weights=self.weights,
                rounds=rounds,
                algebra=self.algebra,
            )
        return LnpConfig(
            edge_value=self.edge_value,
            rounds=rounds,
            node_exponents=self.node_exponents,
            weights=self.weights,
            algebra=self.algebra,
        )


class QuantiseSection(Section):
    """The integer formats, and how ranges are found.

    With `leak` ``two_powers`` every decay is a sum of at most two powers of two. With `codebook`
    neurons share their parameters: so many different sets there are at most; 0: each has its own.
    """

    leak: Literal["product", "two_powers"] = "product"
    codebook: Annotated[int, Field(ge=0, le=32)] = 0
    v_width: int = 16
    decay_width: int = 8
    weight_width: int = 6
    shift_width: int = 0
    out_weight_width: int = 8
    calibration_samples: Annotated[int, Field(ge=1)] = 64
    train_integer: bool = True

    @model_validator(mode="after")
    def _check_widths(self) -> QuantiseSection:
        self.format()
        return self

    def format(self) -> IntFormat:
        """Return the widths asked for; the quantiser chooses the membrane shift."""
        return IntFormat(
            v_width=self.v_width,
            decay_width=self.decay_width,
            weight_width=self.weight_width,
            shift_width=self.shift_width,
            out_weight_width=self.out_weight_width,
        )


class VerifySection(Section):
    """What is compared bit for bit."""

    random_networks: Annotated[int, Field(ge=0)] = 20
    cosim_samples: Annotated[int, Field(ge=1)] = 1
    bulk_samples: int | None = None


class BuildSection(Section):
    """Boards and lanes; an empty list builds nothing."""

    boards: tuple[str, ...] = ("ulx3s-85f", "icebreaker")
    lanes: Literal[1, 2, 4, 8] = 1


class Experiment(Section):
    """A whole flow."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
    seed: Annotated[int, Field(ge=0)] = 1
    data: AnyData
    model: ModelSection = ModelSection()
    tune: TuneSection = TuneSection()
    prune: PruneSection = PruneSection()
    quantise: QuantiseSection = QuantiseSection()
    verify: VerifySection = VerifySection()
    build: BuildSection = BuildSection()

    @model_validator(mode="after")
    def _check_step(self) -> Experiment:
        step = self.data.dt_ms
        if abs(self.model.network.dt - step) > 1e-6 * step:
            raise ValueError(
                f"model.network.dt must be the step of the data, {step:g} ms, "
                f"not {self.model.network.dt:g}"
            )
        return self

    @model_validator(mode="after")
    def _check_objective(self) -> Experiment:
        model, word = self.model, self.tune.objective
        if word == "spikes" and model.rate.target_hz is not None and model.rate.homeostasis_rounds:
            raise ValueError(
                f"tune.objective must not be 'spikes' where model.rate.target_hz is "
                f"{model.rate.target_hz:g}: homeostasis brings every network to that rate. "
                "Take 'efficiency', or leave target_hz out"
            )
        if word == "lyapunov" and model.network.tau_syn_mean > 0:
            raise ValueError(
                "tune.objective must not be 'lyapunov' where model.network.tau_syn_mean is "
                f"{model.network.tau_syn_mean:g}: the Jacobian is that of synapses without a "
                "current. Take 'capacity', or a tau_syn_mean of 0"
            )
        return self

    @model_validator(mode="after")
    def _check_relays(self) -> Experiment:
        if not self.model.readout.reads_input:
            return self
        if self.prune.method != "none" and self.prune.sparsity > 0:
            raise ValueError(
                "prune.sparsity must be 0 where model.readout.reads_input is true, not "
                f"{self.prune.sparsity:g}: pruning cannot tell a relay from a neuron"
            )
        if self.quantise.train_integer:
            raise ValueError(
                "quantise.train_integer must be false where model.readout.reads_input is true: "
                "the network that learns in integers has no relays"
            )
        return self

    def with_seed(self, seed: int | None) -> Experiment:
        """Return the experiment with another seed; None keeps its own."""
        return self if seed is None else self.model_copy(update={"seed": seed})


def load_experiment(path: Path) -> Experiment:
    """Return the checked experiment of a file.

    Raises
    ------
    ExperimentError
        Every wrong key and value, with its line.
    """
    return load_toml(Path(path).read_text(encoding="utf-8"), Experiment, str(path))
