import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrsnn_edge.errors import PruneError
from hrsnn_edge.prune.equal import equal_operations


@given(
    weights=st.lists(st.integers(1, 30), min_size=1, max_size=60),
    share=st.floats(0.01, 1),
)
def test_finds_the_nearest(weights, share):
    """Where work rises with each synapse the nearest number is found, or one in the tolerance."""
    target = share * sum(weights)

    def work(count):
        return float(sum(weights[:count]))

    count, found = equal_operations(lambda k: k, work, target, len(weights), tolerance=0.01)
    assert found == work(count)
    best = min(abs(work(k) - target) for k in range(1, len(weights) + 1))
    assert abs(found - target) <= max(0.01 * target, best)


def test_target_out_of_reach():
    """More operations than all synapses need are refused with the numbers."""
    with pytest.raises(PruneError, match="must reach 50 with all 4 synapses, not 8. Lower"):
        equal_operations(lambda k: k, lambda k: 2.0 * k, 50, 4)
    with pytest.raises(ValueError, match="above 0 operations, not 0"):
        equal_operations(lambda k: k, lambda k: 2.0 * k, 0, 4)
