import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from trainlab.data import picture
from trainlab.data.catalog import load
from trainlab.data.images import frame_digit, resize_light_on_dark, resize_plain
from trainlab.errors import InputError


def draw(mode: str = "L", size: tuple[int, int] = (200, 240), paper: object = 255, ink: object = 0) -> Image.Image:
    """A seven in the upper left of the paper, with a thick pen."""
    image = Image.new(mode, size, paper)  # type: ignore[arg-type]
    ImageDraw.Draw(image).line([(30, 40), (100, 40), (70, 140)], fill=ink, width=14, joint="curve")  # type: ignore[arg-type]
    return image


def save(image: Image.Image, path: Path, **options: Any) -> Path:
    image.save(path, **options)
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "digit.png"


@pytest.fixture
def seven(tmp_path: Path) -> np.ndarray:
    """What the network sees of the plain drawing."""
    return frame_digit(save(draw(), tmp_path / "seven.png"))


def difference(one: np.ndarray, other: np.ndarray) -> float:
    """Mean over the pixels, of 255."""
    return float(np.abs(one.astype(float) - other.astype(float)).mean())


def test_a_drawn_digit_is_framed_as_mnists_are(seven: np.ndarray) -> None:
    assert seven.shape == (28, 28)
    assert seven.dtype == np.uint8
    rows, columns = np.flatnonzero(seven.any(axis=1)), np.flatnonzero(seven.any(axis=0))
    assert rows[-1] - rows[0] + 1 == 20  # the longer side fills the box
    assert 10 <= columns[-1] - columns[0] + 1 <= 18  # proportions are kept
    assert seven.max() == 255
    mass = seven.astype(float)
    centre = [(mass.sum(axis=axis) @ np.arange(28)) / mass.sum() for axis in (1, 0)]
    np.testing.assert_allclose(centre, 14, atol=0.5)


# For comparison: a shift by one pixel makes a difference of 17, another digit one of 41.
@pytest.mark.parametrize(("method", "largest_mean"), [(Image.Resampling.NEAREST, 3), (Image.Resampling.BICUBIC, 9)])
def test_real_digits_come_back_from_a_large_black_on_white_picture(
    path: Path, method: Image.Resampling, largest_mean: float
) -> None:
    errors = []
    for digit in load("mnist", "test").images[:50, 0]:
        save(Image.fromarray(255 - digit).resize((200, 200), method), path)
        errors.append(difference(frame_digit(path), digit))
    assert np.mean(errors) < largest_mean


def test_white_on_black_needs_no_inversion(path: Path, seven: np.ndarray) -> None:
    np.testing.assert_array_equal(frame_digit(save(draw(paper=0, ink=255), path)), seven)


@pytest.mark.parametrize(
    ("mode", "paper", "ink"),
    [
        ("1", 1, 0),
        ("P", 255, 0),
        ("RGB", "white", "black"),
        ("LA", (255, 255), (0, 255)),
        ("RGBA", (0, 0, 0, 0), (0, 0, 0, 255)),
        ("I;16", 65535, 0),
    ],
)
def test_every_kind_of_png_shows_the_same_digit(
    path: Path, seven: np.ndarray, mode: str, paper: object, ink: object
) -> None:
    if mode == "P":
        image = draw().convert("P")
    elif mode == "I;16":
        image = Image.fromarray(np.asarray(draw()).astype(np.uint16) * 257)
    else:
        image = draw(mode, paper=paper, ink=ink)
    assert image.mode == mode
    np.testing.assert_array_equal(frame_digit(save(image, path)), seven)


def test_sixteen_bits_are_scaled_and_not_cut_off(path: Path, seven: np.ndarray) -> None:
    grey = np.asarray(draw(ink=128)).astype(np.uint16) * 200  # 25,600 on 51,000
    assert difference(frame_digit(save(Image.fromarray(grey), path)), seven) < 1


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_a_jpeg_in_colour_or_grey_shows_the_digit(tmp_path: Path, seven: np.ndarray, mode: str) -> None:
    path = save(draw().convert(mode), tmp_path / "digit.jpg", quality=90)
    assert difference(frame_digit(path), seven) < 3


