"""How much logic a core takes, from a few widths: a least-squares fit on real builds.

``python -m hrsnn_boards.logic_fit`` builds the samples and writes ``logic_model.json``.
"""

from __future__ import annotations

import json
from functools import cache
from importlib import resources

from hrsnn_rtl.config import CoreConfig

#: File of the fitted coefficients, beside this module.
MODEL = "logic_model.json"


def features(config: CoreConfig) -> dict[str, float]:
    """Return what the logic of a core with its link grows with.

    `constant` is the link and the scheduler, `lanes` what every lane has, `lane_bits` its words,
    `read_mux` the multiplexers behind a synapse memory of many blocks, `readout_bits` the adders of
    the readout.
    """
    c = config
    words = c.v_width * 3 + c.decay_width + c.sum_width * 4 + c.pointer_width + c.left_width
    deep = 1 << 10
    blocks = -(-c.synapse_depth // deep) if c.synapse_memory == "bram" else 1
    return {
        "constant": 1.0,
        "lanes": float(c.lanes),
        "lane_bits": float(c.lanes * (words + (c.v_width if c.has_reset else 0))),
        "read_mux": float(c.lanes * c.synapse_width * (blocks - 1)),
        "readout_bits": float(c.out_lanes * c.out_width if c.n_out else 0),
    }


@cache
def model() -> dict[str, dict]:
    """Return the fitted model: resource -> coefficients by feature, and the greatest residual."""
    return json.loads(resources.files("hrsnn_boards").joinpath(MODEL).read_text())


def logic(config: CoreConfig, resource: str) -> tuple[int, int]:
    """Return how many of a resource a core with its link takes, and how far that may be off.

    Parameters
    ----------
    config : CoreConfig
        The core.
    resource : str
        nextpnr's name, one the model was fitted for.

    Returns
    -------
    used, error : int
        The estimate, and the greatest residual over the fitted builds.
    """
    fitted = model()[resource]
    values = features(config)
    used = sum(fitted["coefficients"][name] * value for name, value in values.items())
    return max(0, round(used)), round(fitted["greatest_residual"])
