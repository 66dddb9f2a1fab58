"""What the report says, as rows of numbers and words: pure functions of a record.

The page and the terminal summary both read these rows, so they cannot disagree.
"""

from __future__ import annotations

from dataclasses import dataclass

from hrsnn_edge.network import Counts
from hrsnn_edge.report.energy import COEFFICIENTS, Estimate, accesses, estimate, sops
from hrsnn_edge.report.record import ACCURACY_LABELS, BoardResult, RunRecord, Verdict, Work

NBSP = "\N{NO-BREAK SPACE}"
TIMES = "\N{MULTIPLICATION SIGN}"
NONE = "\N{EN DASH}"


def number(value: float) -> str:
    """Return a number for reading: thousands apart, three significant digits below 100.

    >>> number(12345), number(1234.56), number(1.0157), number(0.5), number(-2)
    ('12,345', '1,235', '1.02', '0.5', '−2')
    """
    if float(value).is_integer() or abs(value) >= 100:
        words = f"{value:,.0f}"
    else:
        words = f"{value:.3g}"
    return words.replace("-", "\N{MINUS SIGN}")


def percent(fraction: float, digits: int = 1) -> str:
    r"""Return a fraction as per cent.

    >>> percent(0.9634)
    '96.3\xa0%'
    """
    return f"{100 * fraction:.{digits}f}{NBSP}%"


def seconds(value: float) -> str:
    r"""Return a time for reading.

    >>> seconds(0.0123), seconds(4.26), seconds(83)
    ('12\xa0ms', '4.3\xa0s', '1\xa0min\xa023\xa0s')
    """
    if value < 1:
        return f"{1000 * value:.0f}{NBSP}ms"
    if value < 60:
        return f"{value:.1f}{NBSP}s"
    return f"{value // 60:.0f}{NBSP}min{NBSP}{value % 60:.0f}{NBSP}s"


def ratio(before: float, after: float) -> float | None:
    """Return ``before / after``, None where that has no value."""
    return before / after if after else None


def sop_summary(work: Work) -> dict[str, float | None]:
    """Return SOPs per inference, unpruned and pruned, and their ratio; readout not included."""
    pruned = sops(work.pruned) / work.n_inferences
    if work.unpruned is None:
        return {"unpruned": None, "pruned": pruned, "ratio": None}
    unpruned = sops(work.unpruned) / work.n_inferences
    return {"unpruned": unpruned, "pruned": pruned, "ratio": ratio(unpruned, pruned)}


@dataclass(frozen=True)
class WorkRow:
    """One count per inference, before (None if not known) and after pruning."""

    label: str
    unpruned: float | None
    pruned: float

    @property
    def ratio(self) -> float | None:
        """Unpruned over pruned, None where either is missing or 0."""
        return ratio(self.unpruned, self.pruned) if self.unpruned else None


#: The projections by the count that holds their synaptic operations.
PROJECTIONS = {"sop_in": "I→R, input", "sop_rec": "R→R, recurrent", "sop_out": "Readout"}
_OTHER_COUNTS = {
    "input_events": "Input events",
    "spikes": "Spikes",
    "neuron_updates": "Neuron updates",
    "skipped_rows": "Rows skipped, empty",
    "weight_updates": "Weight updates",
}


def _row(work: Work, label: str, value) -> WorkRow:
    """Return the row of ``value(counts)`` per inference."""
    before = None if work.unpruned is None else value(work.unpruned) / work.n_inferences
    return WorkRow(label, before, value(work.pruned) / work.n_inferences)


def projection_rows(work: Work) -> list[WorkRow]:
    """Return the synaptic operations of each projection."""
    return [
        _row(work, label, lambda counts, name=name: getattr(counts, name))
        for name, label in PROJECTIONS.items()
    ]


def work_rows(work: Work) -> list[WorkRow]:
    """Return SOPs in all, then by projection, then the other counts."""
    total = _row(work, "SOPs, I→R and R→R", sops)
    others = [
        _row(work, label, lambda counts, name=name: getattr(counts, name))
        for name, label in _OTHER_COUNTS.items()
    ]
    return [total, *projection_rows(work), *(row for row in others if row.pruned or row.unpruned)]


_ACCESS_LABELS = {
    "row_reads": "Row words read",
    "synapse_reads": "Synapse words read",
    "sum_accesses": "Sums read and written",
    "parameter_reads": "Parameter words read",
    "state_accesses": "Membranes read and written",
    "readout_accesses": "Readout words read and written",
    "total": "All accesses",
}


