"""How many images a second one process crops, flips and normalises: whole batches against image by image."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.figures import Result, Target
from benchmarks.rivals import import_rival
from benchmarks.rivals.image_by_image import PADDING, OneImage, numpy_slices, torch_batches, torchvision_style
from benchmarks.rivals.pytorch import torch_threads
from benchmarks.rounds import Contender, Makers, Numbers, compare
from benchmarks.size import Size
from trainlab.data import Compose, Dataset, Loader, Standardize, Unit
from trainlab.data.augmentation import Augment, Draws, RandomCrop, RandomHorizontalFlip
from trainlab.nn.blas import thread_limit
from trainlab.randomness import generator

AS_WRITTEN = "image by image with PIL, as torchvision's transforms do it"
TARGETS: dict[str, Target] = {AS_WRITTEN: {"at_least": 40, "aim": 80}}
IMAGES = 4096
BATCH = 128
SAMPLED_IMAGES = 64
MEAN, STD = (0.4914, 0.4822, 0.4465), (0.247, 0.2435, 0.2616)  # of CIFAR-10's training images

AUGMENT = Augment((RandomCrop(padding=PADDING), RandomHorizontalFlip()))
TRANSFORM = Compose((Unit(), Standardize(MEAN, STD)))


@dataclass(frozen=True, eq=False)
class Pixels:
    """Bytes in the shape of CIFAR-10's images. What they show changes neither the work nor its time."""

    images: NDArray[np.uint8]

    def drawn(self) -> list[tuple[int, int, bool]]:
        """Top, left and flip of the sampled images, as our pieces draw them."""
        crop, flip = RandomCrop(padding=PADDING), RandomHorizontalFlip()
        draw = Draws(seed=0, epoch=1, indices=np.arange(SAMPLED_IMAGES))
        top, left = crop.offsets(draw, *self.images.shape[2:])
        return list(zip(top.tolist(), left.tolist(), flip.chosen(draw).tolist(), strict=True))


def measure(size: Size) -> Result:
    """Race batches of trainlab's augmentation against the rivals, one thread each."""
    pixels = Pixels(generator(0, "benchmark of augmentation").integers(0, 256, (IMAGES, 3, 32, 32), dtype=np.uint8))
    makers: Makers = {
        AS_WRITTEN: partial(pil, pixels),
        "image by image with NumPy slices, its best": partial(numpy_by_image, pixels),
        f"PyTorch, batches of {BATCH}": partial(torch_by_batch, pixels),
    }
    comparison = compare(
        "Crop, flip and normalise",
        "images/s",
        (f"trainlab, Loader with batches of {BATCH}", trainlab_loader(pixels)),
        makers,
        TARGETS,
        size.rounds,
        size.seconds,
    )
    return {
        "question": "How many images a second does one process augment? (3 × 32 × 32 bytes, padding 4, to float32)",
        "parts": [comparison],
        "notes": [
            "All draw at random for each image, from bytes that lie ready: (C, H, W) arrays, (H, W, C) for PIL. "
            "trainlab runs whole epochs through its public Loader, which shuffles and serves labels as well.",
            "One thread each. Before timing, 64 images with the same draws had to come out the same.",
        ],
    }


def trainlab_loader(pixels: Pixels) -> Contender:
    labels = np.zeros(IMAGES, np.uint8)
    dataset = Dataset("random bytes", pixels.images, labels, ("none",))

    def loader(images: int, shuffle: bool) -> Loader:
        return Loader(dataset, np.arange(images), min(BATCH, images), TRANSFORM, 0, shuffle, augment=AUGMENT)

    shuffled, epochs = loader(IMAGES, shuffle=True), itertools.count(1)

    def run(images: int) -> int:
        batches = itertools.chain.from_iterable(shuffled.epoch(epoch) for epoch in epochs)
        return sum(len(batch.labels) for batch in itertools.islice(batches, -(-images // BATCH)))

    def sample() -> Numbers:
        images: Numbers = next(loader(SAMPLED_IMAGES, shuffle=False).epoch(1)).images
        return images

    return Contender(run, sample, thread_limit, [1])


def pil(pixels: Pixels) -> Contender:
    torch = import_rival("torch")

    def draw() -> tuple[int, int, bool]:
        top = int(torch.randint(0, 2 * PADDING + 1, size=(1,)).item())
        left = int(torch.randint(0, 2 * PADDING + 1, size=(1,)).item())
        return top, left, bool(torch.rand(1) < 0.5)

    upright = [np.ascontiguousarray(image.transpose(1, 2, 0)) for image in pixels.images]
    return _one_by_one(torchvision_style(MEAN, STD), upright, pixels, draw)


def numpy_by_image(pixels: Pixels) -> Contender:
    random = generator(0, "benchmark of augmentation", 1)

    def draw() -> tuple[int, int, bool]:
        top, left, flip = random.integers(0, (2 * PADDING + 1, 2 * PADDING + 1, 2)).tolist()
        return top, left, bool(flip)

    return _one_by_one(numpy_slices(MEAN, STD), list(pixels.images), pixels, draw)


def torch_by_batch(pixels: Pixels) -> Contender:
    torch = import_rival("torch")
    images = torch.from_numpy(pixels.images)
    mean, std = (torch.tensor(values).view(-1, 1, 1) for values in (MEAN, STD))
    random = generator(0, "benchmark of augmentation", 2)

    def run(count: int) -> int:
        for indices in _batches(random.permutation(IMAGES), count):
            top, left = random.integers(0, 2 * PADDING + 1, (2, len(indices)))
            flip = random.random(len(indices)) < 0.5
            torch_batches(images[torch.from_numpy(indices)], top, left, flip, mean, std)
        return -(-count // BATCH) * BATCH

    def sample() -> Numbers:
        top, left, flip = (np.array(values) for values in zip(*pixels.drawn(), strict=True))
        numbers: Numbers = torch_batches(images[:SAMPLED_IMAGES], top, left, flip, mean, std).numpy()
        return numbers

    return Contender(run, sample, torch_threads, [1])


def _one_by_one(
    transform: OneImage, images: Sequence[Any], pixels: Pixels, draw: Callable[[], tuple[int, int, bool]]
) -> Contender:
    def run(count: int) -> int:
        for place in range(count):
            transform(images[place % IMAGES], *draw())
        return count

    def sample() -> Numbers:
        pairs = zip(images[:SAMPLED_IMAGES], pixels.drawn(), strict=True)
        return np.stack([np.asarray(transform(image, *drawn)) for image, drawn in pairs])

    return Contender(run, sample, torch_threads, [1])


def _batches(order: NDArray[np.int64], images: int) -> list[NDArray[np.int64]]:
    """As many whole batches as hold so many images, from the start again when the order ends."""
    starts = [start % IMAGES for start in range(0, images, BATCH)]
    return [order[start : start + BATCH] for start in starts]
