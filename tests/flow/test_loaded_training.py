import pytest

from hrsnn_edge.data.catalogue import find_files
from hrsnn_edge.flow.data_sections import section_of
from hrsnn_edge.model.config import (
    ModelConfig,
    NetworkConfig,
    PlasticityConfig,
    RateConfig,
    ReadoutConfig,
)
from hrsnn_edge.model.train import evaluate, train


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "keys", "floor"),
    [("vowels", {}, 0.7), ("emg", {"person": "10000", "gains": (0.75, 1.05, 1.5, 2.4)}, 0.5)],
)
def test_small_network_learns(name, keys, floor):
    """A network of 80 neurons learns from loaded data far more than chance, 11 and 12.5 %."""
    if find_files(name) is None:
        pytest.skip(f"needs the data set {name}; set HRSNN_DATA")
    section = section_of(name).model_copy(update=keys)
    data = section.load(0)
    config = ModelConfig(
        network=NetworkConfig(n_neurons=80, dt=section.dt_ms, tau_e_mean=60.0, tau_i_mean=30.0),
        plasticity=PlasticityConfig(samples=200),
        rate=RateConfig(target_hz=10.0, calibration_samples=40, homeostasis_rounds=5),
        readout=ReadoutConfig(n_bins=2),
    )
    net, _ = train(config, data.train, n_classes=len(data.class_names), seed=0)
    assert evaluate(net, data.test) > floor
