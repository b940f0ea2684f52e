"""Labels keep apart from each other, from the curves and from the border."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainlab.report.placement import free_place, spread


@given(st.lists(st.floats(-50, 150), min_size=1, max_size=6), st.floats(1, 15))
def test_spread_keeps_labels_apart_in_order_and_inside(heights: list[float], gap: float) -> None:
    placed = spread(heights, gap, top=100)
    in_order = sorted(range(len(heights)), key=heights.__getitem__)
    assert min(placed) >= -1e-9
    assert max(placed) <= 100 + 1e-9
    for lower, upper in pairwise(in_order):
        assert placed[upper] - placed[lower] >= gap - 1e-9


def test_spread_leaves_labels_alone_that_do_not_overlap() -> None:
    assert spread([80.0, 10.0, 40.0], gap=12, top=100) == [80.0, 10.0, 40.0]


@pytest.mark.parametrize("point", [(2, 2), (98, 98), (2, 98), (50, 50)])
def test_a_label_stays_within_the_area_and_off_its_point(point: tuple[float, float]) -> None:
    box = free_place(point, (30, 10), taken=[point], area=(100, 100), distance=6)
    assert 0 <= box.left <= 70
    assert 0 <= box.bottom <= 90
    assert not box.contains(*point)


def test_a_label_avoids_a_curve() -> None:
    falling = [(x, 100 - x) for x in range(101)]
    box = free_place((50, 50), (30, 10), taken=falling, area=(100, 100), distance=6)
    assert not any(box.contains(*place) for place in falling)
