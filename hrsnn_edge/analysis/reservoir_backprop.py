"""Backpropagation of a driven network that forecasts one step ahead (HoNB, HeNB)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from hrsnn_edge.analysis.forecasters import spiking_features
from hrsnn_edge.analysis.reservoir import Reservoir
from hrsnn_edge.analysis.ridge import Ridge, fit_ridge
from hrsnn_edge.engine.current_surrogate import current_gradients
from hrsnn_edge.errors import DataError, TrainingError
from hrsnn_edge.model.backprop import Adam, Arrays, NetworkForm, one_cycle
from hrsnn_edge.network import FloatNetwork

#: Mean rates over that at the start outside of which training diverges; the error has bounds, since
#: traces have.
_RATE_RANGE = (0.25, 4.0)
#: Every how many windows one teaches, the readout being fitted to the others.
TURNS = 3


@dataclass(frozen=True)
class DescentConfig:
    """Training of a driven network by surrogate gradients.

    Attributes
    ----------
    epochs : int
        Passes over the series.
    window : int
        Samples of a stretch, after which the weights step and gradients end.
    learning_rate : float
        Greatest of Adam's one-cycle schedule.
    slope : float
        Of the surrogate ``1 / (1 + slope |u|)**2``, u in thresholds.
    rate_weight : float
        Of the squared relative change of the mean rate, added to the loss.
    tau_range : (float, float)
        Range of learned time constants [ms].
    """

    epochs: int = 30
    window: int = 25
    learning_rate: float = 0.003
    slope: float = 10.0
    rate_weight: float = 0.1
    tau_range: tuple[float, float] = (2.0, 200.0)

    def __post_init__(self):
        """Check the ranges."""
        for name, low in (("epochs", 0), ("window", 1), ("learning_rate", 0), ("slope", 0)):
            if getattr(self, name) < low:
                raise ValueError(f"{name} must be {low} or more, not {getattr(self, name)}")


# Weights beyond all bounds are found by the rates.
@np.errstate(over="ignore", invalid="ignore")
def descend_driven(
    reservoir: Reservoir,
    series,
    config: DescentConfig,
    *,
    learn_neurons: bool,
    washout: int = 100,
    squares: bool = False,
    own_trace: bool = True,
) -> tuple[Reservoir, tuple[float, ...]]:
    """Return the network trained to forecast the next sample, and the error of each epoch.

    Recurrent and input weights and biases learn, in the network's wiring and with Dale's law. The
    readout is the one of `fit_spiking`, fitted at the start of every epoch to two windows of three;
    the network learns on every third, and the windows take turns. A readout that was fitted to
    the same samples leaves next to no error on them and nothing to learn.

    Parameters
    ----------
    reservoir : Reservoir
        The start; delta synapses.
    series : (T, D) float
        Scaled to about 0..1; never a test part.
    config : DescentConfig
        Settings.
    learn_neurons : bool
        Whether each neuron learns its time constant and threshold (HeNB).
    washout : int
        Samples at the start that nothing is trained on.
    squares : bool
        Whether squared traces are features too.
    own_trace : bool
        Whether the first filter follows the time constant of each membrane.

    Returns
    -------
    trained, errors : Reservoir, tuple of float
        Mean square, in variances of the increments, over the windows that taught in each epoch.

    Raises
    ------
    DataError
        When fewer samples than three windows are left.
    TrainingError
        For exponential synapses, a silent network, and one that leaves its rate in training.
    """
    series = np.asarray(series, float)
    windows = _windows(len(series) - 1, washout, config.window)
    form = _Form(reservoir, NetworkForm(reservoir.net, config.tau_range, learn_neurons), own_trace)
    values, adam, errors = form.values(), Adam(), []
    variance = np.diff(series, axis=0)[washout:].var(axis=0)
    target_hz = reservoir.rate_hz(2 * series - 1)
    if target_hz == 0:
        raise TrainingError(
            "Network must fire under the series to learn from it, not stay silent. Raise bias_mean."
        )
    total = sum(len(windows[epoch % TURNS :: TURNS]) for epoch in range(config.epochs))
    for epoch in range(config.epochs):
        net, found, rates = form.reservoir(values), [], []
        ridge, state = _readout(net, series, windows, epoch % TURNS, squares)
        for k, window in enumerate(windows):
            if k % TURNS != epoch % TURNS:
                state = net.run(2 * series[window] - 1, state).state
                continue
            error, rate_hz, gradients, state = _window(
                form, net, series, window, state, ridge, variance, squares, config, target_hz
            )
            rate = config.learning_rate * one_cycle((adam.steps + 1) / total)
            values = form.projected(adam.step(values, gradients, rate))
            net = form.reservoir(values)
            found.append(error)
            rates.append(rate_hz)
        low, high = (factor * target_hz for factor in _RATE_RANGE)
        if not low <= np.mean(rates) <= high:
            raise TrainingError(
                f"Rate must stay between {low:.3g} and {high:.3g} Hz in training, not "
                f"{np.mean(rates):.3g} in epoch {epoch + 1}: training diverges. Lower "
                "learning_rate."
            )
        errors.append(float(np.mean(found)))
    return form.reservoir(values), tuple(errors)


def _windows(n_samples: int, washout: int, length: int) -> list[slice]:
    """Return the windows after the washout; the last may be shorter."""
    if n_samples < washout + TURNS * length:
        raise DataError(
            f"Series must have at least {washout + TURNS * length + 1} samples, not {n_samples + 1}"
        )
    return [slice(a, min(a + length, n_samples)) for a in range(washout, n_samples, length)]


def _readout(net: Reservoir, series, windows, turn: int, squares: bool) -> tuple[Ridge, object]:
    """Return the readout fitted to the windows that do not teach, and the state before them."""
    first, drive = windows[0].start, 2 * series[:-1] - 1
    before = net.run(drive[:first])
    traces = net.run(drive[first:], before.state).traces
    features = spiking_features(traces, series[first:-1], squares=squares)
    taught = (np.arange(len(features)) // (windows[0].stop - first)) % TURNS == turn
    increments = np.diff(series, axis=0)[first:]
    return fit_ridge(features[~taught], increments[~taught]), before.state


def forecast_error(
    traces, inputs, increments, ridge: Ridge, variance, *, squares: bool
) -> tuple[float, np.ndarray]:
    """Return the squared error of forecasts and its derivative by the traces.

    Parameters
    ----------
    traces : (M, F, N) float64
        Filtered spikes at the end of each sample.
    inputs, increments : (M, D) float64
        Samples, and the steps to the next ones, which are wanted.
    ridge : Ridge
        The readout, taken as given.
    variance : (D,) float64
        Of the increments; the error is a mean over samples and coordinates in its units.
    squares : bool
        Whether squared traces are features too.

    Returns
    -------
    error, by_trace : float, (M, F, N) float64
    """
    missed = ridge.predict(spiking_features(traces, inputs, squares=squares)) - increments
    by_features = (2 * missed / variance / missed.size) @ (ridge.weights / ridge.scale[:, None]).T
    n = traces[0].size
    by_trace = by_features[:, :n].reshape(traces.shape)
    if squares:
        by_trace = by_trace + 2 * traces * by_features[:, n : 2 * n].reshape(traces.shape)
    return float(np.mean(missed**2 / variance)), by_trace


def _window(form, net, series, window, state, ridge, variance, squares, config, target_hz):
    """Return error, rate [Hz] and gradients of a window, and the state after it."""
    inputs = series[window]
    increments = series[window.start + 1 : window.stop + 1] - inputs
    drive = 2 * inputs - 1
    run = net.run(drive, state)
    error, by_trace = forecast_error(
        run.traces, inputs, increments, ridge, variance, squares=squares
    )
    per_spike = 1000 / (run.counts.size * net.hold * net.net.dt)
    rate_hz = run.counts.sum() * per_spike
    off = rate_hz / target_hz - 1
    by = current_gradients(
        net.net, net.bias + drive @ net.w_current, net.hold, net.decay, state, by_trace,
        config.slope, 2 * config.rate_weight * off * per_spike / target_hz,
    )  # fmt: skip
    return error, rate_hz, form.gradients(net.net, by, drive), run.state


@dataclass(frozen=True, eq=False)
class _Form:
    """How a driven network is written in learned values."""

    start: Reservoir
    network: NetworkForm
    own_trace: bool

    def values(self) -> dict[str, np.ndarray]:
        """Return the values at the start."""
        driven = {"w_current": self.start.w_current, "bias_current": self.start.bias}
        return self.network.values() | driven

    def reservoir(self, values: Arrays) -> Reservoir:
        """Return the network of the values."""
        net = self.network.network(values)
        decay = self.start.decay
        if self.own_trace:
            decay = np.vstack([net.alpha[None], decay[1:]])
        return replace(
            self.start,
            net=net,
            bias=values["bias_current"],
            w_current=values["w_current"],
            decay=decay,
        )

    def gradients(self, net: FloatNetwork, by: Arrays, inputs) -> dict[str, np.ndarray]:
        """Return the gradients by the values from those of `current_gradients`."""
        alpha = by["alpha"] + by["decay"][0] if self.own_trace else by["alpha"]
        found = self.network.gradients(net, {**by, "w_in": np.zeros(0), "alpha": alpha})
        received = (self.start.w_current != 0).any(axis=0)
        return found | {
            "w_current": inputs.T @ by["current"] * received,
            "bias_current": by["current"].sum(axis=0),
        }

    def projected(self, values: Arrays) -> dict[str, np.ndarray]:
        """Return the values inside their ranges."""
        return self.network.projected(values)
