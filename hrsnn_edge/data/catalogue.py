"""The data sets: what each is, under which licence, where its files are looked for or come from."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from hrsnn_edge.errors import DataError


@dataclass(frozen=True)
class Remote:
    """A file of a data set at its official address.

    Attributes
    ----------
    url, checksum : str
        Address; algorithm and digest, ``md5:...`` or ``sha256:...``, as published.
    file : str
        Its name here; ``.zip`` and ``.tar.gz`` are unpacked.
    """

    url: str
    checksum: str
    file: str


@dataclass(frozen=True)
class Entry:
    """One data set.

    Attributes
    ----------
    name : str
        The ``name`` of ``[data]`` in an experiment file.
    task : str
        What is asked.
    n_classes : int
        0 for a series.
    samples : str
        Of the published set, train / test.
    licence : str
        Of the data.
    places : tuple of str
        Below a data folder, where the files may be; the first found is used.
    origin : str
        The official page.
    remotes : tuple of Remote
        What `hrsnn data fetch` downloads; none where there is no stable address or checksum.
    """

    name: str
    task: str
    n_classes: int
    samples: str
    licence: str
    places: tuple[str, ...]
    origin: str
    remotes: tuple[Remote, ...] = ()


_MNIST = "https://ossci-datasets.s3.amazonaws.com/mnist/"
_NMNIST = "https://data.mendeley.com/public-files/datasets/468j46mzdv/files/"
_SHD = "https://zenkelab.org/datasets/"
_CIFAR = "https://www.cs.toronto.edu/~kriz/"

_ENTRIES = (
    Entry(
        "digits", "handwritten digits, 8 x 8", 10, "1,437 / 360", "BSD-3-Clause (scikit-learn)",
        (), "https://scikit-learn.org",
    ),
    Entry(
        "fsdd", "spoken digits", 10, "2,700 / 300", "CC BY-SA 4.0",
        ("fsdd/fsdd.npz", "fsdd/recordings"),
        "https://github.com/Jakobovski/free-spoken-digit-dataset",
    ),
    Entry(
        "shd", "spoken digits, two languages, cochlea spikes", 20, "8,156 / 2,264", "CC BY 4.0",
        ("shd", "shd-format"), "https://zenkelab.org/resources/",
        (
            Remote(_SHD + "shd_train.h5.zip", "md5:f3252aeb598ac776c1b526422d90eecb",
                   "shd_train.h5.zip"),
            Remote(_SHD + "shd_test.h5.zip", "md5:1503a5064faa34311c398fb0a1ed0a6f",
                   "shd_test.h5.zip"),
        ),
    ),
    Entry(
        "ssc", "spoken words, cochlea spikes", 35, "85,447 / 20,382", "CC BY 4.0",
        ("ssc",), "https://zenkelab.org/resources/",
        (
            Remote(_SHD + "ssc_train.h5.zip", "md5:d102be95e7144fcc0553d1f45ba94170",
                   "ssc_train.h5.zip"),
            Remote(_SHD + "ssc_valid.h5.zip", "md5:b4eee3516a4a90dd0c71a6ac23a8ae43",
                   "ssc_valid.h5.zip"),
            Remote(_SHD + "ssc_test.h5.zip", "md5:a35ff1e9cffdd02a20eb850c17c37748",
                   "ssc_test.h5.zip"),
        ),
    ),
    Entry(
        "nmnist", "digits before an event camera", 10, "60,000 / 10,000", "CC BY-SA 4.0",
        ("nmnist", "nmnist-small/nmnist_small.npz"),
        "https://www.garrickorchard.com/datasets/n-mnist",
        (
            Remote(_NMNIST + "39c25547-014b-4137-a934-9d29fa53c7a0/file_downloaded",
                   "md5:20959b8e626244a1b502305a9e6e2031", "Train.zip"),
            Remote(_NMNIST + "05a4d654-7e03-4c15-bdfa-9bb2bcbea494/file_downloaded",
                   "md5:69ca8762b2fe404d9b9bad1103e97832", "Test.zip"),
        ),
    ),
    Entry(
        "dvs_gesture", "gestures before an event camera", 11, "1,176 / 288", "CC BY 4.0",
        ("DvsGesture", "dvs-gesture-10/dvs_gesture_10.npz"),
        "https://research.ibm.com/interactive/dvsgesture/",
    ),
    Entry(
        "mnist", "handwritten digits, 28 x 28", 10, "60,000 / 10,000",
        "CC BY-SA 3.0 as commonly given", ("mnist", "mnist-small"),
        "http://yann.lecun.com/exdb/mnist/",
        tuple(
            Remote(_MNIST + file, f"md5:{digest}", file)
            for file, digest in (
                ("train-images-idx3-ubyte.gz", "f68b3c2dcbeaaa9fbdd348bbdeb94873"),
                ("train-labels-idx1-ubyte.gz", "d53e105ee54ea40749a09fcbcd1e9432"),
                ("t10k-images-idx3-ubyte.gz", "9fb629c4189551a2d022fa330f9573f3"),
                ("t10k-labels-idx1-ubyte.gz", "ec29112dd5afa0611ce80d1b7f02629c"),
            )
        ),
    ),
    Entry(
        "cifar10", "small colour images", 10, "50,000 / 10,000", "none stated",
        ("cifar10/cifar-10-batches-py", "cifar10-small/cifar-10-batches-py"),
        "https://www.cs.toronto.edu/~kriz/cifar.html",
        (Remote(_CIFAR + "cifar-10-python.tar.gz", "md5:c58f30108f718f92721af3b95e74349a",
                "cifar-10-python.tar.gz"),),
    ),
    Entry(
        "cifar100", "small colour images", 100, "50,000 / 10,000", "none stated",
        ("cifar100/cifar-100-python", "cifar100-mini/cifar-100-python"),
        "https://www.cs.toronto.edu/~kriz/cifar.html",
        (Remote(_CIFAR + "cifar-100-python.tar.gz", "md5:eb9058c3a382ffc7106e4002c42a8d85",
                "cifar-100-python.tar.gz"),),
    ),
    Entry(
        "kth", "human actions on video", 6, "16 / 9 persons", "none stated, research",
        ("kth", "action-video"), "https://www.csc.kth.se/cvap/actions/",
    ),
    Entry(
        "ucf11", "human actions on video", 11, "25 groups", "none stated, research",
        ("ucf11",), "https://www.crcv.ucf.edu/data/UCF_YouTube_Action.php",
    ),
    Entry(
        "ucf101", "human actions on video", 101, "9,537 / 3,783 (split 1)",
        "none stated, research", ("ucf101",), "https://www.crcv.ucf.edu/data/UCF101.php",
    ),
    Entry(
        "skeleton", "human actions, joints of a depth camera (MSR Action3D)", 20,
        "by person, 10 persons", "none stated, research",
        ("action-skeleton/msr_action3d.npz",),
        "https://sites.google.com/view/wanqingli/data-sets/msr-action3d",
    ),
    Entry(
        "emg", "hand gestures, forearm EMG", 8, "36 persons, 3 sessions each", "MIT",
        ("myo-readings-dataset", "emg-myo/emg_myo.npz"),
        "https://github.com/aljazfrancic/myo-readings-dataset",
    ),
    Entry(
        "vowels", "who speaks, LPC frames (Japanese vowels)", 9, "270 / 370", "CC BY 4.0",
        ("japanese-vowels/japanese_vowels.npz",),
        "https://archive.ics.uci.edu/dataset/128/japanese+vowels",
    ),
    Entry(
        "wand", "wand gestures, inertial sensor", 3, "one person", "Apache-2.0",
        ("wand-imu/wand_imu.npz",), "https://github.com/jewang/gesture-demo",
    ),
    Entry(
        "ecg", "heart beats, record 100 of MIT-BIH", 2, "one record", "ODC-BY 1.0",
        ("ecg-mitdb100/100.hea", "mitdb/100.hea"), "https://physionet.org/content/mitdb/1.0.0/",
    ),
    Entry(
        "goog", "Google share, next day", 0, "last fifth is test", "public domain",
        ("series/goog_daily_2004_2013.csv",), "https://github.com/bokeh/bokeh_sampledata",
    ),
    Entry(
        "wind", "wind speed, next hour", 0, "last fifth is test", "MIT",
        ("series/wind_hourly_2010.csv",), "https://github.com/wind-python/windpowerlib",
    ),
    Entry(
        "seattle", "wind speed, next day", 0, "last fifth is test", "public domain",
        ("series/seattle_weather_daily.csv",), "https://github.com/altair-viz/vega_datasets",
    ),
)  # fmt: skip

#: All data sets by name.
ENTRIES = {entry.name: entry for entry in _ENTRIES}


def find_entry(name: str) -> Entry:
    """Return a data set by name."""
    if name not in ENTRIES:
        raise DataError(f"Data set must be one of {', '.join(ENTRIES)}, not {name!r}")
    return ENTRIES[name]


def cache_folder() -> Path:
    """Return where downloads go: ``HRSNN_DATA``, else ``hrsnn-edge`` in the user's cache."""
    own = os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()
    return Path(os.environ.get("HRSNN_DATA") or Path(own) / "hrsnn-edge")


