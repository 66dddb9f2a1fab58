"""Tests of the generator values."""

import json
from dataclasses import asdict, replace

import numpy as np
import pytest
from hrsnn_rtl.codebook import Codebook
from hrsnn_rtl.config import CoreConfig, bits_for
from hrsnn_sim.shapes import with_codebook

from hrsnn_edge.errors import CapacityError
from hrsnn_edge.network import ExpSynapses, IntFormat
from hrsnn_edge.reference.random import random_network, random_stdp
from hrsnn_edge.reference.random_features import random_mlp, random_traces

VALUES = {
    "lanes": 2,
    "n_slots": 128,
    "n_inputs": 64,
    "synapse_depth": 8192,
    "v_width": 16,
    "decay_width": 8,
    "weight_width": 6,
    "refractory_width": 3,
    "sum_width": 14,
    "n_out": 10,
}


def test_derived_widths_by_hand():
    """256 neurons on two lanes with 64 inputs: 320 sources, 7-bit slots, rows of up to 128."""
    config = CoreConfig(**VALUES, n_bins=3, out_lanes=4)
    assert config.n_hw == 256
    assert config.n_sources == 320
    assert (config.slot_width, config.lane_width, config.index_width) == (7, 1, 8)
    assert (config.source_width, config.pointer_width) == (9, 13)
    assert config.left_width == 8  # -2 .. 126
    assert config.synapse_width == 13
    assert (config.out_words, config.n_out_padded) == (3, 12)
    assert config.out_depth == 3 * 256 * 12


@pytest.mark.parametrize("count, bits", [(1, 1), (2, 1), (3, 2), (4, 2), (5, 3)])
def test_bits_for(count, bits):
    """An index below `count` fits in `bits_for(count)` bits, and in no fewer."""
    assert bits_for(count) == bits


@pytest.mark.parametrize(
    "change, error, message",
    [
        ({"lanes": 3}, ValueError, r"lanes must be one of \(1, 2, 4, 8\), not 3"),
        ({"v_width": 40}, ValueError, "v_width must be between 8 and 24, not 40"),
        ({"n_slots": 2.0}, TypeError, "n_slots must be an integer, not 2.0"),
        ({"queue_depth": 96}, ValueError, "queue_depth must be a power of two, not 96"),
        (
            {"double_buffer": False, "queue_depth": 128},
            ValueError,
            "queue_depth must be at least 144 without a double buffer, not 128",
        ),
        (
            {"synapse_memory": "spram", "n_slots": 2048},
            CapacityError,
            r"Synapse word must be at most 16 bits in SPRAM, not 17 \(11 of target, 6 of weight",
        ),
        ({"n_inputs": 16384, "n_slots": 4096, "lanes": 8, "n_bins": 8}, CapacityError, "Readout"),
    ],
)
def test_refuses_what_cannot_be_built(change, error, message):
    """A wrong value is refused by name, condition and value."""
    with pytest.raises(error, match=message):
        CoreConfig(**{**VALUES, **change})


def test_for_network_is_tight():
    """The configuration of a network has its sizes and widths, and holds it."""
    net, raster = random_network(
        3, n_neurons=30, n_inputs=7, n_steps=12, fmt=IntFormat(v_width=12), n_out=3, n_bins=2
    )
    config = CoreConfig.for_network(net, lanes=4, n_steps=len(raster), queue_depth=64)
    assert (config.lanes, config.n_slots, config.n_inputs) == (4, 8, 7)
    assert (config.v_width, config.sum_width) == (12, net.sum_width)
    assert (config.n_out, config.n_bins, config.out_width) == (3, 2, net.out_width(12))
    assert 4 * config.synapse_depth >= net.w_in.nnz + net.w_rec.nnz > 2 * config.synapse_depth
    config.check_holds(net)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"v_width": 20}, "v_width of the network must be 20, that of the core, not 16"),
        ({"n_inputs": 4}, "n_inputs of the network must be at most 4, that of the core, not 7"),
        ({"n_slots": 10}, "Neurons must be at most 20, not 30. Prune neurons"),
        ({"weight_width": 2}, "weight_width of the network must be at most 2"),
        ({"reset": "subtract"}, "reset of the network must be 'hard', that of the core, not 'sub"),
        ({"subtracts": True}, "reset of the network must be 'subtract', that of the core, not"),
    ],
)
def test_check_holds_refuses(change, message):
    """A network that needs more than the core has is refused, with what would help."""
    net, _ = random_network(
        3, n_neurons=30, n_inputs=7, n_steps=12, fmt=IntFormat(), reset=change.get("reset", "hard")
    )
    fits = {**VALUES, "sum_width": 24, "n_bins": 8}
    change = {name: value for name, value in change.items() if name != "reset"}
    with pytest.raises(CapacityError, match=message):
        CoreConfig(**{**fits, **change}).check_holds(net)


