import json
from typing import Any

import numpy as np
import pytest

from tests.data.augmentation.batches import DRAW, batch
from trainlab.data.augmentation import (
    NAMES,
    AlternatingFlip,
    Augment,
    CutMix,
    Mixup,
    RandomCrop,
    RandomErasing,
    RandomHorizontalFlip,
    build,
    from_dict,
)
from trainlab.errors import InputError

CHAINS: list[Any] = [
    [],
    "flip",
    ["crop", "flip", "erasing"],
    ["crop", {"erasing": {"value": [1, 2, 3], "scale": [0.1, 0.2]}}, "erasing"],
    {"crop": {"padding": 2, "mode": "reflect"}, "alternating_flip": {}, "cutout": {"size": 3}, "jitter": {}},
    ["flip", "mixup"],
    [{"cutmix": {"alpha": 0.5}}],
]


def test_pieces_are_applied_in_order() -> None:
    images = batch((7, 3, 8, 8), "uint8")
    pieces = (RandomCrop(padding=2), RandomHorizontalFlip(), RandomErasing(p=1))
    expected = images
    for piece in pieces:
        expected = piece(expected, DRAW)
    np.testing.assert_array_equal(Augment(pieces)(images, DRAW), expected)


def test_a_chain_is_built_from_names_and_settings() -> None:
    assert build("flip") == Augment((RandomHorizontalFlip(),))
    assert build(["crop", "flip"]) == Augment((RandomCrop(), RandomHorizontalFlip()))
    assert build({"crop": {"padding": 2}, "alternating_flip": {}}) == Augment(
        (RandomCrop(padding=2), AlternatingFlip())
    )
    assert build(["crop", {"erasing": {"scale": [0.1, 0.2]}}]).pieces[1] == RandomErasing(scale=(0.1, 0.2))
    assert build(["flip", "mixup"]) == Augment((RandomHorizontalFlip(),), Mixup())
    assert build({"cutmix": {"alpha": 0.5}}) == Augment((), CutMix(0.5))
    assert build([]) == Augment()


@pytest.mark.parametrize("name", NAMES)
def test_every_name_builds_its_piece_with_the_defaults(name: str) -> None:
    augment = build(name)
    assert [*augment.pieces, augment.mix][0] == NAMES[name]()


@pytest.mark.parametrize("spec", CHAINS, ids=str)
def test_a_chain_survives_json(spec: Any) -> None:
    augment = build(spec)
    assert from_dict(json.loads(json.dumps(augment.to_dict()))) == augment


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (
            "flipp",
            r"unknown augmentation 'flipp'; did you mean 'flip'\? Known: crop, affine, elastic, flip, alternating_flip",
        ),
        (["crop", "erase"], "unknown augmentation 'erase'; did you mean 'erasing'"),
        ({"corp": {}}, "unknown augmentation 'corp'; did you mean 'crop'"),
        (
            {"crop": {"paddin": 4}},
            r"unknown setting of crop 'paddin'; did you mean 'padding'\? Known: size, padding, mode",
        ),
        ({"crop": {"mode": "reflex"}}, "unknown mode of crop 'reflex'; did you mean 'reflect'"),
        ({"crop": {"padding": "4"}}, "crop: padding='4'; expected an integer of at least 0"),
        ({"crop": 4}, "crop: settings are 4; expected a table such as"),
        ([4], "augmentation 4: expected a name, or a name with its settings such as"),
        (["mixup", "flip"], "augmentation mixup, flip: expected at most one of mixup and cutmix, at the end"),
        (["mixup", "cutmix"], "augmentation mixup, cutmix: expected at most one of"),
    ],
)
def test_a_wrong_name_or_value_is_refused(spec: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        build(spec)


@pytest.mark.parametrize("description", [{}, {"pieces": 3}, {"pieces": ["flip"]}])
def test_a_description_without_pieces_is_refused(description: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="expected a list of 'pieces'"):
        from_dict(description)


def test_a_description_of_an_unknown_piece_is_refused() -> None:
    with pytest.raises(InputError, match="unknown augmentation 'blur'"):
        from_dict({"pieces": [{"name": "blur"}]})