def data_folders() -> tuple[Path, ...]:
    """Return the folders searched: ``HRSNN_DATA``, else ``../shared/data`` beside us; the cache."""
    beside = Path(__file__).resolve().parents[2].parent / "shared" / "data"
    first = Path(os.environ.get("HRSNN_DATA") or beside)
    return tuple(dict.fromkeys((first, cache_folder())))


def find_files(name: str) -> Path | None:
    """Return where the files of a data set are, or None."""
    places = (f / p for f in data_folders() for p in find_entry(name).places)
    return next((place for place in places if place.exists()), None)


def locate(name: str, path: str = "") -> Path:
    """Return the files of a data set: `path` if given, else the first place where they are.

    Raises
    ------
    DataError
        Nothing is there; says where the data comes from.
    """
    if path:
        if not Path(path).exists():
            raise DataError(f"Data of {name!r} must be at {path}, but nothing is there.")
        return Path(path)
    found = find_files(name)
    if found is None:
        raise DataError(
            f"Data of {name!r} must be at {data_folders()[0] / find_entry(name).places[0]}, but "
            f"nothing is there. {how_to_get(name)}"
        )
    return found


def how_to_get(name: str) -> str:
    """Return a sentence that says how to come by a data set."""
    entry = find_entry(name)
    if entry.remotes:
        return f"Download it: hrsnn data fetch {name}"
    return f"Get it from {entry.origin} and set `path` in [data], or HRSNN_DATA."


def file_states(path: Path) -> list[tuple[str, int, int]]:
    """Return name, size and time of change [ns] of all files of a data set: what a change shows in.

    Of a folder all files below it; of a file those beside it that share its stem.
    """
    files = path.rglob("*") if path.is_dir() else path.parent.glob(f"{path.stem}.*")
    states = ((f.relative_to(path.parent).as_posix(), f.stat()) for f in files if f.is_file())
    return sorted((name, state.st_size, state.st_mtime_ns) for name, state in states)
