"""Networks that are driven by the value of a series as a current, and the recipe for memory.

``I_i = bias_i + sum_d u[d, i] x_d``: bias around the threshold, signed uniform input weights to a
share of the neurons. Measured far better than events for memory and forecasting.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from hrsnn_edge.engine.float_current import (
    CurrentRun,
    CurrentState,
    run_current,
    trace_decays,
)
from hrsnn_edge.errors import TrainingError
from hrsnn_edge.model.config import NetworkConfig
from hrsnn_edge.model.lif import build_network
from hrsnn_edge.model.topology import stream
from hrsnn_edge.network import FloatNetwork, SparseRows

#: Greatest shift of the common bias that rate matching tries, in thresholds.
BIAS_RANGE = 1.0


@dataclass(frozen=True)
class ReservoirConfig:
    """What is drawn for a driven network.

    Attributes
    ----------
    network : NetworkConfig
        Neurons and recurrent wiring; ``input_share`` is the share of neurons that receive.
    bias_mean, bias_spread : float
        Normal distribution of the constant current, in thresholds.
    input_gain : float
        Input weights are uniform in plus or minus this.
    hold : int
        Steps of a sample.
    own_trace : bool
        Whether spikes are filtered by each neuron's own time constant.
    fixed_traces : tuple of float
        Further filters [ms].
    """

    network: NetworkConfig = field(default_factory=NetworkConfig)
    bias_mean: float = 1.1
    bias_spread: float = 0.1
    input_gain: float = 1.0
    hold: int = 10
    own_trace: bool = True
    fixed_traces: tuple[float, ...] = ()


@dataclass(frozen=True, eq=False)
class Reservoir:
    """A network and how a series drives it.

    Attributes
    ----------
    net : FloatNetwork
        Without event inputs.
    bias : (N,) float64
        Constant current.
    w_current : (D, N) float64
        Current of each coordinate of a sample.
    hold : int
        Steps of a sample.
    decay : (F, N) float64
        Filters of the spikes.
    """

    net: FloatNetwork
    bias: np.ndarray
    w_current: np.ndarray
    hold: int
    decay: np.ndarray

    def run(self, series, state: CurrentState | None = None) -> CurrentRun:
        """Drive the network with a series, (M, D), from `state` or from rest."""
        return run_current(
            self.net, self.bias + np.asarray(series) @ self.w_current, self.hold, self.decay, state
        )

    def rate_hz(self, series) -> float:
        """Return the mean rate of a neuron under a series, (M, D) [Hz]."""
        return self.run(series).counts.mean() / (self.hold * self.net.dt) * 1000

    def operations(self, series) -> float:
        """Return the recurrent synaptic operations of one sample, a mean over a series."""
        return float(self.run(series).counts.mean(axis=0) @ self.net.w_rec.fan_out)

    def with_network(self, net: FloatNetwork, kept=None) -> Reservoir:
        """Return the reservoir with another network, of its neurons `kept`, (N,) bool or all."""
        kept = np.ones(self.net.n_neurons, bool) if kept is None else kept
        return replace(
            self,
            net=net,
            bias=self.bias[kept],
            w_current=self.w_current[:, kept],
            decay=self.decay[:, kept],
        )


def draw_reservoir(config: ReservoirConfig, n_inputs: int, seed: int) -> Reservoir:
    """Return a driven network; all but the spread is shared by 'hom' and 'het' of one seed."""
    n = config.network.n_neurons
    net = build_network(config.network, n_inputs, seed)
    no_events = SparseRows(np.zeros(1, np.int64), np.zeros(0, np.int32), np.zeros(0), n)
    receives = np.zeros(n, bool)
    order = stream(seed, "current receivers").permutation(n)
    receives[order[: max(1, round(config.network.input_share * n))]] = True
    u = stream(seed, "current weights").uniform(-1, 1, (n_inputs, n))
    bias = stream(seed, "bias").normal(config.bias_mean, config.bias_spread, n)
    return Reservoir(
        net=replace(net, w_in=no_events),
        bias=bias,
        w_current=config.input_gain * u * receives,
        hold=config.hold,
        decay=trace_decays(net, config.fixed_traces, own=config.own_trace),
    )


def memory_recipe(
    n_neurons: int = 300,
    *,
    neurons: str = "het",
    weight: float = 1.0,
    inhibition: float = 4.0,
    tau_e_mean: float = 30.0,
    tau_i_mean: float = 15.0,
) -> ReservoirConfig:
    """Return the settings under which the recurrent layer carries memory.

    A small world of which 30 % receive the input, biased just above the threshold, so that the
    neurons fire tonically and the input modulates them. Weights scale with one over the root of
    the mean fan-in, inhibition `inhibition` times excitation. Not the recipe of greatest memory:
    with input to all neurons it is greater, but then without any recurrence too.
    """
    density = 0.05
    unit = weight / np.sqrt(density * (n_neurons - 1))
    return ReservoirConfig(
        network=NetworkConfig(
            n_neurons=n_neurons,
            neurons=neurons,
            wiring="small_world",
            ring_density=density,
            ring_rewired=0.1,
            input_share=0.3,
            weight_e=float(unit),
            weight_i=float(inhibition * unit),
            tau_e_mean=tau_e_mean,
            tau_i_mean=tau_i_mean,
            threshold_cv=0.0,
            refractory_mean=4,
            refractory_spread=0,
            gain_mode="leaky",
            floor=-np.inf,
        )
    )


def match_rate(reservoir: Reservoir, target_hz: float, series, *, rounds: int = 12) -> Reservoir:
    """Return the reservoir with its common bias shifted until its rate is `target_hz`.

    Spread in time constants alone raises the rate; a comparison of efficiency at unequal rates
    compares rates. Bisection, so the rate is met to ``BIAS_RANGE / 2**rounds`` in bias.

    Raises
    ------
    TrainingError
        When no shift within plus or minus `BIAS_RANGE` thresholds reaches the rate.
    """

    def shifted(shift):
        return replace(reservoir, bias=reservoir.bias + shift)

    low, high = -BIAS_RANGE, BIAS_RANGE
    ends = shifted(low).rate_hz(series), shifted(high).rate_hz(series)
    if not ends[0] <= target_hz <= ends[1]:
        raise TrainingError(
            f"Target rate must be between {ends[0]:.3g} and {ends[1]:.3g} Hz, which a shift of the "
            f"bias can reach, not {target_hz:.3g}"
        )
    for _ in range(rounds):
        middle = (low + high) / 2
        if shifted(middle).rate_hz(series) < target_hz:
            low = middle
        else:
            high = middle
    return shifted((low + high) / 2)


def forecast_recipe(n_neurons: int = 300, *, neurons: str = "het") -> ReservoirConfig:
    """Return the settings for closed-loop forecasts of a chaotic system.

    Below threshold with a wide spread of biases, so that the input drives; many steps a sample and
    long traces. All neurons receive.
    """
    density = 0.1
    unit = 1 / np.sqrt(density * (n_neurons - 1))
    memory = memory_recipe(n_neurons, neurons=neurons, tau_e_mean=10.0, tau_i_mean=5.0)
    return ReservoirConfig(
        network=replace(
            memory.network,
            ring_density=density,
            input_share=1.0,
            weight_e=float(unit),
            weight_i=float(4 * unit),
            refractory_mean=2,
        ),
        bias_mean=0.5,
        bias_spread=0.3,
        hold=40,
        fixed_traces=(30.0, 100.0),
    )


def integrator_recipe(
    n_neurons: int = 300, *, neurons: str = "hom", weight: float = 0.1
) -> ReservoirConfig:
    """Return the settings whose closed-loop forecasts are the best found.

    Neurons integrate: the current is added as it is, a spike takes one threshold off the membrane,
    the leak is slow. Their rate is a rectified *line* of the current, without the kink of infinite
    slope that a fast leaky neuron has at threshold, and what a spike leaves in the membrane is not
    lost, so that the error of a filtered spike train falls with every further spike. One slow
    filter reads them. About 150 spikes in 1,000 steps: more work than `forecast_recipe` at equal
    size.

    Parameters
    ----------
    n_neurons : int
        N.
    neurons : str
        ``'hom'`` or ``'het'``.
    weight : float
        Mean excitatory weight times the root of the mean fan-in, in thresholds; inhibition is four
        times as strong, in balance at 80:20. 0 leaves the neurons unconnected.
    """
    density = min(0.1, 30 / n_neurons)
    unit = 1 / np.sqrt(density * (n_neurons - 1))
    base = memory_recipe(n_neurons, neurons=neurons, tau_e_mean=100.0, tau_i_mean=100.0)
    return ReservoirConfig(
        network=replace(
            base.network,
            ring_density=density,
            input_share=1.0,
            weight_e=float(unit),
            weight_i=float(4 * unit),
            recurrent_scale=weight,
            refractory_mean=0,
            gain_mode="jump",
            reset="subtract",
            floor=-2.0,
        ),
        bias_mean=0.0,
        bias_spread=0.3,
        input_gain=0.6,
        hold=160,
        own_trace=False,
        fixed_traces=(400.0,),
    )
