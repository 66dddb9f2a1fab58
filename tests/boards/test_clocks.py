"""The clocks of the boards: dividers by hand, limits of the PLLs."""

from __future__ import annotations

import pytest
from hrsnn_boards import ecp5, gowin, ice40
from hrsnn_boards.boards import BOARDS


@pytest.mark.parametrize("output_mhz", [25, 50, 62.5, 75, 80, 100, 125])
def test_ecp5_dividers(output_mhz):
    """The ECP5's dividers give the clock exactly, with its oscillator in range."""
    output = int(output_mhz * 1e6)
    s = ecp5.pll_settings(25_000_000, output)
    assert 25_000_000 * s["CLKFB_DIV"] == output * s["CLKI_DIV"]
    assert 400e6 <= output * s["CLKOP_DIV"] <= 800e6


@pytest.mark.parametrize(("output_mhz", "divf", "divq"), [(24, 63, 5), (36, 47, 4), (48, 63, 4)])
def test_ice40_dividers(output_mhz, divf, divq):
    """The iCE40's settings are those worked by hand: 12 MHz * (DIVF + 1) / 2**DIVQ."""
    s = ice40.pll_settings(12_000_000, output_mhz * 1_000_000)
    assert s == {"DIVR": 0, "DIVF": divf, "DIVQ": divq}
    assert 12 * (divf + 1) / 2**divq == output_mhz


@pytest.mark.parametrize(
    ("output_mhz", "idiv", "fbdiv", "odiv"), [(54, 0, 1, 16), (81, 0, 2, 8), (60, 8, 19, 16)]
)
def test_gowin_dividers(output_mhz, idiv, fbdiv, odiv):
    """The Gowin settings are those worked by hand: 27 MHz * (FBDIV + 1) / (IDIV + 1)."""
    s = gowin.pll_settings(27_000_000, output_mhz * 1_000_000)
    assert s == {"IDIV_SEL": idiv, "FBDIV_SEL": fbdiv, "ODIV_SEL": odiv}
    assert 27 * (fbdiv + 1) / (idiv + 1) == output_mhz
    assert 500 <= output_mhz * odiv <= 1200


@pytest.mark.parametrize("family", [ecp5, gowin, ice40])
def test_impossible_clock(family):
    """A clock that the PLL cannot make is refused."""
    with pytest.raises(ValueError, match=r"one the PLL can make from \d+ Hz, not 7 Hz"):
        family.pll_settings(25_000_000, 7)


@pytest.mark.parametrize("board", BOARDS.values(), ids=lambda b: b.name)
def test_uart_divisor(board):
    """The link's speed is within 1 % of what the host is told."""
    assert board.clock_hz / board.uart_divisor == pytest.approx(board.baud, rel=0.01)
