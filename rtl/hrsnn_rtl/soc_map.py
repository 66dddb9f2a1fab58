"""The memory map of the system on chip: the one source of every address and field.

The address decoder, the firmware's header and the page ``docs/soc_map.md`` follow from it;
``python -m hrsnn_rtl.register_text`` writes the last two.
"""

from __future__ import annotations

from dataclasses import dataclass

from hrsnn_rtl.registers import REGISTERS, Field, Register

#: First bit of a byte address that chooses a region; regions are 256 MiB apart.
REGION_BIT = 28


@dataclass(frozen=True)
class Region:
    """What answers at the addresses whose bits from `REGION_BIT` up are `number`.

    Attributes
    ----------
    registers : tuple of Register
        Register ``k`` is the word at byte ``4 * k`` of the region.
    """

    name: str
    number: int
    doc: str
    registers: tuple[Register, ...] = ()

    @property
    def base(self) -> int:
        """First byte address."""
        return self.number << REGION_BIT


UART_DATA = Register(
    "UART_DATA",
    0,
    "rw",
    "port",
    "a byte received, which is taken by the read; a byte to send, which is lost without `room`",
    (Field("byte", 0, 8, "the byte"), Field("none", 31, 1, "no byte has come")),
)
UART_STATUS = Register(
    "UART_STATUS",
    1,
    "r",
    "plain",
    "state of the UART",
    (
        Field("room", 0, 1, "a byte can be sent"),
        Field("lost", 1, 1, "since power-up a byte came damaged, or found the queue full"),
    ),
)
TIMER_CYCLES = Register("TIMER_CYCLES", 0, "r", "plain", "clock cycles since power-up; it wraps")

RAM = Region("RAM", 0, "program, data and stack; the bitstream holds the program")
UART = Region("UART", 1, "8 data bits, 1 stop bit", (UART_DATA, UART_STATUS))
TIMER = Region("TIMER", 2, "time", (TIMER_CYCLES,))
ACCELERATOR = Region("ACCELERATOR", 3, "the accelerator, see registers.md", REGISTERS)

REGIONS = (RAM, UART, TIMER, ACCELERATOR)
