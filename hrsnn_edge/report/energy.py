"""Work of the core in counts, and joules estimated from a named coefficient set.

Counts come first: they are exact and equal the counters of the RTL. Joules are those counts times
published coefficients of *other* chips, so every figure in joules is an estimate and says so.

The accesses are those of the core of ``docs/accelerator.md``:

=================  ===========================================================================
row reads          one row word a lane for every input event and every spike, empty rows too
synapse reads      one synapse word for every synaptic operation (I->R and R->R)
sum accesses       a read and a write of the target's sum for every synaptic operation,
                   and a read and a clearing write for every neuron update
parameter reads    decay, threshold with refractory steps, and reset where one is stored, for
                   every neuron update
state accesses     a read and a write of membrane and refractory counter for every neuron update
readout accesses   a weight read, an accumulator read and a write for every readout operation
=================  ===========================================================================

Unused slots of the last row of neurons and the setting of a new sample are not in these figures.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from hrsnn_edge.network import Counts


@dataclass(frozen=True)
class Accesses:
    """Memory words that the core reads and writes for a given amount of work."""

    row_reads: int
    synapse_reads: int
    sum_accesses: int
    parameter_reads: int
    state_accesses: int
    readout_accesses: int

    @property
    def total(self) -> int:
        """All accesses."""
        return sum(getattr(self, f.name) for f in fields(self))


def sops(counts: Counts) -> int:
    """Return the synaptic operations of I->R and R->R; the readout is counted apart.

    >>> sops(Counts(sop_in=3, sop_rec=4, sop_out=100))
    7
    """
    return counts.sop_in + counts.sop_rec


def accesses(
    counts: Counts, *, lanes: int = 1, has_reset: bool = False, has_currents: bool = False
) -> Accesses:
    """Return the memory accesses of the core for `counts` with `lanes` lanes.

    Parameters
    ----------
    counts : Counts
        Work of any number of inferences.
    lanes : int
        Lanes of the core: each holds its own part of a row, so a row costs one word a lane.
    has_reset : bool
        The core stores a reset potential for each neuron.
    has_currents : bool
        Each neuron has a synaptic current: its decay is read, it is read and written.
    """
    if lanes < 1:
        raise ValueError(f"Lanes must be at least 1, not {lanes}")
    return Accesses(
        row_reads=lanes * (counts.input_events + counts.spikes),
        synapse_reads=sops(counts),
        sum_accesses=2 * sops(counts) + 2 * counts.neuron_updates,
        parameter_reads=(2 + has_reset + has_currents) * counts.neuron_updates,
        state_accesses=(4 if has_currents else 2) * counts.neuron_updates,
        readout_accesses=3 * counts.sop_out,
    )


@dataclass(frozen=True)
class Coefficients:
    """Energy of the elementary operations in one technology, with its source [pJ].

    A chip that publishes one figure per synaptic event has that figure in `sop_pj`, memory
    included, and None elsewhere.
    """

    name: str
    technology: str
    source: str
    sop_pj: float
    access_pj: float | None = None
    update_pj: float | None = None
    covers: str = "synaptic operations"


#: Coefficient sets by rising detail. None of them describes an FPGA of this project.
COEFFICIENTS = (
    Coefficients(
        "accumulate only",
        "45 nm CMOS, 0.9 V",
        "M. Horowitz, Computing's energy problem, ISSCC 2014: 32-bit floating-point add",
        sop_pj=0.9,
        covers="synaptic operations, arithmetic alone",
    ),
    Coefficients(
        "accumulate and SRAM",
        "45 nm CMOS, 0.9 V",
        "M. Horowitz, Computing's energy problem, ISSCC 2014: 32-bit integer add 0.1 pJ and "
        "multiply 3.1 pJ, 64-bit access of an 8 KiB cache 10 pJ, halved for a 32-bit word",
        sop_pj=0.1,
        access_pj=5.0,
        update_pj=3.2,
        covers="synaptic operations, neuron updates (one multiply, one add) and memory accesses",
    ),
    Coefficients(
        "Loihi",
        "14 nm FinFET, 0.75 V",
        "M. Davies et al., Loihi, IEEE Micro 38(1), 2018: energy per synaptic operation",
        sop_pj=23.6,
    ),
    Coefficients(
        "TrueNorth",
        "28 nm CMOS, 0.775 V",
        "P. Merolla et al., Science 345, 2014: energy per synaptic event",
        sop_pj=26.0,
    ),
)


@dataclass(frozen=True)
class Estimate:
    """Joules of one inference by one coefficient set; never a measurement.

    A part that the set has no coefficient for is None and not in the total.
    """

    name: str
    technology: str
    source: str
    covers: str
    synapse_uj: float
    update_uj: float | None
    memory_uj: float | None

    @property
    def total_uj(self) -> float:
        """Sum of the parts that the set covers [uJ]."""
        return self.synapse_uj + (self.update_uj or 0.0) + (self.memory_uj or 0.0)


def estimate(
    counts: Counts,
    coefficients: Coefficients,
    *,
    n_inferences: int = 1,
    **core,
) -> Estimate:
    """Return the energy of one inference, the mean over the `n_inferences` that `counts` holds.

    Readout operations count as additions only for a set that also covers memory accesses: the
    published figures are per synaptic operation of I->R and R->R. `core` is what `accesses` must
    know of it.
    """
    if n_inferences < 1:
        raise ValueError(f"Number of inferences must be at least 1, not {n_inferences}")

    def to_uj(count: int, picojoules: float | None) -> float | None:
        return None if picojoules is None else count * picojoules * 1e-6 / n_inferences

    additions = sops(counts) + (0 if coefficients.access_pj is None else counts.sop_out)
    return Estimate(
        coefficients.name,
        coefficients.technology,
        coefficients.source,
        coefficients.covers,
        synapse_uj=to_uj(additions, coefficients.sop_pj),
        update_uj=to_uj(counts.neuron_updates, coefficients.update_pj),
        memory_uj=to_uj(accesses(counts, **core).total, coefficients.access_pj),
    )
