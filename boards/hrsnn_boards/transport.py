"""Byte transports of the host link: what the driver asks of one, and a serial port."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import serial
from hrsnn_rtl.registers import ANSWER_START, HAS_DATA

from hrsnn_edge.errors import LinkError

#: Seconds without a byte after which a device counts as silent; longer than its own timeout.
SILENCE_S = 0.5
#: Bytes clocked out of an SPI target at a time, and without an answer until it counts as silent.
SPI_CHUNK, SPI_PATIENCE = 16, 4096


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


class SpiTransport:
    """An SPI controller of any make, mode 0, high bit first.

    Parameters
    ----------
    exchange : callable
        Sends bytes and returns as many that came back meanwhile, e.g. ``xfer`` of an SPI library.
    patience : int
        Bytes without an answer after which the device counts as silent.
    """

    def __init__(self, exchange: Callable[[bytes], bytes], *, patience: int = SPI_PATIENCE):
        self._exchange, self._patience = exchange, patience
        self._frame, self._received = bytearray(), bytearray()

    def write(self, data: bytes) -> None:
        """Send all of `data`."""
        self._take(self._exchange(data))

    def read(self, count: int) -> bytes:
        """Return `count` received bytes, or fewer when no answer comes."""
        silent = 0
        while len(self._received) < count and silent < self._patience:
            had = len(self._received)
            self._take(self._exchange(bytes(SPI_CHUNK)))
            silent = silent + SPI_CHUNK if len(self._received) == had else 0
        out = bytes(self._received[:count])
        del self._received[:count]
        return out

    def drain(self) -> None:
        """Drop what is received until no answer comes."""
        while self.read(1):
            pass
        self._frame.clear()

    def _take(self, data: bytes) -> None:
        """Keep the bytes of answers: between them a target sends zeros."""
        for byte in data:
            if self._frame or byte == ANSWER_START:
                self._frame.append(byte)
            size = 6
            if len(self._frame) > 3 and self._frame[2] & HAS_DATA:
                size += 4 * self._frame[3]
            if len(self._frame) == size:
                self._received += self._frame
                self._frame.clear()
