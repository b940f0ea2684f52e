"""The layers and losses that go through the battery, each beside its twin in PyTorch.

Shapes are small and no two dimensions agree where it matters: a transposed matrix does not fit. Batch size 1 stands
beside larger ones, because fast paths differ there.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from tests.nn.battery import FloatType, LayerCase
from tests.nn.image_cases import IMAGE_CASES
from tests.nn.loss_battery import LossCase
from tests.nn.sequence_cases import SEQUENCE_CASES
from trainlab.nn import (
    GELU,
    Array,
    CrossEntropyLoss,
    Dropout,
    Flatten,
    LeakyReLU,
    Linear,
    Module,
    MSELoss,
    ReLU,
    Sequential,
    Sigmoid,
    Tanh,
    functional,
)

DROPOUT_SEED = 5


class RepeatedDropout(Dropout):
    """Dropout that draws the same mask in every forward pass, so that it is a function one can differentiate."""

    def __init__(self, p: float) -> None:
        super().__init__(p, rng=np.random.default_rng(DROPOUT_SEED))

    def forward(self, x: Array) -> Array:
        self.rng = np.random.default_rng(DROPOUT_SEED)
        return super().forward(x)


class TorchRepeatedDropout(torch.nn.Module):
    """PyTorch's half of `RepeatedDropout`: multiplies by the same mask."""

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        dtype = x.detach().numpy().dtype
        mask = functional.dropout_mask(tuple(x.shape), self.p, np.random.default_rng(DROPOUT_SEED), dtype)
        return x * torch.from_numpy(mask)


def linear(in_features: int, out_features: int, bias: bool = True) -> Callable[[FloatType], Linear]:
    return lambda dtype: Linear(in_features, out_features, bias, rng=np.random.default_rng(0), dtype=dtype)


def chain(*makers: Callable[[FloatType], Module]) -> Callable[[FloatType], Sequential]:
    return lambda dtype: Sequential(*(make(dtype) for make in makers))


def same(make: Callable[[], Module]) -> Callable[[FloatType], Module]:
    """A layer without weights is the same for every dtype."""
    return lambda dtype: make()


def torch_gelu() -> torch.nn.Module:
    return torch.nn.GELU(approximate="tanh")


LAYER_CASES = [
    LayerCase("linear", linear(5, 3), lambda: torch.nn.Linear(5, 3), (4, 5)),
    LayerCase("linear-batch-1", linear(5, 3), lambda: torch.nn.Linear(5, 3), (1, 5)),
    LayerCase("linear-widening", linear(2, 7), lambda: torch.nn.Linear(2, 7), (3, 2)),
    LayerCase("linear-one-feature", linear(1, 1), lambda: torch.nn.Linear(1, 1), (2, 1)),
    LayerCase("linear-no-bias", linear(5, 3, False), lambda: torch.nn.Linear(5, 3, bias=False), (4, 5)),
    LayerCase("relu", same(ReLU), torch.nn.ReLU, (4, 5)),
    LayerCase("relu-batch-1", same(ReLU), torch.nn.ReLU, (1, 5)),
    LayerCase("relu-images", same(ReLU), torch.nn.ReLU, (2, 3, 1, 4)),
    LayerCase("leaky_relu", same(LeakyReLU), torch.nn.LeakyReLU, (4, 5)),
    LayerCase("leaky_relu-0.3", same(lambda: LeakyReLU(0.3)), lambda: torch.nn.LeakyReLU(0.3), (1, 5)),
    LayerCase("gelu", same(GELU), torch_gelu, (4, 5)),
    LayerCase("gelu-batch-1", same(GELU), torch_gelu, (1, 5)),
    LayerCase("tanh", same(Tanh), torch.nn.Tanh, (4, 5)),
    LayerCase("tanh-batch-1", same(Tanh), torch.nn.Tanh, (1, 5)),
    LayerCase("sigmoid", same(Sigmoid), torch.nn.Sigmoid, (4, 5)),
    LayerCase("sigmoid-batch-1", same(Sigmoid), torch.nn.Sigmoid, (1, 5)),
    LayerCase("flatten", same(Flatten), torch.nn.Flatten, (2, 3, 1, 4), returns_view=True),
    LayerCase("flatten-batch-1", same(Flatten), torch.nn.Flatten, (1, 2, 3), returns_view=True),
    LayerCase("dropout", same(lambda: RepeatedDropout(0.4)), lambda: TorchRepeatedDropout(0.4), (4, 5)),
    LayerCase("dropout-images", same(lambda: RepeatedDropout(0.4)), lambda: TorchRepeatedDropout(0.4), (1, 2, 3, 4)),
    LayerCase("dropout-0", same(lambda: RepeatedDropout(0.0)), lambda: torch.nn.Dropout(0.0), (4, 5)),
    LayerCase(
        "mlp",
        chain(same(Flatten), linear(6, 5), same(ReLU), linear(5, 4), same(GELU), linear(4, 3)),
        lambda: torch.nn.Sequential(
            torch.nn.Flatten(),
            torch.nn.Linear(6, 5),
            torch.nn.ReLU(),
            torch.nn.Linear(5, 4),
            torch_gelu(),
            torch.nn.Linear(4, 3),
        ),
        (3, 1, 2, 3),
    ),
    LayerCase(
        "mlp-batch-1-with-dropout",
        chain(linear(6, 5), same(Tanh), same(lambda: RepeatedDropout(0.3)), linear(5, 3, False), same(Sigmoid)),
        lambda: torch.nn.Sequential(
            torch.nn.Linear(6, 5),
            torch.nn.Tanh(),
            TorchRepeatedDropout(0.3),
            torch.nn.Linear(5, 3, bias=False),
            torch.nn.Sigmoid(),
        ),
        (1, 6),
    ),
    LayerCase(
        "nested",
        chain(chain(linear(4, 3), same(LeakyReLU)), linear(3, 2)),
        lambda: torch.nn.Sequential(
            torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.LeakyReLU()), torch.nn.Linear(3, 2)
        ),
        (3, 4),
    ),
    *IMAGE_CASES,
    *SEQUENCE_CASES,
]
BY_NAME = {case.name: case for case in LAYER_CASES}


