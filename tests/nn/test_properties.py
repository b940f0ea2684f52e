"""What holds for every input, tried on many."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray

from trainlab.nn import Array, CrossEntropyLoss, Dropout, Linear, Module, MSELoss, ReLU, Sigmoid, Tanh, functional

Floats = NDArray[np.float64]
# the same examples in every run, and no limit on the time of one
on_many_inputs = settings(max_examples=60, derandomize=True)


def matrices(largest: float = 50.0) -> st.SearchStrategy[Floats]:
    numbers = st.floats(-largest, largest, allow_subnormal=False)
    return arrays(np.float64, array_shapes(min_dims=2, max_dims=2, max_side=5), elements=numbers)


@on_many_inputs
@given(scores=matrices(largest=1e4))
def test_softmax_rows_are_distributions(scores: Floats) -> None:
    probabilities = functional.softmax(scores)
    assert np.all(probabilities >= 0)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, rtol=1e-14)


@on_many_inputs
@given(scores=matrices(), shift=st.floats(-1000, 1000))
def test_softmax_does_not_change_when_all_scores_are_shifted(scores: Floats, shift: float) -> None:
    np.testing.assert_allclose(functional.softmax(scores + shift), functional.softmax(scores), rtol=1e-11, atol=1e-300)


@on_many_inputs
@given(scores=matrices(), data=st.data())
def test_softmax_keeps_the_order_of_the_scores(scores: Floats, data: st.DataObject) -> None:
    row = data.draw(st.integers(0, len(scores) - 1))
    order = np.argsort(scores[row])
    assert np.all(np.diff(functional.softmax(scores)[row][order]) >= 0)


@st.composite
def scores_with_labels(draw: st.DrawFn) -> tuple[Floats, NDArray[np.int64]]:
    scores = draw(matrices())
    batch, classes = scores.shape
    return scores, draw(arrays(np.int64, batch, elements=st.integers(0, classes - 1)))


@on_many_inputs
@given(problem=scores_with_labels(), smoothing=st.sampled_from([0.0, 0.1, 0.9]))
def test_cross_entropy_is_never_negative(problem: tuple[Floats, NDArray[np.int64]], smoothing: float) -> None:
    assert CrossEntropyLoss(label_smoothing=smoothing)(*problem) >= 0


@on_many_inputs
@given(problem=scores_with_labels())
def test_cross_entropy_gradient_rows_sum_to_zero(problem: tuple[Floats, NDArray[np.int64]]) -> None:
    """Shifting all scores of a sample changes nothing, so the slope in that direction is 0."""
    loss = CrossEntropyLoss("sum")
    loss(*problem)
    np.testing.assert_allclose(loss.backward().sum(axis=1), 0.0, atol=1e-14)


@on_many_inputs
@given(problem=scores_with_labels(), level=st.floats(-1e6, 1e6))
def test_cross_entropy_of_equal_scores_is_the_log_of_the_number_of_classes(
    problem: tuple[Floats, NDArray[np.int64]], level: float
) -> None:
    scores, labels = problem
    loss = CrossEntropyLoss()(np.full_like(scores, level), labels)
    rounding = 4 * np.finfo(np.float64).eps * max(1.0, abs(level))  # of the scores themselves
    assert loss == pytest.approx(math.log(scores.shape[1]), abs=rounding)


@on_many_inputs
@given(problem=scores_with_labels())
def test_class_numbers_and_one_hot_rows_are_one_target(problem: tuple[Floats, NDArray[np.int64]]) -> None:
    scores, labels = problem
    by_number, by_row = CrossEntropyLoss(), CrossEntropyLoss()
    rows = functional.one_hot(labels, scores.shape[1], scores.dtype)
    assert by_number(scores, labels) == by_row(scores, rows)
    np.testing.assert_array_equal(by_number.backward(), by_row.backward())


@on_many_inputs
@given(problem=scores_with_labels())
def test_sum_is_the_mean_times_the_batch(problem: tuple[Floats, NDArray[np.int64]]) -> None:
    total, mean = CrossEntropyLoss("sum"), CrossEntropyLoss("mean")
    batch = len(problem[0])
    assert total(*problem) == pytest.approx(batch * mean(*problem), rel=1e-14)
    np.testing.assert_allclose(total.backward(), batch * mean.backward(), rtol=1e-14)


@on_many_inputs
@given(problem=scores_with_labels(), data=st.data())
def test_a_whole_number_as_weight_repeats_the_sample(
    problem: tuple[Floats, NDArray[np.int64]], data: st.DataObject
) -> None:
    scores, labels = problem
    weight = np.array(data.draw(st.lists(st.integers(0, 4), min_size=len(labels), max_size=len(labels)).filter(any)))
    weighted, repeated = CrossEntropyLoss(), CrossEntropyLoss()
    expected = repeated(scores.repeat(weight, axis=0), labels.repeat(weight))
    assert weighted(scores, labels, weight) == pytest.approx(expected, rel=1e-13, abs=1e-15)
    sums = [repeated.backward()[start:stop].sum(axis=0) for start, stop in _runs(weight)]
    np.testing.assert_allclose(weighted.backward(), sums, rtol=1e-12, atol=1e-15)


def _runs(lengths: NDArray[np.int64]) -> list[tuple[int, int]]:
    stops = lengths.cumsum().tolist()
    return list(zip([0, *stops[:-1]], stops, strict=True))


@on_many_inputs
@given(prediction=matrices())
def test_mse_is_zero_exactly_at_the_target(prediction: Floats) -> None:
    loss = MSELoss()
    assert loss(prediction, prediction.copy()) == 0
    assert not loss.backward().any()
    assert loss(prediction, prediction + 1) > 0


@on_many_inputs
@given(labels=arrays(np.uint8, st.integers(0, 6), elements=st.integers(0, 9)))
def test_one_hot_rows_sum_to_one_and_point_at_the_label(labels: NDArray[np.uint8]) -> None:
    rows = functional.one_hot(labels, 10)
    assert rows.shape == (len(labels), 10)
    assert np.all(rows.sum(axis=1) == 1)
    assert rows.argmax(axis=1).tolist() == labels.tolist()


@on_many_inputs
@given(x=matrices(largest=1e30))
def test_relu_is_idempotent(x: Floats) -> None:
    once = ReLU()(x)
    np.testing.assert_array_equal(ReLU()(once), once)
    assert np.all(once >= 0)


@on_many_inputs
@given(x=matrices(largest=1e30))
def test_squashing_activations_stay_in_their_range(x: Floats) -> None:
    assert np.all(np.abs(Tanh()(x)) <= 1)
    assert np.all((Sigmoid()(x) >= 0) & (Sigmoid()(x) <= 1))


@on_many_inputs
@given(x=matrices(largest=20))
def test_odd_activations_are_odd(x: Floats) -> None:
    np.testing.assert_array_equal(Tanh()(-x), -Tanh()(x))
    np.testing.assert_allclose(Sigmoid()(-x), 1 - Sigmoid()(x), atol=1e-15)


def linear(bias: bool) -> Linear:
    return Linear(3, 2, bias, rng=np.random.default_rng(0), dtype=np.float64)


triples = arrays(np.float64, (4, 3), elements=st.floats(-100, 100))


@on_many_inputs
@given(x=triples, z=triples, a=st.floats(-10, 10), b=st.floats(-10, 10))
def test_linear_without_bias_is_linear(x: Floats, z: Floats, a: float, b: float) -> None:
    layer = linear(bias=False)
    np.testing.assert_allclose(layer(a * x + b * z), a * layer(x) + b * layer(z), rtol=0, atol=1e-10)


@on_many_inputs
@given(x=triples, layer=st.sampled_from([linear(bias=True), ReLU(), Tanh()]))
def test_samples_of_a_batch_do_not_meet(x: Floats, layer: Module) -> None:
    together: Array = layer(x)
    alone: Any = np.concatenate([layer(row[np.newaxis]) for row in x])
    np.testing.assert_allclose(together, alone, rtol=1e-13, atol=1e-13)


@on_many_inputs
@given(p=st.floats(0, 0.99), seed=st.integers(0, 2**32))
def test_dropout_zeroes_or_scales_and_nothing_else(p: float, seed: int) -> None:
    y = Dropout(p, rng=np.random.default_rng(seed))(np.ones((3, 4)))
    assert np.all((y == 0) | (y == 1 / (1 - p)))


@on_many_inputs
@given(scores=matrices(), seed=st.integers(0, 100))
def test_no_distribution_lies_nearer_to_scores_than_the_nearest(scores: Floats, seed: int) -> None:
    nearest = functional.nearest_distribution(scores)
    assert nearest.min() >= 0
    np.testing.assert_allclose(nearest.sum(axis=1), 1, atol=1e-9)
    classes = scores.shape[1]
    others = np.concatenate([np.eye(classes), np.random.default_rng(seed).dirichlet([0.3] * classes, 20)])
    # it lies behind the plane through the nearest point that stands across the way to the scores
    across = ((scores - nearest)[:, np.newaxis] * (others - nearest[:, np.newaxis])).sum(axis=2)
    assert across.max() <= 1e-9 * (1 + np.abs(scores).max())
