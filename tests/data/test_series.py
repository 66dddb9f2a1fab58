import numpy as np
import pytest

from hrsnn_edge.data.series import COLUMNS, Column, load_series, one_step_errors, read_column
from hrsnn_edge.errors import DataError
from tests.data.files import shared

PRICE = Column("a.csv", 1, 1, "price", "USD", "day")


def test_column_is_read_and_gaps_are_named(tmp_path):
    """A missing cell, a word and NaN are named with their line."""
    path = tmp_path / "a.csv"
    path.write_text("date,price\nmon,1.5\ntue,2\n")
    np.testing.assert_array_equal(read_column(path, PRICE), [1.5, 2])
    for cell in ("", "n/a", "nan", "inf"):
        path.write_text(f"date,price\nmon,1.5\ntue,{cell}\n")
        message = f"line 3, column 1: must be a finite number, not '{cell}'"
        with pytest.raises(DataError, match=message):
            read_column(path, PRICE)
    path.write_text("date,price\nmon\n")
    with pytest.raises(DataError, match="line 2, column 1"):
        read_column(path, PRICE)
    path.write_text("date,price\n")
    with pytest.raises(DataError, match="must hold rows, not none"):
        read_column(path, PRICE)


def test_scaling_is_fitted_on_the_train_part(tmp_path):
    """The first four fifths span 0..1; what comes later may lie outside."""
    rows = [f"{k},0,0,0,{v}" for k, v in enumerate([3, 5, 4, 3.5, 4, 4.5, 5, 3, 9, 1])]
    (tmp_path / COLUMNS["goog"].file).write_text("\n".join(["head", *rows]))
    series = load_series(tmp_path, "goog")
    assert series.n_train == 8
    assert (series.values[:8].min(), series.values[:8].max()) == (0, 1)
    np.testing.assert_allclose(series.values[8:, 0] * series.span + series.low, [9, 1])


def test_errors_of_plain_forecasts():
    """On a ramp a linear forecast is exact and the last value is one step behind."""
    from hrsnn_edge.data.series import Series

    ramp = np.linspace(0, 1.25, 101)[:, None]
    found = one_step_errors(Series("ramp", ramp, 81, np.zeros(1), np.ones(1), "m"))
    assert found["last_value"] == pytest.approx(0.0125)
    assert found["ridge"] < 1e-4


@pytest.mark.parametrize(
    ("name", "last_value", "ridge"),
    [("goog", 10.01, 10.20), ("wind", 0.355, 0.282), ("seattle", 1.43, 1.20)],
)
def test_shared_series(name, last_value, ridge):
    """The baselines are those that the data sets' README gives."""
    found = one_step_errors(load_series(shared("series"), name))
    assert found["last_value"] == pytest.approx(last_value, rel=5e-3)
    assert found["ridge"] == pytest.approx(ridge, rel=5e-3)
