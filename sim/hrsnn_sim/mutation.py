"""Wrong versions of the RTL's Python modules: one replaced line of text each."""

from __future__ import annotations

import importlib
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType


@dataclass(frozen=True)
class Change:
    """One piece of a module's text and what stands there instead.

    Attributes
    ----------
    module : str
        Module of `hrsnn_rtl`, e.g. ``"lif"``.
    old : str
        Text that stands in the module exactly once.
    new : str
        Its replacement.
    """

    module: str
    old: str
    new: str

    @property
    def path(self) -> Path:
        """The file of the module."""
        return Path(find_spec(f"hrsnn_rtl.{self.module}").origin)

    def text(self) -> str:
        """Return the changed text of the module.

        Raises
        ------
        ValueError
            When the old text does not stand there exactly once.
        """
        text = self.path.read_text()
        if text.count(self.old) != 1:
            raise ValueError(
                f"{self.old!r} must stand once in {self.module}.py, not {text.count(self.old)} "
                "times. Describe the change by text that is there now."
            )
        return text.replace(self.old, self.new)

    def __str__(self) -> str:
        """Return one line for a report."""
        old, new = (" ".join(text.split()) for text in (self.old, self.new))
        return f"{self.module}: {old} -> {new or '(nothing)'}"


def changed_module(change: Change) -> ModuleType:
    """Return the module with the change, beside the right one that stays imported."""
    name = f"hrsnn_rtl.{change.module}"
    importlib.import_module(name)
    wrong = ModuleType(f"{name}_changed")
    wrong.__package__, wrong.__file__ = "hrsnn_rtl", str(change.path)
    # Dataclasses and forward references look their module up by its name.
    sys.modules[wrong.__name__] = wrong
    try:
        exec(compile(change.text(), str(change.path), "exec"), wrong.__dict__)
    finally:
        del sys.modules[wrong.__name__]
    return wrong
