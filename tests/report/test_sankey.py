"""The flow picture shows every projection, as wide as it works much."""

import re

import pytest

from hrsnn_edge.network import Counts
from hrsnn_edge.report.record import Work
from hrsnn_edge.report.sankey import THINNEST, WIDEST, flows, pictures


def widths(picture) -> list[float]:
    """Return the widths of loop, input band and readout band."""
    loop = re.findall(r"stroke-width:([\d.]+)", picture)
    bands = re.findall(r'class="band(?: neutral)?"[^>]* height="([\d.]+)"', picture)
    return [float(w) for w in loop + bands]


def test_widths_by_hand():
    """200 recurrent operations are the widest; 100 and 50 are a half and a quarter of it."""
    work = Work(n_inferences=2, pruned=Counts(10, 20, 200, 400, sop_out=100))
    (picture,) = pictures(work)
    assert widths(picture) == [WIDEST, WIDEST / 2, WIDEST / 4]
    assert "R→R 200" in picture and "5 input events" in picture and "10 spikes" in picture


def test_two_networks_share_one_scale():
    """What halves in the record halves in the picture."""
    before, after = Counts(1, 1, 80, 400, 40), Counts(1, 1, 80, 200, 40)
    unpruned, pruned = pictures(Work(n_inferences=1, pruned=after, unpruned=before))
    assert widths(unpruned)[0] == 2 * widths(pruned)[0] == WIDEST
    assert widths(unpruned)[1:] == widths(pruned)[1:]
    assert [f.title for f in flows(Work(n_inferences=1, pruned=after))] == ["pruned"]


@pytest.mark.parametrize("counts", [Counts(), Counts(sop_in=1), Counts(sop_rec=1, sop_out=10**9)])
def test_what_is_nothing_has_no_band(counts):
    """No operations, no band; few ones a thin band rather than none."""
    found = pictures(Work(n_inferences=1, pruned=counts))
    n_drawn = sum(c > 0 for c in (counts.sop_in, counts.sop_rec, counts.sop_out))
    drawn = [w for picture in found for w in widths(picture) if w]
    assert len(drawn) == n_drawn and all(w >= THINNEST for w in drawn)
