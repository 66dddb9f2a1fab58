"""A compiled design with a serial port on its pins: a transport of bytes for the host's driver."""

from __future__ import annotations

import ctypes
from importlib.resources import files
from pathlib import Path

from hrsnn_sim.cxxrtl import Design, build_library

#: Clock cycles without a byte after which a line counts as silent.
SILENCE_CYCLES = 4000


#: What a library with a reset has beside ``pins.cc``.
RESET = """#include "pins.cc"
extern "C" void pins_reset(Pins *pins, size_t cycles) {
    pins->top.p_rst.set<bool>(true);
    while (cycles--) {
        pins->cycle();
    }
    pins->top.p_rst.set<bool>(false);
}
"""


def pins_library(design: Design, divisor: int, root: Path, *, reset: bool = False) -> ctypes.CDLL:
    """Return the compiled design, for `CompiledLine`; its ports are `clk`, `rx` and `tx`.

    Parameters
    ----------
    divisor : int
        Clock cycles of a bit on the line.
    root : Path
        Build folder.
    reset : bool
        Whether the design has an input `rst` too, for `CompiledLine.reset`.
    """
    source = files("hrsnn_sim").joinpath("pins.cc").read_text()
    defines = f"#define DIVISOR {divisor}\n#define TOP p_{design.top}\n"
    sources = {"main.cc": defines + source}
    if reset:
        sources = {"main.cc": defines + RESET, "pins.cc": source}
    library = ctypes.CDLL(str(build_library(design, sources, root)))
    handle, size, data = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p
    for name, result, *arguments in (
        ("new", handle),
        ("free", None, handle),
        ("write", None, handle, data, size),
        ("put", None, handle, data, size),
        ("read", size, handle, data, size, size),
        ("advance", None, handle, size),
        *((("reset", None, handle, size),) if reset else ()),
    ):
        function = getattr(library, f"pins_{name}")
        function.restype, function.argtypes = result, arguments
    return library


class CompiledLine:
    """A transport on the `rx` and `tx` pins of a compiled design."""

    def __init__(self, library: ctypes.CDLL, silence_cycles: int = SILENCE_CYCLES):
        self._library, self._silence = library, silence_cycles
        self._pins = library.pins_new()

    def __del__(self):
        self._library.pins_free(self._pins)

    def advance(self, cycles: int) -> None:
        """Let the clock run."""
        self._library.pins_advance(self._pins, cycles)

    def reset(self, cycles: int = 1) -> None:
        """Hold the reset for some cycles."""
        self._library.pins_reset(self._pins, cycles)

    def put(self, levels) -> None:
        """Put raw levels on the line, one a cycle."""
        levels = bytes(levels)
        self._library.pins_put(self._pins, levels, len(levels))

    def write(self, data: bytes) -> None:
        """Send bytes."""
        self._library.pins_write(self._pins, data, len(data))

    def read(self, count: int) -> bytes:
        """Return up to `count` bytes; fewer when the line has been silent."""
        buffer = ctypes.create_string_buffer(count)
        taken = self._library.pins_read(self._pins, buffer, count, self._silence)
        return buffer.raw[:taken]

    def drain(self) -> None:
        """Drop what comes until the line is silent."""
        while self.read(1):
            pass
