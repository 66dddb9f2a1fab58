"""Hypothesis strategies of random integer networks and rasters, aimed at edges.

Sizes, widths and switches are drawn by hypothesis, so they shrink; what fills the arrays follows
from a drawn seed through `hrsnn_edge.reference.random`.
"""

from __future__ import annotations

from hypothesis import strategies as st

from hrsnn_edge.network import IntFormat
from hrsnn_edge.reference.random import random_network, random_stdp
from hrsnn_edge.reference.random_features import random_features

seeds = st.integers(0, 2**32 - 1)


@st.composite
def formats(draw, **fixed):
    """Draw a number format; `fixed` sets chosen widths."""
    widths = {name: draw(st.integers(low, high)) for name, (low, high) in IntFormat.LIMITS.items()}
    return IntFormat(**{**widths, **fixed})


@st.composite
def network_cases(draw, max_neurons=40, max_inputs=20, max_steps=30, fmt=None, **fixed):
    """Draw an integer network and a raster for it; `fixed` goes to `random_network`."""
    sizes = {
        "n_neurons": draw(st.integers(1, max_neurons)),
        "n_inputs": draw(st.integers(1, max_inputs)),
        "n_steps": draw(st.integers(1, max_steps)),
        "n_out": draw(st.integers(1, 5)),
        "n_bins": draw(st.integers(1, 5)),
        "has_reset": draw(st.booleans()),
        "density": draw(st.sampled_from([0.05, 0.2, 0.6])),
    }
    drawn = draw(formats() if fmt is None else fmt)
    return random_network(draw(seeds), fmt=drawn, **{**sizes, **fixed})


@st.composite
def learning_cases(draw, **kwargs):
    """Draw an integer network, a raster and learning constants."""
    net, raster = draw(network_cases(**kwargs))
    net, stdp = random_stdp(draw(seeds), net)
    return net, raster, stdp


@st.composite
def feature_cases(draw, **kwargs):
    """Draw an integer network with exponential synapses, another readout or both, and a raster."""
    net, raster = draw(network_cases(**kwargs))
    return random_features(draw(seeds), net), raster
