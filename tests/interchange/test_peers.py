"""Networks of snnTorch and Norse, exported by their own tools: the same spikes here."""

from itertools import product

import numpy as np
import pytest

from hrsnn_edge.interchange.nir_import import import_nir
from tests.interchange.runs import origin_view

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # of the libraries themselves
]

torch = pytest.importorskip("torch", reason="needs torch: pip install '.[peers]'")
nir = pytest.importorskip("nir", reason="needs nir: pip install '.[peers]'")
#: Step that snnTorch's export assumes, and Norse's default [s].
SNNTORCH_DT, NORSE_DT = 1e-4, 1e-3


def randomise(module, seed, mean=0.3, spread=0.8):
    """Give linear layers random weights."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for layer in module.modules():
            if isinstance(layer, torch.nn.Linear):
                layer.weight.normal_(mean, spread, generator=generator)
                if layer.bias is not None:
                    layer.bias.normal_(0, 0.05, generator=generator)


def raster_of(seed, steps, channels):
    return np.random.default_rng(seed).random((steps, channels)) < 0.4


def check(path, dt, raster, spikes, **options):
    """The last population fires as the origin did: (T, N) bool."""
    found = import_nir(path, dt, "euler", **options)
    parts, _ = origin_view(found, raster)
    last = max(found.assembly.depth, key=found.assembly.depth.get)
    bad = np.argwhere(parts[last] != spikes)
    assert not bad.size, f"{last}: step, neuron {bad[0]} of {len(bad)}"
    assert spikes.any(axis=0).sum() > 1, "most neurons should fire"


def snn_run(net, raster):
    """Return the (T, N) spikes of an snnTorch network."""
    from snntorch import utils

    out = []
    utils.reset(net)
    with torch.no_grad():
        for row in raster:
            spikes = net(torch.tensor(row[None], dtype=torch.float32))
            out.append((spikes[0] if isinstance(spikes, tuple) else spikes)[0].numpy() > 0)
    return np.array(out)


@pytest.mark.parametrize(
    ("kind", "reset"),
    [
        *product(["Leaky", "Synaptic", "RLeaky"], ["hard", "subtract-delayed"]),
        ("Leaky", "subtract"),
    ],
)
def test_snntorch(tmp_path, kind, reset):
    """Two layers of a neuron type of snnTorch, with every reset it has, fire the same spikes here.

    snnTorch computes in single precision: a membrane within 1e-6 of its threshold could differ.
    Its reset in the step of the spike differs where more than a threshold is left: the weights of
    that case leave less.
    """
    snn = pytest.importorskip("snntorch", reason="needs snntorch: pip install '.[peers]'")
    from snntorch.export_nir import export_to_nir

    def layer(n, beta):
        decay = torch.linspace(beta, beta + 0.2, n)
        options = {
            "init_hidden": True,
            "reset_mechanism": "zero" if reset == "hard" else "subtract",
            "reset_delay": reset != "subtract",
            "threshold": torch.full((n,), 1.3),
        }
        if kind == "Synaptic":
            return snn.Synaptic(alpha=decay - 0.2, beta=decay, **options)
        if kind == "RLeaky":
            return snn.RLeaky(beta=decay, linear_features=n, all_to_all=True, **options)
        return snn.Leaky(beta=decay, **options)

    net = torch.nn.Sequential(
        torch.nn.Linear(6, 8), layer(8, 0.6), torch.nn.Linear(8, 5), layer(5, 0.7)
    )
    randomise(net, 3, *((0.16, 0.03) if reset == "subtract" else ()))
    raster = raster_of(1, 200, 6)
    spikes = snn_run(net, raster)
    graph = export_to_nir(net, torch.zeros(1, 6), ignore_dims=[0])
    nir.write(tmp_path / "snn.nir", graph)
    # All but Leaky throw away the whole step after a spike when they reset to zero.
    options = {"refractory_steps": 0 if kind == "Leaky" or reset != "hard" else 1, "reset": reset}
    check(tmp_path / "snn.nir", SNNTORCH_DT, raster, spikes, **options)
    if reset != "hard":
        with pytest.raises(AssertionError, match="step, neuron"):
            check(tmp_path / "snn.nir", SNNTORCH_DT, raster, spikes, **options | {"reset": "hard"})


@pytest.mark.parametrize("reset", ["hard", "subtract"])
def test_norse(tmp_path, reset):
    """Two layers of box neurons of Norse, with a leak potential, fire the same spikes here."""
    norse = pytest.importorskip("norse.torch", reason="needs norse: pip install '.[peers]'")
    from norse.torch.functional.lif_box import LIFBoxParameters
    from norse.torch.functional.reset import reset_subtract, reset_value
    from norse.torch.utils.export_nir import to_nir

    def parameters(n, seed):
        generator = torch.Generator().manual_seed(seed)
        v_leak = torch.full((n,), 0.125, dtype=torch.float64)
        return LIFBoxParameters(
            tau_mem_inv=100 + 200 * torch.rand(n, generator=generator, dtype=torch.float64),
            v_leak=v_leak,
            v_th=v_leak + 0.2 + torch.rand(n, generator=generator, dtype=torch.float64) / 4,
            v_reset=torch.zeros(n, dtype=torch.float64),
            reset_method=reset_subtract if reset == "subtract" else reset_value,
        )

    net = norse.SequentialState(
        torch.nn.Linear(6, 8), norse.LIFBoxCell(parameters(8, 0)),
        torch.nn.Linear(8, 5), norse.LIFBoxCell(parameters(5, 1)),
    )  # fmt: skip
    randomise(net.double(), 4)
    raster = raster_of(2, 200, 6)
    state, out = None, []
    with torch.no_grad():
        for row in raster:
            spikes, state = net(torch.tensor(row[None], dtype=torch.float64), state)
            out.append(spikes[0].numpy() > 0)
    # With dt = 1 the exported time constants are in seconds.
    graph = to_nir(net, torch.zeros(1, 6, dtype=torch.float64), dt=1.0)
    nir.write(tmp_path / "norse.nir", graph)
    check(tmp_path / "norse.nir", NORSE_DT, raster, np.array(out), reset=reset)
    if reset != "hard":
        with pytest.raises(AssertionError, match="step, neuron"):
            check(tmp_path / "norse.nir", NORSE_DT, raster, np.array(out))
