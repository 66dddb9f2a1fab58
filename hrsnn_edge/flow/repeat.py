"""The numerical part of an experiment over several seeds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from hrsnn_edge.flow.experiment import Experiment
from hrsnn_edge.flow.run import Progress, encoded, measure, trained_networks
from hrsnn_edge.flow.store import Store


def repeat_accuracy(
    experiment: Experiment, n_seeds: int, store: Store, say: Callable[[str], None]
) -> dict[str, Any]:
    """Return test accuracies and SOP ratios of the seeds ``seed .. seed + n_seeds - 1``.

    Returns
    -------
    found : dict
        ``seeds``; ``accuracy``: for each network ``mean``, ``sd`` (of the seeds, n - 1) and
        ``values``; ``sop_ratio`` likewise: unpruned over pruned, I->R and R->R.
    """
    rows, ratios = [], []
    seeds = list(range(experiment.seed, experiment.seed + n_seeds))
    for seed in seeds:
        say(f"seed {seed}")
        plan = experiment.with_seed(seed)
        data = encoded(plan, store)
        networks = trained_networks(plan, data, store, Progress(say, 4))
        figures = measure(plan, data, networks)
        rows.append(figures["accuracy"])
        work = [figures["evaluations"][name].counts for name in ("integer_unpruned", "integer")]
        before, after = (c.sop_in + c.sop_rec for c in work)
        ratios.append(before / max(1, after))
    return {
        "experiment": experiment.name,
        "seeds": seeds,
        "accuracy": {name: _spread([row[name] for row in rows]) for name in rows[0]},
        "sop_ratio": _spread(ratios),
    }


def _spread(values: list[float]) -> dict[str, Any]:
    sd = float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
    return {"mean": float(np.mean(values)), "sd": sd, "values": values}
