"""Switching activity of the core, block by block, beside the synaptic operations that caused it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from hrsnn_rtl.config import CoreConfig
from hrsnn_rtl.image import memory_images

from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.network import Counts, IntNetwork
from hrsnn_sim.bulk import BulkModel, Gaps
from hrsnn_sim.commands import asked_steps
from hrsnn_sim.design import core_design
from hrsnn_sim.record import STROBES
from hrsnn_sim.verify import BUILD_ROOT


@dataclass(frozen=True)
class BlockActivity:
    """One block of the core.

    Attributes
    ----------
    block : str
        Its name; the lanes' blocks are taken together.
    bits : int
        Bits that it stores in registers and memories.
    toggles : int
        Changes of one of them.
    per_cycle, per_sop : float
        Changes a clock cycle, and a synaptic operation of I->R and R->R.
    """

    block: str
    bits: int
    toggles: int
    per_cycle: float
    per_sop: float


@dataclass(frozen=True)
class Activity:
    """What the core did in a number of inferences.

    Attributes
    ----------
    blocks : tuple of BlockActivity
        The busiest first.
    counts : Counts
        The hardware's own counters.
    cycles, inferences : int
        Clock cycles of all inferences, loading not included, and their number.
    halted : int
        Cycles among them in which the lanes stood still: no register and no memory of theirs was
        enabled.
    """

    blocks: tuple[BlockActivity, ...]
    counts: Counts
    cycles: int
    inferences: int
    halted: int = 0


def measure_activity(
    net: IntNetwork,
    batch: EventBatch,
    *,
    lanes: int = 1,
    gaps: Gaps | None = None,
    root: Path = BUILD_ROOT,
    **options,
) -> Activity:
    """Run samples through the compiled core and count the bits that change in every block.

    Registers and memories are counted; the wires between them change with them, some more than
    once a cycle, so the figures compare blocks and networks and are no capacitances.

    Parameters
    ----------
    net, batch
        Network and samples.
    lanes : int
        Lanes of the core.
    gaps : Gaps, optional
        Pauses of the host; by default none.
    root : Path
        Build folder.
    **options
        Further fields of the core, as of `CoreConfig.for_network`.
    """
    config = CoreConfig.for_network(
        net, lanes=lanes, n_steps=int(batch.n_steps.max(initial=1)), **options
    )
    model = BulkModel(core_design(config, poison=False), config, root / "models", waves=True)
    model.load(memory_images(net, config))
    model.count_activity()
    record = model.run(batch, net.readout.n_bins, gaps, asked=asked_steps(net.readout, batch))
    total = dict(zip(STROBES, record.counts[-1].tolist(), strict=True))
    counts = Counts(
        input_events=total["input_event"],
        spikes=total["spikes"],
        sop_in=total["sop_in"],
        sop_rec=total["sop_rec"],
        sop_out=total["sop_out"],
        neuron_updates=total["step"] * net.n_neurons,
        skipped_rows=total["skipped_rows"],
    )
    sops = max(1, counts.sop_in + counts.sop_rec)
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for name, (bits, toggles) in model.activity.items():
        block = _without_lane(name)
        sums[block][0] += bits
        sums[block][1] += toggles
    blocks = [
        BlockActivity(block, bits, toggles, toggles / record.cycles, toggles / sops)
        for block, (bits, toggles) in sums.items()
    ]
    blocks.sort(key=lambda block: -block.toggles)
    halted = model.hits.get("lanes stand still", 0)
    return Activity(tuple(blocks), counts, record.cycles, len(batch), halted)


def _without_lane(name: str) -> str:
    """Return the name of a block without the number of its lane and the cells of a memory.

    >>> _without_lane("lane3.ram_synapse.cells"), _without_lane("queue"), _without_lane("")
    ('lane.ram_synapse', 'queue', 'core')
    """
    parts = [part for part in name.split(".") if not part.startswith("cells")]
    if parts and parts[0].startswith("lane"):
        parts[0] = "lane"
    return ".".join(parts) or "core"
