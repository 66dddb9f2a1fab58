"""What a Lorenz63 forecaster loses when it is computed wholly in integers.

    python benchmarks/integer_forecast.py --seeds 10 11 12 13 14

Prints one line a seed and form: NRMSE of the increments one step ahead, and valid prediction time
in closed loop (error 0.1, horizon 100, 20 starts). Network and trajectory of a seed are the same.
"""

from __future__ import annotations

import argparse

import numpy as np

from hrsnn_edge.analysis.forecast import nrmse, score_forecasts, teacher_forced
from hrsnn_edge.analysis.forecasters import fit_spiking
from hrsnn_edge.analysis.reservoir import draw_reservoir, forecast_recipe, integrator_recipe
from hrsnn_edge.data.chaotic import lorenz63, scale_to_unit
from hrsnn_edge.data.planes import Planes
from hrsnn_edge.network import IntFormat
from hrsnn_edge.quantise.forecast import fit_integer_forecaster

#: Training samples (washout included), samples that are forecast, washout.
N_TRAIN, N_UNSEEN, WASHOUT = 600, 1400, 100
FORMAT = {
    "v_width": 20, "decay_width": 12, "weight_width": 8, "shift_width": 3, "out_weight_width": 16,
}  # fmt: skip
#: Integer forms: changes of the format, bits of the input.
FORMS = {
    "integers": ({}, 12),
    "8-bit input": ({}, 8),
    "6-bit weights": ({"weight_width": 6}, 12),
    "12-bit readout": ({"out_weight_width": 12}, 12),
    "16-bit membrane": ({"v_width": 16}, 12),
}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[10, 11, 12, 13, 14])
    parser.add_argument("--neurons", type=int, default=300)
    parser.add_argument("--integrators", action="store_true", help="neurons that integrate")
    parser.add_argument("--squares", action="store_true", help="squared filters are features too")
    parser.add_argument("--forms", nargs="*", default=list(FORMS), choices=list(FORMS))
    options = parser.parse_args()
    for seed in options.seeds:
        series, _, _ = scale_to_unit(lorenz63(N_TRAIN + N_UNSEEN, seed=seed), N_TRAIN)
        train, unseen = series[: N_TRAIN + 1], series[N_TRAIN + 1 :]
        recipe = integrator_recipe if options.integrators else forecast_recipe
        reservoir = draw_reservoir(recipe(options.neurons), 3, seed)
        models = {"floats": fit_spiking(reservoir, train, squares=options.squares)}
        for name in options.forms:
            changed, bits = FORMS[name]
            fmt, planes = IntFormat(**FORMAT | changed), Planes(bits, bits - 2)
            models[name] = fit_integer_forecaster(
                reservoir, train, fmt, planes, squares=options.squares
            )
        for name, model in models.items():
            error, valid = score(model, unseen, series.std(axis=0))
            print(f"seed {seed:3}  {name:<16} NRMSE {error:.4f}  VPT {valid:5.1f}", flush=True)


def score(model, unseen, deviation) -> tuple[float, float]:
    """Return the one-step NRMSE of the increments and the mean valid time."""
    said = teacher_forced(model, unseen[:300])
    truth, found = np.diff(unseen[:300], axis=0), said[:-1] - unseen[:299]
    valid = score_forecasts(model, unseen, limits=(-0.2, 1.2), deviation=deviation).mean_valid_time
    return nrmse(truth[WASHOUT:], found[WASHOUT:]), valid


if __name__ == "__main__":
    main()
