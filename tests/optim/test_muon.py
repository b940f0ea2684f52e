"""Muon: what becomes of singular values, and a step from scratch beside PyTorch's own."""

import numpy as np
import pytest
import torch

from trainlab.nn import Parameter
from trainlab.optim import Muon, orthogonalize
from trainlab.optim.muon import COEFFICIENTS, STEPS

SHAPES = [(6, 4), (4, 6), (5, 5), (7, 1)]


def matrix(shape: tuple[int, int], seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_each_singular_value_goes_through_the_polynomial_and_the_vectors_stay(shape: tuple[int, int]) -> None:
    given = matrix(shape)
    u, s, vt = np.linalg.svd(given, full_matrices=False)
    a, b, c = COEFFICIENTS
    s = s / np.linalg.norm(given)
    for _ in range(STEPS):
        s = a * s + b * s**3 + c * s**5
    np.testing.assert_allclose(orthogonalize(given), u * s @ vt, atol=1e-6)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_singular_values_come_close_to_one(shape: tuple[int, int]) -> None:
    values = np.linalg.svd(orthogonalize(matrix(shape)), compute_uv=False)
    assert np.all((values > 0.6) & (values < 1.3)), values


def test_numpy_and_torch_orthogonalize_alike_and_leave_their_input_alone() -> None:
    given = matrix((6, 4))
    before = given.copy()
    np.testing.assert_allclose(orthogonalize(torch.from_numpy(given)).numpy(), orthogonalize(given), atol=1e-12)
    np.testing.assert_array_equal(given, before)


@pytest.mark.parametrize("nesterov", [True, False])
def test_ten_steps_of_a_hidden_matrix_are_those_of_pytorch_within_its_bfloat16(nesterov: bool) -> None:
    hidden, last = Parameter(matrix((6, 4), 1), "hidden"), Parameter(matrix((2, 6), 2), "last")
    tensor = torch.from_numpy(hidden.data.copy())
    ours = Muon([hidden, last], lr=0.1, momentum=0.8, nesterov=nesterov, weight_decay=0.3)
    theirs = torch.optim.Muon([tensor], lr=0.1, momentum=0.8, nesterov=nesterov, weight_decay=0.3)
    for step in range(10):
        gradient = matrix((6, 4), 10 + step)
        ours.zero_grad()
        hidden.accumulate(gradient)
        last.accumulate(np.zeros((2, 6)))
        ours.step()
        tensor.grad = torch.from_numpy(gradient)
        theirs.step()  # type: ignore[no-untyped-call]
    # PyTorch rounds the products to 8 bits: an error of about 1 % in each of ten steps of size 0.1
    np.testing.assert_allclose(hidden.data, tensor.numpy(), atol=0.02)
    with pytest.raises(AssertionError):  # momentum forgotten is found
        np.testing.assert_allclose(_without_momentum(), tensor.numpy(), atol=0.02)


def _without_momentum() -> np.ndarray:
    hidden, last = Parameter(matrix((6, 4), 1), "hidden"), Parameter(matrix((2, 6), 2), "last")
    ours = Muon([hidden, last], lr=0.1, momentum=0.0, nesterov=False, weight_decay=0.3)
    for step in range(10):
        ours.zero_grad()
        hidden.accumulate(matrix((6, 4), 10 + step))
        last.accumulate(np.zeros((2, 6)))
        ours.step()
    return hidden.data


def test_the_last_matrix_and_all_vectors_are_left_to_adam() -> None:
    shapes = [(4, 3), (4,), (3, 4), (3,), (2, 3), (2,)]
    parameters = [Parameter(np.ones(shape), str(shape)) for shape in shapes]
    optimizer = Muon(parameters, lr=0.1)
    assert [parameter.shape for parameter in optimizer.matrices] == [(4, 3), (3, 4)]
    assert (optimizer.velocity.size, optimizer.mean.size) == (24, 4 + 3 + 6 + 2)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"momentum": 1.0}, r"momentum must be in \[0, 1\), got 1.0"),
        ({"betas": (0.9, 1.0)}, "both betas must be in"),
        ({"adam_lr": 0.0}, "adam_lr must be above 0, got 0.0"),
        ({"weight_decay": -1.0}, "weight_decay must be at least 0, got -1.0"),
    ],
)
def test_settings_outside_their_range_are_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Muon([Parameter(np.ones((2, 2)))], **settings)  # type: ignore[arg-type]


def test_unit_rows_keep_the_norm_and_make_the_step_relative() -> None:
    hidden, last = Parameter(matrix((6, 4), 1), "hidden"), Parameter(matrix((2, 6), 2), "last")
    optimizer = Muon([hidden, last], lr=0.1, momentum=0.0, nesterov=False, unit_rows=True, weight_decay=0.5)
    before = hidden.data * np.sqrt(6) / np.sqrt((hidden.data**2).sum())
    hidden.accumulate(matrix((6, 4), 3))
    last.accumulate(np.zeros((2, 6)))
    optimizer.step()
    np.testing.assert_allclose(hidden.data, before - 0.1 * np.sqrt(6 / 4) * orthogonalize(matrix((6, 4), 3)))
