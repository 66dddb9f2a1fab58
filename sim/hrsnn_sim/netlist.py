"""The core after synthesis: the netlist of FPGA cells, read back with models of those cells."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from hrsnn_rtl.config import CoreConfig
from hrsnn_rtl.generate import SYNTH_PREPARE
from hrsnn_rtl.readout_shapes import FilterShape, PerceptronShape

from hrsnn_edge.network import IntFormat
from hrsnn_edge.tools import require, run_tool
from hrsnn_sim.build import build_once
from hrsnn_sim.bulk import BulkModel
from hrsnn_sim.cxxrtl import Design
from hrsnn_sim.design import TOP, core_design
from hrsnn_sim.random_runs import random_job
from hrsnn_sim.rung import Rung
from hrsnn_sim.scoreboard import Verdict
from hrsnn_sim.shapes import fitting_core
from hrsnn_sim.verify import verify_job

#: Family -> the yosys lines that synthesize for it, as the boards do.
SYNTHESIS = {
    # iCE40 has no distributed RAM: small memories choose between blocks and registers.
    "ice40": f"setattr -unset ram_style a:ram_style=distributed\nsynth_ice40 -dsp -top {TOP}",
    "ecp5": f"synth_ecp5 -top {TOP}",
}
#: Family -> the yosys line that reads models of its cells: ours first, then those of the vendor
#: that we have not. Deferred, a model that is not used costs nothing.
READ = {
    "ice40": "read_verilog -defer -D NO_ICE40_DEFAULT_ASSIGNMENTS",
    "ecp5": "read_verilog",
}
#: Netlists are large and run briefly: more would cost more than it saves.
COMPILE_FLAGS = ("-O1",)

#: Small cores whose netlists are simulated: with and without reset, shifts, bins, spike stream,
#: synaptic currents, codebook and halt, one lane and two, each readout.
CORES: dict[str, CoreConfig] = {
    "one-lane": fitting_core(
        1,
        12,
        8,
        IntFormat(16, 8, 6, 1, 2, 3, 8),
        has_reset=True,
        spike_stream=True,
        queue_depth=32,
        n_bins=2,
    ),
    "two-lanes": fitting_core(
        2, 6, 6, IntFormat(12, 6, 5, 0, 0, 2, 6), n_out=2, out_lanes=2, queue_depth=32
    ),
    "currents": fitting_core(
        1, 20, 6, IntFormat(12, 6, 5, 0, 1, 2, 6), syn_width=10, n_out=2, queue_depth=32
    ),
    "codebook": fitting_core(
        2,
        18,
        6,
        IntFormat(12, 6, 5, 0, 0, 2, 6),
        has_reset=True,
        codebook_rows=18,
        halt=True,
        n_out=2,
        queue_depth=32,
    ),
    "perceptron": fitting_core(
        2,
        5,
        6,
        IntFormat(12, 6, 5, 0, 0, 2, 6),
        has_reset=True,
        n_out=2,
        n_bins=2,
        queue_depth=32,
        readout=PerceptronShape(n_read=6, hidden=(3, 2), act_width=4, acc_width=32),
        out_width=32,
    ),
    "filters": fitting_core(
        1,
        4,
        6,
        IntFormat(12, 6, 5, 0, 0, 2, 6),
        has_reset=True,
        n_out=2,
        queue_depth=32,
        readout=FilterShape(n_filters=2, squares=True, trace_width=8, decay_width=6, acc_width=32),
        out_width=32,
    ),
}
#: The same with synapses in single-port RAM, which only the UP5K has.
SPRAM_CORE = fitting_core(
    1, 10, 8, IntFormat(12, 6, 6, 1, 0, 2, 6), synapse_memory="spram", n_out=2, queue_depth=32
)


def cores_of(family: str) -> dict[str, CoreConfig]:
    """Return the cores whose netlists are simulated, for one of `SYNTHESIS`."""
    return CORES | ({"spram": SPRAM_CORE} if family == "ice40" else {})


def netlist_design(config: CoreConfig, family: str, root: Path) -> Design:
    """Return the core of a configuration as a netlist of a family's cells, flattened.

    The netlist is written as Verilog and read back with the vendor's cell models of yosys, or ours
    where yosys has none (`cells_ecp5.v`) or one that no two-state simulator runs
    (`cells_ice40.v`).

    Raises
    ------
    ToolMissingError, ToolFailedError
        Yosys is not there, or failed.
    """
    source = core_design(config, poison=False, vendor_cells=config.synapse_memory == "spram")
    yosys, models = require("yosys"), files("hrsnn_sim").joinpath(f"cells_{family}.v").read_text()
    synthesis = f"read_rtlil core.il\n{SYNTH_PREPARE}{SYNTHESIS[family]}\nwrite_verilog -noattr n.v"
    back = "\n".join(
        (
            "read_verilog n.v",
            f"{READ[family]} models.v",
            f"{READ[family]} -nooverwrite +/{family}/cells_sim.v",
            f"hierarchy -check -top {TOP}",
            "proc\nflatten\nopt_expr\nopt_clean",
            "write_rtlil netlist.il",
        )
    )

    def make(folder: Path) -> None:
        (folder / "core.il").write_text(source.rtlil)
        (folder / "models.v").write_text(models)
        for name, script in (("synth", synthesis), ("back", back)):
            (folder / f"{name}.ys").write_text(script)
            command = [*yosys.command, "-q", "-s", f"{name}.ys"]
            run_tool(command, cwd=folder, log=folder / f"{name}.log")

    key = [*source.key, models, synthesis, back, yosys.version or ""]
    netlist = build_once(root, f"{family}-netlist", key, make) / "netlist.il"
    return Design(TOP, netlist.read_text(), flags=COMPILE_FLAGS)


def verify_netlists(family: str, n: int, *, seed: int = 0, root: Path) -> Verdict:
    """Compare the netlists of the cores of a family with the reference on `n` random networks."""
    cores = list(cores_of(family).values())
    models = [
        BulkModel(netlist_design(config, family, root / "models"), config, root / "models")
        for config in cores[:n]
    ]
    verdict = Verdict()
    for k in range(n):
        model = models[k % len(models)]
        job = random_job(model.config, seed + k)
        verdict += verify_job(job, "bulk", root=root, model=model, waves=False)[0]
    return verdict


def netlist_rung(root: Path, n: int = 20) -> Rung:
    """Run `n` networks on the netlists of every family."""
    covered, failures = {}, []
    for family in SYNTHESIS:
        verdict = verify_netlists(family, n, seed=5000, root=root)
        covered |= {
            f"{family} networks": verdict.networks,
            f"{family} steps": verdict.steps,
        }
        if verdict.first_divergence:
            failures.append(f"{family}: {verdict.first_divergence}")
    return Rung(
        "netlist",
        "the netlists of synth_ice40 and synth_ecp5 equal the reference in every step",
        covered,
        tuple(failures),
    )
