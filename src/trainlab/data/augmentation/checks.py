"""What every piece asks of its settings and of the batch that it is given."""

import math
from typing import Any

from trainlab.data.arrays import Array, dtype_of, namespace
from trainlab.data.augmentation.draws import Draws
from trainlab.errors import InputError


def check_number(piece: str, setting: str, value: Any, low: float, high: float = math.inf) -> None:
    """Raises InputError unless ``value`` is a number from ``low`` to ``high``."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high or math.isinf(value):
        raise InputError(f"{piece}: {setting}={value!r}; expected a number {_range(low, high)}.")


def check_integer(piece: str, setting: str, value: Any, low: int) -> None:
    """Raises InputError unless ``value`` is an integer of at least ``low``."""
    if isinstance(value, bool) or not isinstance(value, int) or value < low:
        raise InputError(f"{piece}: {setting}={value!r}; expected an integer of at least {low}.")


def check_interval(piece: str, setting: str, value: Any, low: float, high: float = math.inf) -> None:
    """Raises InputError unless ``value`` is two numbers from ``low`` to ``high``, the smaller one first."""
    if not isinstance(value, tuple) or len(value) != 2:
        raise InputError(f"{piece}: {setting}={value!r}; expected two numbers, the smallest and the largest.")
    for end in value:
        check_number(piece, setting, end, low, high)
    if value[0] > value[1]:
        raise InputError(f"{piece}: {setting}={value!r}; expected the smaller number first.")


def check_batch(piece: str, images: Array, draw: Draws) -> None:
    """Raises InputError unless ``images`` is (N, C, H, W) of bytes or float32, one for each index of ``draw``."""
    if namespace(images) is None:
        raise InputError(
            f"{piece}: images are a {type(images).__name__}; expected a NumPy array or a torch tensor (N, C, H, W)."
        )
    if images.ndim != 4 or dtype_of(images) not in ("uint8", "float32"):
        raise InputError(
            f"{piece}: images are {dtype_of(images)} of shape {tuple(images.shape)}; expected uint8 or float32 of "
            "shape (N, C, H, W). A single image needs an axis in front: image[None]."
        )
    if len(images) != len(draw):
        raise InputError(
            f"{piece}: {len(images)} images but {len(draw)} indices to draw for; expected one index an image. "
            "Draws must be made from the indices that chose this batch."
        )


def _range(low: float, high: float) -> str:
    return f"of at least {low:g}" if math.isinf(high) else f"from {low:g} to {high:g}"
