"""Independent jobs on the cores of this machine, or on a Dask cluster by a setting."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from joblib import Parallel, delayed, parallel_config

from hrsnn_edge.errors import ToolFailedError, ToolMissingError

#: Seconds that a cluster has to answer.
CONNECT_SECONDS = 10

Result = TypeVar("Result")


def run_parallel(
    function: Callable[..., Result], jobs: Iterable[tuple], n_jobs: int = 1, dask: str = ""
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

    Raises
    ------
    ToolMissingError
        A cluster is asked for and Dask is not installed.
    ToolFailedError
        The cluster does not answer.
    """
    jobs = list(jobs)
    if not dask and (n_jobs == 1 or len(jobs) == 1):
        for job in jobs:
            yield function(*job)
        return
    with _backend(dask):
        parallel = Parallel(n_jobs=n_jobs, return_as="generator_unordered")
        yield from parallel(delayed(function)(*job) for job in jobs)


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
