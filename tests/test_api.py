"""The functions of the Python API do what the verbs of their names do."""

import doctest
import json

import numpy as np
import pytest

from hrsnn_edge import api
from hrsnn_edge.api import hardware
from hrsnn_edge.cli import execute
from hrsnn_edge.cli.app import VERBS
from hrsnn_edge.errors import DataError
from hrsnn_edge.network import FloatNetwork, IntNetwork

SMALL = {
    "name": "small",
    "seed": 3,
    "data": {"name": "digits", "n_steps": 8},
    "model": {
        "network": {"n_neurons": 40},
        "plasticity": {"samples": 20},
        "rate": {"calibration_samples": 20, "homeostasis_rounds": 2},
        "readout": {"n_bins": 1},
    },
    "tune": {"evaluations": 2, "initial": 1, "n_jobs": 1},
    "prune": {"sparsity": 0.5},
    "quantise": {"shift_width": 3, "train_integer": False},
}


@pytest.fixture(scope="module")
def chain():
    """The small experiment and what each numerical function made of it."""
    plan = api.experiment(SMALL)
    data = api.encode(plan)
    net, training = api.train(plan, data)
    pruned, pruning = api.prune(plan, data, net)
    whole, errors = api.quantise(plan, data, pruned)
    return plan, data, net, training, pruned, pruning, whole, errors


def test_examples_in_the_docstrings():
    """The examples hold."""
    assert doctest.testmod(api).failed == doctest.testmod(hardware).failed == 0


def test_every_function_is_named():
    """``__all__`` holds every public function, and each has a docstring."""
    public = {
        name
        for name, value in vars(api).items()
        if callable(value)
        and getattr(value, "__module__", "").startswith(api.__name__)
        and not name.startswith("_")
    }
    assert public == set(api.__all__)
    assert all(getattr(api, name).__doc__ for name in public)


def test_every_verb_has_a_function():
    """A verb that makes or measures something is a function here too."""
    elsewhere = {"init": "starter", "import": "import_nir"}
    tools = {"flash", "doctor", "reproduce"}
    assert {elsewhere.get(v, v) for v in VERBS} - tools <= set(api.__all__)


def test_the_numerical_functions_follow_each_other(chain):
    """Values in, values out: float, fewer synapses, integers, an evaluation."""
    plan, data, net, _, pruned, pruning, whole, errors = chain
    assert isinstance(net, FloatNetwork) and isinstance(whole, IntNetwork)
    before, after = pruning.synapses["rec"]
    assert (net.w_rec.nnz, pruned.w_rec.nnz) == (before, after)
    assert after == round(before * plan.prune.sparsity)
    assert whole.fmt.weight_width == plan.quantise.weight_width
    assert errors.lines()
    found = api.simulate(whole, data.test)
    assert found.confusion.sum() == len(data.test.labels)
    assert api.check(whole, data.test.events.select(slice(0, 2)))["mismatches"] == 0


