"""Float network to integers: scales, rounding, the report and what is refused."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.engine.float_run import run_counts
from hrsnn_edge.engine.int_run import run_batch
from hrsnn_edge.errors import QuantisationError
from hrsnn_edge.fixed import signed_range
from hrsnn_edge.model.config import NetworkConfig
from hrsnn_edge.model.lif import build_network
from hrsnn_edge.network import FloatNetwork, IntFormat, LinearReadout, SparseRows
from hrsnn_edge.quantise.calibrate import membrane_range
from hrsnn_edge.quantise.convert import (
    choose_scales,
    convert,
    nearest_scales,
    quantise,
    wanted_scale,
)
from hrsnn_edge.quantise.readout import quantise_readout
from hrsnn_edge.reference.network import run

FMT = IntFormat(v_width=16, weight_width=6, shift_width=3, decay_width=8)


def network(seed=0, n=30, **changed) -> FloatNetwork:
    config = NetworkConfig(n_neurons=n, input_weight=0.6, input_fan_in=3)
    net = build_network(config, 12, seed)
    readout = LinearReadout(np.random.default_rng(seed).normal(size=(2, n, 3)), np.zeros(3))
    return replace(net, readout=readout, **changed)


def samples(seed=0, n=6, steps=30) -> EventBatch:
    rng = np.random.default_rng(seed)
    return EventBatch.from_rasters([rng.random((steps, 12)) < 0.2 for _ in range(n)])


def test_one_neuron_by_hand():
    """Threshold 2 and weight 1 with a floor at -threshold: full range, and half of it a weight."""
    net = FloatNetwork(
        w_in=SparseRows.from_dense(np.array([[1.0]])),
        w_rec=SparseRows.from_dense(np.zeros((1, 1))),
        inhibitory=np.array([False]),
        tau_mem=np.array([-1 / np.log(0.75)]),
        v_threshold=np.array([2.0]),
        v_reset=np.array([0.0]),
        refractory_steps=np.array([2]),
        v_floor=-2.0,
        readout=LinearReadout(np.array([[[2.0, -1.0]]]), np.array([0.5, 0.0])),
    )
    fmt = IntFormat(v_width=8, weight_width=6, decay_width=8)
    result, report = quantise(net, fmt, EventBatch.from_rasters([np.ones((4, 1), bool)]))
    assert result.decay.tolist() == [192]  # 0.75 * 256
    # The whole range would be 63.5 LSB a unit, which rounds to 16 << 2. With 62 LSB a unit the
    # weight is 31 << 1 without an error; a shift of 0 would halve the threshold once more.
    assert result.v_threshold.tolist() == [124]
    assert (result.fmt.v_shift, result.w_in.weights.tolist()) == (1, [31])
    assert result.fmt.refractory_width == 2
    assert result.readout.w_out.ravel().tolist() == [127, -64]  # -63.5 to even
    assert result.readout.bias.tolist() == [32, 0]  # 0.5 * 63.5 = 31.75
    assert report.weights["input"].rms_error == pytest.approx(0, abs=1e-12)
    assert report.weights["input"].shifts == {0: 1}


@settings(max_examples=20)
@given(st.integers(0, 1000), st.integers(3, 8), st.integers(10, 20), st.integers(0, 3))
def test_error_is_at_most_half_an_lsb(seed, weight_width, v_width, shift_width):
    """Every weight and threshold is within half a step of its float value times the scale."""
    net = network(seed)
    fmt = replace(FMT, weight_width=weight_width, v_width=v_width, shift_width=shift_width)
    result, _ = quantise(net, fmt, samples())
    scale = result.v_threshold / net.v_threshold
    for exact, rows, shift in (
        (net.w_in, result.w_in, result.shift_in),
        (net.w_rec, result.w_rec, result.shift_rec),
    ):
        step = 2.0 ** (result.fmt.v_shift + shift[:, None])
        error = np.abs(rows.to_dense() * step - exact.to_dense() * scale)
        # The threshold's own rounding moves the scale by half a step of v in one threshold.
        slack = np.abs(exact.to_dense()) / net.v_threshold * 0.5 + 1e-6
        assert np.all(error <= step / 2 + slack)


@settings(max_examples=15)
@given(st.integers(0, 1000))
def test_scale_of_a_neuron_is_free(seed):
    """Powers of two on a neuron's inputs, threshold, reset and floor leave the result as it is."""
    net = network(seed, v_floor=-1.3)
    factor = 2.0 ** np.random.default_rng(seed).integers(-3, 4, net.n_neurons)
    scaled = replace(
        net,
        w_in=net.w_in.with_weights(net.w_in.weights * factor[net.w_in.col_idx]),
        w_rec=net.w_rec.with_weights(net.w_rec.weights * factor[net.w_rec.col_idx]),
        v_threshold=net.v_threshold * factor,
        v_floor=-1.3 * factor,
    )
    one, two = quantise(net, FMT, samples())[0], quantise(scaled, FMT, samples())[0]
    assert np.array_equal(one.w_in.weights, two.w_in.weights)
    assert np.array_equal(one.w_rec.weights, two.w_rec.weights)
    assert np.array_equal(one.v_threshold, two.v_threshold)