def test_check_holds_refuses_a_reset():
    """A core without a stored reset takes no network with one."""
    net, _ = random_network(
        5, n_neurons=30, n_inputs=7, n_steps=12, fmt=IntFormat(), has_reset=True, reset="hard"
    )
    assert (net.v_reset != 0).any()
    config = CoreConfig(**{**VALUES, "sum_width": 24, "n_bins": 8})
    with pytest.raises(CapacityError, match="v_reset must be 0 on a core without"):
        config.check_holds(net)


def with_currents(net):
    """Return the network with exponential synapses."""
    return replace(net, synapses=ExpSynapses(np.full(net.n_neurons, 9), 16))


def test_currents_are_part_of_the_arithmetic():
    """A core for exponential synapses takes no network with delta ones or another width."""
    net, _ = random_network(3, n_neurons=30, n_inputs=7, n_steps=12, fmt=IntFormat(), n_out=2)
    config = CoreConfig.for_network(with_currents(net), n_steps=12)
    assert (config.syn_width, config.lead, config.drive_width) == (16, 2, 16)
    config.check_holds(with_currents(net))
    message = "syn_width of the network must be {}, that of the core, not {}. Build a core"
    with pytest.raises(CapacityError, match=message.format(16, 0)):
        config.check_holds(net)
    with pytest.raises(CapacityError, match=message.format(0, 16)):
        CoreConfig.for_network(net, n_steps=12).check_holds(with_currents(net))
    with pytest.raises(ValueError, match="syn_width must be 0 or at least 8, not 7"):
        replace(config, syn_width=7)


def test_codebook_holds_few_sets_of_parameters():
    """A core with a codebook takes networks with no more different neurons than it has rows."""
    net, _ = random_network(3, n_neurons=30, n_inputs=7, n_steps=12, fmt=IntFormat(), n_out=2)
    few = with_codebook(net, 1, 5)
    config = CoreConfig.for_network(few, n_steps=12, codebook_rows=5)
    assert (config.lead, config.code_width, config.parameter_depth) == (2, 3, 5)
    assert Codebook.of(few).n_rows == 5 and Codebook.of(few).size == 8
    message = "parameters must be at most 5, the rows of the core's codebook, not 30. Build a core"
    with pytest.raises(CapacityError, match=message):
        config.check_holds(net)
    with pytest.raises(CapacityError, match=message):
        CoreConfig.for_network(net, n_steps=12, codebook_rows=5)
    with pytest.raises(ValueError, match="codebook_rows must be between 0 and 32, not 33"):
        replace(config, codebook_rows=33)


def test_halt_is_refused_with_learning():
    """A core that learns sweeps between commands: its lanes may not stand still."""
    net, _ = random_network(3, n_neurons=30, n_inputs=7, n_steps=12, fmt=IntFormat(), n_out=2)
    net, stdp = random_stdp(3, net)
    with pytest.raises(ValueError, match="halt must be off on a core that learns"):
        CoreConfig.for_network(net, n_steps=12, stdp=stdp, halt=True)


MLP = {"n_read": 5, "n_bins": 2, "hidden": (4, 3), "act_width": 6}
TRACES = {"n_filters": 2, "squares": True, "trace_width": 10, "decay_width": 8}


def with_readout(change, **sizes):
    """Return a network of 20 neurons with a random readout of these sizes."""
    net, _ = random_network(3, n_neurons=20, n_inputs=7, n_steps=12, fmt=IntFormat(), n_out=2)
    return change(1, net, **sizes)


