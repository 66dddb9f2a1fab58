"""Co-simulation of whole networks: what `hrsnn verify` runs, and its verdict."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from hrsnn_rtl.config import CoreConfig
from hrsnn_rtl.image import MemoryImage, memory_images
from hrsnn_rtl.interfaces import Select
from hrsnn_rtl.placer import Placement, place

from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.engine.int_run import run_batch
from hrsnn_edge.errors import MismatchError, ToolFailedError
from hrsnn_edge.network import IntNetwork
from hrsnn_edge.reference.network import run as run_reference
from hrsnn_sim.bulk import BulkModel, Gaps
from hrsnn_sim.case import Case, load_record
from hrsnn_sim.commands import asked_steps, command_words
from hrsnn_sim.cxxrtl import Design
from hrsnn_sim.design import design_for
from hrsnn_sim.record import CoreRecord, step_counts
from hrsnn_sim.runner import SIMULATORS, run_cocotb
from hrsnn_sim.scoreboard import COUNTERS, CoreTrace, Divergence, Verdict, compare
from hrsnn_sim.waveform import step_window, write_waveform

#: The build folder where none is given.
BUILD_ROOT = Path("build/sim")
#: Samples of a data set that are recorded at a time.
SPLIT_SAMPLES = 64


@dataclass(frozen=True, eq=False)
class Job:
    """A network on a core with the samples to run.

    Attributes
    ----------
    name : str
        Seed or file of the network, for messages.
    images : tuple of MemoryImage
        What is loaded; by default the network's.
    """

    name: str
    net: IntNetwork
    config: CoreConfig
    batch: EventBatch
    gaps: Gaps = field(default_factory=Gaps)
    images: tuple[MemoryImage, ...] | None = None

    @property
    def placement(self) -> Placement:
        """Neurons to lanes."""
        return place(self.net, self.config.lanes, self.config.n_slots)

    @property
    def asked(self) -> np.ndarray:
        """Which steps of all samples ask for the outputs, (sum T,) bool."""
        return asked_steps(self.net.readout, self.batch)

    @property
    def loaded(self) -> tuple[MemoryImage, ...]:
        """The images that are loaded."""
        if self.images is not None:
            return self.images
        return tuple(memory_images(self.net, self.config, self.placement))


def judge(job: Job, record: CoreRecord, expected: Sequence[CoreTrace]) -> Verdict:
    """Compare every step of every sample of a record; one network."""
    verdict = Verdict(networks=1)
    samples = record.samples(job.net, job.placement, job.batch)
    for index, (want, got) in enumerate(zip(expected, samples, strict=True)):
        verdict += compare(want, got, job.name, index)
    return verdict + _judge_stream(job, record) + _judge_unused(job, record)


def reference_traces(job: Job) -> list[CoreTrace]:
    """Return what the reference does with every sample."""
    return [
        _on_core(
            CoreTrace.of_reference(run_reference(job.net, job.batch.raster(k)), job.config.n_out),
            job,
        )
        for k in range(len(job.batch))
    ]


def engine_traces(job: Job) -> list[CoreTrace]:
    """Return what the engine does with every sample; its counts end every trace."""
    net, batch = job.net, job.batch
    result = run_batch(net, batch, record=range(len(batch)))
    out = []
    for k, recording in result.recordings.items():
        counts = step_counts(net, batch.raster(k), recording.spikes)
        counts[-1] = [getattr(result.counts[k], name) for name in COUNTERS]
        out.append(_on_core(CoreTrace(recording.spikes, recording.v, recording.out, counts), job))
    return out


def _on_core(trace: CoreTrace, job: Job) -> CoreTrace:
    """Return what the core shows of a trace with outputs after every step."""
    if job.config.readout is None:
        return trace
    asked = job.net.readout.asked_steps(trace.n_steps)
    return trace.computed_in(asked, job.config.out_depth)


def verify_job(
    job: Job,
    sim: str,
    *,
    root: Path,
    design: Design | None = None,
    model: BulkModel | None = None,
    expected: Callable[[Job], Sequence[CoreTrace]] = reference_traces,
    waves: bool = True,
) -> tuple[Verdict, CoreRecord]:
    """Run a job on a simulator and compare every step; return the verdict and what was recorded.

    Parameters
    ----------
    sim : str
        ``'bulk'``, or one of `hrsnn_sim.runner.SIMULATORS` for cocotb.
    root : Path
        Build folder; a waveform of the first divergence goes to ``waves`` in it.
    design : Design, optional
        The core's text, by default generated from the job's configuration.
    model : BulkModel, optional
        A compiled model of that design, for ``'bulk'``.
    expected : callable
        Says what each sample must do.
    waves : bool
        Whether to record the waveform.
    """
    design = design or design_for(job.config, sim)
    vcd = root / "waves" / f"{Path(job.name).stem}.vcd"
    if sim == "bulk":
        model = model or BulkModel(design, job.config, root / "models")
        model.load(job.loaded)
        record = model.run(job.batch, job.net.readout.n_bins, job.gaps, job.asked)
        stored = model.read(Select.OUT, 0, 0, job.net.readout.n_out)
    else:
        record, stored = run_case(job, design, sim, root), None
    verdict = judge(job, record, expected(job)) + _judge_stored(job, record, stored)
    first = verdict.first_divergence
    if first is None or not waves:
        return verdict, record
    if sim == "bulk":
        step = int(job.batch.n_steps[: first.sample].sum()) + first.step
        write_waveform(
            vcd, design, job.config, job.loaded, job.batch, job.net.readout.n_bins, job.gaps,
            step_window(record, step), root / "models", job.asked,
        )  # fmt: skip
    else:
        run_case(job, design, sim, root, vcd)
    # A simulator without waveforms leaves no file to name.
    seen = replace(first, waveform=str(vcd)) if vcd.exists() else first
    return replace(verdict, first_divergence=seen), record


def run_case(
    job: Job, design: Design, sim: str, root: Path, waves: Path | None = None
) -> CoreRecord:
    """Run a job under cocotb and return what it wrote down.

    Raises
    ------
    ToolFailedError
        When the core broke a rule of its ports, did not come to an end, or read back wrongly.
    """
    if sim not in SIMULATORS:
        raise ValueError(f"Simulator must be one of bulk, {', '.join(SIMULATORS)}, not {sim!r}")
    words = command_words(job.batch, job.net.readout.n_bins, job.asked)
    case = Case(job.config, job.loaded, words, job.batch.n_steps, job.gaps)
    with tempfile.TemporaryDirectory(prefix="hrsnn-case-") as folder:
        given, taken = Path(folder) / "case.npz", Path(folder) / "record.npz"
        case.save(given)
        result = run_cocotb(
            design, sim=sim, module="hrsnn_sim.cocotb_core", root=root / "models", waves=waves,
            seed=job.gaps.seed, env={"HRSNN_CASE": str(given), "HRSNN_RECORD": str(taken)},
        )  # fmt: skip
        for name, message in result.failed.items():
            raise ToolFailedError(f"network {job.name} on {sim}, {name}: {message}")
        return load_record(taken)


def verify_network(
    net: IntNetwork,
    batch: EventBatch,
    *,
    lanes: int = 1,
    sim: str = "bulk",
    name: str = "network",
    seed: int = 1,
    root: Path = BUILD_ROOT,
    **options,
) -> Verdict:
    """Co-simulate one network on the core built for it.

    Parameters
    ----------
    net, batch
        The network and the samples to run.
    lanes : int
        Lanes of the core.
    sim : str
        ``'bulk'``, ``'icarus'``, ``'verilator'`` or ``'cxxrtl'``.
    name : str
        How messages call the network.
    seed : int
        Of the host's pauses.
    root : Path
        Build folder.
    **options
        Further fields of `CoreConfig`, e.g. ``synapse_memory="spram"``.
    """
    config = CoreConfig.for_network(
        net, lanes=lanes, n_steps=int(batch.n_steps.max(initial=1)), **options
    )
    gaps = Gaps(command=0.1, spike=0.1, seed=seed)
    return verify_job(Job(name, net, config, batch, gaps), sim, root=root)[0]


def verify_split(
    net: IntNetwork,
    batch: EventBatch,
    *,
    lanes: int = 1,
    name: str = "network",
    root: Path = BUILD_ROOT,
    **options,
) -> tuple[Verdict, int]:
    """Run a whole part of a data set through the compiled core and compare it with the engine.

    Every step's spikes, membranes, outputs and counters are compared. Arguments are those of
    `verify_network`; the host makes no pauses.

    Returns
    -------
    verdict : Verdict
        One network.
    cycles : int
        Clock cycles of all samples, loading not included.
    """
    n_steps = int(batch.n_steps.max(initial=1))
    config = CoreConfig.for_network(net, lanes=lanes, n_steps=n_steps, **options)
    design = design_for(config, "bulk")
    model = BulkModel(design, config, root / "models")
    verdict, cycles = Verdict(), 0
    for start in range(0, len(batch), SPLIT_SAMPLES):
        part = batch.select(slice(start, start + SPLIT_SAMPLES))
        found, record = verify_job(
            Job(name, net, config, part),
            "bulk",
            root=root,
            design=design,
            model=model,
            expected=engine_traces,
        )
        first = found.first_divergence
        if first:
            found = replace(found, first_divergence=replace(first, sample=start + first.sample))
        verdict += found
        cycles += record.cycles
    return replace(verdict, networks=1), cycles


def _judge_stream(job: Job, record: CoreRecord) -> Verdict:
    """Compare the spike stream, item by item, with the recorded spikes."""
    if not job.config.spike_stream:
        return Verdict()
    want, got = record.stream_expected(job.config), record.stream
    if want.size == got.size and (want == got).all():
        return Verdict()
    size = min(want.size, got.size)
    wrong = np.flatnonzero(want[:size] != got[:size])
    at = int(wrong[0]) if wrong.size else size
    last = 1 << job.config.index_width
    steps = int((want[:at] == last).sum())
    ends = np.cumsum(job.batch.n_steps)
    sample = int(np.searchsorted(ends, steps, side="right"))
    values = (int(items[at]) if at < items.size else -1 for items in (want, got))
    step = steps - (int(ends[sample - 1]) if sample else 0)
    first = Divergence(job.name, sample, step, "spike_stream", None, *values)
    return Verdict(0, 0, wrong.size + abs(want.size - got.size), first)


def _judge_stored(job: Job, record: CoreRecord, stored: np.ndarray | None) -> Verdict:
    """Compare the outputs that were read from their memory, if so, with those written last."""
    if stored is None or not job.config.n_out or not len(record.out):
        return Verdict()
    mask = (1 << job.config.out_width) - 1
    want, got = record.out[-1, : stored.size] & mask, stored & mask
    wrong = np.flatnonzero(want != got)
    if not wrong.size:
        return Verdict()
    c, last = int(wrong[0]), len(job.batch) - 1
    step = int(job.batch.n_steps[last]) - 1
    first = Divergence(job.name, last, step, "stored output", c, int(want[c]), int(got[c]))
    return Verdict(0, 0, wrong.size, first)


def _judge_unused(job: Job, record: CoreRecord) -> Verdict:
    """See that slots without a neuron stay silent at 0."""
    unused = job.placement.neuron < 0
    state = record.v[:, unused], record.i_syn[:, unused]
    wrong = int(record.spikes[:, unused].sum() + sum((values != 0).sum() for values in state))
    if wrong:
        raise MismatchError(
            f"network {job.name}: slots without a neuron must stay at 0, not do {wrong} things"
        )
    return Verdict()
