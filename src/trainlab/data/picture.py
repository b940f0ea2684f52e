"""Opening somebody's PNG or JPEG: refuse what is not one, then bring every kind of it to plain grey or RGB."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from trainlab.data.content import cannot_read
from trainlab.errors import InputError

if TYPE_CHECKING:
    from PIL.Image import Image

LARGEST_PIXELS = 50_000_000
"""Pictures beyond this are refused unread; a phone's camera makes 12 to 50 million."""

_PNG_MAGIC, _JPEG_MAGIC = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"


def is_picture(path: Path) -> bool:
    """True when the first bytes are those of a PNG or JPEG, whatever comes behind them."""
    try:
        with path.open("rb") as file:
            start = file.read(8)
    except OSError as error:
        raise cannot_read(path, error) from error
    return start == _PNG_MAGIC or start.startswith(_JPEG_MAGIC)


def open_picture(path: Path, needed_side: int = LARGEST_PIXELS) -> "Image":
    """Decode a PNG or JPEG into 8-bit "L" (grey) or "RGB", turned upright, transparency over white.

    The first bytes decide what a file is, not its name; its size is checked before a pixel is decoded.

    Arguments:
        needed_side: a JPEG may be decoded smaller, each 2×2, 4×4 or 8×8 pixels as one, as long as height and width keep
            so many pixels. Making 32×32 pixels of 12 million then takes 15 ms instead of 210.

    Raises:
        InputError: the file is missing, empty, neither PNG nor JPEG, damaged, cut off, or larger than
            `LARGEST_PIXELS`.
    """
    from PIL import ImageOps
    from PIL.JpegImagePlugin import JpegImageFile
    from PIL.PngImagePlugin import PngImageFile

    try:
        file = path.open("rb")
    except OSError as error:
        raise cannot_read(path, error) from error
    with file:
        start = file.read(8)
        if not start:
            raise InputError(f"{path}: is empty; expected a PNG or JPEG picture. Save the picture again.")
        if start != _PNG_MAGIC and not start.startswith(_JPEG_MAGIC):
            raise InputError(f"{path}: is neither PNG nor JPEG, whatever it is called. Convert it to PNG.")
        file.seek(0)
        try:
            # The decoders are called directly: PIL's own open() would warn of huge pictures instead of refusing them.
            if start == _PNG_MAGIC:
                PngImageFile(file).verify()  # the checksums, which decoding does not look at
                file.seek(0)
            picture: Image = PngImageFile(file) if start == _PNG_MAGIC else JpegImageFile(file)
            is_huge = picture.width * picture.height > LARGEST_PIXELS
            if not is_huge:
                picture.draft(None, (needed_side, needed_side))  # a PNG ignores it
                picture.load()
                picture = ImageOps.exif_transpose(picture)
        except Exception as error:  # damaged pictures make the decoders raise nearly anything
            raise InputError(f"{path}: the picture is damaged or cut off ({error}). Save it again.") from error
    if is_huge:
        raise InputError(
            f"{path}: is huge, {picture.width} × {picture.height} pixels; expected at most {LARGEST_PIXELS:,}. "
            "Crop it or make it smaller first."
        )
    return _to_grey_or_rgb(picture)


def _to_grey_or_rgb(picture: "Image") -> "Image":
    """Any mode of PIL's to "L" or "RGB"; what is transparent shows white."""
    from PIL import Image

    if picture.mode.startswith("I"):  # 16 bits a pixel; convert() would cut at 255 instead of scaling
        return Image.fromarray((np.asarray(picture).astype(np.float32) / 257).round().astype(np.uint8))
    if picture.has_transparency_data:
        white = Image.new("RGBA", picture.size, "white")
        return Image.alpha_composite(white, picture.convert("RGBA")).convert("RGB")
    return picture.convert("L" if picture.mode in ("1", "L") else "RGB")
