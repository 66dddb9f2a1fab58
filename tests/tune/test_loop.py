import json
import logging
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from hrsnn_edge.errors import ExperimentError, TrainingError
from hrsnn_edge.tune.log import best_score
from hrsnn_edge.tune.loop import Observation, initial_design, suggest, suggest_batch, tune
from hrsnn_edge.tune.space import network_space

SPACE = network_space()
TARGET = dict(zip(SPACE.names, (35, 0.6, 12, 0.4, 1.0, 0.25, 1.2, 2.0), strict=True))
TAU, SCALE = "network.tau_e_mean", "rate.input_scale"


def _features(point):
    return np.concatenate(SPACE.features(SPACE.encode(point)[None]), 1)[0]


CENTRE = _features(TARGET)


def smooth(point):
    """A score that falls smoothly with the Wasserstein distance from the target."""
    return float(np.exp(-np.sum((_features(point) - CENTRE) ** 2) / 0.3)), None


def _strip(result):
    return [(o.index, o.unit, o.score) for o in result.observations]


def test_beats_random():
    """On 4 seeds the search beats a random one of the same budget, by 0.15 in the mean."""
    found = [tune(smooth, SPACE, 8, 28, seed).best.score for seed in range(4)]
    units = [np.random.default_rng(seed + 100).random((28, 8)) for seed in range(4)]
    chance = [max(smooth(SPACE.decode(u))[0] for u in cloud) for cloud in units]
    assert np.mean(found) > np.mean(chance) + 0.15, f"{found} against {chance}"
    assert np.sum(np.array(found) > chance) >= 3, f"{found} against {chance}"


def test_one_initial_point_is_enough():
    """The surrogate copes with a single observation."""
    assert len(tune(smooth, SPACE, 1, 3, 0).observations) == 3


def test_start():
    """The given values are evaluated first, and must lie in the box."""
    result = tune(smooth, SPACE, 3, 3, 0, start=TARGET)
    assert result.observations[0].point == pytest.approx(TARGET)
    assert result.best.index == 0
    with pytest.raises(ValueError, match=r"Start of network.tau_e_mean must be between 5 and 80"):
        tune(smooth, SPACE, 3, 3, 0, start={**TARGET, TAU: 90})


def test_deterministic_and_seeded():
    """The same seed gives the same observations, another seed gives others."""
    first, again, other = (tune(smooth, SPACE, 4, 7, s) for s in (1, 1, 2))
    assert _strip(first) == _strip(again)
    assert _strip(first) != _strip(other)


def test_resume_equals_uninterrupted(tmp_path):
    """A search stopped after any evaluation and continued equals one that was not stopped."""
    whole = tune(smooth, SPACE, 4, 8, 3)
    for stop in (4, 6):
        log = tmp_path / f"{stop}.jsonl"
        tune(smooth, SPACE, 4, stop, 3, log_path=log)
        seen = []
        resumed = tune(smooth, SPACE, 4, 8, 3, log_path=log, on_result=seen.append)
        assert _strip(resumed) == _strip(whole)
        assert [o.index for o in seen] == list(range(stop, 8))


@pytest.mark.parametrize("cut", [1, 30])
def test_torn_last_line(tmp_path, caplog, cut):
    """A torn last line is cut off with a notice, and only its evaluation is repeated."""
    log = tmp_path / "search.jsonl"
    whole = tune(smooth, SPACE, 4, 6, 3, log_path=log)
    data = log.read_bytes()
    log.write_bytes(data[:-cut])
    seen = []
    with caplog.at_level(logging.WARNING):
        resumed = tune(smooth, SPACE, 4, 6, 3, log_path=log, on_result=seen.append)
    assert "the last line was cut short by an interruption" in caplog.text
    assert _strip(resumed) == _strip(whole)
    assert [o.index for o in seen] == [5]
    records = [json.loads(line) for line in log.read_bytes().splitlines()[1:]]
    assert [r["index"] for r in records] == list(range(6))