def test_wide_formats_reproduce_the_float_spikes():
    """With the widest formats the integer network counts nearly the spikes of the float one."""
    net = network(3)
    fmt = IntFormat(v_width=24, weight_width=8, shift_width=3, decay_width=12)
    result, report = quantise(net, fmt, samples())
    exact = run_counts(net, samples()).sum(axis=1)
    integer = run_batch(result, samples()).spike_counts.sum(axis=1)
    assert exact.sum() > 100
    assert np.abs(exact - integer).sum() <= 0.05 * exact.sum()
    assert report.neurons["excitatory"].rate_int_hz == pytest.approx(
        1000 * integer[:, ~net.inhibitory].sum() / 180 / (~net.inhibitory).sum()
    )


def test_lost_synapses_are_dropped_and_counted():
    """A synapse whose weight rounds to 0 costs nothing afterwards and stands in the report."""
    net = network(1)
    result, report = quantise(net, replace(FMT, weight_width=2, shift_width=0), samples())
    lost = sum(w.zeroed * w.synapses for w in report.weights.values())
    assert lost > 0
    assert round(lost) == net.w_in.nnz + net.w_rec.nnz - result.w_in.nnz - result.w_rec.nnz
    assert (result.w_in.weights != 0).all()


def test_silence_is_warned_of():
    """A network that falls silent in integers is named with both rates."""
    net = network(1)
    weak = replace(net, w_in=net.w_in.with_weights(net.w_in.weights * 1e-3))
    _, report = quantise(weak, FMT, samples())
    assert any(
        "excitatory neurons are silent: 0.0 Hz, in float 0.0 Hz" in w for w in report.warnings
    )


def test_long_time_constants_are_warned_of():
    """Time constants beyond the decay's resolution are counted in a warning."""
    _, report = quantise(network(1, tau_mem=np.full(30, 500.0)), FMT, samples())
    told = " ".join(report.warnings)
    assert "excitatory neurons have a longer time constant than their decay can say" in told
    assert sum(n.tau_clipped for n in report.neurons.values()) == 30


def test_impossible_networks_are_refused():
    """A threshold of 0, a refractory period too long and a missing readout are named."""
    zero = np.ones(30)
    zero[4] = 0
    with pytest.raises(QuantisationError, match=r"neuron 4: threshold must be above 0, not 0"):
        quantise(network(v_threshold=zero), FMT, samples())
    with pytest.raises(
        QuantisationError, match="refractory period must be at most 63 steps, not 99"
    ):
        quantise(network(refractory_steps=np.full(30, 99)), FMT, samples())
    with pytest.raises(QuantisationError, match="must have a readout, not none"):
        quantise(replace(network(), readout=None), FMT, samples())
    with pytest.raises(
        QuantisationError, match="readout, bin 0, neuron 0, output 0: weight must be finite"
    ):
        quantise_readout(LinearReadout(np.full((1, 2, 3), np.nan), np.zeros(3)), 8)


