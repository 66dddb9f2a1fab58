"""What a run found, in the words of the report."""

import doctest
from types import SimpleNamespace

from hrsnn_edge.flow import record as module
from hrsnn_edge.flow.hardware import keep_waveform
from hrsnn_edge.flow.record import flat_settings
from hrsnn_edge.report.record import PruneRound


def test_a_waveform_stays_with_its_verdict(tmp_path):
    """The file is copied and named without its folder; a green verdict is left alone."""
    (tmp_path / "waves.vcd").write_text("$end")
    verdict = {"first_divergence": {"step": 1, "waveform": str(tmp_path / "waves.vcd")}}
    keep_waveform(tmp_path / "cosim.vcd", verdict)
    assert (tmp_path / "cosim.vcd").read_text() == "$end"
    assert verdict["first_divergence"] == {"step": 1, "waveform": "cosim.vcd"}
    for green in ({"first_divergence": None}, {"first_divergence": {"step": 1, "waveform": None}}):
        before = dict(green)
        keep_waveform(tmp_path / "other.vcd", green)
        assert green == before and not (tmp_path / "other.vcd").exists()


def test_rounds_of_both_kinds():
    """A round of step I has its synapses in ``after``, one of the whole algorithm in its graph."""
    alone = {"after": 7, "lambda_1": -0.1, "errors": {"rayleigh_median": 0.2}}
    graph = {"n_synapses": 5, "n_neurons": 3}
    whole = {"graph": graph, "lambda_1": -0.1, "errors": {"rayleigh_median": 0.2}}
    assert module._round(alone) == PruneRound(synapses=7, lambda_1=-0.1, eps=0.2)
    assert module._round(whole) == PruneRound(synapses=5, neurons=3, lambda_1=-0.1, eps=0.2)


def test_settings_have_dotted_names():
    """The examples hold, and an empty table has no settings."""
    assert doctest.testmod(module).failed == 0
    assert list(flat_settings({"a": {}})) == []


def test_cycles_are_those_of_the_samples_that_ran(monkeypatch):
    """60 cycles over 2 samples with 30 operations in 10 steps: 2 an operation, 30, 6 a step."""
    from hrsnn_edge.network import Counts

    ran = SimpleNamespace(counts=[Counts(sop_in=10, sop_rec=5)] * 2)
    monkeypatch.setattr(module, "run_batch", lambda net, events: ran)

    class Events:
        n_steps = SimpleNamespace(sum=lambda: 10)

        def __len__(self):
            return 2

    found = module._cycles(60, None, Events())
    assert (found.per_sop, found.per_inference, found.per_step) == (2.0, 30.0, 6.0)
    assert module._cycles(None, None, Events()) is None
