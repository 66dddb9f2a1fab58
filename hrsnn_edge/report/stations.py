"""The top of the report: the flow picture with the numbers of this run, and its main figures."""

from __future__ import annotations

from dataclasses import dataclass

from hrsnn_edge.report.record import RunRecord
from hrsnn_edge.report.view import NBSP, TIMES, number, percent, sop_summary, verdict_words


@dataclass(frozen=True)
class Station:
    """One station of the flow picture; `lines` is empty when it was not run."""

    title: str
    lines: tuple[str, ...]
    anchor: str


def _accuracy_line(record: RunRecord, name: str) -> tuple[str, ...]:
    """Return the accuracy as a line of a station, if it is known."""
    test = record.accuracy.test if record.accuracy else {}
    return (f"{percent(test[name])} test accuracy",) if name in test else ()


def _data_lines(record: RunRecord) -> tuple[str, ...]:
    """Return what the flow picture says about the data."""
    d = record.data
    if d is None:
        return ()
    samples = d.n_train + (d.n_validation or 0) + d.n_test
    return d.name, f"{number(samples)} samples", f"{d.n_inputs} inputs {TIMES} {d.n_steps} steps"


def _model_lines(record: RunRecord) -> tuple[str, ...]:
    """Return what the flow picture says about the float network."""
    n = record.network
    if n is None:
        return _accuracy_line(record, "float")
    inhibitory = n.n_neurons - n.n_excitatory
    sizes = f"{n.n_neurons} neurons, {n.n_excitatory} E : {inhibitory} I"
    return n.variant, sizes, *_accuracy_line(record, "float")


def _tune_lines(record: RunRecord) -> tuple[str, ...]:
    """Return what the flow picture says about the tuning."""
    t = record.tune
    if t is None:
        return ()
    lines = (f"{len(t.history)} evaluations",)
    if t.best is None:
        return *lines, "none could be trained"
    return *lines, f"best {t.metric} {number(t.history[t.best].score)}"


def _prune_lines(record: RunRecord) -> tuple[str, ...]:
    """Return what the flow picture says about pruning."""
    if record.prune is None:
        return ()
    before = sum(c.before for c in record.prune.synapses.values())
    after = sum(c.after for c in record.prune.synapses.values())
    lines = (record.prune.method, f"{number(before)} → {number(after)} synapses")
    return *lines, *_accuracy_line(record, "pruned")


def _quantise_lines(record: RunRecord) -> tuple[str, ...]:
    """Return what the flow picture says about the integer network."""
    if record.quantise is None:
        return _accuracy_line(record, "integer")
    f = record.quantise.formats
    named = (("weight_width", "weights"), ("v_width", "membranes"))
    widths = tuple(f"{f[key]}-bit {word}" for key, word in named if key in f)
    return *widths, *_accuracy_line(record, "integer")


def _verify_lines(record: RunRecord) -> tuple[str, ...]:
    """Return what the flow picture says about the verdicts."""
    return tuple(f"{name}: {verdict_words(v)}" for name, v in record.verdicts.items())


def _core_lines(record: RunRecord) -> tuple[str, ...]:
    """Return what the flow picture says about the core."""
    if record.cycles is None:
        return ()
    c = record.cycles
    return f"{c.per_sop:.3f} cycles per SOP", f"{number(c.per_inference)} cycles per inference"


def _board_lines(record: RunRecord) -> tuple[str, ...]:
    """Return what the flow picture says about the boards."""
    lines = []
    for name, board in record.boards.items():
        if not board.fits:
            lines.append(f"{name}: does not fit")
        elif board.fmax_mhz is not None:
            lines.append(f"{name}: {number(board.fmax_mhz)} MHz")
        else:
            lines.append(f"{name}: fits")
    return tuple(lines)


def flow(record: RunRecord) -> list[Station]:
    """Return the stations of the flow picture with the numbers of this run."""
    return [
        Station("Data", _data_lines(record), "data"),
        Station("Float network", _model_lines(record), "accuracy"),
        Station("Tune", _tune_lines(record), "tuning"),
        Station("Prune", _prune_lines(record), "pruning"),
        Station("Quantise", _quantise_lines(record), "quantisation"),
        Station("Core", _core_lines(record), "cycles"),
        Station("Verify", _verify_lines(record), "verdicts"),
        Station("Boards", _board_lines(record), "boards"),
    ]


def tiles(record: RunRecord) -> list[tuple[str, str]]:
    """Return the few figures at the top of the page, as (figure, what it is)."""
    out = []
    test = record.accuracy.test if record.accuracy else {}
    if "integer" in test:
        out.append((percent(test["integer"]), "test accuracy of the integer network"))
    if "baseline" in test:
        out.append((percent(test["baseline"]), "logistic regression on the raw data"))
    if record.work is not None:
        sop = sop_summary(record.work)
        out.append((number(sop["pruned"]), "SOPs per inference"))
        if sop["ratio"] is not None:
            out.append((f"{sop['ratio']:.2f}{TIMES}", "fewer SOPs than unpruned"))
    if record.cycles is not None:
        out.append((f"{record.cycles.per_sop:.3f}", "cycles per SOP"))
    for name, board in record.boards.items():
        if board.fits and board.fmax_mhz is not None:
            out.append((f"{board.fmax_mhz:.1f}{NBSP}MHz", f"fmax on {name}"))
    return out