def test_exponential_synapses_by_hand():
    """One weight 1 on threshold 2, current decay 1/2, two events in a row: currents 1 and 3/2.

    The scale is 62 as above, so the current reaches 93 LSB; half as much room makes 140: 9 bits.
    """
    net = FloatNetwork(
        w_in=SparseRows.from_dense(np.array([[1.0]])),
        w_rec=SparseRows.from_dense(np.zeros((1, 1))),
        inhibitory=np.array([False]),
        tau_mem=np.array([-1 / np.log(0.75)]),
        v_threshold=np.array([2.0]),
        v_reset=np.array([0.0]),
        refractory_steps=np.array([0]),
        v_floor=-2.0,
        readout=LinearReadout(np.array([[[1.0]]]), np.array([0.0])),
        tau_syn=np.array([1 / np.log(2)]),
    )
    raster = np.array([[1], [1], [0], [0]], bool)
    fmt = IntFormat(v_width=8, weight_width=6, decay_width=8)
    result, _ = quantise(net, fmt, EventBatch.from_rasters([raster]))
    assert result.synapses.syn_decay.tolist() == [128]
    assert result.synapses.syn_width == 9
    trace = run(result, raster)
    assert trace.i_syn[:, 0].tolist() == [62, 93, 46, 23]
    assert trace.spikes[:, 0].tolist() == [0, 1, 0, 0]


def test_subtractive_reset_by_hand():
    """Weight 5 on threshold 2 leaves 3, 5.25, 6.94: 3.47 thresholds must fit; a spike takes 2 off.

    The scale is 127 / (3.47 * 2) = 18.3 LSB a unit; the same steps in the integers.
    """
    net = FloatNetwork(
        w_in=SparseRows.from_dense(np.array([[5.0]])),
        w_rec=SparseRows.from_dense(np.zeros((1, 1))),
        inhibitory=np.array([False]),
        tau_mem=np.array([-1 / np.log(0.75)]),
        v_threshold=np.array([2.0]),
        v_reset=np.array([0.0]),
        refractory_steps=np.array([0]),
        v_floor=-2.0,
        readout=LinearReadout(np.array([[[1.0]]]), np.array([0.0])),
        reset="subtract",
    )
    raster = np.ones((3, 1), bool)
    batch = EventBatch.from_rasters([raster])
    assert membrane_range(net, batch, tail=0).high == pytest.approx([3.46875])
    fmt = IntFormat(v_width=8, weight_width=8, decay_width=8)
    result, _ = quantise(net, fmt, batch)
    assert result.reset == "subtract"
    (th,), (w,) = result.v_threshold.tolist(), result.w_in.weights.tolist()
    assert th == pytest.approx(2 * 127 / 6.9375, abs=1) and w << result.fmt.v_shift <= 2.6 * th
    trace = run(result, raster)
    assert trace.spikes.all()
    assert trace.v[:, 0] == pytest.approx(np.array([3, 5.25, 6.9375]) * th / 2, rel=0.03)
    # The reset potential of a neuron that loses more than its threshold must fit as well.
    lower = replace(net, v_reset=np.array([-9.0]))
    result, _ = quantise(lower, fmt, batch)
    ratio = result.v_drop[0] / result.v_threshold[0]
    assert ratio == pytest.approx(5.5, rel=0.03) and result.v_reset[0] >= -128


def test_subtractive_reset_keeps_the_spikes():
    """In wide formats the counts of a network with subtractive resets hardly differ."""
    net = network(3, reset="subtract")
    fmt = IntFormat(v_width=20, weight_width=8, shift_width=3, decay_width=12)
    result, report = quantise(net, fmt, samples())
    assert run_batch(result, samples()).spike_counts.sum() > 100
    assert all(part.spike_mismatch < 0.03 for part in report.neurons.values())


def test_exponential_synapses_keep_the_spikes():
    """In wide formats the counts of a network with synaptic currents hardly differ."""
    net = network(3, tau_syn=np.random.default_rng(0).uniform(1, 5, 30))
    fmt = IntFormat(v_width=20, weight_width=8, shift_width=3, decay_width=12)
    result, report = quantise(net, fmt, samples())
    assert run_batch(result, samples()).spike_counts.sum() > 100
    assert all(part.spike_mismatch < 0.03 for part in report.neurons.values())