def test_readout_sizes_by_hand():
    """5 neurons in 2 bins, 4 and 3 hidden units, 2 outputs; 2 filters and squares, 2 outputs."""
    config = CoreConfig.for_network(with_readout(random_mlp, **MLP), lanes=2, n_steps=12)
    assert config.layers == ((10, 4), (4, 3), (3, 2)) and config.out_depth == 40 + 12 + 6
    assert (config.operand_depth, config.unit_depth, config.out_lanes) == (10 + 4 + 3, 9, 1)
    config = CoreConfig.for_network(with_readout(random_traces, **TRACES), lanes=2, n_steps=12)
    assert config.layers == ((2 * 2 * 20, 2),) and config.out_depth == 160
    assert (config.operand_depth, config.unit_depth) == (80, 2 + 2)


@pytest.mark.parametrize(
    ("change", "sizes", "other", "message"),
    [
        (random_mlp, MLP, {"n_read": 6}, "Neurons that the readout reads must be at most 5"),
        (random_mlp, MLP, {"n_bins": 3}, "n_bins of the network must be at most 2"),
        (random_mlp, MLP, {"hidden": (4,)}, "Layers of the readout must be 3, that of the core"),
        (random_mlp, MLP, {"hidden": (4, 4)}, "Units of hidden layer 1 must be at most 3"),
        (random_mlp, MLP, {"act_width": 5}, "Activation width must be 6, that of the core, not 5"),
        (random_traces, TRACES, {"n_filters": 3}, "Filters of a neuron must be at most 2"),
        (random_traces, TRACES | {"squares": False}, {"squares": True}, "Squares of filters"),
        (random_traces, TRACES, {"trace_width": 9}, "Width of a filter must be 10"),
        (random_traces, TRACES, {"decay_width": 9}, "Width of a filter's decay must be at most 8"),
    ],
)
def test_a_readout_that_does_not_fit_is_refused(change, sizes, other, message):
    """A core takes no readout with more of anything, or with another arithmetic."""
    net = with_readout(change, **sizes)
    config = CoreConfig.for_network(net, n_steps=12)
    config.check_holds(net)
    with pytest.raises(CapacityError, match=message):
        config.check_holds(with_readout(change, **sizes | other))


def test_wider_sums_are_refused():
    """A readout whose sums or outputs need more bits than the core has is refused."""
    net = with_readout(random_traces, **TRACES)
    config = CoreConfig.for_network(net, n_steps=12)
    narrow = replace(config, readout=replace(config.readout, acc_width=9))
    with pytest.raises(CapacityError, match="Width of the readout's sums must be at most 9"):
        narrow.check_holds(net)
    with pytest.raises(CapacityError, match="out_width of the network must be at most 8"):
        replace(config, out_width=8).check_holds(net)


def test_a_readout_of_another_kind_is_refused():
    """Cores with a readout of one kind take no network with another."""
    mlp, traces = with_readout(random_mlp), with_readout(random_traces)
    linear, _ = random_network(3, n_neurons=20, n_inputs=7, fmt=IntFormat(), n_out=2)
    for net, other in ((mlp, linear), (linear, traces), (traces, mlp)):
        config = CoreConfig.for_network(net, n_steps=12)
        message = f"must be '{net.readout.kind}', that of the core, not '{other.readout.kind}'"
        with pytest.raises(CapacityError, match=message):
            config.check_holds(other)


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"hidden": (2, 2, 2)}, "Layers of the readout must be between 1 and 3 on the core, not 4"),
        ({"hidden": (1024,)}, "Units of a hidden layer must be between 1 and 1023 on the core"),
    ],
)
def test_no_core_has_larger_perceptrons(sizes, message):
    """A perceptron that the registers cannot describe is refused, with what would help."""
    net = with_readout(random_mlp, **sizes)
    with pytest.raises(CapacityError, match=f"{message}.*Fit a smaller readout"):
        CoreConfig.for_network(net, n_steps=12)


@pytest.mark.parametrize("change", [random_mlp, random_traces])
def test_json_and_back(change):
    """A configuration survives JSON, whatever its readout."""
    config = CoreConfig.for_network(with_readout(change), n_steps=12, distributed=("sums",))
    assert CoreConfig.from_dict(json.loads(json.dumps(asdict(config)))) == config


def test_a_perceptron_adds_one_output_a_cycle():
    """Other readouts than a linear one have one lane."""
    config = CoreConfig.for_network(with_readout(random_mlp), n_steps=12)
    with pytest.raises(ValueError, match="out_lanes must be 1 with a mlp readout"):
        replace(config, out_lanes=2)
