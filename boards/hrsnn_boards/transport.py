"""Byte transports of the host link: what the driver asks of one, and a serial port."""

from __future__ import annotations

from typing import Protocol

import serial

from hrsnn_edge.errors import LinkError

#: Seconds without a byte after which a device counts as silent; longer than its own timeout.
SILENCE_S = 0.5


class Transport(Protocol):
    """Bytes to and from a device."""

    def write(self, data: bytes) -> None:
        """Send all of `data`."""

    def read(self, count: int) -> bytes:
        """Return `count` received bytes, or fewer when the device has fallen silent."""

    def drain(self) -> None:
        """Drop what is received until the device falls silent."""


class SerialTransport:
    """A serial port.

    Parameters
    ----------
    port : str
        Name of the port, or a URL of pyserial.
    baud_hz : int
        Bits a second: the clock of the design over its UART divisor.

    Raises
    ------
    LinkError
        When the port cannot be opened, or disappears.
    """

    def __init__(self, port: str, baud_hz: int):
        try:
            self._port = serial.serial_for_url(port, baudrate=baud_hz, timeout=SILENCE_S)
        except (serial.SerialException, ValueError) as error:
            raise LinkError(f"Serial port {port} must open at {baud_hz} baud: {error}") from error

    def write(self, data: bytes) -> None:
        """Send all of `data`."""
        self._checked(self._port.write, data)

    def read(self, count: int) -> bytes:
        """Return `count` received bytes, or fewer after `SILENCE_S`."""
        return self._checked(self._port.read, count)

    def drain(self) -> None:
        """Drop what is received until nothing has come for `SILENCE_S`."""
        while self.read(1):
            pass

    def close(self) -> None:
        """Close the port."""
        self._port.close()

    def _checked(self, action, argument):
        try:
            return action(argument)
        except serial.SerialException as error:
            raise LinkError(f"Serial port {self._port.name} must stay open: {error}") from error
