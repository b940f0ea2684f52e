"""Settings that count only beside certain values of another one, and change nothing elsewhere."""

from typing import TYPE_CHECKING, Any

from trainlab.data.folder_source import PREFIX, ImageFolder
from trainlab.data.image_folder import has_validation_folder
from trainlab.experiments.settings import value_text

if TYPE_CHECKING:
    from trainlab.experiments.config import Config

ADAMS = ("adam", "adamw", "muon")  # muon leaves some weights to adam
BELONGING: tuple[tuple[str, tuple[Any, ...], tuple[str, ...]], ...] = (
    ("augment", ("crop",), ("crop_padding", "crop_mode")),
    ("augment", ("affine",), ("affine_rotation", "affine_scale", "affine_shear", "affine_translation")),
    ("augment", ("elastic",), ("elastic_sigma", "elastic_alpha")),
    ("augment", ("cutout",), ("cutout_size",)),
    ("augment", ("erasing",), ("erasing_p",)),
    ("augment", ("mixup", "cutmix"), ("mix_alpha",)),
    ("model", ("mlp", "fastnet"), ("hidden",)),
    ("model", ("mlp",), ("activation", "dropout", "initialization")),
    ("model", ("fastnet",), ("fastnet_depth", "fastnet_pool", "fastnet_border", "fastnet_bias")),
    ("model", ("vit",), ("vit_patch", "vit_width", "vit_depth", "vit_heads")),
    ("initialization", ("normal",), ("initial_std",)),
    ("optimizer", ("muon",), ("adam_lr",)),
    ("optimizer", ADAMS, ("beta1", "beta2")),
    ("schedule", ("step",), ("step_every",)),
    ("schedule", ("multi_step",), ("milestones",)),
    ("schedule", ("step", "multi_step"), ("gamma",)),
    ("evaluate_test", (True,), ("tta",)),
    ("tta", (True,), ("tta_shift",)),
)
"""A setting, some of its values, and the settings that are read where it has one of those."""


def without_effect(config: "Config") -> dict[str, str]:
    """The settings that nothing reads in a configuration, each with what it belongs to.

    >>> from trainlab.experiments import Config
    >>> without_effect(Config(model="lenet"))["hidden"]
    'model=mlp or model=fastnet'
    """
    found: dict[str, str] = {}
    for partner, values, keys in BELONGING:  # a partner comes before those that belong to it
        value = getattr(config, partner)
        if partner in found:
            found |= dict.fromkeys(keys, found[partner])
        elif not set(values) & set(value if isinstance(value, tuple) else [value]):
            found |= dict.fromkeys(keys, " or ".join(f"{partner}={value_text(one)}" for one in values))
    if config.dataset.startswith(PREFIX) and has_validation_folder(ImageFolder.from_name(config.dataset).path):
        found["split"] = "data without a validation folder of their own"
    return found
