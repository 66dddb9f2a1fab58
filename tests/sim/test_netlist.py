"""What synthesis makes of the core equals the reference."""

from dataclasses import replace
from pathlib import Path

import pytest
from hrsnn_sim.bulk import BulkModel
from hrsnn_sim.netlist import SYNTHESIS, netlist_design, verify_netlists
from hrsnn_sim.random_runs import random_job
from hrsnn_sim.shapes import fitting_core
from hrsnn_sim.verify import verify_job

from hrsnn_edge.network import IntFormat

pytestmark = pytest.mark.tools
ROOT = Path(__file__).parents[2] / "build/sim"
#: A core as small as they come.
TINY = fitting_core(1, 4, 3, IntFormat(8, 4, 3, 0, 0, 1, 4), n_out=1, queue_depth=32)


def test_tiny_netlist():
    """The ECP5 netlist of a tiny core equals the reference in every step."""
    # Compiled without optimisation: it runs for a moment only.
    design = replace(netlist_design(TINY, "ecp5", ROOT / "models"), flags=("-O0",))
    model = BulkModel(design, TINY, ROOT / "models")
    for seed in range(3):
        job = random_job(TINY, seed)
        verify_job(job, "bulk", root=ROOT, model=model, waves=False)[0].require_equal()


@pytest.mark.slow
@pytest.mark.parametrize("family", SYNTHESIS)
def test_netlists(family):
    """20 random networks on the netlists of a family equal the reference in every step."""
    verdict = verify_netlists(family, 20, seed=5000, root=ROOT)
    verdict.require_equal()
    assert verdict.networks == 20 and verdict.steps > 300
