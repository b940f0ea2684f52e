"""Training on PyTorch, behind the same interface as the NumPy engine.

This file imports torch, so it is itself imported only where a run asks for `engine=torch`.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from trainlab.engines.engine import Batch, LateResult, State, StepResult
from trainlab.engines.group import Group
from trainlab.engines.torch_average import AveragedModel
from trainlab.engines.torch_hardware import Precision, choose_memory_format, errors_explained, torch_thread_limit
from trainlab.engines.torch_memory import as_array, expected_memory, memory_of, put_memory
from trainlab.engines.views import PLAIN, View
from trainlab.errors import InputError
from trainlab.models.torch_twin import KeyedDropout
from trainlab.nn import Array
from trainlab.nn.functional import nearest_distribution
from trainlab.nn.module import check_fit
from trainlab.randomness import generator

STEPS_AHEAD = 16  # of Python before a GPU: milliseconds, in which a listener may write a line
_SCALE = "scaler:scale"  # by which float16 gradients were multiplied last: what a state of such a run holds
DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


class TorchEngine:
    """Forward, backward and step by PyTorch's autograd.

    Args:
        model: maps images (N, C, H, W) to scores (N, K), in float32 or float64 as its parameters are.
        loss: "cross_entropy", or "mse" against one-hot rows; both are means over the batch, and both are taken against
            a batch's targets where it has them, and weighted where it has weights.
        label_smoothing: for cross-entropy.
        optimizer: holds the model's parameters.
        device: where it computes; model and optimizer are moved there.
        precision: what products are computed in; weights, sums and the loss stay as the parameters are.
        seed: dropout masks are drawn by (seed, layer, step).
        clip_norm: largest joint length of all gradients; 0 leaves them alone.
        accumulate: parts in which a batch is computed, from 1; each part's activations are forgotten before the next.
            The gradient is that of the whole batch; BatchNorm sees one part at a time.
        ema: memory of an average of the weights over the steps, which then is what is evaluated; 0 keeps none.
        compiled: let torch.compile rewrite the network's forward and backward pass.
        group: the processes that each compute a part of every batch; None: this one computes all of it.

    In a group the gradient is that of the mean loss over the whole batch, so that all processes take the same step.
    BatchNorm normalizes with the statistics of each process's part, as in PyTorch's ``DistributedDataParallel``. Its
    running statistics are averaged over the processes in every step, each weighing as much as it has images, so that
    evaluation and checkpoints are the same in all of them.
    """

    def __init__(
        self,
        model: torch.nn.Module,
        optimizer: torch.optim.Optimizer,
        *,
        loss: Literal["cross_entropy", "mse"] = "cross_entropy",
        label_smoothing: float = 0.0,
        device: torch.device | None = None,
        precision: Precision = "fp32",
        seed: int = 0,
        clip_norm: float = 0.0,
        accumulate: int = 1,
        ema: float = 0.0,
        compiled: bool = False,
        group: Group | None = None,
    ) -> None:
        self.device = device or torch.device("cpu")
        self._memory_format = choose_memory_format(model, self.device)
        self.model = model.to(self.device).to(memory_format=self._memory_format)  # type: ignore[call-overload]
        self.optimizer = optimizer
        self.loss = loss
        self.label_smoothing = label_smoothing
        self.precision = precision
        self.seed = seed
        self.clip_norm = clip_norm
        self.accumulate = accumulate
        self.group = group or Group()
        self.steps = 0
        self._dtype = next(model.parameters()).dtype
        self._average = AveragedModel(self.model, ema) if ema else None
        self._forward = torch.compile(self.model) if compiled else self.model
        self._dropouts = [module for module in model.modules() if isinstance(module, KeyedDropout)]
        self._scaler = torch.amp.GradScaler(self.device.type) if precision == "fp16" else None
        if self._scaler is not None:
            self._scaler.scale(torch.zeros((), device=self.device))  # it exists even where a process has no image

    @property
    def parameter_count(self) -> int:
        return sum(parameter.numel() for parameter in self.model.parameters() if parameter.requires_grad)

    @property
    def surroundings(self) -> dict[str, str]:
        is_cuda = self.device.type == "cuda"
        device = torch.cuda.get_device_name(self.device) if is_cuda else self.device.type
        precision = "fp64" if self._dtype == torch.float64 else self.precision
        return {"device": device, "precision": precision, "torch": torch.__version__}

    @property
    def evaluated_model(self) -> torch.nn.Module:
        """What `eval_step` and `predict` judge with: the network of averaged weights where there is one."""
        return self.model if self._average is None else self._average.model

    @property
    def lag(self) -> int:
        if self.group.size > 1:
            return 0  # a step waits for the other processes, with a time limit: that is how it notices that one died
        return STEPS_AHEAD if self.device.type == "cuda" else 0

    def place(self, array: NDArray[Any]) -> Any:
        """In a GPU's memory, if it takes at most half of what is free there: no step then waits for a transfer."""
        if self.device.type != "cuda" or array.nbytes > torch.cuda.mem_get_info(self.device)[0] / 2:
            return array
        return torch.from_numpy(np.array(array)).to(self.device)

    def train_step(self, batch: Batch) -> StepResult:
        return self.begin_step(batch)()

    def begin_step(self, batch: Batch) -> LateResult:
        if batch.weights is not None and self.group.size > 1:
            raise InputError("images have weights in one process only. Start without torchrun, or leave them out.")
        whole_size = batch.whole_size or len(batch.labels)
        whole_weight = whole_size if batch.weights is None else float(batch.weights.sum())
        self.model.train()
        self.optimizer.zero_grad(set_to_none=True)
        mean_loss, correct = (torch.zeros((), device=self.device, dtype=self._dtype) for _ in range(2))
        with errors_explained():
            for part in self._parts(batch, whole_size):
                with self._autocast():
                    scores = self._forward(part.images)
                loss = self._loss_of(scores.to(self._dtype), part, whole_weight)
                self._backward(loss)
                mean_loss += loss.detach()
                correct += part.weigh(scores.argmax(1) == part.labels)
            mean_loss, correct = self.group.combine(mean_loss, correct, self.model, len(batch.labels) / whole_size)
            self._step()
        self.steps += 1
        if self._average is not None:
            self._average.update(self.model, self.steps)
        return _late(torch.stack([mean_loss, correct]), whole_weight)

    def eval_step(self, batch: Batch, views: Sequence[View] = PLAIN) -> StepResult:
        whole = self._on_device(batch)
        scores = self._scores(whole.images) if views is PLAIN else self._seen(whole.images, views)
        weight = len(scores) if batch.weights is None else float(batch.weights.sum())
        loss, correct = self._loss_of(scores, whole, weight), whole.weigh(scores.argmax(1) == whole.labels)
        return _late(torch.stack([loss, correct.to(loss.dtype)]), weight)()

    def predict(self, images: Array) -> Array:
        scores = self._scores(self._images(images))
        if self.loss == "mse":
            return nearest_distribution(scores.cpu().numpy())
        probabilities: Array = torch.softmax(scores, dim=1).cpu().numpy()
        return probabilities

    def set_learning_rate(self, value: float) -> None:
        for group in self.optimizer.param_groups:
            group["lr"] = value

    def thread_limit(self, threads: int) -> AbstractContextManager[None]:
        return torch_thread_limit(threads)

    # ------------------------------------------------------------ what a resume needs

    def state(self) -> State:
        model = {name: as_array(tensor) for name, tensor in self.model.state_dict().items()}
        optimizer = {"steps": np.array(self.steps, np.float64)} | memory_of(self.model, self.optimizer)
        if self._average is not None:
            optimizer |= {f"average:{name}": as_array(mean) for name, mean in self._average.model.state_dict().items()}
        if self._scaler is not None:
            optimizer |= {f"scaler:{key}": np.array(value) for key, value in self._scaler.state_dict().items()}
        return State(model, optimizer)

    def load_state(self, state: State) -> None:
        self._check_fit(state)
        tensors = {name: torch.from_numpy(np.array(array)) for name, array in state.model.items()}
        self.model.load_state_dict(tensors)
        self.steps = int(state.optimizer["steps"])
        put_memory(self.model, self.optimizer, state.optimizer)
        if self._average is not None:
            if self.steps:  # before, the average is the weights themselves
                tensors = {name: torch.from_numpy(np.array(state.optimizer[f"average:{name}"])) for name in tensors}
            self._average.model.load_state_dict(tensors)
        if self._scaler is not None and _SCALE in state.optimizer:  # else the run was in another number format so far
            settings = {key: state.optimizer[f"scaler:{key}"].item() for key in self._scaler.state_dict()}
            self._scaler.load_state_dict(settings)

    def _check_fit(self, state: State) -> None:
        shapes = {name: tuple(tensor.shape) for name, tensor in self.model.state_dict().items()}
        check_fit(shapes, state.model)
        expected: dict[str, tuple[int, ...]] = {"steps": ()}
        if self._average is not None:
            expected |= {f"average:{name}": shape for name, shape in shapes.items()}
        optimizer = state.optimizer
        was_scaled = _SCALE in optimizer  # by a run in float16, which may go on in another number format
        if was_scaled and self._scaler is not None:
            expected |= {f"scaler:{key}": () for key in self._scaler.state_dict()}
        elif was_scaled:
            optimizer = {name: array for name, array in optimizer.items() if not name.startswith("scaler:")}
        has_memory = any("/" in name for name in optimizer)
        took_steps = not was_scaled and "steps" in optimizer and optimizer["steps"] > 0
        if has_memory or took_steps:  # with a scaler, the first steps may all have been left out
            expected |= expected_memory(self.model, self.optimizer)
        check_fit(expected, optimizer, f"this state does not fit this {type(self.optimizer).__name__}")

    # ------------------------------------------------------------ parts of a step

    def _parts(self, batch: Batch, whole_size: int) -> "Iterator[_Part]":
        whole = self._on_device(batch)
        size = max(1, -(-len(whole.labels) // self.accumulate))
        for start in range(0, len(whole.labels), size):
            chosen = slice(start, start + size)
            self._draw_dropout(chosen, whole_size)
            yield whole.rows(chosen)

    def _draw_dropout(self, chosen: slice, whole_size: int) -> None:
        """Masks depend on the seed, the layer, the step and an image's position in the whole batch alone."""
        rank, processes = self.group.part
        rows = slice(rank + processes * chosen.start, rank + processes * chosen.stop, processes)
        for layer, dropout in enumerate(self._dropouts):
            dropout.rng = generator(self.seed, "dropout", layer, self.steps)
            dropout.rows = (whole_size, rows)

    def _scores(self, images: torch.Tensor) -> torch.Tensor:
        """Of the averaged weights where there are any, in evaluation mode."""
        model = self._forward if self._average is None else self._average.model
        self.model.eval()
        with errors_explained(), torch.inference_mode(), self._autocast():
            scores: torch.Tensor = model(images)
        return scores.to(self._dtype)

    def _seen(self, images: torch.Tensor, views: Sequence[View]) -> torch.Tensor:
        """Scores whose softmax is the mean over the views, ``log Σ share · softmax(scores)``; or the mean scores."""
        shown = ((view.share, self._scores(self._images(view.of(images)))) for view in views)
        if self.loss == "mse":
            return torch.stack([share * scores for share, scores in shown]).sum(0)
        mean = torch.stack([share * torch.softmax(scores, 1) for share, scores in shown]).sum(0)
        return mean.clamp(min=torch.finfo(mean.dtype).tiny).log()

    def _on_device(self, batch: Batch) -> "_Part":
        targets, weights = (
            None if array is None else self._tensor(array).to(self._dtype) for array in (batch.targets, batch.weights)
        )
        return _Part(self._images(batch.images), self._tensor(batch.labels).long(), targets, weights)

    def _tensor(self, array: Any) -> torch.Tensor:
        tensor = array if isinstance(array, torch.Tensor) else torch.from_numpy(np.ascontiguousarray(array))
        # only CUDA sees to it that the memory lives until it is copied
        return tensor.to(self.device, non_blocking=self.device.type == "cuda")

    def _images(self, images: Any) -> torch.Tensor:
        tensor = self._tensor(images)
        return tensor.contiguous(memory_format=self._memory_format) if tensor.dim() == 4 else tensor

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self.device.type, DTYPES[self.precision], enabled=self.precision != "fp32")

    def _loss_of(self, scores: torch.Tensor, part: "_Part", whole_weight: float) -> torch.Tensor:
        """What a part of a batch adds to the mean loss over the whole, in which images weigh ``whole_weight``."""
        reduction = "mean" if part.weights is None else "none"
        if self.loss == "mse":
            targets = part.targets
            if targets is None:
                targets = torch.nn.functional.one_hot(part.labels, scores.shape[1]).to(scores.dtype)
            loss = torch.nn.functional.mse_loss(scores, targets, reduction=reduction)
        else:
            target = part.labels if part.targets is None else part.targets
            loss = torch.nn.functional.cross_entropy(
                scores, target, label_smoothing=self.label_smoothing, reduction=reduction
            )
        if part.weights is None:
            return loss * (len(scores) / whole_weight)
        of_image = loss.mean(dim=1) if loss.dim() > 1 else loss
        return torch.dot(of_image, part.weights) / whole_weight

    def _backward(self, loss: torch.Tensor) -> None:
        scaled = loss if self._scaler is None else self._scaler.scale(loss)
        scaled.backward()  # type: ignore[no-untyped-call]

    def _step(self) -> None:
        if self._scaler is None:
            self._clip()
            self.optimizer.step()
            return
        self._scaler.unscale_(self.optimizer)
        self._clip()
        self._scaler.step(self.optimizer)
        self._scaler.update()

    def _clip(self) -> None:
        if self.clip_norm:
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.clip_norm)


@dataclass(frozen=True)
class _Part:
    """A batch or a part of one, where the engine computes."""

    images: torch.Tensor
    labels: torch.Tensor
    targets: torch.Tensor | None = None
    weights: torch.Tensor | None = None

    def rows(self, chosen: slice) -> "_Part":
        targets, weights = (None if tensor is None else tensor[chosen] for tensor in (self.targets, self.weights))
        return _Part(self.images[chosen], self.labels[chosen], targets, weights)

    def weigh(self, is_true: torch.Tensor) -> torch.Tensor:
        """How many images it is true of, or how much they weigh."""
        return is_true.sum() if self.weights is None else torch.dot(is_true.to(self.weights.dtype), self.weights)


def _late(figures: torch.Tensor, size: float) -> LateResult:
    """(mean loss, number correct), sent on its way to the CPU without waiting for the device to be done."""
    if figures.device.type != "cuda":
        return lambda: StepResult(figures[0].item(), figures[1].item(), size)
    sent = figures.to("cpu", non_blocking=True)
    arrived = torch.cuda.Event()  # type: ignore[no-untyped-call]
    arrived.record()

    def result() -> StepResult:
        arrived.synchronize()
        return StepResult(sent[0].item(), sent[1].item(), size)

    return result
