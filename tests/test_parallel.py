import os
import signal
import sys

import pytest

from hrsnn_edge.errors import ToolFailedError, ToolMissingError, WorkerLostError
from hrsnn_edge.parallel import run_parallel


def die():
    """Kill the process that runs this."""
    os.kill(os.getpid(), signal.SIGKILL)


JOBS = [(2, k) for k in range(5)]
POWERS = [1, 2, 4, 8, 16]


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_every_job_once(n_jobs):
    """Each job gives one result, on any number of processes."""
    assert sorted(run_parallel(pow, JOBS, n_jobs)) == POWERS


def test_on_a_cluster():
    """The address of a Dask scheduler sends the same jobs there."""
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=1, processes=False, dashboard_address=None, protocol="tcp"
    ) as cluster:
        found = run_parallel(pow, JOBS, 2, cluster.scheduler_address)
        assert sorted(found) == POWERS


def test_cluster_that_is_not_there(monkeypatch):
    """A scheduler that does not answer is named, with what to do."""
    pytest.importorskip("distributed")
    monkeypatch.setattr("hrsnn_edge.parallel.CONNECT_SECONDS", 0.2)
    with pytest.raises(ToolFailedError, match=r"must answer at tcp://127.0.0.1:9 within 0.2 s"):
        list(run_parallel(pow, JOBS, 2, "tcp://127.0.0.1:9"))


def test_without_dask(monkeypatch):
    """Without the package the message names the extra."""
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ToolMissingError, match=r"hrsnn-edge\[cluster\]"):
        list(run_parallel(pow, JOBS, 2, "tcp://127.0.0.1:9"))


def test_killed_worker_is_named():
    """A worker that dies takes only itself along, even with one job, and is reported."""
    with pytest.raises(WorkerLostError, match="must end by itself, not be killed"):
        list(run_parallel(die, [()], apart=True))
