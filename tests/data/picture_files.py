"""Making folders of small pictures by class."""

from pathlib import Path

import numpy as np
from PIL import Image


def write_pictures(folder: Path, count: int, colour: tuple[int, int, int] | int = 100, ending: str = "png") -> None:
    """``count`` pictures of one colour (an integer: grey) in ``folder``, each a little lighter than the last."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        shade = np.array(colour, np.uint8) + np.uint8(number)
        shape = (20, 30, 3) if shade.ndim else (20, 30)
        Image.fromarray(np.broadcast_to(shade, shape).copy()).save(folder / f"{number:03}.{ending}")


def write_pets(root: Path, cats: int = 10, dogs: int = 5, colour: tuple[int, int, int] | int = (200, 30, 60)) -> Path:
    """A single folder of two classes."""
    write_pictures(root / "cat", cats, colour)
    write_pictures(root / "dog", dogs, 40)
    return root


def write_layout(root: Path, *parts: str) -> Path:
    """Folders such as train, validation and test, in each two cats and three dogs."""
    for shade, part in enumerate(parts):
        write_pictures(root / part / "cat", 2, 10 + 40 * shade)
        write_pictures(root / part / "dog", 3, 20 + 40 * shade)
    return root