def test_a_palette_with_a_transparent_colour_lies_over_white(path: Path, seven: np.ndarray) -> None:
    image = draw(paper=0, ink=1).convert("P")
    image.putpalette([0, 0, 0, 0, 0, 0])
    np.testing.assert_array_equal(frame_digit(save(image, path, transparency=0)), seven)


def test_a_camera_held_sideways_is_undone(tmp_path: Path, seven: np.ndarray) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise
    path = save(draw().rotate(90, expand=True), tmp_path / "turned.jpg", exif=exif, quality=95)
    assert difference(frame_digit(path), seven) < 3


def test_the_name_of_the_file_does_not_matter(tmp_path: Path, seven: np.ndarray) -> None:
    path = tmp_path / "digit.txt"
    draw().save(path, format="PNG")
    np.testing.assert_array_equal(frame_digit(path), seven)


def test_grey_paper_becomes_black(path: Path, seven: np.ndarray) -> None:
    np.testing.assert_array_equal(frame_digit(save(draw(paper=200, ink=80), path)), seven)


def test_size_and_place_on_the_paper_do_not_matter(path: Path, seven: np.ndarray) -> None:
    large = draw().resize((2000, 2400))
    moved = Image.new("L", (2600, 2500), 255)
    moved.paste(large, (600, 100))
    assert difference(frame_digit(save(moved, path)), seven) < 4


def test_a_thin_pen_is_not_washed_out(path: Path) -> None:
    image = Image.new("L", (600, 600), 255)
    ImageDraw.Draw(image).line([(200, 100), (400, 500)], fill=0, width=2)
    assert frame_digit(save(image, path)).max() == 255


def test_a_tiny_drawing_is_enlarged(path: Path) -> None:
    image = Image.new("L", (9, 9), 255)
    ImageDraw.Draw(image).line([(4, 2), (4, 6)], fill=0)
    rows = np.flatnonzero(frame_digit(save(image, path)).any(axis=1))
    assert len(rows) == 20


def test_inversion_can_be_chosen(path: Path, seven: np.ndarray) -> None:
    save(draw(), path)
    np.testing.assert_array_equal(frame_digit(path, invert=True), seven)
    with pytest.raises(InputError, match=r"no stroke stands out light from a background of 255.*leave invert at auto"):
        frame_digit(path, invert=False)


def test_a_picture_framed_already_passes_as_it_is(path: Path) -> None:
    digit = load("mnist", "test").images[0, 0]
    np.testing.assert_array_equal(resize_light_on_dark(save(Image.fromarray(digit), path)), digit)
    np.testing.assert_array_equal(resize_light_on_dark(save(Image.fromarray(255 - digit), path)), digit)


def test_without_centring_the_paper_is_padded_to_a_square(path: Path) -> None:
    image = resize_light_on_dark(save(draw(size=(120, 240)), path))
    columns = np.flatnonzero(image.any(axis=0))
    assert columns[0] > 7  # 60 pixels of 240 were added on the left
    assert not image[:, :7].any()


@pytest.mark.parametrize("invert", ["auto", True, False])
@pytest.mark.parametrize("paper", [0, 128, 255])
def test_blank_paper_is_refused(path: Path, paper: int, invert: bool) -> None:
    save(Image.new("L", (50, 60), paper), path)
    with pytest.raises(InputError, match=r"digit\.png: nothing is drawn on it"):
        frame_digit(path, invert)


def test_white_strokes_on_transparent_paper_get_an_explanation(path: Path) -> None:
    save(draw("RGBA", paper=(0, 0, 0, 0), ink=(255, 255, 255, 255)), path)
    with pytest.raises(InputError, match="transparent counts as white"):
        frame_digit(path)


def test_a_missing_picture_is_named(path: Path) -> None:
    with pytest.raises(InputError, match=r"digit\.png: there is no such file"):
        frame_digit(path)


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a folder; expected a file"):
        frame_digit(tmp_path)


