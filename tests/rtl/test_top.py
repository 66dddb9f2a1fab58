"""The whole design through its UART pins."""

import random

import numpy as np
import pytest
from hrsnn_rtl.registers import BY_NAME, COUNTERS, Status
from tests.link import vectors
from tests.link.fixtures import library, make_top
from tests.link.lines import DIVISOR, CompiledLine, SimulatedLine
from tests.link.model import CYCLE_COUNTERS, device_model


def masked(answer: bytes) -> bytes:
    """Return an answer of all counters without those of clock cycles and the CRC."""
    cycles = [k for k, register in enumerate(COUNTERS) if register.name in CYCLE_COUNTERS]
    words = [answer[4 + 4 * k :][:4] for k in range(len(COUNTERS))]
    return answer[:4] + b"".join(word for k, word in enumerate(words) if k not in cycles)


def replay(line, section) -> None:
    for k, (request, expected, has_cycles) in enumerate(section.exchanges):
        line.write(request)
        answer = line.read(len(expected))
        if has_cycles:
            answer, expected = masked(answer), masked(expected)
        assert answer == expected, f"exchange {k}: {request.hex()}"


def test_amaranth_simulator_answers_the_vectors():
    """Top answers every byte of the identify, run and wrong vectors in Amaranth's simulator."""
    line = SimulatedLine(make_top())
    sections = vectors.read(vectors.PATH.read_text())
    for name in ("identify", "load", "run"):
        replay(line, sections[name])