SCRIPT = """
import sys, time
from hrsnn_edge.tune.loop import tune
from hrsnn_edge.tune.space import network_space

def slow(point):
    time.sleep(0.2)
    with open(sys.argv[2], "a") as file:
        file.write(f"{point['network.tau_e_mean']!r}\\n")
    return -abs(point["network.tau_e_mean"] - 30), None

tune(slow, network_space(), 3, 6, 5, log_path=sys.argv[1])
"""


def test_kill_at_any_moment(tmp_path):
    """kill -9 loses no logged evaluation and repeats none of them."""
    log, calls = tmp_path / "search.jsonl", tmp_path / "calls"
    args = [sys.executable, "-c", SCRIPT, str(log), str(calls)]
    process = subprocess.Popen(args)
    deadline = time.monotonic() + 60
    while not (log.exists() and len(log.read_bytes().splitlines()) >= 4):
        assert time.monotonic() < deadline, "no progress in 60 s"
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    before = log.read_bytes()
    kept = before[: before.rfind(b"\n") + 1]
    subprocess.run(args, check=True, timeout=120)
    assert log.read_bytes().startswith(kept)
    records = [json.loads(line) for line in log.read_bytes().splitlines()[1:]]
    assert [r["index"] for r in records] == list(range(6))
    called = calls.read_text().splitlines()
    logged = [repr(r["point"][TAU]) for r in records]
    # Only the evaluation that was running or unlogged at the kill may have been run twice.
    assert set(called) == set(logged)
    assert len(called) <= 7
    begun = len(kept.splitlines()) - 1
    assert called.count(logged[begun - 1]) == 1


def test_parallel_batches(tmp_path):
    """Two at a time: deterministic, resumable in the middle of a batch, no evaluation twice."""
    log = tmp_path / "search.jsonl"
    whole = tune(smooth, SPACE, 3, 7, 1, n_jobs=2)
    tune(smooth, SPACE, 3, 7, 1, log_path=log, n_jobs=2)
    lines = log.read_bytes().splitlines(keepends=True)
    records = sorted(lines[1:], key=lambda line: json.loads(line)["index"])
    log.write_bytes(b"".join([lines[0], *records[:3], records[4]]))
    resumed = tune(smooth, SPACE, 3, 7, 1, log_path=log)
    assert _strip(resumed) == _strip(whole)


def test_batch_spreads():
    """The members of a batch are different points, not one suggestion many times."""
    known = list(tune(smooth, SPACE, 4, 4, 2).observations)
    units = suggest_batch(SPACE, known, range(4, 7), 2)
    gaps = np.linalg.norm(units[:, None] - units[None], axis=2)[np.triu_indices(3, 1)]
    assert gaps.min() > 1e-3


def test_failed_points(tmp_path):
    """A network that cannot be trained is logged with its reason and the search goes on."""

    def picky(point):
        if point[SCALE] < 1:
            raise TrainingError("Rate must be above 0, not 0.0")
        return (float("nan") if point[TAU] < 20 else point[TAU]), None

    log = tmp_path / "search.jsonl"
    result = tune(picky, SPACE, 6, 10, 0, log_path=log)
    failures = {o.failure for o in result.observations if o.score is None}
    assert failures == {"Rate must be above 0, not 0.0", "Score must be finite, not nan"}
    assert result.best.score == np.nanmax(result.scores)
    assert result.best_so_far[-1] == result.best.score
    assert _strip(tune(picky, SPACE, 6, 10, 0, log_path=log)) == _strip(result)


def test_nothing_trains():
    """If no point of the design trains, the search stops and says why."""

    def never(point):
        raise TrainingError("Rate must be above 0, not 0.0")

    with pytest.raises(TrainingError, match=r"not 0 of 4.*Rate must be above 0"):
        tune(never, SPACE, 4, 6, 0)


