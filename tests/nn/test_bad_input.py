"""What layers and losses refuse, and that the message says what arrived and what was expected."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.nn.battery import assert_same
from trainlab.nn import CrossEntropyLoss, Dropout, Linear, Loss, Module, MSELoss, functional

RNG = np.random.default_rng(0)
SCORES = np.zeros((4, 3))


def linear(bias: bool = True) -> Linear:
    return Linear(3, 2, bias, rng=np.random.default_rng(0))


# ---------------------------------------------------------------- constructors

CONSTRUCTORS: dict[str, tuple[Callable[[], object], str]] = {
    "no input features": (
        lambda: Linear(0, 2, rng=RNG),
        "Linear needs at least one feature on each side, got 0 → 2",
    ),
    "negative output features": (
        lambda: Linear(3, -1, rng=RNG),
        "Linear needs at least one feature on each side, got 3 → -1",
    ),
    "dropout of everything": (
        lambda: Dropout(1.0, rng=RNG),
        r"Dropout needs a probability in \[0, 1\), got p=1.0",
    ),
    "negative dropout": (
        lambda: Dropout(-0.1, rng=RNG),
        r"Dropout needs a probability in \[0, 1\), got p=-0.1",
    ),
    "dropout of nan": (
        lambda: Dropout(float("nan"), rng=RNG),
        r"Dropout needs a probability in \[0, 1\), got p=nan",
    ),
    "unknown reduction of a loss": (
        lambda: MSELoss("average"),  # type: ignore[arg-type]
        "reduction is 'mean' or 'sum', got 'average'",
    ),
    "unknown reduction of cross-entropy": (
        lambda: CrossEntropyLoss("none"),  # type: ignore[arg-type]
        "reduction is 'mean' or 'sum', got 'none'",
    ),
    "smoothing of everything": (
        lambda: CrossEntropyLoss(label_smoothing=1.0),
        r"label_smoothing is in \[0, 1\), got 1.0",
    ),
    "negative smoothing": (
        lambda: CrossEntropyLoss(label_smoothing=-0.1),
        r"label_smoothing is in \[0, 1\), got -0.1",
    ),
    "smoothing of nan": (
        lambda: CrossEntropyLoss(label_smoothing=float("nan")),
        r"label_smoothing is in \[0, 1\), got nan",
    ),
}


@pytest.mark.parametrize(("construct", "message"), CONSTRUCTORS.values(), ids=CONSTRUCTORS)
def test_constructor_refuses(construct: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        construct()


@pytest.mark.parametrize("make", [lambda: Linear(3, 2), lambda: Dropout(0.5)], ids=["Linear", "Dropout"])  # type: ignore[call-arg]
def test_a_layer_that_draws_numbers_needs_a_generator(make: Callable[[], object]) -> None:
    with pytest.raises(TypeError, match="missing 1 required keyword-only argument: 'rng'"):
        make()


# ---------------------------------------------------------------- linear


@pytest.mark.parametrize("shape", [(4, 2), (3,), (4, 3, 1), (4, 28, 28)])
def test_linear_refuses_input_of_another_shape(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"Linear\(3, 2\) takes input of shape \(N, 3\), got \(") as caught:
        linear()(np.zeros(shape, np.float32))
    assert str(shape) in str(caught.value)


@pytest.mark.parametrize("shape", [(4, 3), (1, 2), (2,), (4, 2, 1)])
@pytest.mark.parametrize("bias", [True, False])
def test_linear_refuses_an_upstream_gradient_of_another_shape_and_accumulates_nothing(
    shape: tuple[int, ...], bias: bool
) -> None:
    layer = linear(bias)
    layer(np.ones((4, 3), np.float32))
    message = r"Linear\(3, 2.*\)\.backward takes a gradient of its output's shape, \(4, 2\), got \("
    with pytest.raises(ValueError, match=message):
        layer.backward(np.ones(shape, np.float32))
    assert all(parameter.grad is None for parameter in layer.parameters())


# ---------------------------------------------------------------- labels


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0, 3], "label 3 is too large: with 3 classes, labels are 0 to 2"),
        ([0, 10], "label 10 is too large: with 3 classes, labels are 0 to 2"),
        ([0, -1], "label -1 is below 0: with 3 classes, labels are 0 to 2"),
        ([-7, -3], "label -7 is below 0: with 3 classes, labels are 0 to 2"),
    ],
)
@pytest.mark.parametrize(
    "use",
    [lambda labels: functional.one_hot(labels, 3), lambda labels: CrossEntropyLoss()(np.zeros((2, 3)), labels)],
    ids=["one_hot", "CrossEntropyLoss"],
)
def test_labels_out_of_range_are_refused(
    labels: list[int], message: str, use: Callable[[NDArray[np.int64]], object]
) -> None:
    with pytest.raises(ValueError, match=message):
        use(np.array(labels))


def test_an_unsigned_label_out_of_range_is_refused() -> None:
    with pytest.raises(ValueError, match="label 255 is too large: with 10 classes, labels are 0 to 9"):
        functional.one_hot(np.array([255], np.uint8), 10)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_labels_that_are_not_integers_are_refused(dtype: Any) -> None:
    with pytest.raises(TypeError, match=f"labels must be integers, got an array of {np.dtype(dtype)}"):
        functional.one_hot(np.array([0, 1], dtype), 3)


# ---------------------------------------------------------------- losses


@pytest.mark.parametrize("shape", [(3,), (0, 3), (2, 3, 4), ()])
def test_cross_entropy_refuses_scores_that_are_no_batch_of_rows(shape: tuple[int, ...]) -> None:
    message = r"CrossEntropyLoss takes scores of shape \(N, K\) with N ≥ 1, got \("
    with pytest.raises(ValueError, match=message):
        CrossEntropyLoss()(np.zeros(shape), np.zeros(shape[:1], np.int64))


@pytest.mark.parametrize("shape", [(3,), (4, 1), (3, 4), (4, 4), (4, 3, 1)])
def test_cross_entropy_refuses_a_target_of_another_shape(shape: tuple[int, ...]) -> None:
    message = (
        r"for scores of shape \(4, 3\), the target is \(N,\) = \(4,\) class numbers or \(N, K\) = \(4, 3\) "
        r"distributions; got \("
    )
    with pytest.raises(ValueError, match=message) as caught:
        CrossEntropyLoss()(SCORES, np.zeros(shape, np.int64))
    assert str(caught.value).endswith(f"got {shape}")


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.uint8], ids=["float64", "float32", "uint8"])
@pytest.mark.parametrize("row", [[0, 0, 0], [1, 1, 0], [3, 0, 0]], ids=str)
def test_cross_entropy_refuses_rows_that_do_not_sum_to_1(row: list[int], dtype: Any) -> None:
    target: NDArray[Any] = np.array([[0, 1, 0], row, [0, 0, 1], [1, 0, 0]], dtype)
    with pytest.raises(ValueError, match="each row of the target is a distribution: no entry below 0, and a sum of 1"):
        CrossEntropyLoss()(SCORES, target)


@pytest.mark.parametrize("shapes", [((4, 3), (3, 4)), ((4, 3), (4,)), ((4, 1), (4,))], ids=str)
def test_mse_refuses_two_shapes(shapes: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    message = r"MSELoss takes two arrays of one shape, got \(4, \d\) and \("
    with pytest.raises(ValueError, match=message):
        MSELoss()(*map(np.zeros, shapes))


def test_mse_refuses_empty_arrays() -> None:
    with pytest.raises(ValueError, match=r"MSELoss needs at least one entry, got two arrays of shape \(0, 3\)"):
        MSELoss()(np.zeros((0, 3)), np.zeros((0, 3)))


@pytest.mark.parametrize("weight", [np.ones(3), np.ones((4, 1)), np.float64(1)], ids=["short", "column", "one"])
@pytest.mark.parametrize("make", [CrossEntropyLoss, MSELoss])
def test_a_loss_refuses_weights_of_another_number(make: Callable[[], Loss], weight: Any) -> None:
    with pytest.raises(ValueError, match=r"one weight a sample is an array of shape \(4,\), got \("):
        make()(SCORES, np.eye(4, 3, 0) + np.eye(4, 3, -3), weight)


@pytest.mark.parametrize("weight", [[1, -1, 1, 1], [0, 0, 0, 0], [1, np.nan, 1, 1], [1, np.inf, 1, 1]], ids=str)
@pytest.mark.parametrize("make", [CrossEntropyLoss, MSELoss])
def test_a_loss_refuses_weights_that_no_mean_can_be_taken_with(make: Callable[[], Loss], weight: list[float]) -> None:
    with pytest.raises(ValueError, match="weights are finite numbers of at least 0, and not all are 0"):
        make()(SCORES, np.eye(4, 3, 0) + np.eye(4, 3, -3), np.array(weight))


@pytest.mark.parametrize("make", [CrossEntropyLoss, MSELoss])
def test_a_refused_forward_leaves_the_one_before_in_place(make: Callable[[], Loss]) -> None:
    loss = make()
    loss(SCORES + np.arange(3), np.eye(4, 3, 0) + np.eye(4, 3, -3))
    expected = loss.backward()
    with pytest.raises(ValueError, match="got"):
        loss(SCORES, np.zeros((5, 3)))
    assert_same(loss.backward(), expected, "gradient")


# ---------------------------------------------------------------- the bases


def test_a_module_without_forward_or_backward_says_so() -> None:
    class Unfinished(Module):
        pass

    with pytest.raises(NotImplementedError, match=r"Unfinished does not define forward\(\)"):
        Unfinished()(SCORES)
    with pytest.raises(NotImplementedError, match=r"Unfinished does not define backward\(\)"):
        Unfinished().backward(SCORES)


def test_a_loss_without_forward_or_backward_raises() -> None:
    with pytest.raises(NotImplementedError):
        Loss()(SCORES, SCORES)
    with pytest.raises(NotImplementedError):
        Loss().backward()


def test_unknown_attributes_raise() -> None:
    with pytest.raises(AttributeError, match="mode"):
        linear().mode  # type: ignore[attr-defined]  # noqa: B018


@pytest.mark.parametrize("row", [[2.0, -1.0, 0.0], [np.nan, 0.5, 0.5]])
def test_cross_entropy_refuses_rows_that_are_no_distribution(row: list[float]) -> None:
    with pytest.raises(ValueError, match="no entry below 0, and a sum of 1"):
        CrossEntropyLoss().forward(np.zeros((1, 3)), np.array([row]))
