"""The picture of a learning-rate range test."""

from pathlib import Path

import matplotlib.image
import numpy as np

from trainlab.experiments.rate_test import RateCurve, RateTest
from trainlab.report.rate_curve import SUGGESTED, draw_rate_test

RATES = (0.001, 0.01, 0.1, 1.0)


def curve(seed: int, losses: tuple[float, ...]) -> RateCurve:
    return RateCurve(seed, RATES[: len(losses)], losses, losses, leapt=True)


def has_colour(path: Path, colour: str) -> bool:
    """Whether a pixel has exactly this colour."""
    wanted = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    pixels = matplotlib.image.imread(path)[..., :3]
    return bool((abs(pixels - wanted) < 1e-3).all(axis=-1).any())


def test_the_suggestion_is_marked_and_equal_tests_give_equal_bytes(tmp_path: Path) -> None:
    test = RateTest((curve(0, (2.3, 1.0, 0.5, 3.0)), curve(1, (2.4, 1.2, 0.6, 4.0))))
    one, other = (draw_rate_test(test, tmp_path / f"{name}.png", "tiny") for name in ("a", "b"))
    assert one.read_bytes() == other.read_bytes()
    assert has_colour(one, SUGGESTED)


def test_a_test_that_suggests_nothing_is_drawn_as_well(tmp_path: Path) -> None:
    path = draw_rate_test(RateTest((curve(0, (2.3, 2.3)),)), tmp_path / "a.png", "tiny")
    assert not has_colour(path, SUGGESTED)
