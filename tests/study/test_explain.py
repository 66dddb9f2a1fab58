import pytest

from hrsnn_edge.errors import ExperimentError
from hrsnn_edge.study.explain import explain, find, in_words, neighbours, noise_of
from tests.study.demo import demo_row

FRONT = ("sop", "accuracy")


def test_noise_by_hand():
    """Two s.d. of 3 and 4 % over 4 seeds: 2 * sqrt(9 + 16) / 2 = 5 %."""
    a, b = demo_row(0, accuracy_sd=0.03), demo_row(1, accuracy_sd=0.04)
    assert noise_of(a, b, 4) == pytest.approx(0.05)


def test_neighbours_are_the_nearest_on_one_axis():
    """Of numbers the next below and above, of words all; points that differ twice are none."""
    row = demo_row(0, weight_width=4)
    rows = [
        row,
        demo_row(1, weight_width=2),
        demo_row(2, weight_width=6),
        demo_row(3, weight_width=8),
        demo_row(8, weight_width=3),
        demo_row(4, weight_width=4, board="ulx3s-85f"),
        demo_row(5, weight_width=6, board="ulx3s-85f"),
        demo_row(6, weight_width=4, sparsity=0.0, method="none"),
        demo_row(7, weight_width=4, method="magnitude") | {"failure": "silent"},
    ]
    found = [(n.axis, n.value) for n in neighbours(row, rows, 3)]
    assert found == [("sparsity", 0.0), ("weight_width", 3), ("weight_width", 6),
                     ("board", "ulx3s-85f")]  # fmt: skip


def test_loss_by_integers_asks_for_more_bits():
    """Where integers lose most and a wider weight gains beyond noise, both are said."""
    row = demo_row(0, weight_width=2, accuracy=0.90)
    wide = demo_row(1, weight_width=4, accuracy=0.95, sop=5500.0)
    found = explain(row, [row, wide], FRONT, 3)
    assert any("lost by integers: -6.5 points" in s for s in found["accuracy"])
    assert any(s.startswith("For accuracy: weight_width 4 (point 1): +5.0 points")
               for s in found["changes"])  # fmt: skip
    assert found["dominated_by"] == []


def test_seeds_that_differ_much():
    """A wide spread over the seeds is said, a narrow one is not."""
    wide = explain(demo_row(0, accuracy_sd=0.03), [], FRONT, 3)["accuracy"]
    narrow = explain(demo_row(0, accuracy_sd=0.01), [], FRONT, 3)["accuracy"]
    assert [
        any("differ much, s.d. 3.0 points" in s for s in found) for found in (wide, narrow)
    ] == [
        True,
        False,
    ]


def test_loss_by_pruning_is_named():
    """Where pruning loses most, it is pruning that is named."""
    row = demo_row(0, pruned_accuracy=0.93, accuracy=0.925)
    found = explain(row, [row], FRONT, 3)
    assert any("lost by pruning: -4.0 points" in s for s in found["accuracy"])


def test_equal_accuracy_with_less_work():
    """A sparser neighbour within the noise is offered; the point is beaten only if it is worse."""
    row = demo_row(0, accuracy=0.95)
    sparse = demo_row(1, sparsity=0.9, accuracy=0.951, sop=3000.0)
    found = explain(row, [row, sparse], FRONT, 3)
    assert any(
        s.startswith("For less work, no loss beyond noise: sparsity 0.9") for s in found["changes"]
    )
    assert found["dominated_by"] == [1]


def test_the_limit_of_the_hardware():
    """The fullest resource, its memories, and what sets the time are named."""
    row = demo_row(0)
    words = in_words(explain(row, [row], FRONT, 3), FRONT)
    assert "block RAM is used most, 67%" in words
    assert "synapses 60.0 kbit, rows 40.0 kbit, membranes 2.0 kbit" in words
    assert "delivery of synapses sets the 187 cycles" in words
    scan = in_words(explain(demo_row(0, step_cycles=140), [row], FRONT, 3), FRONT)
    assert "scan of the neurons sets the 140 cycles" in scan
    assert "The link takes 2.5 ms" in words


def test_a_point_that_does_not_fit():
    """The reason and what would make it fit stand first."""
    row = demo_row(0, fits=False, reasons=["RAM must be at most 30, not 44"], remedies=["prune"])
    found = explain(row, [row], FRONT, 3)
    assert found["limits"][0] == "It does not fit icebreaker: RAM must be at most 30, not 44."
    assert found["changes"][0] == "To make it fit: prune."
    lost = demo_row(0) | {"failure": "Network must fire"}
    assert explain(lost, [lost], FRONT, 3)["limits"] == ["There are no figures: Network must fire"]


@pytest.mark.parametrize(
    ("point", "words"),
    [
        ("9", "must be one, not 0"),
        ("sparsity=0.8", "must be one, not 2: 0, 1"),
        ("bits=3", "a number or values of .*not 'bits'"),
    ],
)
def test_points_that_are_not_one(point, words):
    """No point, several, or an unknown axis is refused with what is there."""
    rows = [demo_row(0), demo_row(1, weight_width=3)]
    with pytest.raises(ExperimentError, match=words):
        find(rows, point)
    assert find(rows, "1")["id"] == find(rows, "sparsity=0.80, weight_width=3")["id"] == 1
