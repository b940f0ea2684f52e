"""What holds for every augmentation of images alike."""

import subprocess
import sys

import numpy as np
import pytest

from tests.data.augmentation.batches import DRAW, INDICES, SHAPES, batch, tensor
from tests.data.augmentation.plain import one_by_one
from trainlab.data.augmentation import (
    AlternatingFlip,
    Augment,
    Augmentation,
    ColorJitter,
    Cutout,
    Draws,
    Elastic,
    RandomAffine,
    RandomCrop,
    RandomErasing,
    RandomHorizontalFlip,
)
from trainlab.errors import InputError

PIECES = [
    RandomCrop(padding=2),
    RandomCrop(padding=0),
    RandomCrop(padding=9),
    RandomCrop(padding=3, mode="reflect"),
    RandomCrop(padding=0, mode="reflect"),
    RandomCrop(size=4, padding=0),
    RandomCrop(size=4, padding=1, mode="reflect"),
    RandomCrop(size=7, padding=2),
    RandomCrop(size=1, padding=0),
    RandomAffine(),
    RandomAffine(rotation=0, scale=0, shear=0, translation=0),
    RandomAffine(rotation=180, scale=0.9, shear=2, translation=9),
    RandomAffine(rotation=0, scale=0, shear=0, translation=100),
    Elastic(),
    Elastic(sigma=1, alpha=3),
    Elastic(sigma=0.1, alpha=500),
    Elastic(alpha=0),
    RandomHorizontalFlip(),
    RandomHorizontalFlip(p=0),
    RandomHorizontalFlip(p=1),
    AlternatingFlip(),
    RandomErasing(p=1),
    RandomErasing(p=0.5, value=7),
    RandomErasing(p=0),
    RandomErasing(p=1, scale=(0.5, 0.9), value="random"),
    RandomErasing(p=1, scale=(1, 1)),
    Cutout(size=4),
    Cutout(size=3, value=99),
    Cutout(size=99),
    ColorJitter(),
    ColorJitter(brightness=1.5, contrast=0.9, saturation=2),
    ColorJitter(brightness=0, contrast=0.5, saturation=0),
    ColorJitter(brightness=0, contrast=0, saturation=0),
]
CASES = [
    (piece, shape, dtype)
    for piece in PIECES
    for shape in SHAPES
    for dtype in ("uint8", "float32")
    if shape[1] != 2 or not isinstance(piece, ColorJitter)
]
every_case = pytest.mark.parametrize(("piece", "shape", "dtype"), CASES, ids=str)


@every_case
def test_a_batch_becomes_what_the_definition_makes_of_each_image(
    piece: Augmentation, shape: tuple[int, ...], dtype: str
) -> None:
    images = batch(shape, dtype)
    output, expected = piece(images, DRAW), one_by_one(piece, images, DRAW)
    assert output.dtype == images.dtype
    assert output.shape == expected.shape
    if isinstance(piece, ColorJitter | RandomAffine | Elastic):  # float32 here, float64 there
        np.testing.assert_allclose(output.astype(float), expected, rtol=1e-5, atol=1 if dtype == "uint8" else 1e-6)
        assert (output == expected).mean() > 0.99 or dtype == "float32"
    elif isinstance(piece, RandomErasing) and piece.value == "random":
        np.testing.assert_allclose(output, expected, rtol=1e-6)
    else:
        np.testing.assert_array_equal(output, expected)


@every_case
def test_a_tensor_becomes_what_an_array_becomes_to_the_last_bit(
    piece: Augmentation, shape: tuple[int, ...], dtype: str
) -> None:
    images = batch(shape, dtype)
    given = tensor(images)
    output = piece(given, DRAW)
    assert output.dtype == given.dtype
    np.testing.assert_array_equal(output.numpy(), piece(images, DRAW))
    np.testing.assert_array_equal(given.numpy(), images)  # left as it was
    output += 1
    np.testing.assert_array_equal(given.numpy(), images)  # and not shared


@every_case
def test_the_input_stays_as_it_is_and_shares_nothing_with_the_output(
    piece: Augmentation, shape: tuple[int, ...], dtype: str
) -> None:
    images = batch(shape, dtype)
    before = images.copy()
    images.flags.writeable = False
    output = piece(images, DRAW)
    np.testing.assert_array_equal(images, before)
    assert not np.shares_memory(output, images)
    assert output.flags.writeable
    assert output.flags.c_contiguous


@pytest.mark.parametrize("piece", PIECES, ids=str)
def test_the_size_of_the_batch_changes_nothing(piece: Augmentation) -> None:
    images = batch((7, 3, 8, 8), "uint8")
    whole = piece(images, DRAW)
    for size in (1, 2, 3):
        for start in range(0, 7, size):
            part = Draws(DRAW.seed, DRAW.epoch, INDICES[start : start + size])
            np.testing.assert_array_equal(piece(images[start : start + size], part), whole[start : start + size])
    order = np.array([3, 0, 6, 1, 5, 2, 4])
    np.testing.assert_array_equal(
        piece(images[order], Draws(DRAW.seed, DRAW.epoch, INDICES[order])), whole[order], "another order"
    )


