"""Frames of the host link, and their exchange: at most once, whatever the line does to them."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from hrsnn_rtl.crc import crc16
from hrsnn_rtl.registers import (
    ANSWER_START,
    BY_NAME,
    HAS_DATA,
    MAX_WORDS,
    REPEATED,
    REQUEST_START,
    Op,
    Status,
)

from hrsnn_boards.transport import Transport
from hrsnn_edge.errors import LinkError

#: Answers that say nothing about the request: the line spoiled it, or something before it.
SPOILED = (Status.BAD_CRC, Status.TIMEOUT)


@dataclass(frozen=True)
class Answer:
    """A right answer frame.

    Attributes
    ----------
    seq : int
        Sequence number of the request; without meaning for BAD_CRC and TIMEOUT.
    status : Status
        What became of the request.
    repeated : bool
        Whether the request had been executed before and this is its answer again.
    done : int
        Words that were written or read.
    data : tuple of int
        The words read.
    """

    seq: int
    status: Status
    repeated: bool
    done: int
    data: tuple[int, ...]


def request_frame(
    seq: int, op: Op, address: int = 0, count: int = 0, words: Sequence[int] = ()
) -> bytes:
    """Return the bytes of a request.

    >>> request_frame(7, Op.SYNC).hex()
    'a507000000d5ed'
    """
    body = bytes([seq, op, address, count]) + struct.pack(f"<{len(words)}I", *words)
    return bytes([REQUEST_START]) + body + crc16(body).to_bytes(2, "big")


def read_answer(transport: Transport) -> Answer | None:
    """Return the next answer frame, or None when what comes is no right frame."""
    head = transport.read(4)
    if len(head) < 4 or head[0] != ANSWER_START:
        return None
    _, seq, code, count = head
    size = 4 * count if code & HAS_DATA else 0
    rest = transport.read(size + 2)
    if len(rest) < size + 2 or crc16(head[1:] + rest):
        return None
    try:
        status = Status(code & ~(HAS_DATA | REPEATED))
    except ValueError:
        return None
    data = struct.unpack(f"<{size // 4}I", rest[:size])
    return Answer(seq, status, bool(code & REPEATED), count, data)


class Link:
    """Requests and answers over a transport, one at a time.

    A request whose answer does not come, or comes spoiled, is sent again with its sequence number;
    the device executes it at most once.

    Parameters
    ----------
    transport : Transport
        The bytes.
    retries : int
        How often a request is sent again.
    """

    def __init__(self, transport: Transport, *, retries: int = 4):
        self._transport, self._retries = transport, retries
        self._seq = 0
        self._synced = False

    def sync(self) -> None:
        """Agree on a sequence number, whatever was on the line before."""
        self._transport.drain()
        self._exchange(request_frame(0, Op.SYNC), 0)
        self._seq, self._synced = 0, True

    def write(self, name: str, words: Sequence[int]) -> int:
        """Write a burst of up to 64 words from register `name` on and return how many were taken.

        Only `COMMAND` takes fewer than all: when the core waits for the host to read spikes.
        """
        return self._request(Op.WRITE, name, len(words), words).done

    def read(self, name: str, count: int) -> tuple[int, ...]:
        """Read a burst of up to 64 words from register `name` on; only `SPIKE` gives fewer."""
        return self._request(Op.READ, name, count).data

    def _request(self, op: Op, name: str, count: int, words: Sequence[int] = ()) -> Answer:
        if not 1 <= count <= MAX_WORDS:
            raise ValueError(f"Burst must be 1 to {MAX_WORDS} words, not {count}")
        if not self._synced:
            self.sync()
        seq = (self._seq + 1) & 0xFF
        answer = self._exchange(request_frame(seq, op, BY_NAME[name].address, count, words), seq)
        if answer.status != Status.OK:
            raise LinkError(f"{op.name} of {name} must be answered OK, not {answer.status.name}")
        self._seq = seq
        return answer

    def _exchange(self, frame: bytes, seq: int) -> Answer:
        """Send a request until an answer to it has come."""
        for _ in range(1 + self._retries):
            self._transport.write(frame)
            answer = read_answer(self._transport)
            if answer and answer.status not in SPOILED and answer.seq == seq:
                return answer
            # Whatever half frames are on the way, both sides are silent after this.
            self._transport.drain()
        raise LinkError(
            f"Request {frame[:5].hex()} must be answered, not sent {1 + self._retries} times. "
            "Check port, speed and power."
        )
