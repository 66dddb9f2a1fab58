import pytest

from hrsnn_edge.model.config import ModelConfig, NetworkConfig, PlasticityConfig


@pytest.mark.parametrize(
    ("name", "neurons", "synapses"),
    [
        ("HoNHoS", "hom", "hom"),
        ("HeNHoS", "het", "hom"),
        ("HoNHeS", "hom", "het"),
        ("HeNHeS", "het", "het"),
    ],
)
def test_variants_change_two_switches(name, neurons, synapses):
    """A variant sets the two switches and nothing else."""
    start = ModelConfig().with_values({"network.n_neurons": 77})
    got = start.variant(name)
    assert (got.network.neurons, got.plasticity.synapses) == (neurons, synapses)
    back = got.with_values({"network.neurons": "het", "plasticity.synapses": "het"})
    assert back == start


def test_variants_with_backprop():
    """HoNB and HeNB replace STDP by backpropagation, with its own number of passes if given."""
    got = ModelConfig().variant("HeNB")
    assert (got.network.neurons, got.plasticity.synapses) == ("het", "off")
    assert got.backprop.epochs == 20
    assert ModelConfig().with_values({"backprop.epochs": 7}).variant("HoNB").backprop.epochs == 7
    assert got.variant("HoNHoS").backprop.epochs == 0


def test_unknown_variant_is_refused():
    """An unknown variant is refused with the known ones."""
    with pytest.raises(ValueError, match=r"one of HoNHoS, .*, HoNB, HeNB, not 'HiNHaS'"):
        ModelConfig().variant("HiNHaS")


@pytest.mark.parametrize("name", ["network.tau", "tau_e_mean", "net.n_neurons", "network"])
def test_unknown_setting_is_refused(name):
    """A dotted name that is no field is refused."""
    with pytest.raises(ValueError, match=f"must be a field of the model, not '{name}'"):
        ModelConfig().with_values({name: 1})


@pytest.mark.parametrize(
    ("make", "values", "message"),
    [
        (NetworkConfig, {"n_neurons": 1}, "n_neurons must be at least 2, not 1"),
        (NetworkConfig, {"inhibitory_share": 1.2}, "between 0 and 1, not 1.2"),
        (NetworkConfig, {"neurons": "mixed"}, "must be one of 'het', 'hom', not 'mixed'"),
        (NetworkConfig, {"floor": 0.5}, "floor must be at most 0, not 0.5"),
        (NetworkConfig, {"refractory_spread": 3}, "between 0 and 2, not 3"),
        (NetworkConfig, {"tau_e_mean": float("nan")}, "tau_e_mean must be at least 0, not nan"),
        (PlasticityConfig, {"carrier": "glia"}, "must be one of 'neuron', 'synapse'"),
        (PlasticityConfig, {"eta": -1.0}, "eta must be at least 0, not -1.0"),
    ],
)
def test_bad_settings_are_named(make, values, message):
    """A setting outside its range is refused with its name and value."""
    with pytest.raises(ValueError, match=message):
        make(**values)
