"""The register map, and what is generated from it."""

from dataclasses import replace
from pathlib import Path

import pytest
from hrsnn_rtl.config import CoreConfig
from hrsnn_rtl.readout_shapes import FilterShape, PerceptronShape
from hrsnn_rtl.register_text import GENERATED
from hrsnn_rtl.registers import (
    BY_NAME,
    COUNTERS,
    FIRST_WRITABLE,
    MAX_WORDS,
    MEMORY_WORDS,
    PORTS,
    REGISTERS,
    Field,
    Op,
    burst_allowed,
    config_from,
    constants,
)
from hypothesis import given
from hypothesis import strategies as st

ROOT = Path(__file__).parents[2]
CONFIG = CoreConfig(
    lanes=2,
    n_slots=128,
    n_inputs=64,
    synapse_depth=8192,
    v_width=16,
    decay_width=8,
    weight_width=6,
    shift_width=1,
    v_shift=2,
    refractory_width=3,
    has_reset=True,
    sum_width=14,
    n_out=10,
    n_bins=3,
    out_width=22,
)
PERCEPTRON = PerceptronShape(n_read=40, hidden=(300, 3), act_width=16, acc_width=48)
FILTERS = FilterShape(n_filters=9, squares=True, trace_width=16, decay_width=12, acc_width=37)


@pytest.mark.parametrize("path", GENERATED)
def test_generated_files(path):
    """The committed file is what the map says now."""
    written = (ROOT / path).read_text()
    assert written == GENERATED[path](), "Run `python -m hrsnn_rtl.register_text`."


def test_addresses():
    """No two registers share an address; ports lie behind the memory, all others in it."""
    addresses = [register.address for register in REGISTERS]
    assert addresses == sorted(set(addresses))
    for register in REGISTERS:
        assert (register.kind == "port") == (register.address >= MEMORY_WORDS), register.name
        if register.kind != "port":
            assert ("w" in register.access) == (register.address >= FIRST_WRITABLE), register.name


def test_counters_stand_together():
    """The counters have consecutive addresses, in their order, and fit one burst."""
    first = COUNTERS[0].address
    assert [r.address for r in COUNTERS] == list(range(first, first + len(COUNTERS)))
    assert len(COUNTERS) <= MAX_WORDS


def test_fields():
    """The fields of a register lie in its 32 bits and do not overlap."""
    for register in REGISTERS:
        taken = 0
        for field in register.fields:
            assert 0 < field.mask < 1 << 32, (register.name, field.name)
            assert not taken & field.mask, (register.name, field.name)
            taken |= field.mask


def test_field_by_hand():
    """A field takes its value to its bits and back, and refuses what does not fit."""
    lane = BY_NAME["MEM_ADDRESS"].field("lane")
    assert (lane.mask, lane.put(5), lane.get(0x00750000)) == (0x70000, 0x50000, 5)
    with pytest.raises(ValueError, match="Field lane must be between 0 and 7, not 8"):
        lane.put(8)


@given(lsb=st.integers(0, 28), width=st.integers(1, 4), word=st.integers(0, 2**32 - 1))
def test_field_round_trip(lsb, width, word):
    """What a field gets from a word, put back, is the word under its mask."""
    field = Field("x", lsb, width, "")
    assert field.put(field.get(word)) == word & field.mask


def test_constants_by_hand():
    """The widths of a core stand in its constant registers as the page says."""
    words = constants(CONFIG)
    assert words[0x00] == 0x4E535248
    assert (words[0x02], words[0x03], words[0x05]) == (2, 128, 8192)
    assert words[0x08] == 16 | 8 << 8 | 3 << 16 | 2 << 24
    assert words[0x0A] == 8 | 22 << 8 | 1 << 16
    assert words[0x0B] == 0b0101


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"spike_stream": True, "double_buffer": False},
        {"synapse_memory": "spram", "has_reset": False},
        {"n_out": 0, "out_lanes": 4, "queue_depth": 4096},
        {"out_lanes": 1, "readout": PERCEPTRON},
        {"out_lanes": 1, "readout": replace(PERCEPTRON, hidden=())},
        {"out_lanes": 1, "readout": FILTERS},
    ],
)
def test_configuration_round_trip(changes):
    """A host reads from the constants exactly the configuration the core was built for."""
    config = replace(CONFIG, **changes)
    assert config_from(constants(config)) == config


def test_bursts_by_hand():
    """Bursts stay in the memory, writes in its upper half, and ports have their directions."""
    assert burst_allowed(Op.READ, 0, 64)
    assert not burst_allowed(Op.READ, 1, 64)
    assert burst_allowed(Op.WRITE, 0x20, 32)
    assert not burst_allowed(Op.WRITE, 0x1F, 1)
    assert not burst_allowed(Op.WRITE, 0x3F, 2)
    rights = {port.name: port.access for port in PORTS}
    assert rights == {"COMMAND": "w", "SPIKE": "r", "MEM_DATA": "rw"}
    for name, access in rights.items():
        assert burst_allowed(Op.READ, BY_NAME[name].address, 64) == ("r" in access)
        assert burst_allowed(Op.WRITE, BY_NAME[name].address, 64) == ("w" in access)
    assert not burst_allowed(Op.READ, 0x43, 1)
    assert not burst_allowed(Op.READ, 0xFF, 1)
