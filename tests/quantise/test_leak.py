from hypothesis import given
from hypothesis import strategies as st

from hrsnn_edge.quantise.leak import two_power_decays


def test_by_hand():
    """7 lies between 6 = 4 + 2 and 8 and takes the greater; 13 between 12 and 16 the nearer."""
    assert two_power_decays([5, 7, 11, 13, 14], 4).tolist() == [5, 8, 12, 12, 12]


@given(st.integers(4, 12), st.data())
def test_nearest_of_all(width, data):
    """At most two bits are set, and no other such number is nearer."""
    decay = data.draw(st.integers(0, (1 << width) - 1))
    found = int(two_power_decays([decay], width)[0])
    allowed = [k for k in range(1 << width) if k.bit_count() <= 2]
    assert found in allowed
    assert abs(found - decay) == min(abs(k - decay) for k in allowed)
