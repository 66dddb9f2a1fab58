"""The error that a conversion made, by population, and what is wrong with its result."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class WeightError:
    """Rounding of the synapses of one kind of source.

    Attributes
    ----------
    synapses : int
        How many.
    rms_error : float
        Root mean square of the rounding error over that of the weights.
    zeroed : float
        Share of synapses whose weight became 0 and which were dropped.
    shifts : dict of int to int
        Rows by their shift, left of `v_shift`.
    """

    synapses: int
    rms_error: float
    zeroed: float
    shifts: dict[int, int]


@dataclass(frozen=True)
class NeuronError:
    """Rounding of the neurons of one type, and what it did to their spikes.

    Attributes
    ----------
    neurons : int
        How many.
    threshold_lsb : int
        Least threshold; half an LSB of it is the rounding error.
    tau_error : float
        Mean relative error of the membrane time constant.
    tau_clipped : int
        Neurons whose time constant is longer than the decay can say.
    floor : (float, float)
        Least and greatest depth of the membrane below 0, in thresholds.
    rate_float_hz, rate_int_hz : float
        Mean rates on the calibration samples.
    spike_mismatch : float
        Sum over samples, bins and neurons of the difference of the counts, over the float spikes.
    silenced : int
        Neurons that fire in float and no longer do.
    """

    neurons: int
    threshold_lsb: int
    tau_error: float
    tau_clipped: int
    floor: tuple[float, float]
    rate_float_hz: float
    rate_int_hz: float
    spike_mismatch: float
    silenced: int


@dataclass(frozen=True)
class QuantisationReport:
    """What `quantise` did.

    Attributes
    ----------
    weights : dict of str to WeightError
        For ``input``, ``excitatory`` and ``inhibitory`` sources.
    neurons : dict of str to NeuronError
        For ``excitatory`` and ``inhibitory`` neurons.
    readout_error : float
        Root mean square of the rounding error of the readout over that of its weights.
    warnings : tuple of str
        A silent or saturated network, and formats that lose much, with numbers and a remedy.
    """

    weights: dict[str, WeightError]
    neurons: dict[str, NeuronError]
    readout_error: float
    warnings: tuple[str, ...]

    def as_dict(self) -> dict:
        """Return plain values for JSON."""
        return asdict(self)

    def lines(self) -> list[str]:
        """Return the report as aligned text."""
        out = []
        for name, w in self.weights.items():
            out.append(
                f"{name:<11} weights {w.synapses:>7}  error {w.rms_error:6.1%}  dropped "
                f"{w.zeroed:6.1%}"
            )
        for name, n in self.neurons.items():
            out.append(
                f"{name:<11} neurons {n.neurons:>7}  threshold >= {n.threshold_lsb} LSB  tau "
                f"{n.tau_error:.1%}  rate {n.rate_float_hz:.1f} -> {n.rate_int_hz:.1f} Hz  "
                f"counts differ {n.spike_mismatch:.1%}"
            )
        out.append(f"readout     error {self.readout_error:.2%}")
        return out + [f"warning: {w}" for w in self.warnings]
