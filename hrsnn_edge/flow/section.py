"""What the tables of an experiment file have in common, and the table of a data set in files."""

from __future__ import annotations

from importlib import import_module
from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from hrsnn_edge.data.catalogue import file_states, locate
from hrsnn_edge.data.dataset import Dataset

Count = Annotated[int, Field(ge=1)]
Steps = Annotated[int, Field(ge=1, le=10_000)]
Folds = Annotated[int, Field(ge=2)]
Share = Annotated[float, Field(gt=0, le=1)]
Positive = Annotated[float, Field(gt=0)]


class Section(BaseModel):
    """A table of the file: no unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class FileData(Section):
    """A data set in files; `path` names them, by default they are looked for."""

    #: Module below ``hrsnn_edge.data`` and its function, called with the path and the other keys.
    loader: ClassVar[tuple[str, str]]
    #: Whether the function takes a seed.
    draws: ClassVar[bool] = False
    path: str = ""

    def load(self, seed: int) -> Dataset:
        """Return the data set; `seed` is that of the encoder's draws, if it draws."""
        module, function = self.loader
        options = self.options() | ({"seed": seed} if self.draws else {})
        load = getattr(import_module(f"hrsnn_edge.data.{module}"), function)
        return load(locate(self.name, self.path), **options)

    def options(self) -> dict:
        """Return the arguments of the loader."""
        return {k: getattr(self, k) for k in type(self).model_fields if k not in ("name", "path")}

    def store_key(self) -> dict:
        """Return what a stored result depends on: the keys, and the state of the files."""
        return self.model_dump(mode="json") | {"files": file_states(locate(self.name, self.path))}
