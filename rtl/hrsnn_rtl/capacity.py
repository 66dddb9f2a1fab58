"""Whether a core can hold a network, and what of a network decides about its core."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hrsnn_edge.errors import CapacityError
from hrsnn_edge.network import IntNetwork, LinearReadout
from hrsnn_rtl.codebook import Codebook
from hrsnn_rtl.readout_shapes import output_width, shape_of

if TYPE_CHECKING:
    from hrsnn_rtl.config import CoreConfig


def syn_width(net: IntNetwork) -> int:
    """Return the bits of a network's synaptic currents, 0 for delta synapses."""
    return net.synapses.syn_width if net.synapses else 0


def check_capacity(config: CoreConfig, net: IntNetwork) -> None:
    """Raise `CapacityError` when the network needs more than the core has.

    The synapses of each lane depend on the placement and are checked with the images.
    """
    # It refuses readouts beyond what any core can have.
    shape_of(net)
    f = net.fmt
    for name, value in (
        ("v_width", f.v_width),
        ("v_shift", f.v_shift),
        ("syn_width", syn_width(net)),
    ):
        if value != getattr(config, name):
            raise CapacityError(
                f"{name} of the network must be {getattr(config, name)}, that of the core, not "
                f"{value}. Build a core for this network."
            )
    kind = "subtract" if config.subtracts else "hard"
    if net.reset != kind:
        raise CapacityError(
            f"reset of the network must be '{kind}', that of the core, not {net.reset!r}. "
            "Build a core for this network."
        )
    needs = {
        "decay_width": f.decay_width,
        "weight_width": f.weight_width,
        "shift_width": f.shift_width,
        "refractory_width": f.refractory_width,
        "sum_width": net.sum_width,
        "n_inputs": net.n_inputs,
        "n_out": net.readout.n_out,
    }
    if config.n_out:
        needs |= {"out_weight_width": f.out_weight_width, "n_bins": net.readout.n_bins}
        _check_readout(config, net)
    if config.readout:
        needs["out_width"] = output_width(net, n_steps=1)
    for name, value in needs.items():
        if value > getattr(config, name):
            raise CapacityError(
                f"{name} of the network must be at most {getattr(config, name)}, that of the "
                f"core, not {value}. Build a core for this network."
            )
    if net.n_neurons > config.n_hw:
        raise CapacityError(
            f"Neurons must be at most {config.n_hw}, not {net.n_neurons}. Prune neurons."
        )
    if config.codebook_rows and Codebook.of(net).n_rows > config.codebook_rows:
        raise CapacityError(
            f"Different sets of neuron parameters must be at most {config.codebook_rows}, the "
            f"rows of the core's codebook, not {Codebook.of(net).n_rows}. Build a core for "
            "this network, or quantise it to a codebook."
        )
    if not config.has_reset and (net.v_reset != 0).any():
        raise CapacityError("v_reset must be 0 on a core without a stored reset, not non-zero")


def _check_readout(config: CoreConfig, net: IntNetwork) -> None:
    """Check that the network's readout is of the core's kind, and no larger."""
    own = config.readout.kind if config.readout else LinearReadout.kind
    if net.readout.kind != own:
        raise CapacityError(
            f"Readout of the network must be '{own}', that of the core, not "
            f"'{net.readout.kind}'. Build a core for this network."
        )
    if config.readout:
        config.readout.check_holds(net.readout)
