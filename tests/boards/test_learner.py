"""A host lets a device learn over the link, keeps its sums up and reads the weights back."""

from dataclasses import replace
from pathlib import Path

import pytest
from hrsnn_boards.learner import LearningDevice
from hrsnn_rtl.config import CoreConfig
from hrsnn_rtl.top import Top
from hrsnn_sim.pins import CompiledLine

from hrsnn_edge.artifact.io import read_artifact, write_artifact
from hrsnn_edge.artifact.schema import Artifact
from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.engine.int_learn import learn, rescale_incoming
from hrsnn_edge.errors import LinkError
from hrsnn_edge.network import IntFormat
from hrsnn_edge.plastic import initial_magnitudes, learned_network
from hrsnn_edge.quantise.learning import slower
from hrsnn_edge.reference.random import random_network, random_stdp
from tests.link.lines import DIVISOR, compiled_top

BUILD = Path(__file__).parents[2] / "build/sim/models"


@pytest.mark.tools
@pytest.mark.slow
def test_learns_over_the_link(tmp_path):
    """Three samples, with upkeep between: weights, counts and file are those of the engine."""
    fmt = IntFormat(v_width=12, weight_width=5)
    net, raster = random_network(7, 12, 6, 20, fmt=fmt, n_out=2, n_bins=1, density=0.5)
    net, stdp = random_stdp(9, net, plastic_in=True, plastic_rec=True)
    config = CoreConfig.for_network(net, lanes=2, n_steps=20, stdp=stdp)
    top = Top(config=config, uart_divisor=DIVISOR, timeout_bits=256, poison=True)
    device = LearningDevice(CompiledLine(compiled_top(top, BUILD)), stdp)
    assert device.identify() == config
    device.load(net)
    start = now = initial_magnitudes(net, stdp)
    for rows in (raster, raster[::-1], raster[:9]):
        batch = EventBatch.from_rasters([rows])
        want = learn(net, stdp, batch, now)
        got = device.run(batch)
        assert got.counts == want.total
        assert got.counts.weight_updates
        found = device.magnitudes()
        assert (found.w_in == want.magnitudes.w_in).all()
        assert (found.w_rec == want.magnitudes.w_rec).all()
        now = rescale_incoming(net, stdp, want.magnitudes, start)
        device.write_magnitudes(now)
        stdp = slower(stdp, 0.9)
        device.write_constants(stdp)
    write_artifact(tmp_path / "net.hrsnn", device.learned(Artifact(net, ("a", "b"))))
    read = read_artifact(tmp_path / "net.hrsnn")
    expected = learned_network(net, stdp, now)
    assert (read.network.w_in.weights == expected.w_in.weights).all()
    assert (read.network.w_rec.weights == expected.w_rec.weights).all()
    assert (read.stdp.eta_plus == stdp.eta_plus).all()


def test_needs_a_network():
    """Weights of a device without a network are refused."""
    net, _ = random_network(7, 12, 6, 20)
    _, stdp = random_stdp(9, net)
    with pytest.raises(LinkError, match="A network must be loaded"):
        LearningDevice(None, replace(stdp)).magnitudes()
