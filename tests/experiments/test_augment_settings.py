import pytest

from trainlab.data import Standardize
from trainlab.data.augmentation import CutMix, Cutout, Elastic, Mixup, RandomAffine, RandomCrop, RandomErasing
from trainlab.errors import InputError
from trainlab.experiments import Config
from trainlab.experiments.prepared_data import build_augment


def test_every_setting_of_augmentation_reaches_its_piece() -> None:
    words = [
        "augment=crop+erasing+cutout+mixup",
        "crop_padding=2",
        "crop_mode=reflect",
        "erasing_p=0.25",
        "cutout_size=8",
    ]
    transform = Standardize(mean=(125.3, 123.0, 113.9), std=(63.0, 62.1, 66.7))
    augment = build_augment(Config().override([*words, "mix_alpha=0.4"]), transform)
    assert augment is not None
    means = (125, 123, 114)
    pieces = (RandomErasing(p=0.25, value=means), Cutout(size=8, value=means))
    assert augment.pieces == (RandomCrop(padding=2, mode="reflect"), *pieces)
    assert augment.mix == Mixup(alpha=0.4)
    words = ["augment=affine+elastic", "affine_rotation=5", "affine_scale=0.1", "affine_shear=0.2"]
    words += ["affine_translation=1", "elastic_sigma=6", "elastic_alpha=30"]
    warps = build_augment(Config().override(words), transform)
    assert warps is not None
    assert warps.pieces == (RandomAffine(5, 0.1, 0.2, 1), Elastic(6, 30))
    other = build_augment(Config().override(["augment=cutmix", "mix_alpha=0.4"]), transform)
    assert other is not None
    assert other.mix == CutMix(alpha=0.4)


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("mix_alpha=0", "mix_alpha = 0"),
        ("erasing_p=1.5", "erasing_p = 1.5"),
        ("affine_scale=1", "affine_scale = 1"),
        ("elastic_sigma=0", "elastic_sigma = 0"),
    ],
)
def test_a_setting_of_augmentation_outside_its_range_is_refused(word: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Config().override([word])
