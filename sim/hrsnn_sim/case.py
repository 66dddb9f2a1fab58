"""One run for cocotb, as a file: what the tests inside the simulator need and nothing else."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from hrsnn_rtl.config import CoreConfig
from hrsnn_rtl.image import MemoryImage
from hrsnn_rtl.interfaces import Select

from hrsnn_sim.bulk import Gaps
from hrsnn_sim.record import CoreRecord


@dataclass(frozen=True, eq=False)
class Case:
    """A core, its memories, the commands of a batch and the host's pauses.

    Attributes
    ----------
    config : CoreConfig
        Generator values of the core.
    images : tuple of MemoryImage
        To be loaded first.
    words : (n,) uint16
        Commands.
    n_steps : (S,) int32
        Steps of each sample.
    gaps : Gaps
        Pauses.
    """

    config: CoreConfig
    images: tuple[MemoryImage, ...]
    words: np.ndarray
    n_steps: np.ndarray
    gaps: Gaps

    def save(self, path: Path) -> None:
        """Write the case to a ``.npz`` file."""
        places = [(int(image.select), image.lane, image.base) for image in self.images]
        np.savez(
            path,
            settings=json.dumps({"config": asdict(self.config), "gaps": asdict(self.gaps)}),
            places=np.array(places, np.int64).reshape(-1, 3),
            words=self.words,
            n_steps=self.n_steps,
            **{f"image{k}": image.words for k, image in enumerate(self.images)},
        )

    @classmethod
    def load(cls, path: Path) -> Case:
        """Return the case of a file."""
        with np.load(path) as data:
            settings = json.loads(str(data["settings"]))
            images = tuple(
                MemoryImage(Select(int(select)), int(lane), int(base), data[f"image{k}"])
                for k, (select, lane, base) in enumerate(data["places"])
            )
            return cls(
                CoreConfig.from_dict(settings["config"]),
                images,
                data["words"],
                data["n_steps"],
                Gaps(**settings["gaps"]),
            )


def save_record(record: CoreRecord, path: Path) -> None:
    """Write a record to a ``.npz`` file."""
    np.savez(path, **vars(record))


def load_record(path: Path) -> CoreRecord:
    """Return the record of a file."""
    with np.load(path) as data:
        arrays = {name: data[name] for name in data.files}
    return CoreRecord(**{k: v if v.ndim else v.item() for k, v in arrays.items()})
