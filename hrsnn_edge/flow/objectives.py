"""What the search of an experiment maximises, on the float or on the integer network."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from hrsnn_edge.analysis.efficiency import classification_efficiency
from hrsnn_edge.analysis.lyapunov import input_current
from hrsnn_edge.analysis.memory import memory_capacity
from hrsnn_edge.analysis.operations import count_operations
from hrsnn_edge.data.dataset import Dataset
from hrsnn_edge.data.encode import series_modulated
from hrsnn_edge.data.events import EventBatch, Split
from hrsnn_edge.engine.float_current import trace_decays
from hrsnn_edge.engine.float_run import run_spikes
from hrsnn_edge.engine.int_run import run_batch, run_stream
from hrsnn_edge.errors import TrainingError
from hrsnn_edge.flow.experiment import Experiment, TuneSection
from hrsnn_edge.flow.stations import rounded
from hrsnn_edge.flow.store import canonical_json
from hrsnn_edge.model.rate import check_rate
from hrsnn_edge.model.traces import filtered
from hrsnn_edge.model.train import evaluate
from hrsnn_edge.network import Counts, FloatNetwork, IntNetwork, TraceReadout
from hrsnn_edge.quantise.dequantise import dequantise
from hrsnn_edge.quantise.driven import filters_in_spikes, with_filters
from hrsnn_edge.tune.objectives import (
    LYAPUNOV_STEPS,
    ValidationScore,
    driven_spectrum_score,
)

#: Noise that measures memory: time of a sample [ms], samples, those trained on, greatest delay.
HOLD_MS, N_SAMPLES, N_TRAIN, N_DELAYS = 10.0, 2600, 1500, 60
#: What a score is, for plots and reports.
WORDS = {
    "accuracy": "accuracy on validation folds",
    "capacity": "memory capacity under noise",
    "spikes": "minus spikes of a neuron, validation folds",
    "efficiency": "accuracy over spikes of a neuron, validation folds",
    "lyapunov": "Lyapunov score under noise",
    "hardware": "accuracy on validation folds, less its cost",
}


def score_words(section: TuneSection) -> str:
    """Return what the scores of a search are, for people."""
    return WORDS[section.objective] + (", integers" if section.network == "integer" else "")


def objective_of(experiment: Experiment, data: Dataset) -> ValidationScore:
    """Return the objective that an experiment's ``[tune]`` table asks for."""
    section = experiment.tune
    return ValidationScore(
        experiment.model.config(),
        data,
        tuple(range(min(section.folds, data.n_folds))),
        tuple(range(experiment.seed, experiment.seed + section.seeds)),
        section.plastic,
        NetworkScore(experiment),
    )


