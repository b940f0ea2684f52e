"""Does a GPU compute what the CPU computes? Losses in float32 and bfloat16, and augmentation bit for bit."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import torch

from benchmarks.gpu.amounts import Amounts
from benchmarks.image_problem import ImageProblem, first_losses, make_image_problem, random_images
from benchmarks.rounds import Numbers, agree
from trainlab.data.augmentation import NAMES, Draws, build, one_hot
from trainlab.errors import InputError

STEPS = 3
FP32_TOLERANCE = 1e-3  # sums of thousands of products in another order, three steps long
BF16_TOLERANCE = 3e-2
ADAM_FACTOR, SGD_FACTOR = 1e-3, 0.1
"""On the preset's learning rate. Adam's first steps follow signs of gradients, which rounding decides near 0."""


class Check(NamedTuple):
    """One comparison; ``holds`` is None where it cannot be made here."""

    name: str
    holds: bool | None
    found: str


def all_checks(presets: Sequence[str], device: torch.device, amounts: Amounts) -> Iterator[Check]:
    """Every check, one after the other: the networks of the presets, then each augmentation."""
    for preset in presets:
        yield from losses_agree(preset, device, amounts)
    for name in NAMES:
        yield augmentation_agrees(name, device, amounts.checked_batch)


def losses_agree(preset: str, device: torch.device, amounts: Amounts) -> Iterator[Check]:
    """The first losses on the device against those on the CPU, from the same weights on one batch."""
    try:
        problem = make_image_problem(preset, [*amounts.overrides, f"batch_size={amounts.checked_batch}"])
        expected = losses(problem, torch.device("cpu"), "fp32")
    except InputError as error:
        yield Check(f"losses of {preset}", None, str(error))
        return
    for precision, tolerance in (("fp32", FP32_TOLERANCE), ("bf16", BF16_TOLERANCE)):
        name = f"losses of {preset}: {precision} on {device.type}, fp32 on the CPU"
        try:
            found = losses(problem, device, precision)
        except InputError as error:  # no such hardware
            yield Check(name, None, str(error))
            continue
        yield Check(name, agree(found, expected, tolerance), f"{found.round(5)} and {expected.round(5)}")


def losses(problem: ImageProblem, device: torch.device, precision: str) -> Numbers:
    """Of the first training steps of trainlab's engine."""
    lr = problem.config.lr * (ADAM_FACTOR if problem.config.optimizer.startswith("adam") else SGD_FACTOR)
    overrides = [f"device={device.type}", f"precision={precision}", f"lr={lr}"]
    with full_float32():
        return first_losses(problem, overrides, STEPS)


@contextmanager
def full_float32() -> Iterator[None]:
    """Convolutions without TF32, whose numbers have 10 bits of fraction where those of float32 have 23."""
    before = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = False
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32 = before


def augmentation_agrees(name: str, device: torch.device, batch_size: int) -> Check:
    """Images that were augmented on the device against the same augmented by NumPy, as bytes and as float32."""
    dataset = random_images("random bytes", batch_size)
    targets = one_hot(dataset.labels, len(dataset.classes))
    different = 0
    for images in (dataset.images, dataset.images.astype(np.float32) / 255):
        expected = augmented(name, images, targets)
        found = augmented(name, torch.from_numpy(images).to(device), torch.from_numpy(targets).to(device))
        different += sum(int((a.cpu().numpy() != b).sum()) for a, b in zip(found, expected, strict=True))
    return Check(f"augmentation {name} on {device.type}, bit for bit", different == 0, f"{different} numbers differ")


def augmented(name: str, images: Any, targets: Any) -> tuple[Any, ...]:
    """The images, and their targets where pairs are mixed: each with its neighbour in the batch."""
    augment, draws = build(name), Draws(seed=0, epoch=1, indices=np.arange(len(images)))
    if augment.mix is None:
        return (augment(images, draws),)
    neighbours = [*range(1, len(images)), 0]
    return augment.mix(images, targets, images[neighbours], targets[neighbours], draws)
