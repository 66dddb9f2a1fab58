"""The clocks of the boards: dividers by hand, limits of the PLLs."""

from __future__ import annotations

import pytest
from hrsnn_boards import icebreaker, ulx3s
from hrsnn_boards.boards import BOARDS


@pytest.mark.parametrize("output_mhz", [25, 50, 62.5, 75, 80, 100, 125])
def test_ecp5_dividers(output_mhz):
    """The ECP5's dividers give the clock exactly, with its oscillator in range."""
    output = int(output_mhz * 1e6)
    s = ulx3s.pll_settings(ulx3s.OSCILLATOR_HZ, output)
    assert ulx3s.OSCILLATOR_HZ * s["CLKFB_DIV"] == output * s["CLKI_DIV"]
    assert 400e6 <= output * s["CLKOP_DIV"] <= 800e6


@pytest.mark.parametrize(("output_mhz", "divf", "divq"), [(24, 63, 5), (36, 47, 4), (48, 63, 4)])
def test_ice40_dividers(output_mhz, divf, divq):
    """The UP5K's settings are those worked by hand: 12 MHz * (DIVF + 1) / 2**DIVQ."""
    s = icebreaker.pll_settings(12_000_000, output_mhz * 1_000_000)
    assert s == {"DIVR": 0, "DIVF": divf, "DIVQ": divq}
    assert 12 * (divf + 1) / 2**divq == output_mhz


@pytest.mark.parametrize("module", [icebreaker, ulx3s])
def test_impossible_clock(module):
    """A clock that the PLL cannot make is refused."""
    with pytest.raises(ValueError, match=r"one the PLL can make from \d+ Hz, not 7 Hz"):
        module.pll_settings(module.OSCILLATOR_HZ, 7)


@pytest.mark.parametrize("board", BOARDS.values(), ids=lambda b: b.name)
def test_uart_divisor(board):
    """The link's speed is within 1 % of what the host is told."""
    assert board.clock_hz / board.uart_divisor == pytest.approx(board.baud, rel=0.01)
