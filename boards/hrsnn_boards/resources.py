"""The core for a network on a board, and what it takes of the board's part.

Block RAMs are counted exactly from the generator values, logic is a fit on real builds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from math import prod

from hrsnn_rtl.blocks import WITH_DISTRIBUTED_RAM
from hrsnn_rtl.codebook import Codebook
from hrsnn_rtl.config import NEURON_MEMORIES, SPRAM_WIDTH, CoreConfig, bits_for
from hrsnn_rtl.index_coding import IndexCoding, cheapest, index_codings
from hrsnn_rtl.memory_plan import core_memories, link_memories, total_blocks, total_spram
from hrsnn_rtl.placer import place
from hrsnn_rtl.readout_shapes import FilterShape

from hrsnn_boards.board import Board
from hrsnn_boards.logic import logic
from hrsnn_boards.result import Usage
from hrsnn_edge.errors import CapacityError
from hrsnn_edge.network import IntNetwork

#: Share of a part's logic that place and route can be expected to fill and still meet timing.
LOGIC_FILL = 0.9
#: Products of the learning rule in each lane: the decay of a trace and what a spike adds, for
#: sources and for targets.
LEARNING_PRODUCTS = 4
#: Cells of an iCE40 that loading from flash takes: the difference between two placed systems with
#: 65,536 synapses (`hrsnn bench hardware`).
FLASH_CELLS = 237


def configure(net: IntNetwork, board: Board, lanes: int, n_steps: int, **options) -> CoreConfig:
    """Return the core for a network on a board; `options` as of `CoreConfig.for_network`.

    Unless `codebook_rows` is among them the parameters of the neurons lie as costs less RAM.

    Raises
    ------
    CapacityError
        The network is beyond what any core can address.
    """
    options = {"synapse_memory": board.synapse_memory, "block_ram": board.block_shape} | options
    if options.get("stdp"):
        # Histories of two steps take four times the memory, which parts with single-port RAM lack.
        options.setdefault("overlap", board.synapse_memory != "spram")
    placement = options.setdefault("placement", place(net, lanes))
    room = SPRAM_WIDTH - net.fmt.weight_width
    if options["synapse_memory"] == "spram" and bits_for(placement.n_slots) > room:
        options.setdefault("distance_width", 0 if options.get("stdp") else room)
    try:
        config = CoreConfig.for_network(net, lanes=lanes, n_steps=n_steps, **options)
    except ValueError as error:
        raise CapacityError(
            f"The network must fit the core: {error}. Prune it, or take more lanes."
        ) from error
    if "codebook_rows" not in options:
        config = cheaper_parameters(config, net, board)
    limit = board.budget[board.block_ram]
    in_blocks, smallest = None, config
    for form in squeezed(config, board, lambda c: cheapest(index_codings(net, c, placement))):
        if blocks(form, board) <= limit:
            if not misfits(form, board):
                return form
            in_blocks = in_blocks or form
        # What is refused, and what would help, is said of the smallest in block RAM.
        smallest = smallest if form.distributed else form
    return in_blocks or smallest


def cheaper_parameters(config: CoreConfig, net: IntNetwork, board: Board) -> CoreConfig:
    """Return the core with a codebook for a network if it then takes fewer block RAMs."""
    rows = Codebook.of(net).size
    if rows is None:
        return config
    shared = replace(config, codebook_rows=rows)
    return shared if blocks(shared, board) < blocks(config, board) else config


def squeezed(
    config: CoreConfig, board: Board, choose: Callable[[CoreConfig], IndexCoding]
) -> Iterator[CoreConfig]:
    """Give a core in forms that take fewer and fewer block RAMs, itself first.

    A readout that adds fewer outputs a cycle has deeper memories, which waste less. On parts that
    have RAM in their LUTs, the neurons' memories go there one after the other. Last, and again with
    these, rows hold distances: their words are narrower, at a cycle for each filler.

    Parameters
    ----------
    config : CoreConfig
        The core.
    board : Board
        The board.
    choose : callable
        Returns the cheapest way to store the rows in a core.
    """
    yield config
    narrow = config
    while config.n_out and narrow.out_lanes > 1:
        narrow = replace(narrow, out_lanes=narrow.out_lanes // 2)
        if blocks(narrow, board) < blocks(config, board):
            config = narrow
            yield config
    yield from _in_luts(config, board)
    coded = choose(config).applied(config)
    if blocks(coded, board) < blocks(config, board):
        yield coded
        yield from _in_luts(coded, board)


def _in_luts(config: CoreConfig, board: Board) -> Iterator[CoreConfig]:
    """Give a core with more and more of its neurons' memories in LUTs."""
    if board.block_shape in WITH_DISTRIBUTED_RAM:
        for count in range(1, len(NEURON_MEMORIES) + 1):
            yield replace(config, distributed=NEURON_MEMORIES[:count])


def blocks(config: CoreConfig, board: Board) -> int:
    """Return the block RAMs that a core with its link takes of a board's part."""
    return total_blocks(core_memories(config) + link_memories(), board.block_shape)


def fitted_logic(config: CoreConfig, board: Board, resource: str) -> tuple[int, int]:
    """Return how many of a resource a core with its link takes of a board's part, and the error."""
    used, error = logic(config, board.model, resource, has_multiplier=board.multiplier is not None)
    loader = FLASH_CELLS if board.flash and resource == board.logic else 0
    return used + loader, error


def utilisation(config: CoreConfig, board: Board) -> dict[str, Usage]:
    """Return the resources a core with its link takes of a board's part."""
    used = {
        board.logic: fitted_logic(config, board, board.logic)[0],
        board.registers: fitted_logic(config, board, board.registers)[0],
        board.block_ram: blocks(config, board),
    }
    if board.multiplier:
        # One product for the membrane, one for the synaptic current, those of the learning rule.
        widths = (config.v_width, config.syn_width)
        factors = sum(
            -(-max(width - board.multiplier_slack, 0) // board.multiplier_width) for width in widths
        )
        learning = LEARNING_PRODUCTS if config.plasticity else 0
        used[board.multiplier] = config.lanes * (factors + learning) + readout_multipliers(
            config, board
        )
    if board.single_port_ram:
        used[board.single_port_ram] = total_spram(core_memories(config))
    return {name: Usage(count, board.budget[name]) for name, count in used.items()}


def readout_multipliers(config: CoreConfig, board: Board) -> int:
    """Return the multipliers of a part that a readout takes."""

    def of(*factors: int) -> int:
        return prod(-(-width // board.multiplier_width) for width in factors)

    shape = config.readout
    if not shape:
        return 0
    # An unsigned operand has a sign bit before a signed weight.
    count = of(shape.operand_width + 1, config.out_weight_width)
    if isinstance(shape, FilterShape):
        widest = max(shape.decay_width + 1, shape.trace_width * shape.squares)
        count += of(shape.trace_width, widest)
    return count


def misfits(config: CoreConfig, board: Board) -> tuple[str, ...]:
    """Return a sentence for each resource of which a board has too little."""
    return tuple(
        f"{name} must be at most {limit}, not {usage.used}"
        for name, usage in utilisation(config, board).items()
        if usage.used > (limit := _limit(name, board))
    )


def _limit(name: str, board: Board) -> int:
    available = board.budget[name]
    return int(available * LOGIC_FILL) if name in (board.logic, board.registers) else available
