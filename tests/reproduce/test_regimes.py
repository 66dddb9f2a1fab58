"""The searches regime by regime: what they see, their boxes, and what they are judged on."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from hrsnn_edge.data.dataset import Dataset
from hrsnn_edge.data.events import EventBatch, Split
from hrsnn_edge.errors import TrainingError
from hrsnn_edge.model.recipes import fsdd_recipe
from hrsnn_edge.model.train import input_counts
from hrsnn_edge.network import FloatNetwork, LinearReadout, SparseRows
from hrsnn_edge.reproduce.regimes import REGIMES, RegimeSettings, fit_parts
from hrsnn_edge.reproduce.regimes_search import (
    ENDS,
    FAULTS,
    Regime,
    RegimeJudge,
    box,
    leave_speaker_out,
    search_part,
    strained_events,
    strained_network,
    thrift,
    unseen_fold,
    winner,
)
from hrsnn_edge.tune.objectives import ValidationScore


def clips(n, channels=10, seed=0):
    """n samples of ten classes in turn; class k has most events on channel k."""
    labels = np.arange(n) % 10
    rng = np.random.default_rng(seed)
    busy = np.eye(10, channels, dtype=bool)[labels][:, None, :]
    rasters = rng.random((n, 60, channels)) < np.where(busy, 0.6, 0.05)
    return Split(EventBatch.from_rasters(rasters), labels)


def dataset(n=90):
    """The samples in three folds, an order of ten each."""
    part = clips(n)
    features = np.arange(float(n))[:, None]
    return Dataset("x", tuple("0123456789"), part, clips(20, seed=1), np.arange(n) // 10 % 3,
                   features, features[:20])  # fmt: skip


def test_search_never_sees_the_unseen_fold():
    """What is searched lacks the fold, keeps the others as 0 and 1, and every seed has its own."""
    data = dataset()
    assert [unseen_fold(data, seed) for seed in range(4)] == [0, 1, 2, 0]
    part = search_part(data, 1)
    assert set(part.features_train[:, 0].astype(int) // 10 % 3) == {0, 2}
    assert part.fold.tolist() == [0] * 10 + ([1] * 10 + [0] * 10) * 2 + [1] * 10
    with pytest.raises(ValueError, match=r"Unseen fold must be one of \[0 2\], not 1"):
        search_part(replace(part, fold=part.fold * 2), 1)


def test_speaker_is_left_out_whole():
    """Seed 1 tests speaker 1 of four; the others are the folds, the next speaker the first."""
    speaker = np.repeat(np.arange(4), 10)
    data = leave_speaker_out(clips(40), speaker[:, None].astype(float), speaker, 1)
    assert set(data.features_test[:, 0]) == {1}
    by_fold = [set(data.features_train[data.fold == k, 0]) for k in range(3)]
    assert by_fold == [{2}, {3}, {0}]
    with pytest.raises(ValueError, match="Speakers must be 3 or more, not 2"):
        leave_speaker_out(clips(20), np.zeros((20, 1)), np.arange(20) % 2, 0)


def test_homogeneous_box_lacks_only_the_spreads():
    """Both ends have the same numbers in the same ranges; the settings in use lie in both boxes."""
    config = fsdd_recipe(50)
    hom, het = (box(config.variant(end)) for end in ENDS)
    assert set(het.names) - set(hom.names) == {"network.tau_e_cv", "network.tau_i_cv"}
    assert set(hom.parameters) < set(het.parameters)
    for space in (hom, het):
        start = ValidationScore(config, dataset()).settings(space.names)
        unit = space.encode(start)
        assert ((unit >= 0) & (unit <= 1)).all()


def test_box_follows_the_regime():
    """Without recurrent synapses they have no scale; for few spikes the rate is searched too."""
    config = fsdd_recipe(50)
    unconnected = config.with_values({"network.recurrent_scale": 0.0})
    scale, rate = "network.recurrent_scale", "rate.target_hz"
    assert scale in box(config).names and scale not in box(unconnected).names
    assert rate in box(config, thrifty=True).names and rate not in box(config).names


def test_thrift_by_hand():
    """90 % at 3 spikes is ln 30; 2 points below what is asked for cost 1; silence is refused."""
    assert thrift(90, 3, 90) == pytest.approx(np.log(30))
    assert thrift(95, 3, 90) == pytest.approx(np.log(95 / 3))
    assert thrift(88, 3, 90) == pytest.approx(np.log(88 / 3) - 1)
    with pytest.raises(TrainingError, match="must be above 0, not 90 % and 0"):
        thrift(90, 0, 90)


def network(n_inputs=10, n=10):
    """Each neuron fires with its channel, as a readout of the channels needs it."""
    return FloatNetwork(
        SparseRows.from_dense(np.eye(n_inputs, n)), SparseRows.from_dense(np.zeros((n, n))),
        np.zeros(n, bool), np.full(n, 10.0), np.full(n, 0.5), np.zeros(n), np.zeros(n, int),
    )  # fmt: skip


def test_strain_comes_at_test_time():
    """Noise changes events and no network, a fault the network and no events, nothing neither."""
    net, events = network(), clips(5).events
    for strain in ("", "noise", *FAULTS):
        changed = strained_network(strain, net, 0)
        assert (changed is net) == (strain not in FAULTS)
        assert (strained_events(strain, events, 0) is events) == (strain != "noise")
    lost = strained_network("20 % of synapses lost", net, 0)
    assert lost.w_in.weights.sum() == 8
    with pytest.raises(ValueError, match="Strain must be one of .* not 'age'"):
        Regime("old", 10, strain="age")


def test_judge_under_strain():
    """A network that copies its channels is right; with two of ten synapses lost 20 % is not."""
    part = clips(40)
    counts = input_counts(part.events, 1)
    readout = LinearReadout(np.eye(10)[None], np.zeros(10))
    assert (counts[:, 0].argmax(axis=1) == part.labels).all()
    net = replace(network(), readout=readout)
    assert RegimeJudge("", 0)(net, part, part) == 1
    assert RegimeJudge("20 % of synapses lost", 0)(net, part, part) == pytest.approx(0.8)
    spikes = counts.sum() / 40 / 10
    assert RegimeJudge("", 0, 90)(net, part, part) == pytest.approx(thrift(100, spikes, 90))


def test_validation_is_of_the_unseen_fold():
    """Readouts are judged on the clips they were not fitted to, with what changes at test time."""
    data = dataset()
    run = partial(input_counts, n_bins=1)
    fits = fit_parts(run, data, 2, fsdd_recipe().readout)
    assert len(fits.parts["val"][1].labels) == 30 and len(fits.parts["test"][1].labels) == 20
    assert fits.judge(run) == {"val": 100, "test": 100}
    # With the channels in reverse no class is recognised.
    found = fits.judge(lambda events: run(events)[..., ::-1])
    assert found == {"val": 0, "test": 0}


def test_winner_starts_from_the_settings_in_use():
    """With one point each a search returns them; with more only what is searched differs."""
    data, regime = dataset(), Regime("small", 12)
    for end in ENDS:
        config = regime.config(end)
        start = ValidationScore(config, data).settings(box(config).names)
        # Points go through the unit cube: the last digit may differ.
        same = ValidationScore(winner(regime, end, data, 1, 1, 0), data)
        assert same.settings(start) == pytest.approx(start)
        found = winner(regime, end, data, 2, 3, 0)
        assert found.with_values(start) == config


def test_gates_by_hand():
    """HeN 1 point above, 2 at the small size, pass G4 and G5; E x1.05 does not pass G3."""
    test = {"reference": 1.0, "small size": 2.0, "few spikes": 0.0}
    efficiency = {"HoNHoS": 100.0, "HeNHeS": 105.0}

    def column(row, key):
        regime, _, name = row.partition(": ")
        end, _, how = name.partition(", ")
        assert how == "searched" and end in ENDS
        if key == "efficiency":
            return np.full(2, efficiency[end])
        return np.array([89.0, 91.0]) + test[regime] * (end == "HeNHeS")

    assert [gate.judge(column)[0] for gate in REGIMES.gates] == [False, True, True]
    test |= {"reference": -1.0, "small size": -2.0}
    efficiency["HeNHeS"] = 115.0
    assert [gate.judge(column)[0] for gate in REGIMES.gates] == [True, False, False]


def test_regimes_name_their_winners():
    """A regime that borrows winners comes after the one that finds them."""
    seen = set()
    for regime in RegimeSettings().regimes:
        assert not regime.winner_of or regime.winner_of in seen
        seen.add(regime.name)