def test_an_empty_file_is_refused(path: Path) -> None:
    path.touch()
    with pytest.raises(InputError, match=r"digit\.png: is empty; expected a PNG or JPEG picture"):
        frame_digit(path)


@pytest.mark.parametrize("content", [b"7", b"just some text in a file", b"GIF89a......"])
def test_what_is_no_picture_is_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"digit\.png: is neither PNG nor JPEG"):
        frame_digit(path)


@pytest.mark.parametrize("name", ["digit.png", "digit.jpg"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_picture_that_is_cut_off_is_refused(tmp_path: Path, name: str, share: float) -> None:
    path = save(draw(), tmp_path / name)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(InputError, match="the picture is damaged or cut off"):
        frame_digit(path)


def test_a_picture_with_damaged_bytes_is_refused(path: Path) -> None:
    content = bytearray(save(draw(), path).read_bytes())
    middle = len(content) // 2
    content[middle : middle + 20] = bytes(20)
    path.write_bytes(content)
    with pytest.raises(InputError, match="the picture is damaged or cut off"):
        frame_digit(path)


def test_a_huge_picture_is_refused_before_it_is_decoded(path: Path) -> None:
    content = bytearray(save(draw(), path).read_bytes())
    content[16:24] = (60_000).to_bytes(4, "big") * 2  # PNG's width and height
    content[29:33] = zlib.crc32(content[12:29]).to_bytes(4, "big")
    path.write_bytes(content)
    with pytest.raises(InputError, match="is huge, 60000 × 60000 pixels; expected at most 50,000,000"):
        frame_digit(path)


def test_the_largest_picture_allowed_is_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(draw(), path)
    monkeypatch.setattr(picture, "LARGEST_PIXELS", 200 * 240)
    frame_digit(path)
    monkeypatch.setattr(picture, "LARGEST_PIXELS", 200 * 240 - 1)
    with pytest.raises(InputError, match="is huge"):
        frame_digit(path)


@pytest.mark.parametrize("channels", [1, 3])
def test_plain_resizing_gives_the_shape_of_the_data_set(path: Path, channels: int) -> None:
    save(Image.new("RGB", (50, 70), (250, 100, 10)), path)
    image = resize_plain(path, channels, 32, 24)
    assert image.shape == (channels, 32, 24)
    assert image.dtype == np.uint8
    assert image.flags.c_contiguous
    expected = [250, 100, 10] if channels == 3 else [round(0.299 * 250 + 0.587 * 100 + 0.114 * 10)]
    assert image[:, 10, 10].tolist() == expected


def test_plain_resizing_leaves_a_picture_of_the_right_size_alone(path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (28, 28, 3), dtype=np.uint8)
    save(Image.fromarray(pixels), path)
    np.testing.assert_array_equal(resize_plain(path, 3, 28, 28), pixels.transpose(2, 0, 1))


@pytest.mark.parametrize(
    ("size", "decoded"), [((640, 480), (160, 120)), ((640, 48), (640, 48)), ((1024, 520), (128, 65))]
)
def test_a_large_jpeg_is_decoded_smaller_and_looks_the_same(
    tmp_path: Path, size: tuple[int, int], decoded: tuple[int, int]
) -> None:
    path = tmp_path / "photo.jpg"
    spots = np.random.default_rng(0).integers(0, 256, (9, 12, 3), dtype=np.uint8)
    photo = Image.fromarray(spots).resize(size, Image.Resampling.BICUBIC)
    photo.save(path, quality=95)
    assert picture.open_picture(path).size == size
    assert picture.open_picture(path, 64).size == decoded
    whole = np.asarray(Image.open(path).resize((32, 32), Image.Resampling.BICUBIC)).transpose(2, 0, 1)
    assert np.abs(resize_plain(path, 3, 32, 32).astype(int) - whole).max() <= 2


def test_plain_resizing_knows_one_or_three_channels(path: Path) -> None:
    with pytest.raises(InputError, match=r"channels=4: expected 1 \(grey\) or 3"):
        resize_plain(path, 4, 28, 28)
