"""The experiment file: one TOML document that describes a whole flow, checked before it runs.

``experiments/digits.toml`` shows every section. A section left out takes its defaults; a wrong
key or value is named with its line.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from hrsnn_edge.data.cochlea import CochleaConfig
from hrsnn_edge.data.dataset import Dataset
from hrsnn_edge.flow.toml import load_toml
from hrsnn_edge.model.config import (
    ModelConfig,
    NetworkConfig,
    PlasticityConfig,
    RateConfig,
    ReadoutConfig,
)
from hrsnn_edge.network import IntFormat


class _Section(BaseModel):
    """A table of the file: no unknown keys, no infinite numbers but the membrane floor."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class DigitsData(_Section):
    """Handwritten digits, 8 x 8 pixels, inside scikit-learn; rate coded."""

    name: Literal["digits"]
    n_steps: Annotated[int, Field(ge=1, le=1000)] = 32
    p_max: Annotated[float, Field(gt=0, le=1)] = 0.5
    code: Literal["poisson", "regular"] = "poisson"
    n_folds: Annotated[int, Field(ge=2)] = 4

    def load(self, seed: int) -> Dataset:
        """Return the data set; `seed` is that of the encoder's draws."""
        from hrsnn_edge.data.digits import load_digits

        return load_digits(
            n_steps=self.n_steps, p_max=self.p_max, code=self.code, n_folds=self.n_folds, seed=seed
        )

    @property
    def encoder(self) -> str:
        """The encoder in words."""
        return f"{self.code} rate code, at most {self.p_max:g} events a step, {self.n_steps} steps"

    @property
    def dt_ms(self) -> float:
        """Length of a step [ms]."""
        return 1.0


class FsddData(_Section):
    """Spoken digits (FSDD) through the audio front end.

    `path` is ``fsdd.npz`` or a folder of the official recordings; by default ``fsdd/fsdd.npz``
    below ``HRSNN_DATA``, else below ``../shared/data``.
    """

    name: Literal["fsdd"]
    path: str = ""
    held_out_speaker: str | None = None
    n_folds: Annotated[int, Field(ge=2)] = 3
    cochlea: CochleaConfig = CochleaConfig()

    def load(self, seed: int) -> Dataset:
        """Return the data set; the front end draws nothing, so `seed` changes nothing."""
        from hrsnn_edge.data.fsdd import load_fsdd

        path = Path(self.path) if self.path else data_folder() / "fsdd" / "fsdd.npz"
        return load_fsdd(
            path,
            cochlea=self.cochlea,
            n_folds=self.n_folds,
            held_out_speaker=self.held_out_speaker,
        )

    @property
    def encoder(self) -> str:
        """The encoder in words."""
        c = self.cochlea
        return (
            f"{c.n_channels} band-pass filters, {len(c.gains)} integrate-and-fire encoders each, "
            f"{c.dt:g} ms steps"
        )

    @property
    def dt_ms(self) -> float:
        """Length of a step [ms]."""
        return self.cochlea.dt


class ModelSection(_Section):
    """The network and its training; `variant` switches heterogeneity, matched in mean."""

    variant: Literal["HoNHoS", "HeNHoS", "HoNHeS", "HeNHeS"] | None = None
    network: NetworkConfig = NetworkConfig()
    plasticity: PlasticityConfig = PlasticityConfig()
    rate: RateConfig = RateConfig()
    readout: ReadoutConfig = ReadoutConfig()

    def config(self, values: dict[str, float] | None = None) -> ModelConfig:
        """Return the settings with the tuner's `values` (dotted names) put in."""
        config = ModelConfig(self.network, self.plasticity, self.rate, self.readout)
        if self.variant is not None:
            config = config.variant(self.variant)
        return config.with_values(values or {})


class TuneSection(_Section):
    """Bayesian optimisation over the distributions of the network; 0 evaluations: none.

    The first evaluation is the experiment's own settings; with `plastic` the networks learn by
    STDP before they are judged.
    """

    evaluations: Annotated[int, Field(ge=0)] = 14
    initial: Annotated[int, Field(ge=1)] = 6
    folds: Annotated[int, Field(ge=1)] = 4
    plastic: bool = False
    n_jobs: Annotated[int, Field(ge=1)] = 2


class PruneSection(_Section):
    """Pruning of the recurrent synapses, and of the input synapses if asked."""

    method: Literal["lnp", "magnitude", "uniform", "none"] = "lnp"
    edge_value: Literal["lyapunov", "weight", "product"] = "product"
    sparsity: Annotated[float, Field(ge=0, lt=1)] = 0.8
    projections: tuple[Literal["rec", "in"], ...] = ("rec",)


class QuantiseSection(_Section):
    """The integer formats, and how ranges are found."""

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


class VerifySection(_Section):
    """What is compared bit for bit."""

    random_networks: Annotated[int, Field(ge=0)] = 20
    cosim_samples: Annotated[int, Field(ge=1)] = 1
    bulk_samples: int | None = None


class BuildSection(_Section):
    """Boards and lanes; an empty list builds nothing."""

    boards: tuple[str, ...] = ("ulx3s-85f", "icebreaker")
    lanes: Literal[1, 2, 4, 8] = 1


class Experiment(_Section):
    """A whole flow."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
    seed: Annotated[int, Field(ge=0)] = 1
    data: Annotated[DigitsData | FsddData, Field(discriminator="name")]
    model: ModelSection = ModelSection()
    tune: TuneSection = TuneSection()
    prune: PruneSection = PruneSection()
    quantise: QuantiseSection = QuantiseSection()
    verify: VerifySection = VerifySection()
    build: BuildSection = BuildSection()

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


def data_folder() -> Path:
    """Return the folder of the data sets: ``HRSNN_DATA``, else ``../shared/data`` beside us."""
    beside = Path(__file__).resolve().parents[2].parent / "shared" / "data"
    return Path(os.environ.get("HRSNN_DATA", beside))
