"""The ``[data]`` table of an experiment file: one section a data set, told apart by ``name``.

`load` gives the events; `encoder` and `dt_ms` describe them. A section finds its files as
`catalogue.locate` does, or at `path`.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, TypeAdapter

from hrsnn_edge.data.catalogue import locate
from hrsnn_edge.data.cochlea import CochleaConfig
from hrsnn_edge.data.dataset import Dataset
from hrsnn_edge.errors import DataError
from hrsnn_edge.flow.section import Count, FileData, Folds, Positive, Section, Share, Steps


class DigitsData(Section):
    """Handwritten digits, 8 x 8 pixels, inside scikit-learn; rate coded."""

    name: Literal["digits"]
    n_steps: Annotated[int, Field(ge=1, le=1000)] = 32
    p_max: Share = 0.5
    code: Literal["poisson", "regular"] = "poisson"
    n_folds: Folds = 4

    def load(self, seed: int) -> Dataset:
        """Return the data set; `seed` is that of the encoder's draws."""
        from hrsnn_edge.data.digits import load_digits

        return load_digits(**self.model_dump(exclude={"name"}), seed=seed)

    @property
    def encoder(self) -> str:
        """The encoder in words."""
        return f"{self.code} rate code, at most {self.p_max:g} events a step, {self.n_steps} steps"

    @property
    def dt_ms(self) -> float:
        """Length of a step [ms]."""
        return 1.0


class FsddData(FileData):
    """Spoken digits (FSDD) through the audio front end.

    `path` is ``fsdd.npz`` or a folder of the official recordings. With `held_out_speaker` the test
    part is that speaker; ``fold_by = "speaker"`` then validates on unheard speakers too.
    """

    loader = ("fsdd", "load_fsdd")
    name: Literal["fsdd"]
    held_out_speaker: str | None = None
    n_folds: Folds = 3
    fold_by: Literal["take", "speaker"] = "take"
    cochlea: CochleaConfig = CochleaConfig()

    @property
    def encoder(self) -> str:
        """The encoder in words."""
        c = self.cochlea
        return (
            f"{c.n_channels} band-pass filters, {c.n_encoders} integrate-and-fire encoders each, "
            f"{c.dt:g} ms steps"
        )

    @property
    def dt_ms(self) -> float:
        """Length of a step [ms]."""
        return self.cochlea.dt


class _Binned(FileData):
    """Native events, binned."""

    dt_ms: Positive = 5.0
    pool: Count = 1

    @property
    def encoder(self) -> str:
        """The encoder in words."""
        return f"native events in steps of {self.dt_ms:g} ms, pooled by {self.pool}"


class NmnistData(_Binned):
    """N-MNIST: the published folders or a packed file."""

    loader = ("nmnist", "load_nmnist")
    name: Literal["nmnist"]
    pool: Count = 2
    n_folds: Folds = 3


class DvsGestureData(_Binned):
    """DVS128 Gesture: the published folder, or a packed file cut into windows in time."""

    loader = ("dvs_gesture", "load_dvs_gesture")
    name: Literal["dvs_gesture"]
    dt_ms: Positive = 10.0
    pool: Count = 8
    window_ms: Positive = 250.0
    n_folds: Folds = 3


class ShdData(_Binned):
    """Spiking Heidelberg Digits, or Spiking Speech Commands."""

    loader = ("shd", "load_shd")
    name: Literal["shd", "ssc"]
    dt_ms: Positive = 4.0
    n_steps: Steps = 250
    n_folds: Folds = 4

    def options(self) -> dict:
        """Return the arguments of the loader: the name is the stem of the files."""
        return super().options() | {"name": self.name}


class _Image(FileData):
    """Still images, rate coded: input, then silence."""

    draws = True
    pool: Count = 2
    n_steps: Steps = 100
    silent_steps: Annotated[int, Field(ge=0, le=10_000)] = 100
    p_max: Share = 0.1
    code: Literal["poisson", "regular"] = "poisson"
    n_folds: Folds = 4

    @property
    def encoder(self) -> str:
        """The encoder in words."""
        return (
            f"{self.code} rate code, at most {self.p_max:g} events a step, {self.n_steps} steps, "
            f"then {self.silent_steps} silent ones"
        )

    @property
    def dt_ms(self) -> float:
        """Length of a step [ms]."""
        return 1.0


class MnistData(_Image):
    """MNIST, the four IDX files."""

    loader = ("mnist", "load_mnist")
    name: Literal["mnist"]
    n_train: Count | None = None


class CifarData(_Image):
    """CIFAR-10 or CIFAR-100, the Python batches."""

    loader = ("cifar", "load_cifar")
    name: Literal["cifar10", "cifar100"]
    pool: Count = 4
    grid: Annotated[int, Field(ge=1, le=8)] | None = None

    @property
    def encoder(self) -> str:
        """The encoder in words."""
        filters = "" if self.grid is None else "local filters, ON and OFF, "
        return filters + super().encoder

    def options(self) -> dict:
        """Return the arguments of the loader: the name gives the number of classes."""
        return super().options() | {"n_classes": int(self.name.removeprefix("cifar"))}


