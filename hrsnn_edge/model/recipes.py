"""Settings that were measured to work; experiments/accuracy.py prints what they reach."""

from __future__ import annotations

from dataclasses import replace

from hrsnn_edge.model.config import (
    ModelConfig,
    NetworkConfig,
    PlasticityConfig,
    RateConfig,
    ReadoutConfig,
)


def digits_recipe(n_neurons: int = 256) -> ModelConfig:
    """Return the settings for `load_digits`: short runs, high rates, small steps of STDP.

    At 48 steps of 1 ms a neuron needs 80 Hz to say more than yes or no.
    """
    return ModelConfig(
        network=NetworkConfig(
            n_neurons=n_neurons,
            wiring_length=4.0,
            weight_i=0.4,
            tau_e_mean=20.0,
            tau_i_mean=10.0,
            refractory_mean=1,
        ),
        plasticity=PlasticityConfig(eta=3e-5, samples=1000),
        rate=RateConfig(target_hz=80.0, input_scale=2.0, homeostasis_rounds=10),
        readout=ReadoutConfig(n_bins=1, strength=1.0),
    )


def fsdd_recipe(n_neurons: int = 300) -> ModelConfig:
    """Return the settings for spoken digits behind the audio front end: sparse, 10 Hz.

    The wiring length is 3 for a few hundred neurons and 2.4 for a thousand, which keeps the
    recurrent fan-in of the larger cube about the same.
    """
    network = replace(
        NetworkConfig(), n_neurons=n_neurons, wiring_length=3.0 if n_neurons < 700 else 2.4
    )
    return ModelConfig(network=network, readout=ReadoutConfig(n_bins=4, strength=3.0))
