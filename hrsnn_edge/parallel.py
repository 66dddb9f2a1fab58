"""Independent jobs on the cores of this machine, or on a Dask cluster by a setting."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from joblib import Parallel, delayed, parallel_config
from joblib.externals.loky.process_executor import TerminatedWorkerError

from hrsnn_edge.errors import ToolFailedError, ToolMissingError, WorkerLostError

#: Seconds that a cluster has to answer.
CONNECT_SECONDS = 10

Result = TypeVar("Result")


def run_parallel(
    function: Callable[..., Result],
    jobs: Iterable[tuple],
    n_jobs: int = 1,
    dask: str = "",
    apart: bool = False,
) -> Iterator[Result]:
    """Yield ``function(*job)`` of every job, as it is finished.

    Parameters
    ----------
    function : callable
        Picklable, as are its arguments and results, unless it all runs here (`n_jobs` 1, no
        cluster).
    jobs : iterable of tuples
        Arguments.
    n_jobs : int
        Jobs at a time, each in its own process.
    dask : str
        Address of the scheduler of a Dask cluster, as ``tcp://127.0.0.1:8786``; empty for this
        machine.
    apart : bool
        Run even a single job in a process of its own, so that its death is not that of this one.

    Raises
    ------
    ToolMissingError
        A cluster is asked for and Dask is not installed.
    ToolFailedError
        The cluster does not answer.
    WorkerLostError
        A worker was killed; results not yet yielded are lost.
    """
    jobs = list(jobs)
    if not (dask or apart) and (n_jobs == 1 or len(jobs) == 1):
        for job in jobs:
            yield function(*job)
        return
    with _backend(dask), _losses():
        # With one process joblib would work in this one.
        parallel = Parallel(n_jobs=max(2, n_jobs), return_as="generator_unordered")
        yield from parallel(delayed(function)(*job) for job in jobs)


@contextmanager
def _losses() -> Iterator[None]:
    """Say that a worker was killed in words of ours, whatever ran it."""
    try:
        yield
    except Exception as error:
        # Dask's class is named, not imported: it is an extra.
        if not (isinstance(error, TerminatedWorkerError) or type(error).__name__ == "KilledWorker"):
            raise
        raise WorkerLostError(
            "Worker process must end by itself, not be killed. The usual reason is memory: take "
            "fewer jobs at a time."
        ) from error


@contextmanager
def _backend(dask: str) -> Iterator[Any]:
    """Send the jobs of joblib to a cluster while it is open, if one is named."""
    if not dask:
        yield
        return
    try:
        from distributed import Client
    except ImportError as error:
        raise ToolMissingError(
            "Dask must be installed to use a cluster. It is in the extra: "
            "pip install 'hrsnn-edge[cluster]'."
        ) from error
    try:
        client = Client(dask, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise ToolFailedError(
            f"Dask cluster must answer at {dask} within {CONNECT_SECONDS} s: {error}. Start it "
            "with `dask scheduler` and `dask worker`, or leave the setting empty."
        ) from error
    with client, parallel_config(backend="dask", client=client):
        yield
