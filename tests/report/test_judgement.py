import numpy as np
import pytest

from trainlab.report.judgement import Judgement, answers

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
