"""A forecaster of Lorenz63 on the compiled core, in closed loop, equals the reference."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hrsnn_rtl.config import CoreConfig
from hrsnn_sim.bulk import BulkModel, Gaps
from hrsnn_sim.core_stream import CoreStream
from hrsnn_sim.design import core_design

from hrsnn_edge.analysis.reservoir import draw_reservoir, forecast_recipe
from hrsnn_edge.artifact.schema import Artifact, from_bytes, to_bytes
from hrsnn_edge.data.chaotic import lorenz63, scale_to_unit
from hrsnn_edge.data.planes import Planes
from hrsnn_edge.network import IntFormat
from hrsnn_edge.quantise.forecast import fit_integer_forecaster
from hrsnn_edge.reference.loop import closed_loop

ROOT = Path(__file__).parents[2] / "build/sim"
FMT = IntFormat(v_width=20, decay_width=12, weight_width=8, shift_width=3, out_weight_width=16)
LIMITS = -(1 << 21), 1 << 21


@pytest.mark.tools
@pytest.mark.parametrize(
    "lanes, squares", [(1, True), pytest.param(2, False, marks=pytest.mark.slow)]
)
def test_lorenz_in_closed_loop(lanes, squares):
    """3 true samples, then 6 of its own forecasts, 360 steps: the same integers."""
    series, _, _ = scale_to_unit(lorenz63(500 + 10, seed=3), 500)
    planes = Planes(12, 10)
    reservoir = draw_reservoir(forecast_recipe(40), 3, 3)
    model = fit_integer_forecaster(reservoir, series[:500], FMT, planes, squares=squares)
    net = from_bytes(to_bytes(Artifact(model.net, ("x", "y", "z"))), "lorenz").network
    config = CoreConfig.for_network(net, lanes=lanes, n_steps=1)
    assert (config.readout.squares, config.readout.n_filters) == (squares, 3)
    # The run is short: what counts is the time to compile.
    design = replace(core_design(config), flags=("-O1",))
    core = BulkModel(design, config, ROOT / "models")
    history = model.whole(series[500:503])
    wanted = closed_loop(net, planes, history, 6, LIMITS)
    got = closed_loop(net, planes, history, 6, LIMITS, CoreStream(core, net, Gaps(command=0.2)))
    assert got.tolist() == wanted.tolist()
    assert len({tuple(x) for x in got.tolist()}) == 6
