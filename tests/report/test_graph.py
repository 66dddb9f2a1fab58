"""The ring shows every neuron, and every synapse up to a limit that it names."""

import re
from dataclasses import replace

import numpy as np

from hrsnn_edge.report.graph import MAX_EDGES, SIZE, degrees, graph
from hrsnn_edge.report.traces import RunTraces
from tests.report.demo import demo_traces

FOUR = RunTraces(
    graph_pre=np.array([0, 0, 1, 2]),
    graph_post=np.array([1, 2, 2, 3]),
    graph_cluster=np.array([0, 0, 1, 1]),
    inhibitory=np.array([False, False, True, False]),
)


def test_graph_by_hand():
    """Four neurons in two clusters, four synapses of which that of neuron 2 is inhibitory."""
    drawn = graph(FOUR)
    assert drawn.count("<circle") == 4 and drawn.count('class="mark inhibitory"') == 1
    chords = dict(re.findall(r'class="(chord[^"]*)" d="([^"]*)"', drawn))
    assert chords["chord"].count("M") == 3 and chords["chord inhibitory"].count("M") == 1
    assert "neuron 0: 2 synapses" in drawn and "neuron 3: 1 synapse<" in drawn
    assert drawn.count('class="tick mid"') == 2
    assert degrees(FOUR).tolist() == [2, 2, 3, 1]


def test_all_neurons_lie_on_the_page():
    """Every circle is within the picture."""
    at = re.findall(r'cx="([\d.]+)" cy="([\d.]+)"', graph(demo_traces()))
    assert len(at) == 256
    assert all(0 < float(v) < SIZE for pair in at for v in pair)


def test_many_synapses_are_thinned_and_said():
    """Above the limit every k-th is drawn."""
    rng = np.random.default_rng(1)
    n = 2 * MAX_EDGES + 1
    drawn = graph(
        replace(
            FOUR,
            graph_pre=np.sort(rng.integers(0, 4, n)),
            graph_post=rng.integers(0, 4, n),
        )
    )
    assert "one of 3 synapses drawn" in drawn
    paths = re.findall(r'class="chord[^"]*" d="([^"]*)"', drawn)
    assert sum(path.count("M") for path in paths) == -(-n // 3)


def test_without_a_graph_nothing_is_drawn():
    """No arrays or no neurons, no picture."""
    assert graph(RunTraces()) is None and degrees(RunTraces()) is None
    assert graph(replace(FOUR, graph_cluster=np.zeros(0, int))) is None
