"""An exported C model, compiled and driven through ctypes."""

import ctypes
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np

from hrsnn_edge.interchange.c_export import export_c
from hrsnn_edge.tools import tool_environment

STRICT = ["-std=c99", "-pedantic", "-Wall", "-Wextra", "-Wconversion", "-Werror"]
SHARED = ["-O1", "-shared", "-fPIC"]
COMPILERS = {"gcc": ["gcc"], "zig": [sys.executable, "-m", "ziglang", "cc"]}
#: Probe of the state's fields, compiled with the model.
PROBE = """
#include "{name}.h"
size_t {name}_size(void) {{ return sizeof({name}_t); }}
int64_t {name}_v(const {name}_t *m, uint32_t j) {{ return m->v[j]; }}
int64_t {name}_out(const {name}_t *m, uint32_t c) {{ return m->out[c]; }}
uint32_t {name}_n_fired(const {name}_t *m) {{ return m->n_fired; }}
uint32_t {name}_fired(const {name}_t *m, uint32_t i) {{ return m->fired[i]; }}
"""


def has(compiler: str) -> bool:
    """Tell whether a compiler is here."""
    return shutil.which(COMPILERS[compiler][0]) is not None


def build(nets, folder: Path, compiler: str) -> ctypes.CDLL:
    """Return a library of the models ``net0``, ``net1``, ... of some networks."""
    sources = []
    for i, net in enumerate(nets):
        name = f"net{i}"
        for file, text in export_c(net, name).items():
            (folder / file).write_text(text)
        (folder / f"probe{i}.c").write_text(PROBE.format(name=name))
        sources += [f"{name}.c", f"probe{i}.c"]
    command = [*COMPILERS[compiler], *STRICT, *SHARED, *sources, "-o", f"{compiler}.so"]
    done = subprocess.run(
        command, cwd=folder, env=tool_environment(), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[:4000]
    return ctypes.CDLL(str(folder / f"{compiler}.so"))


class Model:
    """One model of a library; `run` gives what the reference's trace has."""

    def __init__(self, library: ctypes.CDLL, name: str, net):
        self._library, self._name, self._net = library, name, net
        for function in ("v", "out"):
            getattr(library, f"{name}_{function}").restype = ctypes.c_int64
        getattr(library, f"{name}_size").restype = ctypes.c_size_t
        self.state = ctypes.create_string_buffer(b"\xa5" * getattr(library, f"{name}_size")())

    def call(self, function: str, *arguments):
        """Call a function on the state."""
        return getattr(self._library, f"{self._name}_{function}")(self.state, *arguments)

    def step(self, events, b: int) -> int:
        """Advance by one step with the events of a (K,) bool row."""
        channels = np.flatnonzero(events).astype(np.uint16)
        pointer = channels.ctypes.data_as(ctypes.c_void_p)
        return self.call("step", pointer, ctypes.c_size_t(channels.size), ctypes.c_uint32(b))

    def run(self, raster):
        """Return spikes, v and outputs of every step, and the class."""
        n, c = self._net.n_neurons, self._net.readout.n_out
        spikes = np.zeros((len(raster), n), bool)
        v, out = np.zeros((len(raster), n), np.int64), np.zeros((len(raster), c), np.int64)
        self.call("clear")
        for t, events in enumerate(raster):
            b = getattr(self._library, f"{self._name}_bin")(t, len(raster))
            assert self.step(events, b) == 0
            self.call("finish")
            spikes[t, [self.call("fired", i) for i in range(self.call("n_fired"))]] = True
            v[t] = [self.call("v", j) for j in range(n)]
            out[t] = [self.call("out", j) for j in range(c)]
        return spikes, v, out, self.call("class")


def constants(text: str) -> dict[str, int]:
    """Return the numbers that a header defines."""
    return {name: int(value) for name, value in re.findall(r"#define (\w+) (\d+)", text)}
