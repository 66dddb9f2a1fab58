"""The bitstream, turned back into a design, equals the reference."""

from pathlib import Path

import pytest
from hrsnn_boards import readback
from hrsnn_boards.readback import BOARD, bitstream_rung, missing_tool, sample, samples_for
from hrsnn_rtl.config import CoreConfig

from hrsnn_edge.reference.network import run as run_reference

ROOT = Path(__file__).parents[2] / "build/sim"


def test_missing_tool_is_named(monkeypatch):
    """Without a tool the rung is skipped, and says which."""
    monkeypatch.setattr(readback, "missing_tool", lambda: "icebox_vlog")
    rung = bitstream_rung(ROOT)
    assert not rung.passed and rung.skipped == "needs icebox_vlog" and not rung.covered


def test_samples_fit():
    """The networks for a core fit it; the first is the one that it was built for, and spikes."""
    first = sample(6000)
    config = CoreConfig.for_network(first.net, n_steps=12, spike_stream=True)
    found = samples_for(config, 6000)
    assert (next(found).raster == first.raster).all()
    assert run_reference(first.net, first.raster).spikes.any()
    assert next(found).net.sum_width <= config.sum_width and BOARD == "ice40-hx8k"


@pytest.mark.slow
@pytest.mark.tools
def test_bitstream():
    """Three networks on the bitstream itself, one of them in its block RAMs, are equal."""
    if missing_tool():
        pytest.skip(f"needs {missing_tool()}")
    rung = bitstream_rung(ROOT)
    assert rung.passed and rung.covered == {"networks": 3, "steps": 36}, rung.failures
