"""Table IV: pruning before training, on images and on speech."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hrsnn_edge.analysis.operations import count_operations, source_activity
from hrsnn_edge.data.cifar import load_cifar
from hrsnn_edge.data.dataset import Dataset
from hrsnn_edge.model.config import ModelConfig
from hrsnn_edge.model.lif import build_network
from hrsnn_edge.model.recipes import fsdd_recipe
from hrsnn_edge.model.train import baselines, evaluate, train_network
from hrsnn_edge.network import FloatNetwork
from hrsnn_edge.prune.algorithm import LnpSchedule, lnp
from hrsnn_edge.prune.controls import activity_pruned, erdos_renyi, same_neurons
from hrsnn_edge.prune.record import LnpConfig
from hrsnn_edge.reproduce.speech import FILE, N_CLUSTERS, input_figures, kept_figures, speech_data
from hrsnn_edge.reproduce.table import Metric, Place, Plot, Published, Row, Table

FOLDER = "cifar10-small/cifar-10-batches-py"
IMAGES = tuple(f"{FOLDER}/{name}" for name in ("data_batch_1", "data_batch_2", "test_batch"))


@dataclass(frozen=True)
class ImageSettings:
    """Sizes of Table IV.

    Attributes
    ----------
    n_neurons : int
        N.
    sparsity : float
        Share of the recurrent synapses that go.
    rounds : int
        Of pruning.
    epochs : int
        Of backpropagation.
    """

    n_neurons: int = 300
    sparsity: float = 0.95
    rounds: int = 20
    epochs: int = 5


def image_recipe(n_neurons: int) -> ModelConfig:
    """Return the settings for images: those of speech at twice the rate, the whole run counted."""
    config = fsdd_recipe(n_neurons)
    return replace(
        config,
        rate=replace(config.rate, target_hz=20.0),
        readout=replace(config.readout, n_bins=1),
    )


def models(config: ModelConfig, epochs: int) -> dict[str, ModelConfig]:
    """Return the settings of the systems beside HRSNN-STDP, by what stands behind their rows."""
    clusters = {"network.clusters": N_CLUSTERS}
    backprop = config.variant("HeNB").with_values({"backprop.epochs": epochs})
    return {
        "CHRSNN-STDP": config.with_values(clusters),
        "HRSNN-BP": backprop,
        "CHRSNN-BP": backprop.with_values(clusters),
    }


def pruned_networks(
    config: ModelConfig, data: Dataset, settings: ImageSettings, seed: int, *, controls: bool
) -> dict[str, FloatNetwork]:
    """Return untrained networks: whole, and with LNP's counts of neurons and synapses."""
    net = build_network(config.network, data.train.events.n_inputs, seed)
    schedule = LnpSchedule(
        settings.sparsity, settings.rounds, LnpConfig("product", node_exponents="leak")
    )
    result = lnp(net, schedule, seed)
    pruned, kept = result.network, result.kept
    if not controls:
        return {"unpruned": net, "LNP": pruned}
    n, nnz = pruned.n_neurons, pruned.w_rec.nnz
    few = data.train.events.select(slice(0, config.rate.calibration_samples))
    active, _ = activity_pruned(net, source_activity(net, few)["rec"], n, seed)
    inner = int((kept[net.w_rec.pre_idx] & kept[net.w_rec.col_idx]).sum())
    return {
        "unpruned": net,
        "LNP": pruned,
        "magnitude, LNP's neurons": same_neurons(net, kept, min(nnz, inner), "magnitude", seed),
        "uniform, LNP's neurons": same_neurons(net, kept, min(nnz, inner), "uniform", seed),
        "random graph": erdos_renyi(net, n, nnz, seed),
        "AP, LNP's number of neurons": active,
    }


def task_figures(
    prefix: str,
    config: ModelConfig,
    data: Dataset,
    settings: ImageSettings,
    seed: int,
    *,
    controls: bool = True,
) -> dict[str, dict[str, float]]:
    """Return accuracy, loss, sparsities and the ratio of operations of each network of a task."""
    out, whole = {}, {}
    for name, net in pruned_networks(config, data, settings, seed, controls=controls).items():
        trained, _ = train_network(
            net, config, data.train, n_classes=len(data.class_names), seed=seed
        )
        work = count_operations(trained, data.test.events)
        found = {
            "accuracy": 100 * evaluate(trained, data.test),
            "neurons": float(net.n_neurons),
            "synapses": float(net.w_rec.nnz),
            "sop": float(work.sop_in + work.sop_rec),
            "sop_rec": float(work.sop_rec),
        }
        whole = whole or found
        out[name] = {
            f"{prefix}accuracy": found["accuracy"],
            f"{prefix}loss": found["accuracy"] - whole["accuracy"],
            f"{prefix}neuron": 100 * (1 - found["neurons"] / whole["neurons"]),
            f"{prefix}synapse": 100 * (1 - found["synapses"] / whole["synapses"]),
            f"{prefix}ratio": whole["sop"] / found["sop"],
            f"{prefix}ratio_rec": whole["sop_rec"] / max(1.0, found["sop_rec"]),
        }
    return out


