"""How fast a design will be: a fit on builds of the same boards.

``python -m hrsnn_boards.speed FOLDER ...`` adds the builds below some folders to the samples in
``speed_samples.json``, beside this module.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from importlib import resources
from pathlib import Path

import numpy as np

from hrsnn_boards.board import Board
from hrsnn_boards.boards import BOARDS
from hrsnn_boards.result import BuildResult
from hrsnn_edge.files import write_atomic

SAMPLES = "speed_samples.json"


@dataclass(frozen=True)
class SpeedSample:
    """A build: its board, its block RAMs and the clock that place and route found possible.

    Attributes
    ----------
    board : str
        Name of the board.
    lanes, block_ram : int
        Of the core, and of the whole design.
    fmax_mhz : float
        Fastest clock.
    inputs_sha256 : str
        What it was built from.
    """

    board: str
    lanes: int
    block_ram: int
    fmax_mhz: float
    inputs_sha256: str

    @classmethod
    def of(cls, result: BuildResult) -> SpeedSample:
        """Return the sample that a build is."""
        used = result.utilisation[BOARDS[result.board].block_ram].used
        return cls(result.board, result.lanes, used, result.fmax_mhz, result.inputs_sha256)


def speed_class(board: Board) -> tuple[str, int]:
    """Return what boards of one speed have in common: family and clock.

    Place and route stops trying when it has its aim, which follows from the clock.
    """
    return board.family, board.clock_hz


@dataclass(frozen=True, eq=False)
class SpeedFit:
    """Clocks of a design with one block RAM, by `speed_class`, and how they fall with more.

    Attributes
    ----------
    clock_mhz : mapping
        By `speed_class`.
    exponent : float
        The clock falls with this power of the number of blocks: they lie further apart. One for
        all families.
    """

    clock_mhz: Mapping[tuple[str, int], float]
    exponent: float

    @classmethod
    def of(cls, samples: Sequence[SpeedSample]) -> SpeedFit:
        """Return the least-squares fit of the clocks' logarithms; the exponent is not negative."""
        classes = [speed_class(BOARDS[sample.board]) for sample in samples]
        names = sorted(set(classes))
        clock = np.log([sample.fmax_mhz for sample in samples])
        blocks = np.log([sample.block_ram for sample in samples])
        own = np.array([[name == found for name in names] for found in classes], float)
        within = [values - own @ (own.T @ values / own.sum(0)) for values in (clock, blocks)]
        spread = float(within[1] @ within[1])
        exponent = max(0.0, -float(within[0] @ within[1]) / spread) if spread else 0.0
        level = own.T @ (clock + exponent * blocks) / own.sum(0)
        return cls(dict(zip(names, np.exp(level).tolist(), strict=True)), exponent)

    def predict(self, board: Board, block_ram: int) -> float:
        """Return the clock [MHz] that a design with so many block RAMs should reach."""
        return self.clock_mhz[speed_class(board)] * max(1, block_ram) ** -self.exponent


def unseen_errors(samples: Sequence[SpeedSample]) -> list[tuple[SpeedSample, float]]:
    """Return each sample with its relative error by a fit on the others.

    A sample that is alone in its class is left out: the others say nothing about it.
    """
    out = []
    for k, sample in enumerate(samples):
        board, others = BOARDS[sample.board], [*samples[:k], *samples[k + 1 :]]
        fit = SpeedFit.of(others)
        if speed_class(board) in fit.clock_mhz:
            out.append((sample, fit.predict(board, sample.block_ram) / sample.fmax_mhz - 1))
    return out


@cache
def read_samples() -> tuple[SpeedSample, ...]:
    """Return the samples beside this module."""
    rows = json.loads(resources.files("hrsnn_boards").joinpath(SAMPLES).read_text())
    return tuple(SpeedSample(**row) for row in rows)


@cache
def _fit() -> tuple[SpeedFit, float]:
    """Return the fit of all samples, and its greatest error on unseen ones."""
    samples = read_samples()
    return SpeedFit.of(samples), max(abs(error) for _, error in unseen_errors(samples))


def predict_mhz(board: Board, block_ram: int) -> tuple[float, float] | None:
    """Return the clock [MHz] of a design on a board, and by what share that may be off.

    None where no build is a sample: a system on chip.

    Parameters
    ----------
    board : Board
        The board.
    block_ram : int
        Block RAMs of the whole design.
    """
    fit, error = _fit()
    if speed_class(board) not in fit.clock_mhz:
        return None
    return fit.predict(board, block_ram), error


def builds_below(folders: Sequence[Path]) -> list[SpeedSample]:
    """Return the builds of a network below some folders; a system on chip is another design."""
    found = []
    for folder in folders:
        for path in sorted(folder.rglob("build.json")):
            if not path.parent.name.endswith("-soc"):
                found.append(SpeedSample.of(BuildResult.from_json(path.read_text())))
    return found


def main() -> None:
    """Add builds to the samples and print what the fit makes of them."""
    samples = {sample.inputs_sha256: sample for sample in read_samples()}
    samples |= {s.inputs_sha256: s for s in builds_below([Path(name) for name in sys.argv[1:]])}
    rows = sorted(samples.values(), key=lambda s: (s.board, s.lanes, s.block_ram, s.inputs_sha256))
    text = ",\n".join(json.dumps(asdict(sample)) for sample in rows)
    write_atomic(Path(__file__).with_name(SAMPLES), f"[\n{text}\n]\n".encode())
    for sample, error in unseen_errors(rows):
        print(f"{sample.board}: {sample.fmax_mhz} MHz, {100 * error:+.1f} %")


if __name__ == "__main__":
    main()
