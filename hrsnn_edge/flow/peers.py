"""Peers of the speed comparison: an environment for each below ``build/``, and one run.

A peer's script below ``benchmarks/`` takes the workload as an archive of arrays and prints one line
of JSON: name, spikes, CPU time of the time loop alone [ms], build time apart [s], peak memory [MB].
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hrsnn_edge.errors import ToolFailedError, ToolMissingError
from hrsnn_edge.flow.workload import Workload, peer_arrays

ROOT = Path(__file__).resolve().parents[2]
#: One thread for every library that a peer may use.
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
#: Seconds after which a peer is given up; building it included.
LIMIT = 900


@dataclass(frozen=True)
class Peer:
    """A peer and what it needs.

    Attributes
    ----------
    name : str
        In the table.
    script : str
        Below ``benchmarks/``.
    packages : tuple of str
        With pins; installed into ``build/bench-env-<environment>``.
    environment : str
        Several peers may share one.
    options : tuple of str
        More arguments of the script.
    workloads : tuple of str
        Those that it can run at all; `cannot` says why not the others.
    sizes : tuple of int
        Numbers of neurons at which it ends in minutes.
    compiler : bool
        Whether it needs a C++ compiler.
    """

    name: str
    script: str
    packages: tuple[str, ...]
    environment: str
    options: tuple[str, ...] = ()
    workloads: tuple[str, ...] = ("W1", "W2")
    sizes: tuple[int, ...] = (2000, 5000)
    cannot: str = ""
    compiler: bool = True


#: Brian2's release does not run with a newer NumPy.
BRIAN2 = ("brian2==2.9.0", "numpy<2.4")
TORCH = ("torch==2.13.0", "snntorch==1.0.0", "numpy<2.5")
PEERS = (
    Peer("Brian2 C++ standalone, float32", "peer_brian2.py", BRIAN2, "brian2", ("float32",)),
    Peer("Brian2 C++ standalone, double", "peer_brian2.py", BRIAN2, "brian2", ("float64",)),
    Peer("NEST", "peer_nest.py", ("nest-simulator==3.10.0",), "nest", compiler=False),
    Peer("ANNarchy", "peer_annarchy.py", ("ANNarchy==5.0.4.1", "nanobind"), "annarchy"),
    Peer(
        "snnTorch", "peer_snntorch.py", TORCH, "snntorch",
        workloads=("W1",), cannot="has no plasticity of this kind", compiler=False,
    ),
    Peer("GeNN", "peer_genn.py", ("pygenn",), "genn"),
)  # fmt: skip


def run_peer(peer: Peer, work: Workload) -> dict[str, Any]:
    """Run a peer on a workload and return what it printed.

    Raises
    ------
    ToolMissingError
        It cannot run here: no compiler, no package of its name, or not a workload for it.
    ToolFailedError
        It did not run; with the end of its log.
    """
    if work.name not in peer.workloads:
        raise ToolMissingError(f"{peer.name} {peer.cannot}.")
    script = ROOT / "benchmarks" / peer.script
    if not script.exists():
        raise ToolMissingError(f"{script.name} must exist. Run from a checkout of the project.")
    if peer.compiler and shutil.which("g++") is None:
        raise ToolMissingError(f"g++ must be installed to build {peer.name}.")
    python = environment(peer)
    with tempfile.TemporaryDirectory() as folder:
        network = Path(folder) / "network.npz"
        np.savez(network, **peer_arrays(work))
        # Some peers call the tools of their environment by name.
        path = f"{python.parent}{os.pathsep}{os.environ.get('PATH', '')}"
        command = [str(python), str(script), str(network), folder, *peer.options]
        lines = _command(command, os.environ | ONE_THREAD | {"PATH": path}).splitlines()
    return json.loads(lines[-1])


def environment(peer: Peer) -> Path:
    """Return the interpreter of a peer's environment, which is made if it is not there.

    A folder is complete when its list of packages stands in it.
    """
    folder = ROOT / "build" / f"bench-env-{peer.environment}"
    python, done = folder / "bin" / "python", folder / "packages.txt"
    wanted = "\n".join(peer.packages)
    if not done.exists() or done.read_text() != wanted:
        _command([sys.executable, "-m", "venv", str(folder)])
        try:
            _command([str(python), "-m", "pip", "install", "-q", *peer.packages])
        except ToolFailedError as error:
            reason = [line for line in str(error).splitlines() if "ERROR" in line]
            why = reason[-1].removeprefix("ERROR: ") if reason else str(error)
            raise ToolMissingError(f"{peer.name} cannot be installed: {why}") from error
        done.write_text(wanted)
    return python


def _command(command: list[str], variables: dict[str, str] | None = None) -> str:
    """Run a command and return what it prints."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, env=variables, timeout=LIMIT, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise ToolFailedError(f"{command[1]} must end within {LIMIT} s, not run on") from error
    if done.returncode:
        tail = "\n".join((done.stdout + done.stderr).splitlines()[-20:])
        raise ToolFailedError(f"{' '.join(command)} failed:\n{tail}")
    return done.stdout
