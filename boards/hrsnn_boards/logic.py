"""How much logic a core takes, from a few widths: a least-squares fit on real builds.

``python -m hrsnn_boards.logic_fit`` builds the samples and writes ``logic_model.json``.
"""

from __future__ import annotations

import json
from functools import cache
from importlib import resources

from hrsnn_rtl.blocks import WITH_DISTRIBUTED_RAM
from hrsnn_rtl.config import CoreConfig, bits_for
from hrsnn_rtl.memory import DISTRIBUTED_DEPTH
from hrsnn_rtl.memory_plan import MemorySpec, core_memories
from hrsnn_rtl.readout_shapes import FilterShape

#: File of the fitted coefficients, beside this module.
MODEL = "logic_model.json"


def features(config: CoreConfig, *, has_multiplier: bool = True) -> dict[str, float]:
    """Return what the logic of a core with its link grows with.

    `constant` is the link and the scheduler, `lanes` what every lane has, `lane_bits` its words,
    `product` its multiplier where the part has none, `address_bits` the counters and comparators
    of addresses, `read_mux` the multiplexers behind memories of many blocks, `lut_ram` the words
    of memories that lie in LUTs, `readout_bits` the adders of a linear readout, `asked` and
    `asked_bits` the layers of one that is computed when asked, `filter_bits` its filters,
    `spike_stream` what gives spikes to the host, `late_bits` words that travel for a cycle,
    `currents` and `codebook` the stages in front of the membrane's, `learning`, `learning_bits` and
    `history_bits` replay, walk and rule, their words, and the spikes that a walk looks at;
    `learning_registers` the same words where a part has no RAM in its LUTs for them to travel in.
    """
    c = config
    linear = c.n_out > 0 and not c.readout
    registers = c.plasticity and c.block_ram not in WITH_DISTRIBUTED_RAM
    asked_bits, filter_bits, products = _asked(c) if c.readout else (0, 0, 0)
    words = c.v_width * 3 + c.decay_width + c.sum_width * 4
    if c.syn_width:
        # As for a membrane, and the drive of that is one more word.
        words += c.syn_width * 3 + c.decay_width
    addresses = c.pointer_width + c.left_width + 5 * c.slot_width + c.source_width
    return {
        "constant": 1.0,
        "lanes": float(c.lanes),
        "many": float(c.lanes > 1),
        "lane_bits": float(c.lanes * (words + (c.v_width if c.has_reset else 0))),
        "product": 0.0 if has_multiplier else float(c.lanes * _products(c) + products),
        "address_bits": float(c.lanes * addresses),
        "shift": float(c.lanes * c.addend_width if c.shift_width else 0),
        "read_mux": float(sum(_mux(spec) for spec in core_memories(c))),
        "lut_ram": float(sum(_lut_ram(spec) for spec in core_memories(c))),
        "readout": float(linear),
        "readout_bits": float(c.out_lanes * c.out_width if linear else 0),
        "asked": float(c.readout is not None),
        "asked_bits": float(asked_bits),
        "filter_bits": float(filter_bits),
        "spike_stream": float(c.spike_stream),
        "late_bits": float(c.lanes * (c.synapse_width + c.pointer_width) if c.late_words else 0),
        "currents": float(c.lanes if c.syn_width else 0),
        "codebook": float(c.lanes if c.codebook_rows else 0),
        "learning": float(c.lanes if c.plasticity else 0),
        "learning_bits": float(c.lanes * _learning_bits(c) if c.plasticity else 0),
        "learning_registers": float(c.lanes * _learning_bits(c) if registers else 0),
        "history_bits": float(c.lanes * c.plasticity.history if c.plasticity else 0),
    }


def _products(c: CoreConfig) -> int:
    """Return the bits of a lane's products: one for each pair of a bit of either factor."""
    membrane, p = (c.v_width + c.syn_width) * c.decay_width, c.plasticity
    return membrane + (2 * p.trace_width * (p.decay_width + p.eta_width) if p else 0)


def _learning_bits(c: CoreConfig) -> int:
    """Return the bits of the words that replay, walk and rule work on."""
    p = c.plasticity
    traces = p.trace_width + p.decay_width + p.eta_width
    return c.magnitude_width + p.gain_width + p.loss_width + 2 * traces + 2 * c.source_width


def _asked(c: CoreConfig) -> tuple[int, int, int]:
    """Return the bits of the layers' words and of the filters', and of their products."""
    shape = c.readout
    addresses = bits_for(c.out_depth) + 3 * bits_for(c.operand_depth) + 2 * bits_for(c.unit_depth)
    words = 2 * shape.acc_width + 2 * shape.operand_width + c.out_weight_width + c.out_width
    products = shape.operand_width * c.out_weight_width
    if not isinstance(shape, FilterShape):
        return words + addresses, 0, products
    filters, width = c.neuron_words
    tokens = 5 * bits_for(filters) + 5 * shape.trace_width + width
    return words + addresses, tokens, products + shape.trace_width * (width + 1)


def _mux(spec: MemorySpec) -> float:
    """Return the bits that multiplexers behind the blocks of a memory choose from."""
    segments = 0 if spec.single_port else len(spec.depths)
    return spec.copies * spec.width * (segments if segments > 1 else 0)


def _lut_ram(spec: MemorySpec) -> float:
    """Return the bits of a memory, in units of 16, where it lies in LUTs."""
    small = spec.block in WITH_DISTRIBUTED_RAM and spec.depth <= DISTRIBUTED_DEPTH
    return spec.copies * spec.width * -(-spec.depth // 16) if spec.in_logic or small else 0


@cache
def model() -> dict[str, dict]:
    """Return the fitted model: part -> resource -> coefficients by feature, and residuals."""
    return json.loads(resources.files("hrsnn_boards").joinpath(MODEL).read_text())


def logic(
    config: CoreConfig, part: str, resource: str, *, has_multiplier: bool = True
) -> tuple[int, int]:
    """Return how many of a resource a core with its link takes, and how far that may be off.

    Parameters
    ----------
    config : CoreConfig
        The core.
    part, resource : str
        Family as of `Board.model`, and nextpnr's name.
    has_multiplier : bool
        Whether the part has multipliers.

    Returns
    -------
    used, error : int
        The estimate, and the greatest residual over the fitted builds.
    """
    fitted = model()[part][resource]
    values = features(config, has_multiplier=has_multiplier)
    used = sum(factor * values[name] for name, factor in fitted["coefficients"].items())
    return max(0, round(used)), round(fitted["greatest_residual"])