def access_rows(work: Work) -> list[WorkRow]:
    """Return the memory accesses of the core by kind, then their sum."""

    def of(counts: Counts, name: str) -> int:
        return getattr(accesses(counts, **work.core), name)

    return [
        _row(work, label, lambda counts, name=name: of(counts, name))
        for name, label in _ACCESS_LABELS.items()
    ]


@dataclass(frozen=True)
class EnergyRow:
    """The estimate of one coefficient set for the pruned and, if known, the unpruned network."""

    pruned: Estimate
    unpruned: Estimate | None


def energy_rows(work: Work) -> list[EnergyRow]:
    """Return one row a coefficient set."""

    def of(counts: Counts | None, coefficients) -> Estimate | None:
        if counts is None:
            return None
        return estimate(counts, coefficients, n_inferences=work.n_inferences, **work.core)

    return [EnergyRow(of(work.pruned, c), of(work.unpruned, c)) for c in COEFFICIENTS]


@dataclass(frozen=True)
class AccuracyRow:
    """One accuracy, its standard deviation and its place on the common scale, 0 .. 1."""

    label: str
    value: float
    sd: float | None
    place: float
    is_network: bool


def accuracy_scale(record: RunRecord) -> tuple[float, float]:
    """Return the ends of the accuracy axis: a whole 5 % below the least value, and 1."""
    least = min(record.accuracy.test.values())
    return max(0.0, min(0.95, int(least * 20 - 0.4) / 20)), 1.0


def accuracy_rows(record: RunRecord) -> list[AccuracyRow]:
    """Return the accuracies in the order of the flow."""
    low, high = accuracy_scale(record)
    test, sd = record.accuracy.test, record.accuracy.sd
    return [
        AccuracyRow(
            label,
            test[name],
            sd.get(name),
            (test[name] - low) / (high - low),
            name not in ("baseline", "encoder"),
        )
        for name, label in ACCURACY_LABELS.items()
        if name in test
    ]


def projection_words(name: str) -> str:
    """Return a projection by the name that the papers use."""
    return {"in": "I→R", "rec": "R→R"}.get(name, name)


_FORMAT_WORDS = {
    "weight_width": "weight",
    "v_width": "membrane v",
    "decay_width": "decay",
    "sum_width": "sum of weights",
    "shift_width": "row shift",
    "v_shift": "shift of the sum into v",
    "refractory_width": "refractory counter",
    "out_weight_width": "readout weight",
    "out_width": "readout accumulator",
}


def format_words(name: str) -> str:
    """Return what a width of the integer formats is of."""
    return _FORMAT_WORDS.get(name, name.replace("_", " "))


@dataclass(frozen=True)
class ErrorTable:
    """Quantisation errors with a row a population and a column a quantity, None where unknown."""

    columns: list[str]
    rows: list[tuple[str, list[float | None]]]


def quantise_errors(record: RunRecord) -> ErrorTable:
    """Return the errors of the quantisation, columns in the order they first appear."""
    errors = record.quantise.errors if record.quantise else {}
    columns = list(dict.fromkeys(quantity for row in errors.values() for quantity in row))
    rows = [(name, [row.get(column) for column in columns]) for name, row in errors.items()]
    return ErrorTable(columns, rows)


def verdict_words(verdict: Verdict) -> str:
    """Return the verdict in a few words."""
    if verdict.passed:
        return "equal"
    if verdict.mismatches:
        plural = "" if verdict.mismatches == 1 else "es"
        return f"{number(verdict.mismatches)} mismatch{plural}"
    return "nothing compared"


def board_words(board: BoardResult) -> str:
    """Return in a few words whether a board holds the network at its clock."""
    if not board.fits:
        return "does not fit"
    if board.timing_met is False:
        return "too slow for its clock"
    return "fits, timing met" if board.timing_met else "fits"


def seed_words(seeds: tuple[int, ...]) -> str:
    """Return seeds for reading, runs of them as a range.

    >>> seed_words((0, 1, 2, 3, 7)), seed_words(())
    ('0..3, 7', '–')
    """
    runs: list[list[int]] = []
    for seed in seeds:
        if runs and seed == runs[-1][-1] + 1:
            runs[-1][1:] = [seed]
        else:
            runs.append([seed])
    return ", ".join("..".join(str(s) for s in run) for run in runs) or NONE
