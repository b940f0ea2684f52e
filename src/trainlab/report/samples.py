"""The picture of an augmentation: what the network is shown of some training images, epoch after epoch."""

import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
from numpy.typing import NDArray

from trainlab.atomic import write_atomically
from trainlab.errors import InputError
from trainlab.experiments.samples import Mixture, Samples
from trainlab.report.style import DOTS_PER_INCH, FONT_SIZE, INK, MUTED, house_style, write_title

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Lengths in dots, so that every pixel of an image is a square of whole dots.
LONGEST_SIDE = 128
GAP, MARGIN = 8, 18
TITLE, LINE, HEADING = 70, 26, 26
LEAST_WIDTH = 560
POINT = DOTS_PER_INCH / 72
CAPTION_SIZE = 6.5  # points
CAPTION_LINE = round(1.25 * CAPTION_SIZE * POINT)
LETTER = 0.57  # of the size of the letters: how wide one is, on average
LONGEST_NAME = 20  # letters
MADE_BY = "trainlab show --samples"


def draw_samples(samples: Samples, path: Path, title: str, facts: Sequence[str]) -> None:
    """Draws the samples as a PNG. Equal input gives equal bytes with the same version of matplotlib.

    An earlier picture of samples at ``path`` is replaced.

    Arguments:
        facts: how the images came about, in a few words each; they stand under the title.

    Raises:
        InputError: ``path`` is no PNG, holds something else than a picture of samples, or cannot be written.
    """
    refuse_to_overwrite(path)
    mixed = [name for row in samples.mixtures for mixture in row for _, name in mixture]
    with house_style(title, *facts, *samples.rows, *mixed):
        figure = _figure(samples, title, facts)

        def save(file: BinaryIO) -> None:
            figure.savefig(file, format="png", dpi=DOTS_PER_INCH, metadata={"Software": MADE_BY, "Title": title})

        write_atomically(path, save)


def refuse_to_overwrite(path: Path) -> None:
    """Raises InputError unless ``path`` is a new PNG or an earlier picture of samples."""
    from PIL import Image

    if path.suffix.lower() != ".png":
        raise InputError(f"{path}: samples are drawn as PNG. Give a name that ends in .png.")
    if not path.exists():
        return
    try:
        with Image.open(path) as picture:
            is_ours = picture.info.get("Software") == MADE_BY
    except OSError:  # not a picture
        is_ours = False
    if not is_ours:
        raise InputError(
            f"{path} exists already and is no picture of samples, so it is not overwritten. Move it away, or give "
            "another name: --samples other.png."
        )


def _figure(samples: Samples, title: str, facts: Sequence[str]) -> "Figure":
    from matplotlib.figure import Figure

    tiles = [[enlarged(image) for image in row] for row in samples.pixels]
    tile_height, tile_width = tiles[0][0].shape[:2]
    heading = HEADING if samples.columns else 0
    is_mixed = any(mixture for row in samples.mixtures for mixture in row)
    captions = 2 * CAPTION_LINE + GAP // 2 if is_mixed else 0
    row_names = [shortened(name, LONGEST_NAME) for name in samples.rows]
    left = MARGIN + GAP + round(max(map(_letters, row_names)) * LETTER * FONT_SIZE * POINT)
    apart = GAP if samples.columns else 0  # the stored image from what is made of it
    xs = [left + column * (tile_width + GAP) + (apart if column else 0) for column in range(len(tiles[0]))]
    width = max(xs[-1] + tile_width + MARGIN, LEAST_WIDTH)
    room = (width - 2 * MARGIN) / (LETTER * POINT)  # letters of one point
    subtitle = _in_lines(facts, room / (FONT_SIZE + 0.5))
    top = TITLE + LINE * len(subtitle)
    ys = [top + heading + row * (tile_height + captions + GAP) for row in range(len(tiles))]
    height = ys[-1] + tile_height + captions + MARGIN
    figure = Figure(figsize=(width / DOTS_PER_INCH, height / DOTS_PER_INCH), dpi=DOTS_PER_INCH, facecolor="white")
    write_title(figure, shortened(title, int(room / 13)), "\n".join(subtitle))

    def write(x: float, y: float, text: str, size: float, color: str, ha: str = "center") -> None:
        figure.text(x / width, 1 - y / height, text, size=size, color=color, ha=ha, va="center", parse_math=False)

    for x, name in zip(xs, samples.columns, strict=False):  # a gallery has no headings
        write(x + tile_width / 2, top + heading / 2 - 3, name, FONT_SIZE - 0.5, MUTED)
    for row, y in enumerate(ys):
        write(left - GAP, y + tile_height / 2, row_names[row], FONT_SIZE, INK, ha="right")
        for column, x in enumerate(xs):
            figure.figimage(tiles[row][column], x, height - y - tile_height, origin="upper")
            for line, (text, color) in enumerate(caption(samples.mixtures[row][column], tile_width + GAP // 2)):
                write(x + tile_width / 2, y + tile_height + (line + 0.6) * CAPTION_LINE, text, CAPTION_SIZE, color)
    return figure


def caption(mixture: Mixture, width: int) -> list[tuple[str, str]]:
    """A line with its colour for each part of a mixture: dark is the largest share, which counts as the right answer.

    >>> caption(((0.3, "cat"), (0.7, "dog")), width=132)
    [('0.30 cat', '#666666'), ('+ 0.70 dog', '#222222')]
    """
    longest = int(width / (LETTER * CAPTION_SIZE * POINT))
    largest = max((share for share, _ in mixture), default=0)
    lines: list[tuple[str, str]] = []
    for share, name in mixture:
        part = f"{share:.2f} {'× ' if name[:1].isdigit() else ''}{name}"
        text = shortened(f"+ {part}" if lines else part, longest)
        lines.append((text, INK if share == largest else MUTED))
    return lines


def _in_lines(facts: Sequence[str], longest: float) -> list[str]:
    """As many facts a line as fit into so many letters.

    >>> _in_lines(["augment=crop", "seed=0", "transform=unit"], longest=24)
    ['augment=crop · seed=0', 'transform=unit']
    """
    lines: list[str] = []
    for fact in facts:
        joined = f"{lines[-1]} · {fact}" if lines else ""
        if joined and _letters(joined) <= longest:
            lines[-1] = joined
        else:
            lines.append(shortened(fact, int(longest)))
    return lines


def enlarged(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(C, H, W) as (h, w, 3) in colour: each pixel repeated a whole number of times, or a large image scaled down."""
    from PIL import Image

    upright = np.broadcast_to(image.transpose(1, 2, 0), (*image.shape[1:], 3))
    height, width = upright.shape[:2]
    factor = LONGEST_SIDE // max(height, width)
    if factor:
        return upright.repeat(factor, axis=0).repeat(factor, axis=1)
    share = LONGEST_SIDE / max(height, width)
    size = (max(1, round(share * width)), max(1, round(share * height)))
    return np.asarray(Image.fromarray(np.ascontiguousarray(upright)).resize(size, Image.Resampling.LANCZOS))


def shortened(name: str, longest: int) -> str:
    """
    >>> shortened("automobile", 8), shortened("cat", 8)
    ('automob…', 'cat')
    """
    if _letters(name) <= longest:
        return name
    while name and _letters(name) >= longest:
        name = name[:-1]
    return name + "…"


def _letters(text: str) -> int:
    """How many Latin letters take as much room; a Chinese character fills a square."""
    return len(text) + sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)