@pytest.mark.parametrize("piece", PIECES, ids=str)
def test_some_of_many_images_are_changed_as_a_batch_of_these_would_be(piece: Augmentation) -> None:
    many, places = batch((9, 3, 8, 8), "uint8"), np.array([8, 0, 3, 3, 0, 7, 8])
    many.flags.writeable = False
    before = many.copy()
    chain = Augment((piece, RandomHorizontalFlip()))
    expected = chain(many[places], DRAW)
    given = tensor(many)
    for images, output in (
        (many, chain.some(many, places, DRAW)),
        (given.numpy(), chain.some(given, places, DRAW).numpy()),
    ):
        np.testing.assert_array_equal(output, expected)
        np.testing.assert_array_equal(images, before)


@pytest.mark.parametrize("piece", PIECES, ids=str)
def test_an_empty_batch_stays_empty(piece: Augmentation) -> None:
    nothing = Draws(0, 1, np.array([], np.int64))
    assert len(piece(np.zeros((0, 3, 8, 8), np.uint8), nothing)) == 0
    assert len(piece.change_some(batch((5, 3, 8, 8), "uint8"), nothing.indices, nothing)) == 0


@pytest.mark.parametrize("piece", PIECES, ids=str)
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_images_need_not_lie_in_one_piece(piece: Augmentation, dtype: str) -> None:
    wide = batch((7, 3, 16, 8), dtype)
    view = wide[:, :, ::2].transpose(0, 1, 3, 2)
    expected = piece(np.ascontiguousarray(view), DRAW)
    np.testing.assert_array_equal(piece(view, DRAW), expected)
    channels_last = tensor(view).contiguous(memory_format=__import__("torch").channels_last)
    np.testing.assert_array_equal(piece(channels_last, DRAW).numpy(), expected)


@pytest.mark.parametrize("piece", [RandomCrop(padding=2), RandomHorizontalFlip(), RandomErasing(p=1), Cutout(4)])
def test_not_a_number_stays_where_it_moves_to(piece: Augmentation) -> None:
    images = batch((7, 3, 8, 8), "float32")
    images[:, :, 3, 3] = np.nan
    np.testing.assert_array_equal(piece(images, DRAW), one_by_one(piece, images, DRAW))


@pytest.mark.parametrize("piece", [RandomCrop(), RandomHorizontalFlip(), RandomErasing(p=1), Cutout(2), ColorJitter()])
def test_seeds_epochs_and_repeats_change_what_is_drawn(piece: Augmentation) -> None:
    images, indices = batch((64, 3, 8, 8), "uint8"), np.arange(64)
    seen = [Draws(0, 1, indices), Draws(1, 1, indices), Draws(0, 2, indices), Draws(0, 1, indices, repeat=1)]
    outputs = [piece(images, draw) for draw in seen]
    for first in range(4):
        for second in range(first):
            assert (outputs[first] != outputs[second]).any(axis=(1, 2, 3)).mean() > 0.3


def test_two_pieces_of_one_name_draw_independently() -> None:
    images = batch((200, 1, 4, 4), "uint8")
    draw = Draws(0, 1, np.arange(200))
    twice = Augment((RandomHorizontalFlip(), RandomHorizontalFlip()))(images, draw)
    unchanged = (twice == images).all(axis=(1, 2, 3)).mean()
    assert 0.35 < unchanged < 0.65


def test_another_piece_leaves_what_the_others_draw() -> None:
    images = batch((7, 3, 8, 8), "uint8")
    alone = Augment((RandomCrop(padding=2),))(images, DRAW)
    both = Augment((RandomHorizontalFlip(p=0), RandomCrop(padding=2)))(images, DRAW)
    np.testing.assert_array_equal(both, alone)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        ([[1]], "are a list; expected a NumPy array or a torch tensor"),
        (
            np.zeros((7, 8, 8), np.uint8),
            r"are uint8 of shape \(7, 8, 8\); expected uint8 or float32 of .*image\[None\]",
        ),
        (np.zeros((7, 3, 8, 8)), "are float64 of shape .* expected uint8 or float32"),
        (np.zeros((6, 3, 8, 8), np.uint8), "6 images but 7 indices to draw for; expected one index an image"),
    ],
)
@pytest.mark.parametrize(
    "piece",
    [RandomCrop(), RandomHorizontalFlip(), AlternatingFlip(), RandomErasing(), Cutout(), ColorJitter()],
    ids=lambda piece: piece.name,
)
def test_a_batch_that_is_none_is_refused(piece: Augmentation, images: object, message: str) -> None:
    with pytest.raises(InputError, match=f"^{piece.name}: .*{message}"):
        piece(images, DRAW)


def test_arrays_are_augmented_without_torch() -> None:
    program = """
import sys
import numpy as np
from trainlab.data.augmentation import NAMES, Augment, Draws, build
augment = build([name for name in NAMES if name != "cutmix"])
augment(np.zeros((2, 3, 32, 32), np.uint8), Draws(0, 1, np.arange(2)))
print(*{"torch", "PIL", "scipy"} & set(sys.modules))
"""
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert loaded.split() == []
