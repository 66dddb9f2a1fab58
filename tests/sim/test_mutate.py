"""Wrong versions of the RTL are caught, and the check that caught them is named."""

from pathlib import Path

import pytest
from hrsnn_sim import mutate
from hrsnn_sim.mutants import EQUIVALENT, MUTANTS
from hrsnn_sim.mutate import mutation_rung
from hrsnn_sim.mutation import Change

ROOT = Path(__file__).parents[2] / "build/sim/mutation-test"


def test_mutants_fit_the_rtl():
    """There are more than thirty different mutants; the text of each stands in the RTL now."""
    assert len(set(MUTANTS)) == len(MUTANTS) > 30
    for change in MUTANTS:
        assert change.text() != change.path.read_text()
    assert set(EQUIVALENT) <= set(MUTANTS) and len(EQUIVALENT) < len(MUTANTS) / 8


@pytest.mark.tools
def test_caught_by_a_proof_or_by_networks(monkeypatch):
    """A wrong comparison fails a proof; a lost row shift is seen by random networks."""
    monkeypatch.setattr(mutate, "SEEDS", range(4))
    chosen = [MUTANTS[3], next(c for c in MUTANTS if "synapse.weight <<" in c.old)]
    rung = mutation_rung(ROOT, chosen)
    assert rung.passed and rung.covered["caught"] == 2 and rung.covered["caught by a proof"] == 1
    assert rung.details[str(chosen[0])].startswith("proof lif")
    assert rung.details[str(chosen[1])].startswith("random network")


def test_what_nobody_notices_is_a_failure(monkeypatch):
    """A change that no check sees fails the rung unless it is argued; an argued one must not."""
    change = Change("lif", "latency = 4", "latency = 5")
    monkeypatch.setattr(mutate, "caught_by", lambda change, root: None)
    assert mutation_rung(ROOT, [change]).failures == (f"{change}: must be noticed by some check",)
    monkeypatch.setitem(mutate.EQUIVALENT, change, "nobody reads it")
    assert mutation_rung(ROOT, [change]).passed
    monkeypatch.setattr(mutate, "caught_by", lambda change, root: "a check")
    assert "is argued to be equal, but a check" in mutation_rung(ROOT, [change]).failures[0]


@pytest.mark.slow
@pytest.mark.tools
def test_every_mutant_is_caught():
    """Every mutant is caught by a proof or by random networks, or is argued to be equal."""
    rung = mutation_rung(ROOT)
    assert rung.passed, rung.failures
