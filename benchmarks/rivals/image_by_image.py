"""Crop, flip and normalise as other libraries do it: image by image, or by PyTorch on whole batches.

torchvision itself is not needed: its transforms for PIL images are a few lines each, and here they are, with the calls
that it makes. Every function takes what was drawn as arguments, so that contenders can be compared on equal draws.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.rivals import import_rival

PADDING = 4
OneImage = Callable[[Any, int, int, bool], Any]


def torchvision_style(mean: Sequence[float], std: Sequence[float]) -> OneImage:
    """``RandomCrop(32, padding=4)``, ``RandomHorizontalFlip``, ``ToTensor`` and ``Normalize`` of an (H, W, C) array."""
    torch = import_rival("torch")
    pil, operations = import_rival("PIL.Image"), import_rival("PIL.ImageOps")

    def transform(pixels: Any, top: int, left: int, flip: bool) -> Any:
        height, width, channels = pixels.shape
        image = pil.fromarray(pixels)
        image = operations.expand(image, border=PADDING, fill=0)
        image = image.crop((left, top, left + width, top + height))
        if flip:
            image = image.transpose(pil.Transpose.FLIP_LEFT_RIGHT)
        tensor = torch.from_numpy(np.array(image, np.uint8, copy=True)).view(height, width, channels)
        tensor = tensor.permute((2, 0, 1)).contiguous().to(torch.float32).div(255)
        tensor = tensor.clone()
        means = torch.as_tensor(mean, dtype=tensor.dtype).view(-1, 1, 1)
        deviations = torch.as_tensor(std, dtype=tensor.dtype).view(-1, 1, 1)
        return tensor.sub_(means).div_(deviations)

    return transform


def numpy_slices(mean: Sequence[float], std: Sequence[float]) -> OneImage:
    """The least that a (C, H, W) array needs image by image: one copy into a padded frame, one slice, one flip."""
    scale = (1 / (255 * np.array(std))).astype(np.float32).reshape(-1, 1, 1)
    shift = (-np.array(mean) / np.array(std)).astype(np.float32).reshape(-1, 1, 1)
    frame = np.zeros((3, 32 + 2 * PADDING, 32 + 2 * PADDING), np.uint8)
    middle = frame[:, PADDING:-PADDING, PADDING:-PADDING]

    def transform(pixels: Any, top: int, left: int, flip: bool) -> Any:
        middle[:] = pixels
        image = frame[:, top : top + 32, left : left + 32]
        output = (image[:, :, ::-1] if flip else image).astype(np.float32)
        output *= scale
        output += shift
        return output

    return transform


def torch_batches(
    images: Any, top: NDArray[np.int64], left: NDArray[np.int64], flip: NDArray[np.bool_], mean: Any, std: Any
) -> Any:
    """A whole (N, C, H, W) tensor of bytes at once: padded, a window gathered from each image, some of them flipped."""
    torch = import_rival("torch")
    height, width = images.shape[2:]
    padded = torch.nn.functional.pad(images, (PADDING,) * 4)
    windows = padded.unfold(2, height, 1).unfold(3, width, 1)
    output = windows[torch.arange(len(images)), :, torch.from_numpy(top), torch.from_numpy(left)]
    output = torch.where(torch.from_numpy(flip)[:, None, None, None], output.flip(-1), output)
    return output.to(torch.float32).div_(255).sub_(mean).div_(std)
