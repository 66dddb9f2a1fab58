"""Random networks that learn, on a few cores, compared with the reference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple, replace

import numpy as np
from hrsnn_rtl.config import CoreConfig
from hrsnn_rtl.placer import place
from hrsnn_rtl.plastic_image import plastic_images, read_magnitudes
from hrsnn_rtl.plasticity import WIRED, Plasticity

from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.fixed import width_for
from hrsnn_edge.network import IntFormat, IntNetwork, IntStdp
from hrsnn_edge.plastic import Magnitudes, initial_magnitudes
from hrsnn_edge.reference.network import run as run_reference
from hrsnn_edge.reference.random import random_network, random_stdp
from hrsnn_sim.learning import CoreLearner
from hrsnn_sim.shapes import with_codebook, with_currents


def _shape(
    lanes: int, n_slots: int, n_inputs: int, memory: str, options: dict | None = None, **plasticity
) -> CoreConfig:
    """Return a core on which every network of these sizes can learn; `options` are more fields."""
    fmt = IntFormat(v_width=14, weight_width=5, shift_width=1, v_shift=1)
    n_hw = lanes * n_slots
    most = (1 << fmt.weight_width) * (n_hw + n_inputs)
    constants = {
        "learn_shift": 6, "trace_width": 7, "trace_step": 40, "decay_width": 8, "eta_shift": 6,
        "eta_width": 16, "gain_width": 10, "loss_width": 10,
    }  # fmt: skip
    return CoreConfig(
        lanes=lanes,
        n_slots=n_slots,
        n_inputs=n_inputs,
        synapse_depth=n_slots * (n_hw + n_inputs),
        **{name: getattr(fmt, name) for name in IntFormat.LIMITS},
        has_reset=True,
        **(options or {}),
        sum_width=width_for(-most, most),
        n_out=2,
        out_width=30,
        double_buffer=False,
        queue_depth=64,
        synapse_memory=memory,
        plasticity=Plasticity(**constants, **plasticity),
    )


#: Cores that random networks learn on: both projections and one, several lanes, both memories,
#: with synaptic currents and a codebook.
LEARNING_SHAPES: dict[str, CoreConfig] = {
    "learning": _shape(1, 24, 16, "bram", plastic_in=True, plastic_rec=True, history=8),
    "learning-lanes": _shape(4, 8, 12, "bram", plastic_in=True, plastic_rec=True, history=16),
    "learning-inputs": _shape(2, 12, 16, "bram", plastic_in=True, plastic_rec=False, history=32),
    "learning-spram": _shape(1, 24, 16, "spram", plastic_in=True, plastic_rec=True, history=8),
    # As the UP5K gets it: rows in registers, and no sweep during a scan.
    "learning-recurrent": _shape(
        1,
        32,
        8,
        "spram",
        {"block_ram": "ICESTORM_RAM"},
        plastic_in=False,
        plastic_rec=True,
        history=8,
        overlap=False,
    ),
    "learning-currents": _shape(
        2,
        12,
        12,
        "bram",
        {"syn_width": 13, "codebook_rows": 6},
        plastic_in=True,
        plastic_rec=True,
        history=8,
    ),
}


def random_learning(config: CoreConfig, seed: int) -> tuple[IntNetwork, IntStdp, EventBatch]:
    """Return a random network that fits a core, its constants and three samples."""
    p, rng = config.plasticity, np.random.default_rng([seed, 2])
    fmt = IntFormat(**{name: getattr(config, name) for name in IntFormat.LIMITS})
    net, raster = random_network(
        seed,
        reset="subtract" if config.subtracts else "hard",
        n_neurons=int(rng.integers(1, config.n_hw + 1)),
        n_inputs=int(rng.integers(1, config.n_inputs + 1)),
        n_steps=int(rng.integers(1, 5 * p.history)),
        fmt=replace(fmt, weight_width=int(rng.integers(2, config.weight_width + 1))),
        n_out=config.n_out,
        n_bins=config.n_bins,
        has_reset=config.has_reset,
    )
    if config.syn_width:
        net = with_currents(net, seed, config.syn_width)
    if config.codebook_rows:
        net = with_codebook(net, seed, config.codebook_rows)
    wired = {name: getattr(p, name) for name in WIRED}
    net, stdp = random_stdp(seed, net, **wired)
    return net, stdp, EventBatch.from_rasters([raster, raster[::-1][: p.history], raster])


def learning_difference(core: CoreLearner, net, stdp, batch: EventBatch) -> str:
    """Return the first difference between a core and the reference that learn, '' for none.

    Spikes and membranes of every step, and magnitudes and counts after every sample, are compared.
    """
    magnitudes = initial_magnitudes(net, stdp)
    for s in range(len(batch)):
        sample = batch.select([s])
        want = run_reference(net, sample.raster(0), stdp, magnitudes)
        got = core.learn(net, stdp, sample, magnitudes)
        magnitudes = want.magnitudes
        pairs = {
            "spikes": (got.recordings[0].spikes, want.spikes),
            "v": (got.recordings[0].v, want.v),
            **weight_pairs(got.magnitudes, magnitudes),
            "counts": (np.array(astuple(got.counts[0])), np.array(astuple(want.total))),
        }
        if net.synapses is not None:
            pairs["i_syn"] = got.recordings[0].i_syn, want.i_syn
        if found := first_difference(f"sample {s}", pairs):
            return found
    return ""


def weight_pairs(got: Magnitudes, want: Magnitudes) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return the magnitudes of both projections, by name, as `first_difference` takes them."""
    return {
        f"magnitudes of {name}": (getattr(got, name), getattr(want, name))
        for name in ("w_in", "w_rec")
    }


def first_difference(where: str, pairs: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> str:
    """Return where a core's array first differs from the reference's, '' where none does."""
    for name, (left, right) in pairs.items():
        wrong = np.argwhere(left != right)
        if wrong.size:
            at = tuple(wrong[0].tolist())
            return f"{where}, {name}, {at}: {right[at]} (reference), not {left[at]}"
    return ""


def hurried_difference(core: CoreLearner, net, stdp, batch: EventBatch) -> str:
    """Return the first difference of the weights with a host that does not wait, '' for none.

    All samples are sent at once, so a CLEAR waits behind the last step before it. Then the first
    sample is run in two parts, between which the rows are brought up to date and nothing else.
    """
    model, start = core.model, initial_magnitudes(net, stdp)
    placement = place(net, model.config.lanes, model.config.n_slots)
    images = plastic_images(net, stdp, model.config, placement, start)
    wanted = [start]
    for s in range(len(batch)):
        wanted.append(run_reference(net, batch.raster(s), stdp, wanted[-1]).magnitudes)
    raster = batch.raster(0)
    parts = [part for part in np.array_split(raster, 2) if len(part)]
    for name, want, runs in (
        ("samples in one run", wanted[-1], [batch]),
        ("a sample in two parts", wanted[1], [EventBatch.from_rasters([part]) for part in parts]),
    ):
        model.load(images)
        for k, run in enumerate(runs):
            model.run(run, net.readout.n_bins, core.gaps, go_on=k > 0)
        got = read_magnitudes(model.read, net, stdp, model.config, placement)
        if found := first_difference(name, weight_pairs(got, want)):
            return found
    return ""
