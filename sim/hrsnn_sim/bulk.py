"""A compiled model of the core, driven in bulk through a C interface.

One evaluation of the model is one clock cycle, and the loop that feeds commands, plays the host's
pauses and records the core's work is C too: millions of cycles a second.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np
from hrsnn_rtl.config import ARG_WIDTH, CoreConfig
from hrsnn_rtl.flush import UPDATE_ROWS
from hrsnn_rtl.image import MemoryImage
from hrsnn_rtl.interfaces import CommandKind, CoreSignature, Select

from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.errors import ToolFailedError
from hrsnn_sim.commands import command_word, command_words
from hrsnn_sim.cxxrtl import ALL_NAMES, NO_NAMES, Design, build_library
from hrsnn_sim.ports import Field, cxxrtl_name, port_fields
from hrsnn_sim.record import STROBES, CoreRecord, first_steps, readout_bias

#: Cycles without any movement after which a run counts as stuck, over the longest scan.
PATIENCE_CYCLES = 10_000
#: Cycles for which the core must look idle after the last command.
IDLE_CYCLES = 8

_STATUS = {
    1: "must go on, not stand still for {limit} cycles",
    2: "must make as many steps as it was told, not more",
    3: "must hold a spike until it is taken, not withdraw or change it",
}


@dataclass(frozen=True)
class Gaps:
    """Random pauses of the host, drawn from a seed.

    Attributes
    ----------
    command, spike : float
        Chance that in a cycle the next command is not offered, a spike is not taken.
    seed : int
        Seed of the draws.
    wait_steps : bool
        Whether the host also waits for the end of each step before it goes on.
    """

    command: float = 0.0
    spike: float = 0.0
    seed: int = 1
    wait_steps: bool = False


class _Job(ctypes.Structure):
    _fields_ = (
        ("words", ctypes.c_void_p),
        ("n_words", ctypes.c_uint64),
        ("n_steps", ctypes.c_uint64),
        ("first", ctypes.c_void_p),
        ("bias", ctypes.c_void_p),
        ("seed", ctypes.c_uint64),
        ("command_gap", ctypes.c_uint32),
        ("spike_gap", ctypes.c_uint32),
        ("wait_steps", ctypes.c_uint32),
        ("limit", ctypes.c_uint64),
    )


class _Record(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_void_p) for name in ("spikes", "v", "i_syn", "out")),
        *((name, ctypes.c_void_p) for name in ("counts", "counts_start")),
        ("begun", ctypes.c_void_p),
        ("done", ctypes.c_void_p),
        ("stream", ctypes.c_void_p),
        *((name, ctypes.c_uint64) for name in ("stream_room", "stream_items", "steps")),
        *((name, ctypes.c_uint64) for name in ("cycles", "busy", "command_stalls")),
        ("weight_updates", ctypes.c_uint64),
    )


class BulkModel:
    """A core of one configuration as compiled code; networks are loaded through its write port.

    Parameters
    ----------
    design : Design
        The core, as `hrsnn_sim.design.core_design` generates it.
    config : CoreConfig
        Its generator values.
    root : Path
        Build folder: a model is compiled once.
    waves : bool
        Whether `record_waves` can be used; such a model takes longer to build.
    """

    def __init__(self, design: Design, config: CoreConfig, root: Path, *, waves: bool = False):
        self._config = config
        text = files("hrsnn_sim").joinpath("bulk_core.cc").read_text()
        sources = {
            "main.cc": "#define HRSNN_WAVES\n" * waves + text,
            "ports.h": _ports_header(design, config),
        }
        path = build_library(design, sources, root, ALL_NAMES if waves else NO_NAMES)
        self._library = ctypes.CDLL(str(path))
        self._library.hrsnn_create.restype = ctypes.c_void_p
        self._library.hrsnn_cycle.restype = ctypes.c_uint64
        self._handle = ctypes.c_void_p(self._library.hrsnn_create())
        self._points = tuple(name for name, _ in design.points)
        self._bias = np.zeros(config.n_out_padded, np.int64)
        self._limit = PATIENCE_CYCLES + 4 * config.n_slots
        if config.readout:
            self._limit += config.operand_depth
        if config.plasticity:
            # A sweep shows nothing while it walks all rows.
            self._limit += config.plasticity.history * (config.synapse_depth + config.n_sources)

    def __del__(self):
        """Free the compiled model."""
        if getattr(self, "_handle", None):
            self._library.hrsnn_destroy(self._handle)

    @property
    def config(self) -> CoreConfig:
        """The generator values."""
        return self._config

    @property
    def cycle(self) -> int:
        """Clock cycles since the model was made."""
        return self._library.hrsnn_cycle(self._handle)

    @property
    def hits(self) -> dict[str, int]:
        """Cycles of all runs in which each of the design's points was met, by its name."""
        counts = (ctypes.c_uint64 * max(1, len(self._points)))()
        self._library.hrsnn_hits(self._handle, counts)
        out = dict.fromkeys(self._points, 0)
        for name, count in zip(self._points, counts, strict=False):
            out[name] += count
        return out

    def load(self, images: Sequence[MemoryImage]) -> None:
        """Write all memory images of a network through the write port."""
        self.write(images)
        self._bias = readout_bias(images, self._config)

    def write(self, images: Sequence[MemoryImage]) -> None:
        """Write some memory images; what they do not reach stays."""
        for image in images:
            words = np.ascontiguousarray(image.words, np.uint64)
            self._check(
                self._library.hrsnn_load(
                    self._handle, int(image.select), image.lane, image.base,
                    *_pointer(words), ctypes.c_uint64(self._limit),
                )
            )  # fmt: skip

    def read(self, select: Select, lane: int, base: int, count: int) -> np.ndarray:
        """Return words of a memory through the read port, (count,) int64."""
        words = np.zeros(count, np.uint64)
        self._check(
            self._library.hrsnn_read(
                self._handle,
                int(select),
                lane,
                base,
                *_pointer(words),
                ctypes.c_uint64(self._limit),
            )
        )
        return words.astype(np.int64)

    def run(
        self,
        batch: EventBatch,
        n_bins: int,
        gaps: Gaps | None = None,
        asked=None,
        *,
        go_on: bool = False,
    ) -> CoreRecord:
        """Run every sample of a batch, one after the other.

        On a core that learns the magnitudes are up to date afterwards.

        Parameters
        ----------
        batch : EventBatch
            The samples.
        n_bins : int
            Readout bins of the loaded network.
        gaps : Gaps, optional
            Pauses of the host; by default none.
        asked : (sum T,) bool, optional
            As of `command_words`.
        go_on : bool
            Whether the first sample continues the run before instead of clearing the core.

        Raises
        ------
        ToolFailedError
            When the core stands still or breaks a rule of its streams.
        """
        gaps = gaps or Gaps()
        words = command_words(batch, n_bins, asked)[int(go_on) :]
        if self._config.plasticity:
            words = np.append(words, np.uint16(command_word(CommandKind.CLEAR, UPDATE_ROWS)))
        total, n_hw = int(batch.n_steps.sum()), self._config.n_hw
        first = first_steps(batch.n_steps).astype(np.uint8)
        arrays = {
            "spikes": np.zeros((total, n_hw), np.uint8),
            # A membrane that is never written back keeps a value that no core can hold.
            "v": np.full((total, n_hw), np.iinfo(np.int32).min, np.int32),
            "i_syn": np.full(
                (total * (self._config.syn_width > 0), n_hw), np.iinfo(np.int32).min, np.int32
            ),
            "out": np.zeros((total, self._config.n_out_padded), np.int64),
            "counts": np.zeros((total, len(STROBES)), np.int64),
            "counts_start": np.zeros((total, len(STROBES)), np.int64),
            "begun": np.zeros(total, np.int64),
            "done": np.zeros(total, np.int64),
            "stream": np.zeros(total * (n_hw + 1) * self._config.spike_stream, np.uint32),
        }
        record = _Record(
            **{name: array.ctypes.data for name, array in arrays.items()},
            stream_room=arrays["stream"].size,
        )
        job = _Job(
            words.ctypes.data, words.size, total, first.ctypes.data, self._bias.ctypes.data,
            # xorshift stays at 0 forever; neighbouring seeds should not start alike.
            (gaps.seed * 0x9E3779B97F4A7C15 + 1) % (1 << 64) or 1,
            round(gaps.command * 65536), round(gaps.spike * 65536), gaps.wait_steps, self._limit,
        )  # fmt: skip
        self._check(
            self._library.hrsnn_run(self._handle, ctypes.byref(job), ctypes.byref(record)),
            f" It did {record.steps} of {total} steps in {record.cycles} cycles.",
        )
        arrays["spikes"] = arrays["spikes"].astype(bool)
        arrays["stream"] = arrays["stream"][: record.stream_items]
        return CoreRecord(
            **arrays,
            n_steps=batch.n_steps,
            cycles=record.cycles,
            busy=record.busy,
            command_stalls=record.command_stalls,
            weight_updates=record.weight_updates,
        )

    def record_waves(self, path: Path, first: int, last: int) -> None:
        """Write the cycles first..last, in the count of `cycle`, of what comes to a VCD file."""
        name = str(path.resolve()).encode()
        bounds = ctypes.c_uint64(first), ctypes.c_uint64(last)
        if not self._library.hrsnn_waves(self._handle, name, *bounds):
            raise OSError(f"{path} must be writable")

    def close_waves(self) -> None:
        """End the file of `record_waves`."""
        self._library.hrsnn_close_waves(self._handle)

    def count_activity(self) -> None:
        """Count from now on which bits change; for a model with waves.

        Raises
        ------
        ToolFailedError
            When one evaluation does not settle the design, so that changes would count twice.
        """
        self._library.hrsnn_count_activity.restype = ctypes.c_size_t
        self._blocks = self._library.hrsnn_count_activity(self._handle)
        if not self._blocks:
            raise ToolFailedError("The design must settle in one evaluation to count its activity")

    @property
    def activity(self) -> dict[str, tuple[int, int]]:
        """Stored bits of each block and how often one changed since `count_activity`."""
        self._library.hrsnn_activity.restype = ctypes.c_char_p
        out = {}
        for k in range(self._blocks):
            bits, toggles = ctypes.c_uint64(), ctypes.c_uint64()
            counts = ctypes.byref(bits), ctypes.byref(toggles)
            name = self._library.hrsnn_activity(self._handle, ctypes.c_size_t(k), *counts)
            out[name.decode().replace(" ", ".")] = bits.value, toggles.value
        return out

    def _check(self, status: int, more: str = "") -> None:
        if status:
            what = _STATUS[status].format(limit=self._limit)
            raise ToolFailedError(f"The simulated core {what}.{more}")


