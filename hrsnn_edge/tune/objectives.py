"""What a search maximises: the accuracy of trained networks on validation folds, never on test."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from operator import attrgetter

import numpy as np

from hrsnn_edge.data.dataset import Dataset
from hrsnn_edge.model.config import ModelConfig
from hrsnn_edge.model.train import evaluate, train


@dataclass(frozen=True, eq=False)
class ValidationAccuracy:
    """Mean accuracy on held-out folds, as a function of settings of the model.

    Every point is trained with the same seeds on the same folds, so that scores differ by the
    point and not by the draw. An evaluation trains ``len(folds) * len(seeds)`` networks.

    Attributes
    ----------
    config : ModelConfig
        Settings that are not searched.
    data : Dataset
        Only its train part is used.
    folds : tuple of int
        Folds that are held out in turn.
    seeds : tuple of int
        Seeds of the networks. With two or more their spread gives the variance of the score.
    plastic : bool
        Whether the networks learn by STDP before they are judged. The papers search first and
        learn afterwards, which also makes an evaluation several times cheaper.
    """

    config: ModelConfig
    data: Dataset
    folds: tuple[int, ...] = (0,)
    seeds: tuple[int, ...] = (0,)
    plastic: bool = False

    def __post_init__(self):
        """Check the folds."""
        wrong = [k for k in self.folds if not 0 <= k < self.data.n_folds]
        if wrong or not self.folds or not self.seeds:
            raise ValueError(
                f"Folds must be among 0 .. {self.data.n_folds - 1} and seeds present, "
                f"not {self.folds} and {self.seeds}"
            )

    def settings(self, names: Iterable[str]) -> dict[str, float]:
        """Return the values that `config` has for dotted names: where a search may start."""
        return {name: float(attrgetter(name)(self.config)) for name in names}

    def __call__(self, point: dict[str, float]) -> tuple[float, float | None]:
        """Return the mean accuracy, 0..1, and its variance, or None with one seed.

        Parameters
        ----------
        point : dict
            Values by dotted name, for `ModelConfig.with_values`.

        Raises
        ------
        TrainingError
            When one of the networks is silent or saturated.
        """
        config = self.config.with_values(point)
        if not self.plastic:
            config = config.with_values({"plasticity.synapses": "off"})
        scores = np.array(
            [[self._accuracy(config, fold, seed) for seed in self.seeds] for fold in self.folds]
        )
        if len(self.seeds) < 2:
            return float(scores.mean()), None
        # Folds are the same for all points: only the spread over seeds is noise.
        variance = scores.mean(axis=0).var(ddof=1) / len(self.seeds)
        return float(scores.mean()), float(variance)

    def _accuracy(self, config: ModelConfig, fold: int, seed: int) -> float:
        """Return the accuracy of one network on one held-out fold."""
        fitted, held_out = self.data.fold_parts(fold)
        net, _ = train(config, fitted, n_classes=len(self.data.class_names), seed=seed)
        return evaluate(net, held_out)