def test_objective_bug_keeps_the_log(tmp_path):
    """An error in the objective ends the search; what was evaluated stays in the log."""

    def breaks(point):
        if len(log.read_bytes().splitlines()) > 2:
            raise ZeroDivisionError
        return 1.0, None

    log = tmp_path / "search.jsonl"
    with pytest.raises(ZeroDivisionError):
        tune(breaks, SPACE, 4, 6, 0, log_path=log)
    assert len(log.read_bytes().splitlines()) == 3


def test_noise_is_used():
    """The variance an objective gives with its score is kept with the observation."""
    result = tune(lambda p: (smooth(p)[0], 0.25), SPACE, 3, 5, 0)
    assert {o.noise for o in result.observations} == {0.25}


def test_wrong_logs(tmp_path):
    """The log of another search, a damaged line and a doubled evaluation are refused by name."""
    log = tmp_path / "search.jsonl"
    tune(smooth, SPACE, 3, 3, 0, log_path=log)
    with pytest.raises(ExperimentError, match="seed must be 1, not 0"):
        tune(smooth, SPACE, 3, 4, 1, log_path=log)
    with pytest.raises(ExperimentError, match="label must be 'digits', not ''"):
        tune(smooth, SPACE, 3, 4, 0, log_path=log, label="digits")
    good = log.read_bytes()
    lines = good.splitlines(keepends=True)
    log.write_bytes(b"".join([lines[0], b"{oops\n", lines[2]]))
    with pytest.raises(ExperimentError, match="line 2: must be a JSON object"):
        tune(smooth, SPACE, 3, 4, 0, log_path=log)
    log.write_bytes(good + lines[2])
    with pytest.raises(ExperimentError, match="evaluation 1 must stand once, not twice"):
        tune(smooth, SPACE, 3, 4, 0, log_path=log)
    log.write_bytes(lines[0] + b'{"index": 0}\n')
    with pytest.raises(ExperimentError, match="evaluation 0: must have the fields"):
        tune(smooth, SPACE, 3, 4, 0, log_path=log)


@pytest.mark.parametrize(
    ("budget", "text"),
    [((0, 5), "between 1 and 5, not 0"), ((6, 5), "between 1 and 5, not 6")],
)
def test_wrong_budget(budget, text):
    """A budget that cannot be spent is refused."""
    with pytest.raises(ValueError, match=text):
        tune(smooth, SPACE, *budget, 0)
    with pytest.raises(ValueError, match="Jobs must be 1 or more, not 0"):
        tune(smooth, SPACE, 2, 3, 0, n_jobs=0)


def test_design_covers_each_axis():
    """The initial design has one point in each of n slices of every axis."""
    design = initial_design(SPACE, 10, 3)
    assert (np.sort((design * 10).astype(int), 0) == np.arange(10)[:, None]).all()


@pytest.mark.parametrize(("n", "limit"), [(20, 0.3), (100, 1.0)])
def test_suggestion_time(n, limit):
    """A suggestion takes at most 0.3 s of processor time at 20 observations, 1 s at 100."""
    units = np.random.default_rng(0).random((n, 8))
    scores = np.array([smooth(SPACE.decode(u))[0] for u in units])
    suggest(SPACE, units, scores, np.zeros(n), 0, 0)
    begin = time.thread_time()
    suggest(SPACE, units, scores, np.zeros(n), 0, 1)
    assert time.thread_time() - begin < limit


def test_observation_is_plain():
    """An observation survives JSON unchanged."""
    o = Observation(0, (0.1, 1 / 3), {"a": 0.1}, 0.5, None, 1.0)
    assert json.loads(json.dumps(o.__dict__))["unit"] == [0.1, 1 / 3]


def test_best_of_a_log(tmp_path):
    """What a search that goes on has reached: the greatest score, whatever else stands there."""
    log = tmp_path / "log"
    assert best_score(log) == -np.inf
    found = tune(smooth, SPACE, 3, 4, 3, log_path=log)
    with log.open("ab") as file:
        file.write(b'{"score": null}\n[1]\n{"score": 9')
    assert best_score(log) == found.best.score
