"""Measured series: Google's share and wind speeds, with a chronological split.

GOOG and wind are the series of the papers; the split is not given there. Here the last fifth is the
test part and the scaling is fitted on what comes before. Repeating the last value is hard to beat
one step ahead on GOOG: report it always.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hrsnn_edge.data.chaotic import scale_to_unit
from hrsnn_edge.errors import DataError

#: One part in this many, the last, is test.
TEST_SHARE = 5


@dataclass(frozen=True)
class Column:
    """Where a series stands in its file.

    Attributes
    ----------
    file : str
        Name of the ``.csv`` file.
    column, head_lines : int
        Column, counted from 0, and lines before the first row.
    what, unit, interval : str
        The quantity, its unit, and the time between rows.
    """

    file: str
    column: int
    head_lines: int
    what: str
    unit: str
    interval: str


COLUMNS = {
    "goog": Column("goog_daily_2004_2013.csv", 4, 1, "Google share, close", "USD", "trading day"),
    "wind": Column("wind_hourly_2010.csv", 3, 2, "wind speed at 10 m", "m/s", "hour"),
    "seattle": Column("seattle_weather_daily.csv", 4, 1, "wind speed, Seattle", "m/s", "day"),
}


@dataclass(frozen=True, eq=False)
class Series:
    """A series with its split; scaled so that the train part spans 0..1.

    Attributes
    ----------
    name : str
        The series.
    values : (M, D) float64
        Scaled; later samples may lie outside 0..1.
    n_train : int
        Samples before the test part.
    low, span : (D,) float64
        ``values * span + low`` is the series in its own unit.
    unit : str
        That unit.
    """

    name: str
    values: np.ndarray
    n_train: int
    low: np.ndarray
    span: np.ndarray
    unit: str


def read_column(path: Path, where: Column) -> np.ndarray:
    """Return one column of a ``.csv`` file, (M,) float64.

    Raises
    ------
    DataError
        For a cell that is missing or not a finite number, with its line.
    """
    path = Path(path)
    with path.open(newline="", encoding="utf-8", errors="replace") as file:
        rows = list(csv.reader(file))[where.head_lines :]
    if not rows:
        raise DataError(f"{path}: must hold rows, not none")
    values = np.empty(len(rows))
    for k, row in enumerate(rows):
        cell = row[where.column] if where.column < len(row) else ""
        try:
            values[k] = float(cell)
        except ValueError:
            values[k] = np.nan
        if not np.isfinite(values[k]):
            raise DataError(
                f"{path}, line {k + 1 + where.head_lines}, column {where.column}: must be a finite "
                f"number, not {cell!r}. Fill or cut the gap."
            )
    return values


def load_series(path, name: str) -> Series:
    """Return one of `COLUMNS`, scaled on its train part.

    Parameters
    ----------
    path : path
        The ``.csv`` file, or the folder that holds it under its own name.
    name : str
        Key of `COLUMNS`.
    """
    where = COLUMNS[name]
    path = Path(path)
    values = read_column(path / where.file if path.is_dir() else path, where)[:, None]
    n_train = len(values) - len(values) // TEST_SHARE
    scaled, low, span = scale_to_unit(values, n_train)
    return Series(name, scaled, n_train, low, span, where.unit)


def one_step_errors(series: Series, n_lags: int = 24) -> dict[str, float]:
    """Return the RMSE one step ahead on the test part, in the unit of the series.

    Returns
    -------
    errors : dict
        ``last_value``: repeat it; ``ridge``: linear on `n_lags` values, fitted on the train part;
        ``deviation``: standard deviation of the test part.
    """
    values = series.values[:, 0]
    windows = np.lib.stride_tricks.sliding_window_view(values, n_lags + 1)
    train, test = windows[: series.n_train - n_lags], windows[series.n_train - n_lags :]
    mean, deviation = train[:, :-1].mean(), train[:, :-1].std()

    def inputs(w):
        return np.column_stack([(w[:, :-1] - mean) / deviation, np.ones(len(w))])

    gram = inputs(train).T @ inputs(train) + 1e-3 * np.eye(n_lags + 1)
    weights = np.linalg.solve(gram, inputs(train).T @ train[:, -1])
    errors = {
        "last_value": test[:, -1] - test[:, -2],
        "ridge": inputs(test) @ weights - test[:, -1],
        "deviation": test[:, -1] - test[:, -1].mean(),
    }
    return {k: float(np.sqrt(np.mean(e**2)) * series.span[0]) for k, e in errors.items()}
