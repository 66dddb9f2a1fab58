"""The metrics of NeuroBench: by hand, and as the harness itself counts them."""

from dataclasses import replace

import numpy as np
import pytest

from hrsnn_edge.analysis.neurobench import neurobench_metrics, stored_arrays
from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.network import IntFormat, LinearReadout, SparseRows
from hrsnn_edge.reference.network import run
from hrsnn_edge.reference.random import random_network
from hrsnn_edge.reference.random_features import random_mlp

FMT = IntFormat(16, 8, 6, 2, 0, 3, 8)


def test_by_hand():
    """One channel to both of two neurons, the first of which fires always and reaches the other."""
    net, _ = random_network(0, 2, 1, 1, fmt=FMT, n_out=1, n_bins=1, has_reset=False)
    net = replace(
        net,
        w_in=SparseRows.from_dense(np.array([[5, 1]], np.int32)),
        w_rec=SparseRows.from_dense(np.array([[0, 1], [0, 0]], np.int32)),
        shift_in=np.zeros(1, np.int32), shift_rec=np.zeros(2, np.int32),
        inhibitory=np.zeros(2, bool), decay=np.zeros(2, np.int32),
        v_threshold=np.array([5, 9], np.int32), v_reset=np.zeros(2, np.int32),
        refractory_steps=np.zeros(2, np.int32),
        readout=LinearReadout(np.array([[[1], [0]]], np.int32), np.zeros(1, np.int32)),
    )  # fmt: skip
    found = neurobench_metrics(net, EventBatch.from_rasters([np.ones((3, 1), bool)]))
    # 3 events x 2 synapses; 3 spikes, of which 2 are delivered to one neuron, 3 read by one output.
    assert found.effective_acs == 6 + 2 + 3
    assert found.dense == 3 * (2 + 4 + 2)
    assert found.activation_sparsity == 0.5
    assert found.connection_sparsity == 0.5  # 8 possible, 4 not 0
    assert found.footprint_dense == 4 * (8 + 1)
    assert found.effective_macs == 0


def test_readout_must_be_linear():
    """A perceptron multiplies, and is not counted here."""
    net, raster = random_network(1)
    with pytest.raises(ValueError, match="Readout must be linear for these counts, not 'mlp'"):
        neurobench_metrics(random_mlp(1, net), EventBatch.from_rasters([raster]))


def torch_twin(torch, net):
    """Return the network as a torch module with layers that the harness knows."""

    class Neurons(torch.nn.Module):
        """The integer membrane step."""

        def reset(self, n_samples):
            self.v = torch.zeros(n_samples, net.n_neurons, dtype=torch.int64)
            self.wait = torch.zeros_like(self.v)

        def forward(self, total):
            decay, threshold, start, refractory = (
                torch.tensor(x.astype(np.int64))
                for x in (net.decay, net.v_threshold, net.v_reset, net.refractory_steps)
            )
            top = 2 ** (net.fmt.v_width - 1) - 1
            leak = torch.div(self.v * decay, 2**net.fmt.decay_width, rounding_mode="trunc")
            x = leak + total.long() * 2**net.fmt.v_shift
            held = self.wait > 0
            fired = (x >= threshold) & ~held
            if net.reset == "subtract":
                x = torch.where(fired, x - (threshold - start), x)
                self.v = torch.where(held, self.v, x.clamp(-top - 1, top))
            else:
                self.v = torch.where(fired | held, start, x.clamp(-top - 1, top))
            self.wait = torch.where(held, self.wait - 1, torch.where(fired, refractory, 0))
            return fired.double()

    class Twin(torch.nn.Module):
        """Input, recurrent and readout layers, step by step."""

        def __init__(self):
            super().__init__()
            dense = net.w_in.to_dense() << net.shift_in[:, None]
            dense_rec = net.w_rec.to_dense() << net.shift_rec[:, None]
            for name, w in (("w_in", dense), ("w_rec", dense_rec), ("w_out", net.readout.w_out[0])):
                layer = torch.nn.Linear(*w.shape, bias=name == "w_out")
                layer.weight.data = torch.tensor(w.T.copy(), dtype=torch.float32)
                setattr(self, name, layer)
            self.w_out.bias.data.zero_()
            self.neurons = Neurons()

        def forward(self, batch):
            self.neurons.reset(len(batch))
            spikes = torch.zeros(len(batch), net.n_neurons)
            out = []
            for t in range(batch.shape[1]):
                total = self.w_in(batch[:, t]) + self.w_rec(spikes)
                spikes = self.neurons(total).float()
                self.w_out(spikes)
                out.append(spikes)
            return torch.stack(out, 1)

    return Twin(), Neurons


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
@pytest.mark.parametrize("seed", range(5))
def test_counts_are_those_of_the_harness(seed):
    """Footprint, both sparsities and synaptic operations equal those that neurobench returns."""
    torch = pytest.importorskip("torch", reason="needs torch: pip install '.[peers]'")
    pytest.importorskip("neurobench", reason="needs neurobench: pip install '.[peers]'")
    from neurobench.metrics.static import ConnectionSparsity, Footprint
    from neurobench.metrics.workload import ActivationSparsity, SynapticOperations
    from neurobench.models import TorchModel

    net, raster = random_network(seed, 20, 8, 30, fmt=FMT, n_bins=1)
    rasters = np.stack([raster, raster[::-1], ~raster])
    found = neurobench_metrics(net, EventBatch.from_rasters(list(rasters)))
    twin, neurons = torch_twin(torch, net)
    model = TorchModel(twin)
    model.add_activation_module(neurons)
    model.register_hooks()
    data = torch.tensor(rasters, dtype=torch.float32)
    with torch.no_grad():
        spikes = model(data)
        operations = SynapticOperations()(model, spikes, (data, None))
    assert np.array_equal(spikes[0].numpy() > 0, run(net, raster).spikes)
    assert operations["Effective_ACs"] == pytest.approx(found.effective_acs, rel=1e-12)
    assert operations["Effective_MACs"] == found.effective_macs
    assert operations["Dense"] == pytest.approx(found.dense, rel=1e-12)
    assert ActivationSparsity()(model, spikes, (data, None)) == found.activation_sparsity
    assert ConnectionSparsity()(model) == pytest.approx(found.connection_sparsity, abs=1e-12)
    assert Footprint()(model) == found.footprint_dense
    stored = torch.nn.Module()
    for name, array in stored_arrays(net).items():
        stored.register_buffer(name.replace(".", "_"), torch.tensor(array))
    assert Footprint()(TorchModel(stored)) == found.footprint
