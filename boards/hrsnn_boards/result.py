"""What a build says about itself, read from nextpnr's report; written beside the bitstream."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from hrsnn_edge.errors import ToolFailedError


@dataclass(frozen=True)
class Usage:
    """How much of one resource a design takes."""

    used: int
    available: int

    @property
    def share(self) -> float:
        """Used over available, 0 to 1 when it fits."""
        return self.used / self.available if self.available else 0.0


@dataclass(frozen=True)
class FlashFile:
    """A file that belongs into the board's flash, beside the bitstream.

    Attributes
    ----------
    name : str
        Name of the file, beside the one this stands in.
    address : int
        Where its first byte goes.
    sha256 : str
        Its hash.
    """

    name: str
    address: int
    sha256: str


@dataclass(frozen=True)
class BuildResult:
    """A placed and routed design.

    Attributes
    ----------
    board, part : str
        For what it was built.
    lanes : int
        Lanes of the core.
    fits : bool
        Whether it was placed and routed; a build that does not fit raises, so this is true.
    clock_mhz, fmax_mhz : float
        Clock of the core on the board, and the fastest that nextpnr's analysis allows.
    timing_met : bool
        Whether every clock of the design is within its limit.
    utilisation : mapping of str to Usage
        By nextpnr's name of the resource; those used at all.
    estimated : mapping of str to int
        What was estimated before synthesis, by the same names.
    seed : int
        Seed of the placer.
    bitstream : str
        Name of the bitstream, beside the file this stands in.
    sha256 : str
        Hash of the bitstream.
    inputs_sha256 : str
        Hash of everything the bitstream follows from: design, constraints, options and tools.
    tools : mapping of str to str
        Version of each tool.
    seconds : mapping of str to float
        What each tool took, wall clock [s].
    model : FlashFile or None
        The network, where it lies in the flash.
    """

    board: str
    part: str
    lanes: int
    fits: bool
    clock_mhz: float
    fmax_mhz: float
    timing_met: bool
    utilisation: Mapping[str, Usage]
    estimated: Mapping[str, int]
    seed: int
    bitstream: str
    sha256: str
    inputs_sha256: str
    tools: Mapping[str, str]
    seconds: Mapping[str, float]
    model: FlashFile | None = None

    def check_files(self, folder: Path) -> None:
        """Raise `ValueError` when a file of the build is not the one that was built."""
        expected = {self.bitstream: self.sha256}
        if self.model:
            expected[self.model.name] = self.model.sha256
        for name, sha256 in expected.items():
            found = hashlib.sha256((folder / name).read_bytes()).hexdigest()
            if found != sha256:
                raise ValueError(
                    f"{folder / name} must be what was built, {sha256[:12]}..., not "
                    f"{found[:12]}.... Build it again."
                )

    def check_timing(self) -> None:
        """Raise `ToolFailedError` when the design is slower than the board's clock."""
        if not self.timing_met:
            raise ToolFailedError(
                f"{self.board}: fmax must be at least {self.clock_mhz:g} MHz, the board's clock, "
                f"not {self.fmax_mhz:g} MHz. Try another seed or fewer lanes."
            )

    def to_json(self) -> str:
        """Return the text of ``build.json``."""
        return json.dumps(asdict(self), indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> BuildResult:
        """Return the result whose `to_json` is `text`."""
        values = json.loads(text)
        values["utilisation"] = {k: Usage(**v) for k, v in values["utilisation"].items()}
        if values.get("model"):
            values["model"] = FlashFile(**values["model"])
        return cls(**values)


def read_utilisation(report: Mapping) -> dict[str, Usage]:
    """Return the resources of nextpnr's report that are used at all."""
    return {
        name: Usage(row["used"], row["available"])
        for name, row in sorted(report["utilization"].items())
        if row["used"]
    }


def read_fmax_mhz(report: Mapping) -> float:
    """Return the achieved frequency of the design's one clock [MHz], from nextpnr's report.

    Raises
    ------
    ToolFailedError
        When the report has no clock, or more than the one every board here makes.
    """
    clocks = report.get("fmax", {})
    if len(clocks) != 1:
        raise ToolFailedError(
            f"nextpnr must report one clock, not {sorted(clocks) or 'none'}. "
            "Look at the clocking of the board."
        )
    return float(next(iter(clocks.values()))["achieved"])


def load_report(path: Path) -> dict:
    """Return nextpnr's JSON report, or raise `ToolFailedError` when it is not one."""
    try:
        report = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise ToolFailedError(f"{path.name} must be nextpnr's report, not {error}") from error
    if not isinstance(report, dict) or "utilization" not in report:
        raise ToolFailedError(f"{path.name} must be nextpnr's report, not another file")
    return report


def find_shortage(log: str) -> str | None:
    """Return what a part has too little of, as a tool's log says it; None when it does not.

    >>> find_shortage("ERROR: Unable to place cell 'a.b', no BELs remaining to implement cell")
    "no BELs remaining to implement cell (place and route, at 'a.b')"
    """
    match = re.search(r"Unable to place cell ('[^']*'), (no B[Ee][Ll]s remaining[^\n]*)", log)
    return f"{match.group(2)} (place and route, at {match.group(1)})" if match else None
