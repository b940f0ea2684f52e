"""ResNet-18 for 32×32 images as it is written in plain PyTorch, and the training step around it.

The network is that of the well-known CIFAR repositories, written again here: nothing of trainlab's own is in it. This
file imports torch, so it is itself imported only when it runs.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812  # as everybody writes it
from numpy.typing import NDArray
from torch import nn

from benchmarks.image_problem import BF16_TOLERANCE, FP32_TOLERANCE, SAMPLED_STEPS, ImageProblem
from benchmarks.rivals.pytorch import torch_threads
from benchmarks.rounds import Contender, Numbers, stepwise

Step = Callable[[torch.Tensor, torch.Tensor], Any]


class BasicBlock(nn.Module):
    def __init__(self, in_planes: int, planes: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_planes, planes, kernel_size=3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, kernel_size=3, stride=1, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.shortcut = nn.Sequential()
        if stride != 1 or in_planes != planes:
            self.shortcut = nn.Sequential(
                nn.Conv2d(in_planes, planes, kernel_size=1, stride=stride, bias=False), nn.BatchNorm2d(planes)
            )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out = F.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        out += self.shortcut(x)
        return F.relu(out)


class ResNet18(nn.Module):
    def __init__(self, num_classes: int = 10) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, kernel_size=3, stride=1, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.layer1 = self._make_layer(64, 64, stride=1)
        self.layer2 = self._make_layer(64, 128, stride=2)
        self.layer3 = self._make_layer(128, 256, stride=2)
        self.layer4 = self._make_layer(256, 512, stride=2)
        self.linear = nn.Linear(512, num_classes)

    @staticmethod
    def _make_layer(in_planes: int, planes: int, stride: int) -> nn.Sequential:
        return nn.Sequential(BasicBlock(in_planes, planes, stride), BasicBlock(planes, planes, stride=1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out = F.relu(self.bn1(self.conv1(x)))
        out = self.layer4(self.layer3(self.layer2(self.layer1(out))))
        out = F.avg_pool2d(out, 4)
        scores: torch.Tensor = self.linear(torch.flatten(out, 1))
        return scores


def as_written(problem: ImageProblem, steps: int) -> Contender:
    """float32, channels first, eager; loss and correct predictions added up as the lab report's loop does."""

    def make_step(lr: float) -> Step:
        model = network(problem.weights)
        optimizer = torch.optim.Adam(model.parameters(), lr=lr)
        criterion = nn.CrossEntropyLoss()
        running_loss, correct = 0.0, 0

        def step(images: torch.Tensor, labels: torch.Tensor) -> float:
            nonlocal running_loss, correct
            optimizer.zero_grad()
            outputs = model(images)
            loss = criterion(outputs, labels)
            loss.backward()
            optimizer.step()
            running_loss += loss.item() * images.size(0)
            correct += int((outputs.argmax(dim=1) == labels).sum().item())
            return float(loss.item())

        return step

    return _contender(problem, make_step, tensors(problem, torch.contiguous_format), FP32_TOLERANCE, steps)


def best(problem: ImageProblem, steps: int, *, compiled: bool = False, bf16: bool = True) -> Contender:
    """bfloat16 where products are, or float32; channels last, Adam in one fused kernel; eager, or compiled."""

    def make_step(lr: float) -> Step:
        plain = network(problem.weights).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        model: Any = torch.compile(plain) if compiled else plain
        optimizer = torch.optim.Adam(plain.parameters(), lr=lr, fused=True)

        def step(images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
            optimizer.zero_grad()
            with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
                outputs = model(images)
                loss = F.cross_entropy(outputs, labels)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            return loss.detach()

        return step

    tolerance = BF16_TOLERANCE if bf16 else FP32_TOLERANCE
    return _contender(problem, make_step, tensors(problem, torch.channels_last), tolerance, steps)


def network(weights: Sequence[NDArray[Any]]) -> ResNet18:
    """With these parameters and buffers, which come in the order in which the network holds its own."""
    model = ResNet18()
    names = model.state_dict()
    model.load_state_dict({name: torch.from_numpy(np.array(array)) for name, array in zip(names, weights, strict=True)})
    return model.train()


def tensors(problem: ImageProblem, layout: torch.memory_format) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """The problem's batches, cut and laid out beforehand."""
    return [
        (torch.from_numpy(images).contiguous(memory_format=layout), torch.from_numpy(labels))
        for images, labels in problem.batches()
    ]


def _contender(
    problem: ImageProblem,
    make_step: Callable[[float], Step],
    batches: Sequence[tuple[torch.Tensor, torch.Tensor]],
    tolerance: float,
    steps: int,
) -> Contender:
    """Counts images; takes so many steps in a round, on as many threads as trainlab."""
    size = problem.config.batch_size
    by_steps = stepwise(make_step(problem.config.lr), batches, torch_threads)

    def run(images: int) -> int:
        return size * by_steps.run(-(-images // size))

    def sample() -> Numbers:
        step = make_step(problem.sampled_lr)
        with torch_threads(problem.threads):
            return np.array([float(step(*batches[0])) for _ in range(SAMPLED_STEPS)])

    return Contender(run, sample, torch_threads, [problem.threads], tolerance, per_round=steps * size)
