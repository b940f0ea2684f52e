from pathlib import Path

import numpy as np
import pytest

from trainlab.report.html.judgement import Judgement, answers
from trainlab.report.html.pictures import filters_picture, first_filters

CLASSES = ("cat", "dog", "owl")
LABELS = np.array([0, 0, 1, 1])
PROBABILITIES = np.array([[0.9, 0.1, 0.0], [0.2, 0.7, 0.1], [0.6, 0.3, 0.1], [0.1, 0.9, 0.0]], np.float32)


@pytest.fixture
def judged() -> Judgement:
    images = np.arange(16, dtype=np.uint8).reshape(4, 1, 2, 2)
    return answers(3, CLASSES, images, LABELS, PROBABILITIES, None, most_mistakes=1)


def test_answers_are_counted_by_class(judged: Judgement) -> None:
    assert judged.confusion.tolist() == [[1, 1, 0], [1, 1, 0], [0, 0, 0]]
    assert judged.size == 4
    assert judged.accuracy == 0.5
    assert judged.class_accuracies() == [0.5, 0.5, None]
    assert judged.confused(1) == [(1, "cat", "dog")]


def test_the_worst_mistake_gave_the_right_class_the_least(judged: Judgement) -> None:
    (worst,) = judged.mistakes
    assert (worst.label, worst.predicted) == ("cat", "dog")
    assert worst.confidence == pytest.approx(0.7)
    assert worst.pixels.ravel().tolist() == [4, 5, 6, 7]


def test_first_layer_weights_are_seen_where_they_are_images() -> None:
    linear, conv = np.ones((5, 12)), np.ones((8, 3, 3, 3))
    for weights, shape, expected in (
        (linear, (3, 2, 2), (5, 3, 2, 2)),
        (conv, (3, 32, 32), (8, 3, 3, 3)),
        (linear, (1, 2, 2), None),
        (np.ones((8, 3, 1, 1)), (3, 32, 32), None),
    ):
        found = first_filters({"0.bias": np.ones(5), "0.weight": weights}, shape)
        assert (None if found is None else found.shape) == expected
    assert first_filters({}, (1, 2, 2)) is None


def test_grey_weights_are_red_above_zero_and_blue_below() -> None:
    picture = filters_picture(np.array([2.0, -2.0, 0.0, 1.0]).reshape(1, 1, 2, 2))
    assert picture.reshape(4, 4).tolist() == [
        [255, 0, 0, 255],
        [0, 0, 255, 255],
        [255, 255, 255, 255],
        [255, 128, 128, 255],
    ]
    assert filters_picture(np.zeros((70, 3, 3, 3))).shape == (4 * 4 - 1, 16 * 4 - 1, 4)


def test_the_style_and_script_of_the_page_reach_nothing_outside() -> None:
    from trainlab.report import html

    for name in ("report.css", "report.js", "report.html.jinja"):
        text = (Path(str(html.__file__)).parent / name).read_text(encoding="utf-8")
        for word in ("http:", "https:", "url(", "@import", "fetch(", 'src="/', "<link"):
            assert word not in text, (name, word)