def test_a_file_of_ours_is_one_of_the_verbs(chain, tmp_path, monkeypatch, capsys):
    """A network that was saved goes through ``hrsnn simulate`` and ``hrsnn rtl``, and back."""
    monkeypatch.setenv("HRSNN_STORE", str(tmp_path / "store"))
    monkeypatch.chdir(tmp_path)
    plan, data, *_, whole, _ = chain
    api.save("net.hrsnn", whole, plan, data)
    back = api.load("net.hrsnn")
    assert back.classes == data.class_names
    assert np.array_equal(back.network.w_rec.weights, whole.w_rec.weights)
    assert execute(["simulate", "net.hrsnn", "--samples", "20", "--json", "-q"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["accuracy"] == api.simulate(whole, data.test.select(slice(0, 20))).accuracy
    assert execute(["rtl", "net.hrsnn", "-o", "rtl", "-q"]) == 0
    assert (tmp_path / "rtl" / "core.v").read_text() == api.rtl(whole)


def test_the_search_is_that_of_the_verb(chain):
    """The first evaluation is the experiment itself; its values can be put in."""
    plan, data, *_ = chain
    seen = []
    result = api.tune(plan, data, on_result=seen.append)
    assert len(result.observations) == len(seen) == 2
    there = api.tuned(plan, result.best.point)
    mean = result.best.point["network.tau_e_mean"]
    assert there.model.network.tau_e_mean == pytest.approx(mean)


def test_exports_are_files(chain):
    """Integers as C and ONNX, real numbers as NIR; another form is named."""
    *_, pruned, _, whole, _ = chain
    assert set(api.export(whole, "c")) == {"model.c", "model.h"}
    assert len(api.export(whole, "onnx")["model.onnx"]) > 1000
    assert len(api.export(pruned, "nir")["model.nir"]) > 1000
    with pytest.raises(ValueError, match="one of nir, onnx, c, not 'vhdl'"):
        api.export(whole, "vhdl")


def test_own_events_go_through_the_verbs(tmp_path, monkeypatch, capsys):
    """A file of own events is a data set of an experiment; a file that is not there is named."""
    monkeypatch.setenv("HRSNN_STORE", str(tmp_path / "store"))
    rng = np.random.default_rng(4)
    labels = np.arange(80) % 2
    # Class 1 has its events on the second half of the channels.
    rate = np.where((np.arange(8) >= 4) == labels[:, None], 0.4, 0.02)
    rasters = rng.random((80, 30, 8)) < rate[:, None, :]
    mine = api.dataset("mine", (rasters[:60], labels[:60]), (rasters[60:], labels[60:]), "ab")
    api.save_data(tmp_path / "mine.npz", mine)
    tables = SMALL | {"data": {"name": "events", "path": str(tmp_path / "mine.npz")}}
    plan = api.experiment(tables)
    back = api.encode(plan)
    assert np.array_equal(back.train.events.t, mine.train.events.t)
    assert back.features_test[0].tolist() == rasters[60].sum(axis=0).tolist()
    net, _ = api.train(plan, back)
    whole, _ = api.quantise(plan, back, net)
    assert api.simulate(whole, back.test).accuracy > 0.8
    api.save(tmp_path / "net.hrsnn", whole, plan, back)
    assert (
        execute(["simulate", str(tmp_path / "net.hrsnn"), "-o", str(tmp_path / "s"), "--json"]) == 0
    )
    assert json.loads(capsys.readouterr().out)["samples"] == 20
    gone = api.experiment(tables, {"data.path": "nowhere.npz"})
    with pytest.raises(DataError, match="must be at nowhere.npz"):
        api.encode(gone)


def test_settings_are_checked():
    """A dotted key that does not exist, and a value out of range, are refused."""
    with pytest.raises(ValueError, match="sparsty"):
        api.experiment(SMALL, {"prune.sparsty": 0.5})
    with pytest.raises(ValueError, match="less than 1"):
        api.experiment(SMALL, {"prune.sparsity": 1.5})
    assert api.experiment(SMALL, {"model.variant": "HoNHoS"}).model.variant == "HoNHoS"


@pytest.mark.tools
def test_the_design_is_verified(chain):
    """A sample of the network through the compiled design: no mismatch, and its cycles."""
    *_, whole, _ = chain
    events = chain[1].test.events.select(slice(0, 1))
    verdict, cycles = api.cosim(whole, events)
    assert (verdict.mismatches, verdict.networks) == (0, 1)
    assert cycles > events.n_steps.sum() * whole.n_neurons
    assert api.verify(whole, events).mismatches == 0


@pytest.mark.slow
@pytest.mark.tools
def test_a_whole_run(tmp_path, monkeypatch):
    """Every station in one call: green verdicts, the files of a run, and nothing to compare."""
    monkeypatch.setenv("HRSNN_STORE", str(tmp_path / "store"))
    settings = {"tune.evaluations": 0, "build.boards": []}
    checks = {"verify.random_networks": 1, "verify.bulk_samples": 2}
    plan = api.experiment(SMALL, settings | checks)
    record, traces = api.run(plan, tmp_path / "run")
    assert set(record.verdicts) == {"engine", "cosim", "bulk", "random"}
    assert all(verdict.passed for verdict in record.verdicts.values())
    assert record.command == "hrsnn_edge.api.run" and record.manifest.inputs == {}
    assert record.settings["prune.sparsity"] == 0.5
    # Two samples ran: a step takes at least a cycle a neuron.
    assert record.cycles.per_step > plan.model.network.n_neurons
    assert (tmp_path / "run/report.html").read_text() == api.report(record, traces)
    assert traces.graph_pre.size == record.prune.synapses["rec"].after
    assert traces.lyapunov_pruned.shape == (12,)
    assert api.compare(record, record).changed == ()
