"""The picture of training images: every pixel is there, and nothing that is not ours is overwritten."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from trainlab.errors import InputError
from trainlab.experiments import Samples
from trainlab.report import draw_samples
from trainlab.report.samples import LONGEST_SIDE, enlarged

FACTS = ["pets", "augment=crop+mixup", "transform=unit, undone here", "seed=0"]


def samples(rows: int = 3, columns: int = 4, shape: tuple[int, int, int] = (3, 8, 8), mixed: bool = False) -> Samples:
    """Every image of one colour, and no two alike."""
    colours = np.arange(1, rows * columns + 1, dtype=np.uint8).reshape(rows, columns, 1, 1, 1)
    pixels = np.broadcast_to(colours * np.array([20, 10, 5], np.uint8)[: shape[0], None, None], (rows, columns, *shape))
    mixture = ((0.3, "cat"), (0.7, "a dog with a very long name")) if mixed else ()
    names = tuple(f"class {row}" for row in range(rows))
    headings = ("original", *(f"epoch {epoch}" for epoch in range(1, columns)))
    return Samples(names, headings, pixels, (((), *[mixture] * (columns - 1)),) * rows)


def drawn(shown: Samples, folder: Path, title: str = "pets-cnn", facts: Any = FACTS) -> np.ndarray:
    path = folder / "samples.png"
    draw_samples(shown, path, title, facts)
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


@pytest.mark.parametrize("mixed", [False, True])
@pytest.mark.parametrize("shape", [(3, 8, 8), (3, 28, 28), (3, 16, 24), (3, 32, 32), (3, 200, 300)])
def test_every_image_is_in_the_picture_whole_and_in_its_colours(
    shape: tuple[int, int, int], mixed: bool, tmp_path: Path
) -> None:
    shown = samples(shape=shape, mixed=mixed)
    picture = drawn(shown, tmp_path)
    previous_top = 0
    for row in shown.pixels:
        corners = []
        for image in row:
            tile = enlarged(image)
            where = np.argwhere((picture == tile[0, 0]).all(axis=2))
            top, left = where.min(axis=0)
            bottom, right = where.max(axis=0) + 1
            assert (bottom - top, right - left) == tile.shape[:2]
            assert (picture[top:bottom, left:right] == tile).all()
            corners.append((top, left))
        assert len({top for top, _ in corners}) == 1  # side by side
        assert [left for _, left in corners] == sorted(left for _, left in corners)
        assert corners[0][0] > previous_top
        previous_top = corners[0][0]


def test_a_pixel_is_a_square_of_whole_dots() -> None:
    image = np.random.default_rng(0).integers(0, 256, (3, 28, 20), dtype=np.uint8)
    tile = enlarged(image)
    assert tile.shape == (112, 80, 3)
    np.testing.assert_array_equal(tile[::4, ::4], image.transpose(1, 2, 0))
    np.testing.assert_array_equal(tile[3::4, 3::4], image.transpose(1, 2, 0))
    np.testing.assert_array_equal(enlarged(image[:1]), np.repeat(tile[..., :1], 3, axis=2))  # grey


def test_a_large_image_is_made_to_fit() -> None:
    assert enlarged(np.zeros((1, 500, 1000), np.uint8)).shape == (LONGEST_SIDE // 2, LONGEST_SIDE, 3)


def test_mixtures_are_written_below_the_images(tmp_path: Path) -> None:
    plain, mixed = drawn(samples(), tmp_path), drawn(samples(mixed=True), tmp_path)
    assert len(mixed) > len(plain)
    dark = (mixed < 100).all(axis=2) & (mixed[..., 0] == mixed[..., 1])  # letters are grey, images are not
    assert dark.any()
    below = drawn(replace(samples(mixed=True), mixtures=(((), ((1.0, "cat"),), (), ()),) * 3), tmp_path)
    assert below.shape == mixed.shape
    assert (below != mixed).any()


def test_a_gallery_has_no_headings(tmp_path: Path) -> None:
    with_headings, without = drawn(samples(), tmp_path), drawn(replace(samples(), columns=()), tmp_path)
    assert len(without) < len(with_headings)


def test_equal_samples_give_equal_bytes(tmp_path: Path) -> None:
    for name in ("one.png", "other.png"):
        draw_samples(samples(mixed=True), tmp_path / name, "pets-cnn", FACTS)
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "other.png").read_bytes()


def test_names_may_be_long_or_of_any_script(tmp_path: Path) -> None:
    shown = replace(samples(), rows=("$x_{1}$ " * 20, "手寫", "<b>"))
    picture = drawn(shown, tmp_path, title="runs/" + "a" * 300, facts=["folder:/" + "long/" * 100, "seed=0"])
    assert picture.shape[1] < 1200


def test_an_earlier_picture_of_samples_is_replaced(tmp_path: Path) -> None:
    first, second = drawn(samples(rows=2), tmp_path), drawn(samples(rows=3), tmp_path)
    assert len(second) > len(first)
    assert [path.name for path in tmp_path.iterdir()] == ["samples.png"]


def test_anything_else_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "samples.png"
    Image.new("RGB", (4, 4)).save(path)
    for content in (path.read_bytes(), b"my notes", b""):
        path.write_bytes(content)
        with pytest.raises(InputError, match=r"samples.png exists already and is no picture of samples.*other.png"):
            draw_samples(samples(), path, "pets-cnn", FACTS)
        assert path.read_bytes() == content
    path.unlink()
    path.mkdir()
    with pytest.raises(InputError, match="exists already and is no picture of samples"):
        draw_samples(samples(), path, "pets-cnn", FACTS)


@pytest.mark.parametrize("name", ["samples.jpg", "samples", "samples.png.txt"])
def test_other_formats_are_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"samples are drawn as PNG. Give a name that ends in .png"):
        draw_samples(samples(), tmp_path / name, "pets-cnn", FACTS)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        draw_samples(samples(), tmp_path / "file" / "samples.png", "pets-cnn", FACTS)
