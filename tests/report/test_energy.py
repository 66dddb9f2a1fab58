"""Counts become accesses and joules as worked by hand."""

import pytest

from hrsnn_edge.network import Counts
from hrsnn_edge.report.energy import COEFFICIENTS, Coefficients, accesses, estimate, sops

# Two steps of a net of 4 neurons: 3 input events with 5 synapses, 2 spikes with 6, 10 outputs.
WORK = Counts(
    input_events=3, spikes=2, sop_in=5, sop_rec=6, sop_out=20, neuron_updates=8, skipped_rows=1
)


def test_sops_leave_the_readout_out():
    """SOPs are those of I->R and R->R: 5 + 6."""
    assert sops(WORK) == 11


def test_accesses_by_hand():
    """Each kind of access is counted as the core does it."""
    a = accesses(WORK)
    assert a.row_reads == 3 + 2
    assert a.synapse_reads == 11
    assert a.sum_accesses == 2 * 11 + 2 * 8
    assert a.parameter_reads == 16
    assert a.state_accesses == 16
    assert a.readout_accesses == 60
    assert a.total == 5 + 11 + 38 + 16 + 16 + 60


def test_only_row_words_depend_on_the_lanes():
    """Four lanes read four row words for a source and nothing else more often."""
    one, four = accesses(WORK, lanes=1), accesses(WORK, lanes=4)
    assert four.row_reads == 4 * one.row_reads
    assert four.total - one.total == 3 * one.row_reads


def test_a_stored_reset_is_one_more_word():
    """Three parameter words a neuron update instead of two."""
    assert accesses(WORK, has_reset=True).parameter_reads == 24


def test_a_current_is_a_decay_and_two_accesses_more():
    """A synaptic current is read with its decay and written, in each neuron update."""
    with_currents = accesses(WORK, has_currents=True)
    assert (with_currents.parameter_reads, with_currents.state_accesses) == (24, 32)


def test_estimate_by_hand():
    """A set of one figure multiplies the SOPs and leaves the other parts open."""
    got = estimate(WORK, Coefficients("x", "t", "s", sop_pj=23.6))
    assert got.total_uj == pytest.approx(11 * 23.6e-6)
    assert (got.update_uj, got.memory_uj) == (None, None)


def test_estimate_with_memory_by_hand():
    """A set with memory takes the readout's additions, the updates and every access."""
    got = estimate(WORK, Coefficients("x", "t", "s", sop_pj=0.1, access_pj=5.0, update_pj=3.2))
    assert got.synapse_uj == pytest.approx(31 * 0.1e-6)
    assert got.update_uj == pytest.approx(8 * 3.2e-6)
    assert got.memory_uj == pytest.approx(146 * 5e-6)
    assert got.total_uj == pytest.approx((3.1 + 25.6 + 730) * 1e-6)


def test_estimate_is_the_mean_over_inferences():
    """Twice the work in two inferences is the same energy for each."""
    for coefficients in COEFFICIENTS:
        assert estimate(WORK + WORK, coefficients, n_inferences=2).total_uj == pytest.approx(
            estimate(WORK, coefficients).total_uj
        )


def test_every_set_names_its_source():
    """No joule without a technology and a source."""
    assert all(c.technology and c.source and c.covers for c in COEFFICIENTS)
    assert len({c.name for c in COEFFICIENTS}) == len(COEFFICIENTS)


def test_wrong_numbers_are_refused():
    """No lanes and no inferences are errors that say so."""
    with pytest.raises(ValueError, match="Lanes must be at least 1, not 0"):
        accesses(WORK, lanes=0)
    with pytest.raises(ValueError, match="inferences must be at least 1, not 0"):
        estimate(WORK, COEFFICIENTS[0], n_inferences=0)
