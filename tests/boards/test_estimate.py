"""The estimate: counts by hand, refusals that say what would help, suggestions that do help."""

from __future__ import annotations

import json
from dataclasses import replace
from math import ceil

import numpy as np
import pytest
from hrsnn_boards.boards import BOARDS, find_board
from hrsnn_boards.estimate import Activity, assumed_cycles_per_step, choose_lanes, estimate
from hrsnn_boards.resources import (
    LOGIC_FILL,
    blocks,
    configure,
    fitted_logic,
    misfits,
    utilisation,
)
from hrsnn_boards.schedule import Schedule
from hrsnn_rtl.config import CoreConfig
from hrsnn_rtl.image import memory_images
from hrsnn_rtl.index_coding import cheapest, index_codings
from hrsnn_rtl.placer import place
from hrsnn_sim.shapes import with_codebook

from hrsnn_edge.errors import CapacityError
from hrsnn_edge.network import IntFormat
from hrsnn_edge.reference.network import run
from hrsnn_edge.reference.random import random_network
from hrsnn_edge.reference.random_features import random_mlp, random_traces

ULX3S, ICEBREAKER = BOARDS["ulx3s-85f"], BOARDS["icebreaker"]


def network(n_neurons, n_inputs=32, density=0.1, n_out=10, **fmt):
    """Return a random network of common widths."""
    widths = {"v_width": 16, "decay_width": 8, "weight_width": 6, "shift_width": 0} | fmt
    net, _ = random_network(
        3, n_neurons, n_inputs, 4, fmt=IntFormat(**widths), n_out=n_out, n_bins=1, density=density,
        has_reset=False,
    )  # fmt: skip
    return net


@pytest.fixture(scope="module")
def small():
    """A network that fits both boards."""
    return network(64)


@pytest.fixture(scope="module")
def large():
    """A network with more rows, parameters and readout weights than the small board's RAMs hold."""
    return network(480, n_inputs=200, density=0.1)


def test_parameters_lie_as_costs_less_ram():
    """A codebook is chosen for few sets of parameters where it saves blocks, and can be set.

    600 neurons: 1 DP16KD for decays and 2 for thresholds, or 1 for codes. 240 on an iCE40: 3
    blocks, or 1 for codes and, without RAM in LUTs, as many as before for the rows.
    """
    many = network(600)
    few = with_codebook(many, 1, 8)
    found = estimate(few, ULX3S)
    assert (found.codebook_rows, found.codebook_saves) == (8, 2)
    plan = {spec.name: (spec.depth, spec.width) for spec in found.memories}
    assert plan["codes"] == (600, 3) and plan["decays"] == (8, 8)
    set_apart = estimate(few, ULX3S, codebook_rows=0)
    used = [e.utilisation["DP16KD"].used for e in (set_apart, found)]
    assert used[0] - used[1] == 2 and set_apart.codebook_saves == 0
    assert estimate(many, ULX3S).codebook_rows == 0
    assert estimate(with_codebook(network(240), 1, 8), ICEBREAKER).codebook_rows == 0
    with pytest.raises(CapacityError, match="parameters must be at most 32"):
        estimate(many, ULX3S, codebook_rows=32)


def test_blocks_counted_by_hand():
    """RAM blocks and multipliers of one lane of 256 neurons are those counted by hand."""
    config = CoreConfig(
        lanes=1, n_slots=256, n_inputs=64, synapse_depth=11346, v_width=16, decay_width=8,
        weight_width=6, refractory_width=3, sum_width=11, n_out=10, out_width=21,
    )  # fmt: skip
    used = {name: usage.used for name, usage in utilisation(config, ULX3S).items()}
    # Synapses 12, rows 1, sums 2, membranes, decays, thresholds, queue 1 each, readout weights 2,
    # registers 1, frames 1; the ten sums and biases of the readout are distributed RAM.
    assert (used["DP16KD"], used["MULT18X18D"]) == (23, 1)
    config = replace(config, synapse_memory="spram")
    used = {name: usage.used for name, usage in utilisation(config, ICEBREAKER).items()}
    # Rows 3, sums 2, membranes 2, decays 1, thresholds 2, queue 1, readout 5 + 2 + 2, link 2 + 1.
    assert (used["ICESTORM_RAM"], used["ICESTORM_SPRAM"], used["ICESTORM_DSP"]) == (23, 1, 1)


