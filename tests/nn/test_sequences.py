"""LayerNorm, Embedding and SelfAttention: by hand, against PyTorch, planted mistakes, bad input."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from tests.nn.battery import assert_close, random_upstream
from trainlab.nn import Embedding, LayerNorm, Module, SelfAttention, gradcheck
from trainlab.nn.attention import attention_backward, attention_forward
from trainlab.nn.layer_norm import layer_norm_backward, layer_norm_forward


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def embedding() -> Embedding:
    return Embedding(5, 3, rng=rng(), dtype=np.float64)


@pytest.mark.parametrize("shape", [(4,), (1,), (2, 6), (2, 3, 2), (0, 4)])
def test_embedding_is_pytorch_s_and_words_that_come_twice_add_up(shape: tuple[int, ...]) -> None:
    ours, theirs = embedding(), torch.nn.Embedding(5, 3, dtype=torch.float64)
    theirs.load_state_dict({"weight": torch.from_numpy(ours.weight.data.copy())})
    ids = rng().integers(0, 5, shape)
    y, y_torch = ours.forward(ids), theirs(torch.from_numpy(ids))
    g = random_upstream(y.shape)
    for _ in range(2):  # gradients add up
        ours.backward(g)
        y_torch.backward(torch.from_numpy(g), retain_graph=True)
    np.testing.assert_array_equal(y, y_torch.detach().numpy())
    assert theirs.weight.grad is not None
    assert_close(ours.weight.grad, theirs.weight.grad.numpy(), "weight", 1e-15)


def test_embedding_by_hand() -> None:
    layer = Embedding(2, 1, rng=rng(), dtype=np.float64)
    layer.load_state_dict({"weight": np.array([[0.5], [3.0]])})
    assert layer.forward(np.array([1, 0, 1])).tolist() == [[3.0], [0.5], [3.0]]
    layer.backward(np.array([[1.0], [2.0], [4.0]]))
    assert layer.weight.grad is not None
    assert layer.weight.grad.tolist() == [[2.0], [5.0]]  # word 1 stood in two places: 1 + 4


def test_attention_by_hand() -> None:
    # one head of width 1: scores q·k are (0, ln 3) in the first row, so p = (1/4, 3/4) and y = 1/4·8 + 3/4·4 = 5
    query, key, value = np.array([[1.0], [0.0]]), np.array([[0.0], [np.log(3)]]), np.array([[8.0], [4.0]])
    y, p = attention_forward(query, key, value)
    assert_close(p, np.array([[0.25, 0.75], [0.5, 0.5]]), "p", 1e-15)
    assert_close(y, np.array([[5.0], [6.0]]), "y", 1e-15)
    y, p = attention_forward(query, key, value, causal=True)
    assert_close(p, np.array([[1.0, 0.0], [0.5, 0.5]]), "p", 1e-15)


def test_a_causal_place_does_not_see_what_comes_later() -> None:
    layer = SelfAttention(4, 2, causal=True, rng=rng(), dtype=np.float64)
    x = rng().standard_normal((1, 5, 4))
    before = layer(x)
    x[:, 3:] += 1
    after = layer(x)
    np.testing.assert_array_equal(after[:, :3], before[:, :3])
    assert (after[:, 3:] != before[:, 3:]).all()


Formula = Callable[..., tuple[Any, ...]]


def _attention_without_softmax_term(g: Any, q: Any, k: Any, v: Any, p: Any) -> tuple[Any, ...]:
    grad_s = p * (g @ v.T) / np.sqrt(q.shape[-1])
    return grad_s @ k, grad_s.T @ q, p.T @ g


ATTENTION: dict[str, tuple[Formula, set[str]]] = {
    "right": (attention_backward, set()),
    "softmax without its second term": (_attention_without_softmax_term, {"input 0", "input 1"}),
    "scale forgotten": (
        lambda g, q, k, v, p: (*(np.sqrt(2) * one for one in attention_backward(g, q, k, v, p)[:2]), p.T @ g),
        {"input 0", "input 1"},
    ),
    "attention not transposed": (
        lambda g, q, k, v, p: (*attention_backward(g, q, k, v, p)[:2], p @ g),
        {"input 2"},
    ),
}


@pytest.mark.parametrize(("formula", "spoiled"), ATTENTION.values(), ids=ATTENTION)
def test_the_gradient_check_finds_planted_mistakes_of_attention(formula: Formula, spoiled: set[str]) -> None:
    def target(q: Any, k: Any, v: Any) -> Any:
        y, p = attention_forward(q, k, v)
        return y, lambda g: formula(g, q, k, v, p)

    arrays = [random_upstream((3, 2), seed=seed) for seed in (5, 6, 7)]
    report = gradcheck(target, *arrays, rng=rng())
    assert {mismatch.gradient for mismatch in report.mismatches} == spoiled


LAYER_NORM: dict[str, tuple[Formula, set[str]]] = {
    "right": (layer_norm_backward, set()),
    "without the mean term": (
        lambda g, n, std, w: ((g * w - n * (g * w * n).mean(-1, keepdims=True)) / std, (g * n).sum(0), g.sum(0)),
        {"input 0"},
    ),
    "without the x̂ term": (
        lambda g, n, std, w: ((g * w - (g * w).mean(-1, keepdims=True)) / std, (g * n).sum(0), g.sum(0)),
        {"input 0"},
    ),
    "weight forgotten": (
        lambda g, n, std, w: (layer_norm_backward(g, n, std, np.ones_like(w))[0], (g * n).sum(0), g.sum(0)),
        {"input 0"},
    ),
}


@pytest.mark.parametrize(("formula", "spoiled"), LAYER_NORM.values(), ids=LAYER_NORM)
def test_the_gradient_check_finds_planted_mistakes_of_layer_norm(formula: Formula, spoiled: set[str]) -> None:
    def target(x: Any, weight: Any, bias: Any) -> Any:
        y, normalized, std = layer_norm_forward(x, weight, bias, 1e-5)
        return y, lambda g: formula(g, normalized, std, weight)

    arrays = [random_upstream((3, 4), seed=5), random_upstream((4,), seed=6), random_upstream((4,), seed=7)]
    report = gradcheck(target, *arrays, rng=rng())
    assert {mismatch.gradient for mismatch in report.mismatches} == spoiled


BAD: dict[str, tuple[Callable[[], object], type[Exception], str]] = {
    "heads that do not divide": (
        lambda: SelfAttention(6, 4, rng=rng()),
        ValueError,
        "num_heads must divide embed_dim, got 4 heads for 6 dimensions",
    ),
    "no features": (lambda: LayerNorm(0), ValueError, "LayerNorm needs at least one feature, got 0"),
    "no eps": (lambda: LayerNorm(3, eps=0), ValueError, "LayerNorm needs an eps above 0, got 0"),
    "no words": (lambda: Embedding(0, 3, rng=rng()), ValueError, "at least one row and one column, got 0 × 3"),
    "a word too large": (
        lambda: embedding().forward(np.array([0, 5])),
        ValueError,
        r"Embedding\(5, 3\) takes numbers from 0 to 4, got 5",
    ),
    "a negative word": (lambda: embedding().forward(np.array([-1])), ValueError, "from 0 to 4, got -1"),
    "half a word": (
        lambda: embedding().forward(np.array([0.5])),
        TypeError,
        r"Embedding\(5, 3\) takes whole numbers, got float64",
    ),
    "other features": (
        lambda: LayerNorm(3)(np.zeros((2, 4), np.float32)),
        ValueError,
        r"LayerNorm\(3\) takes input of shape \(N, …, 3\), got \(2, 4\)",
    ),
    "no sequence": (
        lambda: SelfAttention(4, 2, rng=rng())(np.zeros((2, 4), np.float32)),
        ValueError,
        r"takes input of shape \(N, T, 4\), got \(2, 4\)",
    ),
    "float16": (
        lambda: SelfAttention(4, 2, rng=rng())(np.zeros((2, 3, 4), np.float16)),
        TypeError,
        "takes numbers of float32, as its weights are, got float16",
    ),
}


@pytest.mark.parametrize(("do", "error", "message"), BAD.values(), ids=BAD)
def test_bad_input_is_refused(do: Callable[[], object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        do()


@pytest.mark.parametrize("layer", [LayerNorm(4), SelfAttention(4, 2, rng=rng())], ids=["LayerNorm", "SelfAttention"])
def test_an_upstream_gradient_of_another_shape_is_refused(layer: Module) -> None:
    layer(np.ones((2, 3, 4), np.float32))
    with pytest.raises(ValueError, match=r"backward takes a gradient of its output's shape, \(2, 3, 4\), got \(2, 4\)"):
        layer.backward(np.ones((2, 4), np.float32))
    with pytest.raises(RuntimeError, match="there is no forward pass to go back through"):
        embedding().backward(np.ones((2, 3)))
