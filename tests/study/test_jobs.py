import os
import signal
import time

from hrsnn_edge.study.jobs import Countdown, Workers


def work(folder, name, kind):
    """Do a job: square a number, or be killed the first time or every time."""
    tried = folder / f"tried-{name}"
    if kind == "kill" or (kind == "kill once" and not tried.exists()):
        tried.touch()
        time.sleep(0.2)
        os.kill(os.getpid(), signal.SIGKILL)
    return int(name) ** 2


def run(folder, kinds):
    """Run jobs of given kinds on two workers; return results and the names that were told."""
    told = []
    jobs = {str(k): (folder, str(k), kind) for k, kind in enumerate(kinds)}
    workers = Workers(2, "", folder / "marks")
    return dict(workers.run(work, jobs, told.extend)), told


def test_only_the_killed_job_is_lost(tmp_path):
    """A worker killed twice at a job loses that job alone, and the job is named."""
    found, told = run(tmp_path, ["", "", "kill", "", "", ""])
    assert found == {"0": 0, "1": 1, "2": None, "3": 9, "4": 16, "5": 25}
    assert "2" in told and len(told) <= 2
    assert list((tmp_path / "marks").iterdir()) == []


def test_a_job_killed_once_is_done_again(tmp_path):
    """What was killed by chance is done again and not lost."""
    found, told = run(tmp_path, ["", "kill once", ""])
    assert found == {"0": 0, "1": 1, "2": 4}
    assert "1" in told


def test_countdown_by_hand():
    """After 2 of 6 jobs in 10 s, 20 s are left; lines are at least 2 s apart."""
    times, lines = iter([0.0, 5.0, 10.0, 10.5]), []
    countdown = Countdown(lines.append, "points", 6, lambda: next(times))
    for _ in range(3):
        countdown.step("x")
    assert lines == ["  points 1/6: x, 25 s left", "  points 2/6: x, 20 s left"]
