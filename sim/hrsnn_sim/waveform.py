"""The cycles around a first divergence as a VCD file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hrsnn_rtl.config import CoreConfig
from hrsnn_rtl.image import MemoryImage

from hrsnn_edge.data.events import EventBatch
from hrsnn_sim.bulk import BulkModel, Gaps
from hrsnn_sim.cxxrtl import Design
from hrsnn_sim.record import CoreRecord

#: Cycles shown before a step begins and after its work is done, and the most of one step.
MARGIN_CYCLES = 20
MAX_CYCLES = 20_000


def step_window(record: CoreRecord, step: int) -> tuple[int, int]:
    """Return the first and last cycle of a step, from the start of its run, with a margin."""
    begin = int(record.done[step - 1]) if step else 0
    end = int(record.done[step])
    return max(0, begin - MARGIN_CYCLES), min(end, begin + MAX_CYCLES) + MARGIN_CYCLES


def write_waveform(
    path: Path,
    design: Design,
    config: CoreConfig,
    images: Sequence[MemoryImage],
    batch: EventBatch,
    n_bins: int,
    gaps: Gaps,
    window: tuple[int, int],
    root: Path,
    asked=None,
) -> Path:
    """Run a batch once more and write the cycles of `window`, counted from the start of the run.

    The second run repeats the first cycle by cycle, since the pauses come from the same seed.
    """
    model = BulkModel(design, config, root, waves=True)
    model.load(images)
    path.parent.mkdir(parents=True, exist_ok=True)
    model.record_waves(path, model.cycle + window[0], model.cycle + window[1])
    try:
        model.run(batch, n_bins, gaps, asked)
    finally:
        model.close_waves()
    return path