def measure(seed: int, settings: ImageSettings, place: Place) -> list[Row]:
    """Return the rows of one seed."""
    images = load_cifar(place.data / FOLDER)
    config = image_recipe(settings.n_neurons)

    def work():
        found = baselines(images, config.readout)
        return {key: 100 * value for key, value in found.items()}

    linear = kept_figures(place, {"readout": config.readout}, work, __name__, IMAGES)
    speech = input_figures(place)
    rows = [
        Row("pixels or filter bank, linear", {
            "c_accuracy": linear["features"], "s_accuracy": speech["filter bank, linear"]["test"],
        }),
        Row("encoder spikes", {
            "c_accuracy": linear["spikes"], "s_accuracy": speech["encoder spikes"]["test"],
        }),
    ]  # fmt: skip
    speech_config, clips = fsdd_recipe(settings.n_neurons), speech_data(place)
    by_task = (
        task_figures("c_", config, images, settings, seed),
        task_figures("s_", speech_config, clips, settings, seed),
    )
    for name in by_task[0]:
        versus = "" if name == "unpruned" else "unpruned"
        rows.append(Row(name, by_task[0][name] | by_task[1][name], versus))
    for name, one in models(config, settings.epochs).items():
        found = task_figures("c_", one, images, settings, seed, controls=False)
        if "STDP" in name:
            one = models(speech_config, settings.epochs)[name]
            more = task_figures("s_", one, clips, settings, seed, controls=False)
            found = {row: found[row] | more[row] for row in found}
        rows.append(Row(f"unpruned, {name}", found["unpruned"], "unpruned"))
        rows.append(Row(f"LNP, {name}", found["LNP"], f"unpruned, {name}"))
    return rows


def _row(accuracy, loss, neuron, synapse, ratio) -> dict[str, tuple[Published, ...]]:
    """Return one published row of CIFAR10."""
    keys = ("c_accuracy", "c_loss", "c_neuron", "c_synapse", "c_ratio")
    cells = (accuracy, loss, (neuron,), (synapse,), ratio)
    return {
        key: (Published(cell[0], "A", cell[1] if len(cell) > 1 else None),)
        for key, cell in zip(keys, cells, strict=True)
    }


_PUBLISHED = {
    "LNP": _row((90.26, 0.88), (-0.76, 0.07), 94.03, 95.06, (39.01, 0.47)),
    "LNP, HRSNN-BP": _row((92.37, 0.91), (-0.81, 0.08), 94.03, 95.06, (35.67, 0.41)),
    "LNP, CHRSNN-STDP": _row((91.58, 0.83), (-0.62, 0.07), 95.04, 96.68, (50.37, 0.61)),
    "LNP, CHRSNN-BP": _row((93.45, 0.87), (-0.74, 0.07), 95.04, 96.68, (45.32, 0.58)),
}

TABLE_IV = Table(
    name="IV",
    title="pruning before training (Table IV)",
    shows=(
        "CIFAR10 in part (3,000 training and 1,000 test images, pooled to 8 x 8 x 3, Poisson for "
        "100 ms, then 100 ms of silence) stands in for CIFAR10; spoken digits for a task that the "
        "network can do. LNP (steps I to III, 'product') prunes the untrained network towards 95 "
        "% of the recurrent synapses; STDP, rates and readout follow. Input synapses go only with "
        "their neurons. BP: five epochs of surrogate gradients, heterogeneous neurons, images "
        "alone. Changes and ratios are to the unpruned network of the same system. "
        "Controls have LNP's neurons and synapses, AP its number of neurons. "
        "Operations: input and recurrent, and recurrent alone. The published accuracy is far above "
        "what a linear readout of an STDP layer on pixels gives; no front end is described, so it "
        "is not a target."
    ),
    measure=measure,
    scaled=ImageSettings(),
    full=ImageSettings(n_neurons=5000, rounds=100),
    metrics=(
        Metric("c_accuracy", "CIFAR10 test [%]", "more", 1),
        Metric("c_loss", "change [points]", "", 2),
        Metric("c_neuron", "neuron sparsity [%]", "", 1),
        Metric("c_synapse", "synapse sparsity [%]", "", 1),
        Metric("c_ratio", "operations, ratio", "more", 2),
        Metric("c_ratio_rec", "recurrent alone", "", 1),
        Metric("s_accuracy", "speech test [%]", "more", 1),
        Metric("s_loss", "change [points]", "", 2),
        Metric("s_ratio", "operations, ratio", "more", 2),
        Metric("s_ratio_rec", "recurrent alone", "", 1),
    ),
    published={(row, key): cell for row, line in _PUBLISHED.items() for key, cell in line.items()},
    plots=(Plot("strip", "c_accuracy"), Plot("strip", "s_accuracy")),
    files=(FILE, *IMAGES),
)
