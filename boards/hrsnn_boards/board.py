"""What a board is: part, clock, what it has to give, and the platform that knows its pins."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from amaranth.build import Platform
from amaranth.hdl import Module
from hrsnn_rtl.flash import FlashPlace

#: What place and route is asked for over the board's clock: it stops trying when it has reached
#: its aim, so a higher aim buys a margin.
CLOCK_MARGIN = 1.2


@dataclass(frozen=True)
class Board:
    """A board that the flow builds for.

    Attributes
    ----------
    name : str
        As the command line spells it.
    title, part : str
        As the vendor prints the board and the device.
    family : str
        ``"ecp5"``, ``"ice40"`` or ``"gowin"``.
    model : str
        Name of the family in the logic model.
    loader : str
        Name of the board for openFPGALoader.
    clock_hz : int
        Clock of the core; timing must be met at it.
    baud : int
        Speed of the UART.
    budget : mapping of str to int
        What the part has, by the names nextpnr uses; `block_ram` and `logic` are two of them.
    block_ram, logic, registers, multiplier : str
        The resource of a block RAM, of a LUT, of a flip-flop and of a multiplier, which not every
        part has.
    block_shape : str
        The block RAM's name in `BLOCK_SHAPES`.
    multiplier_width, multiplier_slack : int
        Bits of a factor of the multiplier, and how many beyond them synthesis leaves to logic
        rather than take another one.
    single_port_ram : str or None
        The resource of the large single-port RAMs, if the part has them.
    synapse_memory : str
        Where `CoreConfig` puts the synapses.
    init_in_bitstream : bool
        Whether the bitstream carries the network; else it comes from the flash or over the link.
    max_lanes : int
        Most lanes worth trying.
    bitstream_suffix : str
        Suffix of the file that is programmed.
    platform : callable
        Returns a new Amaranth platform.
    add_clock : callable
        Adds the domain ``sync`` at `clock_hz` to a top module for a platform.
    synth_prepare : str
        Yosys commands before synthesis, for what the part lacks or has more of than others.
    flash : FlashPlace or None
        Where the board's flash holds a network, for designs that load from there.
    synth_opts, nextpnr_opts : str
        Options for the synthesis command, and for place and route.
    """

    name: str
    title: str
    part: str
    family: str
    model: str
    loader: str
    clock_hz: int
    baud: int
    budget: Mapping[str, int]
    block_ram: str
    block_shape: str
    logic: str
    registers: str
    multiplier: str | None
    multiplier_width: int
    multiplier_slack: int
    single_port_ram: str | None
    synapse_memory: str
    init_in_bitstream: bool
    max_lanes: int
    bitstream_suffix: str
    platform: Callable[[], Platform]
    add_clock: Callable[[Module, Platform], None]
    flash: FlashPlace | None = None
    synth_prepare: str = ""
    synth_opts: str = ""
    nextpnr_opts: str = ""

    @property
    def uart_divisor(self) -> int:
        """Clock cycles of a bit on the UART."""
        return round(self.clock_hz / self.baud)