def _pointer(words: np.ndarray) -> tuple[ctypes.c_void_p, ctypes.c_uint64]:
    return ctypes.c_void_p(words.ctypes.data), ctypes.c_uint64(words.size)


def _ports_header(design: Design, config: CoreConfig) -> str:
    """Return the C++ header that tells `bulk_core.cc` the core's sizes and fields."""
    fields = port_fields(CoreSignature(config))

    def one(field: Field) -> str:
        return f"{{{field.offset}, {field.width}, {str(field.signed).lower()}}}"

    def many(names: Iterable[str]) -> str:
        return "{" + ", ".join(one(fields[name]) for name in names) + "}"

    sizes = {
        "LANES": config.lanes,
        "N_SLOTS": config.n_slots,
        "N_HW": config.n_hw,
        "OUT_LANES": config.out_lanes,
        "N_OUT": config.n_out_padded,
        "N_COUNTS": len(STROBES),
        "STEP_COUNT": list(STROBES).index("step"),
        "KIND_OFFSET": ARG_WIDTH,
        "KIND_STEP": CommandKind.STEP.value,
        "IDLE_CYCLES": IDLE_CYCLES,
    }
    scalars = {
        "command_ready": "command.ready",
        "write_ready": "write.ready",
        "read_ready": "read.ready",
        "read_data_valid": "read.data_valid",
        "read_data": "read.data",
        "idle_field": "idle",
        "trace_valid": "trace.valid",
        "trace_slot": "trace.slot",
        "trace_spike": "trace.spike",
        "trace_out_valid": "trace.out_valid",
        "trace_out_index": "trace.out_index",
        "trace_drained": "trace.drained",
        **({"spike_valid_field": "spike.valid"} if config.spike_stream else {}),
        **({"weight_updates_field": "strobes.weight_updates"} if config.plasticity else {}),
    }
    lines = [
        f"#define SPIKE_STREAM {int(config.spike_stream)}",
        f"#define LEARNS {int(config.plasticity is not None)}",
        f"#define HAS_CURRENTS {int(config.syn_width > 0)}",
        f"using Top = cxxrtl_design::{cxxrtl_name(design.top)};",
        "struct Field { unsigned offset, width; bool is_signed; };",
        *(f"constexpr unsigned {name} = {value};" for name, value in sizes.items()),
        *(f"constexpr Field {name} = {one(fields[path])};" for name, path in scalars.items()),
        *(
            f"constexpr Field trace_{name}[] = "
            + many(f"trace.{name}[{lane}]" for lane in range(config.lanes))
            + ";"
            for name in ("v", *(("i_syn",) if config.syn_width else ()))
        ),
        "constexpr Field trace_out_value[] = "
        + many(f"trace.out_value[{k}]" for k in range(config.out_lanes))
        + ";",
        f"constexpr Field strobes[] = {many(f'strobes.{name}' for name in STROBES)};",
        "constexpr bool strobe_is_mask[] = {"
        + ", ".join(str(value).lower() for value in STROBES.values())
        + "};",
    ]
    if config.spike_stream:
        width = fields["spike.payload.index"].width + 1
        lines.append(f"constexpr Field spike_item = {{0, {width}, false}};")
    lines += [
        f"constexpr unsigned N_POINTS = {len(design.points)};",
        "inline void count_points(const Top &top, uint64_t *hits) {",
        *(
            f"    hits[{k}] += {' && '.join(map(_is_met, registers))};"
            for k, (_, registers) in enumerate(design.points)
        ),
        "}",
    ]
    return "\n".join(lines) + "\n"


def _is_met(register: str) -> str:
    """Return the C++ condition of one register of a point."""
    name, _, value = register.removeprefix("!").partition("=")
    wanted = value or int(not register.startswith("!"))
    return f"top.{cxxrtl_name(name)}.curr.data[0] == {wanted}"
