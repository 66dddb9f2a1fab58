"""One rung of the verification ladder: what was covered, what failed, or why it was skipped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Rung:
    """Result of one kind of verification.

    Attributes
    ----------
    name, claim : str
        Short name; what holds if nothing failed.
    covered : mapping
        Counts of what was covered, by what.
    failures : tuple of str
        One sentence for each thing that failed.
    skipped : str or None
        What is missing, when nothing could be run.
    details : mapping
        Anything more, for machines.
    """

    name: str
    claim: str
    covered: Mapping[str, int]
    failures: tuple[str, ...] = ()
    skipped: str | None = None
    details: Mapping[str, object] | None = None

    @property
    def passed(self) -> bool:
        """Whether it ran and nothing failed."""
        return self.skipped is None and not self.failures

    def line(self, seconds: float) -> str:
        """Return one line for a table, with the time that the rung took [s]."""
        state = self.skipped or ("passed" if self.passed else "FAILED")
        counts = ", ".join(f"{count} {what}" for what, count in self.covered.items())
        return f"{self.name:<16} {state:<8} {seconds:8.1f} s  {counts}"

    def to_json(self) -> dict:
        """Return the object that the command line prints."""
        return {"passed": self.passed, **asdict(self)}
