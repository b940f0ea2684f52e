"""Training on NumPy, with the backward passes of `trainlab.nn`."""

import operator
from collections.abc import Sequence
from contextlib import AbstractContextManager
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainlab.engines.engine import Batch, State, StepResult
from trainlab.engines.freed_memory import keep_freed_memory
from trainlab.engines.views import PLAIN, View
from trainlab.nn import Array, Conv2d, Dropout, Loss, Module, MSELoss, blas, functional, parallel
from trainlab.nn.module import check_fit
from trainlab.optim import Optimizer, clip_grad_norm
from trainlab.randomness import generator


class NumpyEngine:
    """The five lines of every training step, on a network that is written out by hand.

    Args:
        model: maps images (N, C, H, W) to scores (N, K).
        loss: `CrossEntropyLoss`, or `MSELoss` against one-hot rows; either against a batch's targets where it has them,
            and weighted where it has weights.
        optimizer: holds the model's parameters.
        seed: dropout masks are drawn by (seed, layer, step).
        clip_norm: largest joint length of all gradients; 0 leaves them alone.
    """

    def __init__(
        self, model: Module, loss: Loss, optimizer: Optimizer, *, seed: int = 0, clip_norm: float = 0.0
    ) -> None:
        self.model = model
        self.loss = loss
        self.optimizer = optimizer
        self.seed = seed
        self.clip_norm = clip_norm
        self._needs_one_hot = isinstance(loss, MSELoss)
        self._has_convolutions = any(isinstance(module, Conv2d) for _, module in model.named_modules())
        self._dropouts = [module for _, module in model.named_modules() if isinstance(module, Dropout)]
        # Batches are not changed and nobody asks for ∂loss/∂image, so the step may skip what only others need
        model.skip_input_grad()
        model.defer_weight_grad()
        if self._has_convolutions:
            keep_freed_memory()

    @property
    def parameter_count(self) -> int:
        return sum(parameter.size for parameter in self.model.parameters())

    @property
    def surroundings(self) -> dict[str, str]:
        precision = "fp64" if self.optimizer.theta.dtype == np.float64 else "fp32"
        return {"device": "cpu", "precision": precision}

    def train_step(self, batch: Batch) -> StepResult:
        model, optimizer = self.model, self.optimizer
        if not model.training:
            model.train()
        for layer, dropout in enumerate(self._dropouts):
            dropout.rng = generator(self.seed, "dropout", layer, optimizer.steps)

        optimizer.zero_grad()
        scores = model.forward(batch.images)
        loss = self._loss_of(scores, batch)
        model.backward(self.loss.backward())
        if self.clip_norm:
            clip_grad_norm(optimizer.parameters, self.clip_norm)
        optimizer.step()

        return _result(loss, scores, batch)

    def eval_step(self, batch: Batch, views: Sequence[View] = PLAIN) -> StepResult:
        if self.model.training:
            self.model.eval()
        scores = self.model.forward(batch.images) if views is PLAIN else self._seen(batch.images, views)
        return _result(self._loss_of(scores, batch), scores, batch)

    def predict(self, images: Array) -> Array:
        self.model.eval()
        return self.loss.probabilities(self.model.forward(images))

    def set_learning_rate(self, value: float) -> None:
        self.optimizer.lr = value

    def thread_limit(self, threads: int) -> AbstractContextManager[None]:
        return parallel.thread_limit(threads) if self._has_convolutions else blas.thread_limit(threads)

    def state(self) -> State:
        return State(self.model.state_dict(), self.optimizer.state())

    def load_state(self, state: State) -> None:
        check_fit({name: array.shape for name, array in self.model.state_dict().items()}, state.model)
        self.optimizer.check_state(state.optimizer)
        self.model.load_state_dict(state.model)
        self.optimizer.load_state(state.optimizer)

    def _seen(self, images: Array, views: Sequence[View]) -> Array:
        """Scores whose softmax is the mean over the views, ``log Σ share · softmax(scores)``; or the mean scores."""
        shown = ((view.share, self.model.forward(np.ascontiguousarray(view.of(images)))) for view in views)
        if self._needs_one_hot:
            return reduce(np.add, (share * scores for share, scores in shown))
        mean = reduce(np.add, (share * functional.softmax(scores) for share, scores in shown))
        logarithms: Array = np.log(np.maximum(mean, np.finfo(mean.dtype).tiny))
        return logarithms

    def _loss_of(self, scores: Array, batch: Batch) -> float:
        target = self._target(batch, scores)
        if batch.weights is None:
            return self.loss.forward(scores, target)
        return self.loss.forward(scores, target, batch.weights)

    def _target(self, batch: Batch, scores: Array) -> NDArray[Any]:
        """What the loss compares the scores with."""
        target: NDArray[Any] = batch.labels if batch.targets is None else batch.targets
        if self._needs_one_hot and target.ndim == 1:
            return functional.one_hot(target, scores.shape[1], scores.dtype)
        return target


def _result(loss: float, scores: Array, batch: Batch) -> StepResult:
    if batch.weights is not None:
        is_correct = scores.argmax(axis=1) == batch.labels
        return StepResult(loss, float(is_correct @ batch.weights), float(batch.weights.sum()))
    predicted: list[int] = scores.argmax(axis=1).tolist()  # at batch size 1 lists are twice as fast as arrays here
    return StepResult(loss, sum(map(operator.eq, predicted, batch.labels.tolist())), len(scores))
