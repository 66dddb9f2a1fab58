import pytest
from pydantic import ValidationError

from hrsnn_edge.flow.experiment import PruneSection
from hrsnn_edge.prune.record import INPUT_SHARES, LnpConfig


def test_defaults_are_step_one():
    """Without further keys the section is step I in one round, with the settings of `LnpConfig`."""
    section = PruneSection()
    assert not section.whole
    assert section.config(1) == LnpConfig()


def test_keys_reach_the_settings():
    """Every key of step I is that of `LnpConfig`; `share` takes the found formulation."""
    section = PruneSection(edge_value="weight", node_exponents="leak", weights="rescale")
    assert section.config(3) == LnpConfig("weight", 3, "leak", "rescale")
    shares = PruneSection(score="share", edge_value="weight").config(1)
    assert shares == INPUT_SHARES
    for score in ("spread", "share"):
        assert PruneSection(score=score, algebra="sparse").config(1).algebra == "sparse"
    whole = PruneSection(steps=("I", "III"), added={"rule": "low_degree", "max_fan_out": 9})
    assert whole.whole
    assert (whole.added.rule, whole.added.max_fan_out, whole.added.share) == ("low_degree", 9, 0.01)


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        ({"steps": ("II",)}, "Steps must include I, not II"),
        ({"steps": ()}, "Steps must include I, not none"),
        ({"steps": ("I", "II"), "method": "magnitude"}, "alone with method magnitude"),
        ({"steps": ("I", "II"), "sparsity": 0}, "Sparsity must be above 0 with steps beyond I"),
        ({"steps": ("I", "IV"), "projections": ("in",)}, "must include rec"),
        ({"nodes": {"quantile": 2}}, "Quantile must be 0 or more and below 1, not 2"),
        ({"added": {"max_fan_out": 0}}, "Greatest fan-out must be 1 or more, not 0"),
        ({"timescales": {"n_steps": 1}}, "n_steps must be 5 or more, not 1"),
        ({"rounds": 0}, "greater than or equal to 1"),
    ],
)
def test_wrong_keys_are_refused(keys, text):
    """What cannot be run is refused when the file is read."""
    with pytest.raises(ValidationError, match=text):
        PruneSection(**keys)
