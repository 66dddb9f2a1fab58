"""The perceptron readout beside the linear one, in floats and in integers, on the digits.

    python benchmarks/mlp_readout.py --seeds 1 2 3

One network a seed, all readouts fitted to it. "rounded" is the float readout in integers,
"refitted" one fitted to the counts of the integer network.
"""

from __future__ import annotations

import argparse

from hrsnn_edge.data.digits import load_digits
from hrsnn_edge.model.config import ModelConfig, ReadoutConfig
from hrsnn_edge.model.train import evaluate, train, with_readout
from hrsnn_edge.network import IntFormat, MlpReadout
from hrsnn_edge.quantise.convert import quantise
from hrsnn_edge.quantise.readout import accuracy, refit_readout

READOUTS = {
    "linear": ReadoutConfig(n_bins=1, strength=1.0),
    **{
        f"mlp, {share:.0%}": ReadoutConfig("mlp", n_bins=1, strength=1.0, read_share=share)
        for share in (0.1, 0.5, 1.0)
    },
}
SETTINGS = {
    "network.wiring_length": 4.0, "network.weight_i": 0.4, "network.tau_e_mean": 20.0,
    "network.tau_i_mean": 10.0, "network.refractory_mean": 1, "plasticity.eta": 3e-5,
    "plasticity.samples": 200, "rate.target_hz": 80.0, "rate.homeostasis_rounds": 6,
}  # fmt: skip


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--neurons", type=int, default=64)
    options = parser.parse_args()
    config = ModelConfig().with_values(SETTINGS | {"network.n_neurons": options.neurons})
    for seed in options.seeds:
        data = load_digits(p_max=0.5)
        net, _ = train(config, data.train, n_classes=10, seed=seed)
        few = data.train.events.select(slice(0, 32))
        for name, readout in READOUTS.items():
            fitted, _ = with_readout(net, data.train, 10, readout)
            rounded, _ = quantise(fitted, IntFormat(shift_width=3), few)
            refitted = refit_readout(rounded, data.train, 10, readout)
            found = refitted.readout
            weights = found.macs if isinstance(found, MlpReadout) else found.w_out.size
            print(
                f"seed {seed}  {name:<10} {weights:5} weights"
                f"  float {evaluate(fitted, data.test):.4f}"
                f"  rounded {accuracy(rounded, data.test):.4f}"
                f"  refitted {accuracy(refitted, data.test):.4f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