class VideoData(FileData):
    """KTH, UCF11 or UCF101: changes between frames."""

    loader, draws = ("video", "load_video"), True
    name: Literal["kth", "ucf11", "ucf101"]
    test_groups: tuple[int, ...] | None = None
    grid: tuple[Count, Count] = (12, 16)
    background: Literal["previous", "median"] = "previous"
    threshold: Annotated[float, Field(ge=0)] = 4.0
    full_scale: Positive = 32.0
    frame_ms: Positive = 40.0
    steps_per_frame: Count = 4
    p_max: Share = 0.5
    max_frames: Annotated[int, Field(ge=5)] = 100
    n_folds: Folds = 4

    def options(self) -> dict:
        """Return the arguments of the loader: the name is the layout."""
        options = super().options() | {"layout": self.name}
        del options["frame_ms"]
        return options

    @property
    def encoder(self) -> str:
        """The encoder in words."""
        return (
            f"frame difference ({self.background}) on {self.grid[0]} x {self.grid[1]}, ON and OFF"
        )

    @property
    def dt_ms(self) -> float:
        """Length of a step [ms]."""
        return self.frame_ms / self.steps_per_frame


class _Sequence(FileData):
    """Frames of continuous values through tuning curves."""

    #: Time between frames [ms].
    frame_ms: ClassVar[float]
    n_curves: Annotated[int, Field(ge=2)] = 8
    steps_per_frame: Count = 10
    p_max: Share = 0.3

    @property
    def encoder(self) -> str:
        """The encoder in words."""
        return (
            f"{self.n_curves} tuning curves a value, even distances, {self.steps_per_frame} steps"
        )

    @property
    def dt_ms(self) -> float:
        """Length of a step [ms]."""
        return self.frame_ms / self.steps_per_frame


class VowelsData(_Sequence):
    """Japanese vowels: frames of 6.4 ms."""

    loader, frame_ms = ("vowels", "load_vowels"), 6.4
    name: Literal["vowels"]
    n_folds: Folds = 5


class WandData(_Sequence):
    """Wand gestures: frames of 23.4 ms."""

    loader, frame_ms = ("wand", "load_wand"), 2994.9 / 128
    name: Literal["wand"]
    n_curves: Annotated[int, Field(ge=2)] = 6
    steps_per_frame: Count = 2
    n_folds: Folds = 4


class SkeletonData(_Sequence):
    """MSR Action3D: frames of 67 ms."""

    loader, frame_ms = ("skeleton", "load_skeleton"), 1000 / 15
    name: Literal["skeleton"]
    n_curves: Annotated[int, Field(ge=2)] = 4
    steps_per_frame: Count = 4


class EmgData(FileData):
    """EMG gestures: of one `person`, last session against the earlier ones, or of new persons."""

    loader = ("emg", "load_emg")
    name: Literal["emg"]
    person: str | None = None
    gains: Annotated[tuple[Positive, ...], Field(min_length=1)] | None = None
    contrast: bool = False
    n_folds: Folds = 4
    dt_ms: ClassVar[float] = 5.0

    @property
    def encoder(self) -> str:
        """The encoder in words."""
        contrasts = ", the differences of neighbouring electrodes" if self.contrast else ""
        return f"integrate-and-fire encoders of 8 signals{contrasts} and their changes"


class EcgData(FileData):
    """Beats of one ECG record."""

    loader = ("ecg", "load_ecg")
    name: Literal["ecg"]
    threshold_mv: Positive = 0.05
    n_folds: Folds = 4
    encoder: ClassVar[str] = "send on delta, two signals, ON and OFF"
    dt_ms: ClassVar[float] = 1000 / 360


class SeriesData(FileData):
    """A measured series; it has no classes, so no network can be trained to tell them."""

    loader = ("series", "load_series")
    name: Literal["goog", "wind", "seattle"]
    encoder: ClassVar[str] = "tuning curves"
    dt_ms: ClassVar[float] = 1.0

    def load(self, seed: int) -> Dataset:
        """Refuse: a series is to be forecast."""
        raise DataError(f"Data must have classes, but {self.name!r} is a series to forecast.")

    def load_series(self):
        """Return the series with its split; `series.Series`."""
        from hrsnn_edge.data.series import load_series

        return load_series(locate(self.name, self.path), self.name)


class EventsData(FileData):
    """Own events: a file of `dataset_io.write_dataset` at `path`, in steps of `dt_ms`."""

    name: Literal["events"]
    path: Annotated[str, Field(min_length=1)]
    dt_ms: Positive = 1.0
    encoder: ClassVar[str] = "events as they were given"

    def load(self, seed: int) -> Dataset:
        """Return the data set of the file; nothing is drawn."""
        from hrsnn_edge.flow.dataset_io import read_dataset

        return read_dataset(locate(self.name, self.path))


#: Every section; ``name`` tells them apart.
AnyData = Annotated[
    DigitsData | FsddData | NmnistData | DvsGestureData | ShdData | MnistData | CifarData
    | VideoData | SkeletonData | EmgData | VowelsData | WandData | EcgData | SeriesData
    | EventsData,
    Field(discriminator="name"),
]  # fmt: skip


def section_of(name: str, path: str = "") -> AnyData:
    """Return the section of a data set with its defaults."""
    return TypeAdapter(AnyData).validate_python({"name": name} | ({"path": path} if path else {}))