@dataclass(frozen=True)
class NetworkScore:
    """The score of one trained network: the judge of a `ValidationScore`.

    Attributes
    ----------
    experiment : Experiment
        ``[tune]`` says what is measured and on which network, ``[quantise]`` the integer format.
    """

    experiment: Experiment

    def __call__(self, net: FloatNetwork, fitted: Split, held_out: Split) -> float:
        """Return the score of a network that was trained on `fitted`.

        Raises
        ------
        TrainingError
            When the network that is judged is silent, fires at a rate outside the bounds, or does
            not fit the board.
        """
        judged = net
        if self.experiment.tune.network == "integer":
            judged, _ = rounded(self.experiment, fitted, net.readout.n_out, net)
        return SCORES[self.experiment.tune.objective](self, judged, net, fitted, held_out)

    def _accuracy(self, judged, net, fitted, held_out) -> float:
        return behaviour(judged, held_out)[0]

    def _spikes(self, judged, net, fitted, held_out) -> float:
        return -self._bounded(judged, net.dt, held_out)[1]

    def _efficiency(self, judged, net, fitted, held_out) -> float:
        return classification_efficiency(*self._bounded(judged, net.dt, held_out))

    def _hardware(self, judged, net, fitted, held_out) -> float:
        section = self.experiment.tune
        if section.board:
            self._check_board(judged, int(held_out.events.n_steps.max()))
        accuracy, work = behaviour(judged, held_out)
        operations = (work.sop_in + work.sop_rec) / len(held_out.labels)
        excess = max(0.0, np.log2(max(operations, 1) / section.sop_budget))
        return accuracy - section.sop_weight * excess

    def _capacity(self, judged, net, fitted, held_out) -> float:
        x, events, hold = self._noise(net.dt, fitted, N_SAMPLES)
        features, spikes = states(judged, events, trace_decays(net), hold)
        self._check_rate(spikes / (len(x) * hold), net.dt)
        found = memory_capacity(
            features, x, washout=N_DELAYS, n_train=N_TRAIN, n_delays=N_DELAYS,
            seed=self.experiment.seed,
        )  # fmt: skip
        return found.above_chance

    def _lyapunov(self, judged, net, fitted, held_out) -> float:
        n_samples = -(-LYAPUNOV_STEPS // self._hold(net.dt))
        _, events, hold = self._noise(net.dt, fitted, n_samples)
        _, spikes = states(judged, events, trace_decays(net), hold)
        self._check_rate(spikes / (n_samples * hold), net.dt)
        if isinstance(judged, IntNetwork):
            judged = dequantise(judged, net.dt, with_readout=False)
        return driven_spectrum_score(judged, input_current(judged, events), self.experiment.seed)

    def _hold(self, dt: float) -> int:
        """Return the steps of a sample of noise."""
        return max(1, round(HOLD_MS / dt))

    def _noise(self, dt: float, fitted: Split, n_samples: int):
        """Return a series (M,), the events that carry it at the rates of the data, steps each."""
        hold, seed = self._hold(dt), self.experiment.seed
        x = np.random.default_rng([seed, 1]).uniform(-1, 1, n_samples)
        arrivals = np.bincount(fitted.events.address, minlength=fitted.events.n_inputs)
        return x, series_modulated(arrivals / fitted.events.n_steps.sum(), x, hold, seed), hold

    def _bounded(self, judged, dt: float, data: Split) -> tuple[float, float]:
        """Return accuracy and mean spikes of a neuron and sample, at a rate within the bounds."""
        accuracy, work = behaviour(judged, data)
        self._check_rate(work.spikes / work.neuron_updates, dt)
        return accuracy, work.spikes / judged.n_neurons / len(data.labels)

    def _check_rate(self, spikes_a_step: float, dt: float) -> None:
        check_rate(
            spikes_a_step / dt * 1000,
            self.experiment.tune.rate_range_hz,
            "Change model.rate or model.network.input_weight, or move tune.rate_range_hz.",
        )

    def _check_board(self, net: IntNetwork, n_steps: int) -> None:
        from hrsnn_boards.boards import find_board
        from hrsnn_boards.estimate import estimate

        board, lanes = self.experiment.tune.board, self.experiment.build.lanes
        found = estimate(net, find_board(board), lanes, n_steps=n_steps)
        if not found.fits:
            raise TrainingError(
                f"Network must fit {board}, not exceed it: {'; '.join(found.reasons)}"
            )


#: How each objective is measured.
SCORES = {
    "accuracy": NetworkScore._accuracy,
    "capacity": NetworkScore._capacity,
    "spikes": NetworkScore._spikes,
    "efficiency": NetworkScore._efficiency,
    "lyapunov": NetworkScore._lyapunov,
    "hardware": NetworkScore._hardware,
}


def behaviour(net: FloatNetwork | IntNetwork, data: Split) -> tuple[float, Counts]:
    """Return the accuracy of a network on samples, 0..1, and its work on all of them."""
    if isinstance(net, FloatNetwork):
        return evaluate(net, data), count_operations(net, data.events)
    result = run_batch(net, data.events)
    return float((result.predictions == data.labels).mean()), result.total


def states(
    net: FloatNetwork | IntNetwork, events: EventBatch, decay, hold: int
) -> tuple[np.ndarray, float]:
    """Return filtered spikes every `hold` steps, (M, F N) in spikes, and mean spikes of a neuron.

    Parameters
    ----------
    events : EventBatch
        One sample.
    decay : (F, N) float64
        Of each filter in a step.
    """
    if isinstance(net, FloatNetwork):
        readout = TraceReadout(decay, np.zeros((*decay.shape, 1)), np.zeros(1), hold)
        raster = run_spikes(net, events).raster(0)
        filters, spikes = filtered(readout, raster), raster.sum()
    else:
        reading = with_filters(net, decay, hold, events)
        run = run_stream(reading, events)
        filters, spikes = filters_in_spikes(reading, run), run.spike_counts.sum()
    return filters.reshape(len(filters), -1), float(spikes) / net.n_neurons


def search_inputs(experiment: Experiment) -> dict:
    """Return all that the scores of an experiment's search depend on, and nothing else.

    Two searches with equal inputs are one: the budget and the machines it runs on do not count.
    """
    section = experiment.tune
    found = {
        "data": experiment.data,
        "model": experiment.model,
        "seed": experiment.seed,
        "tune": section.model_dump(exclude={"evaluations", "n_jobs", "dask"}),
    }
    if section.network == "integer":
        found |= {"quantise": experiment.quantise, "lanes": experiment.build.lanes}
    return found


def search_label(experiment: Experiment) -> str:
    """Return what tells the log of a search from that of another one."""
    section = experiment.tune
    digest = hashlib.sha256(canonical_json(search_inputs(experiment))).hexdigest()[:12]
    return f"{experiment.name}, {section.objective}, {section.network}, {digest}"
