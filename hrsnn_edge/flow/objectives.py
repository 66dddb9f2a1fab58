"""What the search of an experiment maximises: accuracy in float or in integers, or against cost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hrsnn_edge.data.augment import NO_CHANGE, AugmentConfig
from hrsnn_edge.data.dataset import Dataset
from hrsnn_edge.data.events import Split
from hrsnn_edge.engine.int_run import run_batch
from hrsnn_edge.errors import TrainingError
from hrsnn_edge.flow.experiment import Experiment
from hrsnn_edge.model.config import ReadoutConfig
from hrsnn_edge.model.train import readout_samples
from hrsnn_edge.network import FloatNetwork, IntFormat
from hrsnn_edge.quantise.convert import quantise
from hrsnn_edge.quantise.readout import refit_readout
from hrsnn_edge.tune.objectives import Judge, ValidationAccuracy, float_accuracy


@dataclass(frozen=True)
class IntegerAccuracy:
    """The accuracy of the rounded network, so that the search sees the integer format.

    With `sop_weight` above 0 or a board it is the hardware's judge: accuracy minus `sop_weight`
    for every doubling of the synaptic operations of a sample beyond `sop_budget`, and a network
    that does not fit the board is a failed point.

    Attributes
    ----------
    fmt : IntFormat
        Widths; the quantiser chooses the membrane shift.
    readout : ReadoutConfig
        How the readout is fitted to the integer network.
    calibration_samples : int
        Samples that set the ranges.
    sop_weight : float
        Accuracy, 0..1, that a doubling of the operations costs.
    sop_budget : float
        Operations of a sample, inputs and recurrent, that cost nothing.
    board : str
        Name of a board that the network must fit; empty for none.
    lanes : int
        Lanes of its core.
    augment : AugmentConfig
        Copies that the readout is fitted to as well.
    seed : int
        Of the copies.
    """

    fmt: IntFormat
    readout: ReadoutConfig
    calibration_samples: int = 64
    sop_weight: float = 0.0
    sop_budget: float = 10_000.0
    board: str = ""
    lanes: int = 1
    augment: AugmentConfig = NO_CHANGE
    seed: int = 0

    def __call__(self, net: FloatNetwork, fitted: Split, held_out: Split) -> float:
        """Return the score of a trained float network.

        Raises
        ------
        TrainingError
            When the integer network is silent, or does not fit the board.
        """
        calibration = fitted.events.select(slice(0, self.calibration_samples))
        rounded, _ = quantise(net, self.fmt, calibration)
        shown = readout_samples(fitted, self.augment, self.seed)
        rounded = refit_readout(rounded, shown, net.readout.n_out, self.readout)
        if self.board:
            self._check_board(rounded, int(held_out.events.n_steps.max()))
        result = run_batch(rounded, held_out.events)
        accuracy = float((result.outputs.argmax(axis=1) == held_out.labels).mean())
        operations = (result.total.sop_in + result.total.sop_rec) / len(held_out.labels)
        excess = max(0.0, np.log2(max(operations, 1) / self.sop_budget))
        return accuracy - self.sop_weight * excess

    def _check_board(self, net, n_steps: int) -> None:
        from hrsnn_boards.boards import find_board
        from hrsnn_boards.estimate import estimate

        found = estimate(net, find_board(self.board), self.lanes, n_steps=n_steps)
        if not found.fits:
            raise TrainingError(
                f"Network must fit {self.board}, not exceed it: {'; '.join(found.reasons)}"
            )


def objective_of(experiment: Experiment, data: Dataset) -> ValidationAccuracy:
    """Return the objective that an experiment's ``[tune]`` table asks for."""
    section = experiment.tune
    return ValidationAccuracy(
        experiment.model.config(),
        data,
        tuple(range(min(section.folds, data.n_folds))),
        tuple(range(experiment.seed, experiment.seed + section.seeds)),
        section.plastic,
        judge_of(experiment),
    )


def judge_of(experiment: Experiment) -> Judge:
    """Return how one trained network is judged."""
    section, widths = experiment.tune, experiment.quantise
    if section.objective == "float":
        return float_accuracy
    hardware = section.objective == "hardware"
    return IntegerAccuracy(
        widths.format(),
        experiment.model.readout,
        widths.calibration_samples,
        section.sop_weight if hardware else 0.0,
        section.sop_budget,
        section.board if hardware else "",
        experiment.build.lanes,
        experiment.model.augment,
        experiment.seed,
    )