def test_membrane_range_by_hand():
    """Two steps of -3 with decay 0.5 and threshold 2 reach -4.5: 2.25 thresholds below 0."""
    net = FloatNetwork(
        w_in=SparseRows.from_dense(np.array([[-3.0]])),
        w_rec=SparseRows.from_dense(np.zeros((1, 1))),
        inhibitory=np.array([False]),
        tau_mem=np.array([1 / np.log(2)]),
        v_threshold=np.array([2.0]),
        v_reset=np.zeros(1),
        refractory_steps=np.zeros(1, np.int64),
    )
    batch = EventBatch.from_rasters([np.ones((2, 1), bool)])
    assert membrane_range(net, batch, tail=0).depth == pytest.approx([2.25])
    assert membrane_range(replace(net, v_floor=-2.0), batch, tail=0).depth == pytest.approx([1.0])


def test_weights_stay_in_the_symmetric_range():
    """No weight is the most negative value, so the sign of any weight can be turned."""
    result, _ = quantise(network(2), FMT, samples())
    assert result.w_rec.weights.min() > signed_range(FMT.weight_width)[0]


def test_a_reset_above_the_threshold_is_refused():
    """A reset that is not below its threshold is named with its population and neuron."""
    reset = np.zeros(30)
    reset[7] = 99
    with pytest.raises(QuantisationError, match="neuron 7: reset must be below the threshold"):
        quantise(network(v_reset=reset), FMT, samples())


@settings(max_examples=15)
@given(st.integers(0, 1000), st.integers(2, 8), st.integers(0, 3), st.booleans())
def test_every_weight_fits(seed, weight_width, shift_width, shared):
    """The chosen scales leave no weight beyond the format, and shared ones are all the same."""
    net = network(seed)
    fmt = replace(FMT, weight_width=weight_width, shift_width=shift_width)
    wanted = wanted_scale(net, membrane_range(net, samples()), fmt)
    scales = choose_scales(net, wanted, fmt, greatest=net if shared else None)
    assert np.all(scales.scale <= wanted * (1 + 1e-9))
    assert not shared or np.ptp(scales.scale) == 0
    top = signed_range(weight_width)[1] + 0.5
    for rows, shift in ((net.w_in, scales.shift_in), (net.w_rec, scales.shift_rec)):
        steps = rows.weights * scales.scale[rows.col_idx]
        assert np.all(np.abs(steps) <= top * 2.0 ** (scales.v_shift + shift[rows.pre_idx]))


@pytest.mark.parametrize("seed", range(3))
def test_two_bits_take_the_nearest_spikes(seed):
    """Weights of 2 bits get the shift whose spike counts are nearest, and more bits keep theirs."""
    net, batch, fmt = network(seed, 60), samples(), replace(FMT, weight_width=2)
    wanted = wanted_scale(net, membrane_range(net, batch), fmt)
    counts = run_counts(net, batch)[:, 0]

    def difference(scales):
        found = run_batch(convert(net, scales, fmt), batch).spike_counts.sum(axis=1)
        return np.abs(found - counts).sum()

    chosen, _ = quantise(net, fmt, batch)
    by_spikes = nearest_scales(net, wanted, fmt, batch)
    assert chosen.fmt.v_shift == by_spikes.v_shift
    assert difference(by_spikes) <= difference(choose_scales(net, wanted, fmt))
    wide, _ = quantise(net, replace(FMT, weight_width=3), batch)
    by_error = choose_scales(net, wanted, replace(FMT, weight_width=3))
    assert wide.fmt.v_shift == by_error.v_shift


def test_report_reads_well():
    """The printed report names every population, its error and its rates."""
    _, report = quantise(network(2), FMT, samples())
    text = "\n".join(report.lines())
    for part in ("input       weights", "inhibitory  neurons", "Hz", "readout     error"):
        assert part in text
    assert set(report.as_dict()) == {"weights", "neurons", "readout_error", "warnings"}