@pytest.mark.parametrize("board", BOARDS.values(), ids=lambda b: b.name)
def test_small_network_fits(small, board):
    """A small network fits every board, without reasons, and prints as JSON."""
    result = estimate(small, board, n_steps=50)
    assert result.fits and not result.reasons and not result.remedies
    result.check()
    values = json.loads(json.dumps(result.to_dict()))
    assert values["utilisation"][board.block_ram]["available"] == board.budget[board.block_ram]
    assert all(usage.share <= 1 for usage in result.utilisation.values())


def test_assumed_cycles_by_hand(small):
    """Cycles of a step are the longer of scan and delivery, or their sum with one sum bank."""
    config = configure(small, ULX3S, 2, 10)
    share = 0.05 * (small.w_in.nnz + small.w_rec.nnz)
    # The fuller lane has 100 times the mean: more than the 32 slots.
    assert assumed_cycles_per_step(small, config, 100) == share * 50 + 24
    single = replace(config, double_buffer=False)
    assert assumed_cycles_per_step(small, single, 100) == 32 + share * 50 + 24
    assert assumed_cycles_per_step(small, config, 1.0) == max(32, share / 2) + 24


def test_readouts_that_are_computed_when_asked(small):
    """Their multipliers and cycles are counted: by hand for the parts' 18 and 16 bits."""
    sizes = {"trace_width": 16, "decay_width": 16, "n_filters": 2}
    net = random_traces(1, small, squares=True, **sizes)
    wide = replace(net, fmt=replace(net.fmt, out_weight_width=16))
    # One for the membrane; 17 x 16 for the weights; 16 x 17 for decays.
    assert utilisation(configure(wide, ULX3S, 1, 9), ULX3S)["MULT18X18D"].used == 3
    # On an iCE40 both of those need two of 16 bits.
    assert utilisation(configure(wide, ICEBREAKER, 1, 9), ICEBREAKER)["ICESTORM_DSP"].used == 5
    mlp = random_mlp(1, small, act_width=8)
    assert utilisation(configure(mlp, ULX3S, 1, 9), ULX3S)["MULT18X18D"].used == 2
    for other, asked in ((net, 40 // net.readout.hold), (mlp, 1)):
        placement = place(other, 1)
        config = configure(other, ULX3S, 1, 40, placement=placement)
        step = assumed_cycles_per_step(other, config, 1.0)
        evaluation = Schedule.of(other, config, placement).evaluation_cycles
        found = estimate(other, ULX3S, n_steps=40)
        expected = 40 * step + asked * evaluation + 2 * config.out_words
        assert found.cycles_per_inference == round(expected)
    # All 128 filters decay before the first spike is delivered.
    delivery = 0.05 * (net.w_in.nnz + net.w_rec.nnz)
    assert assumed_cycles_per_step(net, configure(net, ULX3S, 1, 9), 1.0) == 128 + delivery + 24


def test_cycles_of_samples(small):
    """With samples the cycles are those of the schedule, and the events those that are sent."""
    rng = np.random.default_rng(1)
    rasters = [rng.random((steps, small.n_inputs)) < 0.2 for steps in (6, 9)]
    spikes = [run(small, raster).spikes for raster in rasters]
    result = estimate(small, ULX3S, 2, activity=Activity(rasters, spikes))
    placement = place(small, 2)
    schedule = Schedule.of(small, configure(small, ULX3S, 2, 256, placement=placement), placement)
    cycles = [schedule.sample(*pair) for pair in zip(rasters, spikes, strict=True)]
    assert result.cycles_per_inference == round(np.mean(cycles))
    assert result.cycles_per_step == round(sum(cycles) / 15)
    assert result.assumed == "2 samples"


def test_latency_follows_the_clock(small):
    """Latency is cycles over the board's clock, and grows with the steps."""
    short, long = (estimate(small, ULX3S, n_steps=n) for n in (10, 20))
    assert long.cycles_per_inference > 1.9 * short.cycles_per_inference
    assert short.latency_ms == pytest.approx(
        1e3 * short.cycles_per_inference / ULX3S.clock_hz, abs=1e-4
    )


def test_refusal_names_the_resource_and_the_remedies(large):
    """A network that is too large is refused with resource, numbers and remedies."""
    result = estimate(large, ICEBREAKER, n_steps=50, boards=BOARDS.values())
    assert not result.fits
    with pytest.raises(CapacityError) as caught:
        result.check()
    text = str(caught.value)
    assert text.startswith("The network must fit icebreaker: ICESTORM_RAM must be at most 30, not")
    for remedy in ("of the neurons", "take ULX3S-85F with 1 lane"):
        assert remedy in text


def test_remedies_do_help():
    """Each remedy of a refusal makes the core fit, and a little less of it does not."""
    # More synapses than the blocks of the larger board: 208 of 18 kbit.
    net = network(700, density=0.95)
    result = estimate(net, ULX3S, 8, n_steps=50, boards=BOARDS.values())
    assert [reason.split()[0] for reason in result.reasons] == ["DP16KD"]
    config = configure(net, ULX3S, 8, 50)
    share = next(int(r.split()[-2]) for r in result.remedies if "prune" in r) / 100
    depth = int(config.synapse_depth * share)
    assert not misfits(replace(config, synapse_depth=depth), ULX3S)
    more = int(config.synapse_depth * (share + 0.01)) + 1
    assert misfits(replace(config, synapse_depth=more), ULX3S)
    width = next((int(r.split()[-2]) for r in result.remedies if "bits" in r), None)
    if width is not None:
        assert not misfits(replace(config, weight_width=width), ULX3S)
        assert misfits(replace(config, weight_width=width + 1), ULX3S)


def test_beyond_any_core():
    """A network that no core can address is refused as too large, not as a wrong call."""
    net = network(400, density=0.6)
    with pytest.raises(CapacityError, match=r"synapse_depth must be between 1 and 65536, not \d+"):
        estimate(net, ICEBREAKER, n_steps=10)


def test_word_too_wide_for_the_memory():
    """Where target and weight are too wide for single-port RAM, distances take the room left."""
    net = network(300, density=0.02, weight_width=8)
    result = estimate(net, ICEBREAKER, n_steps=10)
    config = configure(net, ICEBREAKER, 1, 10)
    assert config.distance_width == result.distance_width == 8 and config.synapse_width == 16
    assert [coding.distance_width for coding in result.index_codings] == [8]
    assert memory_images(net, config)


def test_codings_are_priced(small):
    """Targets stay where they fit; what the cheapest distances would save stands beside them."""
    net = network(256, density=0.1)
    result = estimate(net, ULX3S, n_steps=10)
    targets, best = result.index_codings
    assert (result.distance_width, targets.distance_width) == (0, 0)
    assert best.blocks < targets.blocks and best.filler_share > 0


def test_distances_where_blocks_are_short():
    """A part with too few blocks for targets, and no RAM in its LUTs, gets distances."""
    net = network(160, density=0.1)
    board = BOARDS["ice40-hx8k"]
    targets = CoreConfig.for_network(net, n_steps=10, block_ram=board.block_shape)
    config = configure(net, board, 1, 10)
    assert blocks(targets, board) > board.budget["ICESTORM_RAM"] >= blocks(config, board)
    assert (
        config.distance_width == cheapest(index_codings(net, config, place(net, 1))).distance_width
    )
    assert estimate(net, board, n_steps=10).fits


def test_luts_before_distances():
    """Where there is RAM in LUTs, and room, neurons' memories go there first: it costs no cycle."""
    net = network(256, density=0.1)
    plain = configure(net, ULX3S, 1, 10)
    budget = dict(ULX3S.budget) | {"DP16KD": blocks(plain, ULX3S) - 1}
    config = configure(net, replace(ULX3S, budget=budget), 1, 10)
    assert config.distributed and not config.distance_width
    needed = fitted_logic(plain, ULX3S, "TRELLIS_COMB")[0]
    tight = replace(ULX3S, budget=budget | {"TRELLIS_COMB": ceil(needed / LOGIC_FILL)})
    assert configure(net, tight, 1, 10).distance_width


def test_choose_lanes(small, large):
    """The fewest lanes that fit are taken; without any the refusal of the nearest is raised."""
    assert choose_lanes(small, ICEBREAKER, n_steps=50) == 1
    wide = network(260, n_inputs=8, density=0.05, n_out=2, weight_width=8, v_width=12)
    # 9 bits of target and 8 of weight are one too many: distances have 8.
    assert choose_lanes(wide, ICEBREAKER, n_steps=50) == 1
    with pytest.raises(CapacityError, match="The network must fit icebreaker"):
        choose_lanes(large, ICEBREAKER, n_steps=50)


def test_too_large_for_any_lanes_names_another_board():
    """A network no core on the board can address still says on which board it fits."""
    net = network(600, density=0.4, weight_width=8)
    with pytest.raises(CapacityError, match=r"To make it fit: take ULX3S-85F with \d lanes?\."):
        choose_lanes(net, ICEBREAKER, n_steps=10, boards=BOARDS.values())


def test_unknown_board():
    """A board that is not there is a wrong call that lists those that are."""
    with pytest.raises(ValueError, match=r"one of ulx3s-85f, .*icebreaker, .*, not 'ulx4s'"):
        find_board("ulx4s")