def cross_entropy(
    name: str, shape: tuple[int, int], target: NDArray[Any], weight: NDArray[Any] | None = None, **options: Any
) -> LossCase:
    reduction = options.pop("reduction", "mean")
    make = lambda: CrossEntropyLoss(reduction, **options)
    twin = lambda: torch.nn.CrossEntropyLoss(reduction=reduction if weight is None else "none", **options)
    return LossCase(f"cross_entropy-{name}", make, twin, shape, target, weight, reduction)


def mse(name: str, shape: tuple[int, ...], reduction: Any, weight: NDArray[Any] | None = None) -> LossCase:
    target = np.random.default_rng(6).standard_normal(shape)
    make = lambda: MSELoss(reduction)
    twin = lambda: torch.nn.MSELoss(reduction=reduction if weight is None else "none")
    return LossCase(f"mse-{name}", make, twin, shape, target, weight, reduction)


LABELS = np.array([2, 0, 4, 2])
ONE_HOT = np.eye(5)[LABELS]
SOFT = np.array([[0.2, 0.1, 0.0, 0.3, 0.4], [0.0, 0.0, 1.0, 0.0, 0.0], [0.2] * 5, [0.5, 0.0, 0.0, 0.0, 0.5]])
WEIGHT = np.array([0.5, 0.0, 3.0, 1.25])

LOSS_CASES = [
    cross_entropy("labels", (4, 5), LABELS),
    cross_entropy("labels-batch-1", (1, 5), LABELS[:1]),
    cross_entropy("labels-uint8", (4, 5), LABELS.astype(np.uint8)),
    cross_entropy("labels-two-classes", (3, 2), np.array([1, 0, 1], np.int32)),
    cross_entropy("labels-sum", (4, 5), LABELS, reduction="sum"),
    cross_entropy("labels-smoothed", (4, 5), LABELS, label_smoothing=0.1),
    cross_entropy("labels-smoothed-sum-batch-1", (1, 5), LABELS[:1], label_smoothing=0.3, reduction="sum"),
    cross_entropy("one-hot", (4, 5), ONE_HOT),
    cross_entropy("one-hot-integers", (4, 5), ONE_HOT.astype(np.uint8)),
    cross_entropy("one-hot-smoothed", (4, 5), ONE_HOT, label_smoothing=0.1),
    cross_entropy("soft", (4, 5), SOFT),
    cross_entropy("soft-smoothed", (4, 5), SOFT, label_smoothing=0.1),
    cross_entropy("soft-batch-1", (1, 5), SOFT[:1]),
    cross_entropy("soft-sum", (4, 5), SOFT, reduction="sum"),
    cross_entropy("labels-weighted", (4, 5), LABELS, WEIGHT),
    cross_entropy("labels-weighted-batch-1", (1, 5), LABELS[:1], WEIGHT[2:3]),
    cross_entropy("labels-weighted-integers", (4, 5), LABELS, np.array([1, 0, 3, 2])),
    cross_entropy("labels-weighted-sum", (4, 5), LABELS, WEIGHT, reduction="sum"),
    cross_entropy("soft-weighted", (4, 5), SOFT, WEIGHT),
    cross_entropy("soft-weighted-smoothed", (4, 5), SOFT, WEIGHT, label_smoothing=0.1),
    mse("mean", (4, 3), "mean"),
    mse("mean-batch-1", (1, 3), "mean"),
    mse("mean-images", (2, 1, 3, 4), "mean"),
    mse("sum", (4, 3), "sum"),
    mse("mean-weighted", (4, 3), "mean", WEIGHT),
    mse("mean-weighted-images", (2, 1, 3, 4), "mean", WEIGHT[2:].astype(np.float32)),
    mse("sum-weighted", (4, 3), "sum", WEIGHT),
]
