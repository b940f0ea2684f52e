"""The configuration of a run: every choice that decides its result, with its range and meaning.

A configuration comes from a TOML file (a preset, or the user's own), overridden by ``key=value`` words.
"""

from collections.abc import Container, Iterable, Mapping
from copy import copy
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from trainlab.data import augmentation
from trainlab.errors import InputError
from trainlab.experiments.settings import convert, parse_text, rules_of, setting
from trainlab.experiments.toml_file import toml_value
from trainlab.models.networks import NUMPY_MODELS
from trainlab.models.vit import ViTSize

OTHER_NAMES = {
    "learning_rate": "lr",
    "validation_split": "split",
    "bs": "batch_size",
    "wd": "weight_decay",
    "lr_schedule": "schedule",
    "num_epochs": "epochs",
    "early_stopping": "patience",
}
"""What other tools call a setting: an error names ours."""

HOW_IT_IS_RUN = frozenset(
    {"seed", "data_dir", "device", "threads", "compile", "evaluate_test", "tta", "tta_shift", "checkpoint_steps"}
    | {"checkpoint_seconds"}
)
"""Settings that say nothing about what is learned."""


@dataclass(frozen=True)
class Config:
    """All settings of a run. The defaults train an MLP on MNIST."""

    # What is learned
    dataset: str = setting("mnist", "data set, see `trainlab data list`")
    data_dir: str = setting("", "folder with the data; empty looks in TRAINLAB_DATA, the cache and the package")
    subset: int = setting(0, "use only so many training images, the same for every seed; 0 uses all", low=0)
    split: float = setting(0.1, "validation part: a share below 1, or a number of images", low=0, open_low=True)
    stratified: bool = setting(True, "every class has the same share in the validation part")
    transform: str = setting(
        "unit",
        "what is done to pixels 0…255: unit x/255; lab1 x/255·0.99+0.01; standardize (x/255−mean)/std; raw nothing",
        choices=("unit", "lab1", "standardize", "raw"),
    )

    augment: tuple[str, ...] = setting(
        (),
        "what is done at random to training images, joined by +; mixup or cutmix last",
        choices=(
            "crop",
            "affine",
            "elastic",
            "flip",
            "alternating_flip",
            "erasing",
            "cutout",
            "jitter",
            "mixup",
            "cutmix",
        ),
    )

    crop_padding: int = setting(4, "pixels that crop adds on each side", low=0, high=1000)
    crop_mode: str = setting("zero", "what crop adds: zeros, or the image mirrored", choices=("zero", "reflect"))
    affine_rotation: float = setting(15.0, "largest angle by which affine turns, in degrees", low=0, high=180)
    affine_scale: float = setting(0.15, "largest share by which affine stretches or shrinks each axis", low=0, high=0.9)
    affine_shear: float = setting(0.15, "pixels sideways a pixel downwards at most, of affine", low=0, high=10)
    affine_translation: float = setting(2.0, "pixels by which affine moves at most", low=0, high=1000)
    elastic_sigma: float = setting(4.0, "pixels over which elastic moves alike", low=0.1, high=1000)
    elastic_alpha: float = setting(
        34.0, "how far elastic moves: about 0.16 · alpha / sigma pixels", low=0, high=1_000_000
    )
    cutout_size: int = setting(16, "side of cutout's square in pixels", low=1, high=10_000)
    erasing_p: float = setting(0.5, "share of images that erasing changes", low=0, high=1)
    mix_alpha: float = setting(
        1.0,
        "of mixup and cutmix: small leaves one image nearly as it is, large mixes half and half",
        low=0.01,
        high=100,
    )

    # The network
    model: str = setting(
        "mlp",
        "network; fastnet needs engine=torch",
        choices=("mlp", "lenet", "convnet", "fastnet", "resnet18", "resnet34", "vit"),
    )
    hidden: tuple[int, ...] = setting(
        (128,), "width of each hidden layer of mlp, of each stage of fastnet", low=1, high=100_000
    )
    fastnet_depth: int = setting(2, "convolutions in each stage of fastnet; 3 are a residual block", low=2, high=3)
    fastnet_pool: int = setting(
        2, "side of the windows that each stage of fastnet pools, every 2 pixels; 3 overlap", low=2, high=3
    )
    fastnet_border: bool = setting(
        False, "one more row and column for fastnet, whose stages then have 32, 16 and 8 pixels instead of 31, 15 and 7"
    )
    fastnet_bias: bool = setting(True, "whether fastnet learns what to add to its whitened patches; false saves time")
    vit_patch: int = setting(4, "side of the patches that vit cuts images into, in pixels", low=1, high=1000)
    vit_width: int = setting(64, "numbers that vit describes a patch with", low=1, high=10_000)
    vit_depth: int = setting(4, "blocks of vit", low=1, high=100)
    vit_heads: int = setting(4, "heads of each attention of vit; they divide vit_width", low=1, high=1000)
    activation: str = setting("relu", "between the layers", choices=("relu", "leaky_relu", "gelu", "tanh", "sigmoid"))
    dropout: float = setting(0.0, "probability of dropping a hidden unit", low=0, high=1, open_high=True)
    initialization: str = setting("he", "how weights begin", choices=("he", "xavier", "normal"))
    initial_std: float = setting(0.01, "σ of initialization=normal", low=0, open_low=True)

    # How it learns
    engine: str = setting("numpy", "what computes", choices=("numpy", "torch"))
    device: str = setting("auto", "where, engine=torch only", choices=("auto", "cpu", "cuda", "mps"))
    precision: str = setting(
        "auto",
        "of products, engine=torch only; auto is bf16 where the hardware has it",
        choices=("auto", "fp32", "bf16", "fp16"),
    )
    loss: str = setting("cross_entropy", "what is made small", choices=("cross_entropy", "mse"))
    label_smoothing: float = setting(0.0, "share of the target spread over all classes", low=0, high=1, open_high=True)
    optimizer: str = setting("sgd", "rule that changes the weights", choices=("sgd", "adam", "adamw", "muon"))
    lr: float = setting(0.1, "learning rate", low=0, open_low=True)
    adam_lr: float = setting(0.001, "for what muon leaves to adam: biases and the last layer", low=0, open_low=True)
    momentum: float = setting(0.0, "share of the last step kept, sgd and muon", low=0, high=1, open_high=True)
    nesterov: bool = setting(False, "look ahead along the momentum, sgd and muon")
    unit_rows: bool = setting(False, "muon keeps rows at length 1, for weights in front of BatchNorm")
    beta1: float = setting(0.9, "memory of Adam's mean", low=0, high=1, open_high=True)
    beta2: float = setting(0.999, "memory of Adam's mean square", low=0, high=1, open_high=True)
    weight_decay: float = setting(0.0, "pull of every weight towards 0", low=0)
    clip_norm: float = setting(0.0, "largest joint length of all gradients; 0 does not clip", low=0)
    batch_size: int = setting(128, "images in a step", low=1)
    accumulate: int = setting(1, "parts in which a batch is computed, to save memory; engine=torch only", low=1)
    ema: float = setting(
        0.0,
        "memory of the moving average of weights that is evaluated; 0 evaluates the weights themselves; engine=torch",
        low=0,
        high=1,
        open_high=True,
    )
    epochs: int = setting(10, "passes over the training part", low=1)
    schedule: str = setting(
        "constant",
        "learning rate over time",
        choices=("constant", "step", "multi_step", "linear", "cosine", "one_cycle"),
    )
    step_every: int = setting(10, "epochs between two drops, schedule=step", low=1)
    milestones: tuple[int, ...] = setting((), "epochs after which the rate drops, schedule=multi_step", low=1)
    gamma: float = setting(0.1, "factor of each drop", low=0, high=1, open_low=True)
    warm_up: float = setting(0.0, "epochs of linear warm-up", low=0, high=1_000_000)
    patience: int = setting(0, "stop after so many epochs without a better validation accuracy; 0 never", low=0)

    keep: str = setting(
        "best",
        "whose weights are evaluated, exported and predict: the epoch's of the best validation accuracy, or the last's",
        choices=("best", "last"),
    )

    # How it is run
    seed: int = setting(0, "decides everything random", low=0, high=2**32 - 1)
    threads: int = setting(0, "for matrix products; 0 takes as many cores as have enough to do", low=0, high=1024)
    compile: bool = setting(False, "let torch.compile make the network faster; needs a C++ compiler; engine=torch")
    evaluate_test: bool = setting(True, "evaluate the weights that are kept on the test set, once, at the end")
    tta: bool = setting(False, "report also the test accuracy over each image together with its mirror image")
    tta_shift: int = setting(0, "pixels: tta sees both also moved down and right, and up and left", low=0, high=8)
    checkpoint_steps: int = setting(0, "save after so many steps; 0 after every epoch only", low=0)
    checkpoint_seconds: float = setting(30.0, "save after so many seconds; 0 after every epoch only", low=0)

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any], *, base: Self | None = None) -> Self:
        """Settings from keys and values of any type that TOML has. Raises InputError for the first that is wrong."""
        return (base or cls()).changed({key: cls.value_of(key, value) for key, value in values.items()})

    def changed(self, values: Mapping[str, Any]) -> Self:
        """A copy with other values, each of which `value_of` has seen. Raises InputError where they disagree.

        `dataclasses.replace` sets every setting again and takes ten times as long, which a grid of 10,000 points feels.
        """
        config = copy(self)
        vars(config).update(values)
        config.check_together()
        return config

    @classmethod
    def value_of(cls, key: str, value: Any) -> Any:
        """One setting's value in its own type. Raises InputError for an unknown setting or a value that it refuses."""
        known = cls.__dataclass_fields__
        if key not in known:
            raise _unknown_setting(key, list(known))
        return convert(key, value, known[key].default, rules_of(known[key]))

    def override(self, words: Iterable[str]) -> Self:
        """A copy with ``key=value`` words applied."""
        values = {key: parse_text(text) for key, text in map(read_word, words)}
        return type(self).from_mapping(values, base=self)

    def check_together(self) -> None:
        """What no single setting can tell."""
        if self.split >= 1 and self.split != int(self.split):
            raise InputError(
                f"split = {self.split:g} does not fit: below 1 it is the share of images kept for validation, from 2 "
                "on their number. Write split=0.1 for 10 %, or split=6000."
            )
        if self.split == 1:
            raise InputError("split = 1 would leave nothing to train on. Write split=0.1 for 10 %, or split=6000.")
        if self.optimizer not in ("sgd", "muon") and (self.momentum or self.nesterov):
            raise InputError(
                f"momentum and nesterov belong to optimizer=sgd and muon, not {self.optimizer}; it has beta1."
            )
        if self.model == "fastnet" and not self.hidden:
            raise InputError("model = fastnet needs the width of at least one stage, such as hidden=64x128x256.")
        if self.model == "vit":
            self.vit_size()  # refuses heads that do not divide the width
        if self.unit_rows and self.optimizer != "muon":
            raise InputError(f"unit_rows belongs to optimizer=muon, not {self.optimizer}.")
        if self.nesterov and not self.momentum:
            raise InputError("nesterov = true needs a momentum above 0, such as momentum=0.9.")
        if self.model not in NUMPY_MODELS and self.engine != "torch":
            raise InputError(
                f"model = {self.model} needs engine = torch; the NumPy engine has {', '.join(NUMPY_MODELS)}."
            )
        if self.engine != "torch" and (self.device not in ("auto", "cpu") or self.precision not in ("auto", "fp32")):
            raise InputError("device and precision belong to engine=torch; the NumPy engine computes fp32 on the CPU.")
        if self.engine != "torch" and (self.accumulate > 1 or self.ema or self.compile):
            raise InputError("accumulate, ema and compile belong to engine=torch.")
        if self.accumulate > self.batch_size:
            raise InputError(
                f"accumulate = {self.accumulate} does not fit: a batch of {self.batch_size} images has at most as many "
                "parts."
            )
        if self.loss == "mse" and self.label_smoothing:
            raise InputError("label_smoothing belongs to loss=cross_entropy, not mse.")
        augmentation.build(self.augment)  # refuses mixup and cutmix where they do not stand last
        if list(self.milestones) != sorted(set(self.milestones)):
            raise InputError(f"milestones = {list(self.milestones)} must ascend.")
        if self.schedule == "multi_step" and not self.milestones:
            raise InputError("schedule = multi_step needs milestones, such as milestones=[5, 8].")

    def vit_size(self) -> ViTSize | None:
        """How large the vision transformer is; None for another network."""
        if self.model != "vit":
            return None
        return ViTSize(self.vit_patch, self.vit_width, self.vit_depth, self.vit_heads)

    def differences(self, other: "Config") -> dict[str, Any]:
        """The settings that are not as in another configuration."""
        return {key: value for key, value in asdict(self).items() if value != getattr(other, key)}

    def to_toml(self, but: Container[str] = ()) -> str:
        """The configuration as a TOML file, with the meaning of each setting beside it; without those in ``but``."""
        shown = [one for one in fields(self) if one.name not in but]
        lines = [f"{one.name} = {toml_value(getattr(self, one.name))}" for one in shown]
        width = max(map(len, lines)) + 2
        meanings = [rules_of(one).explained for one in shown]
        return "".join(f"{line:{width}}# {meaning}\n" for line, meaning in zip(lines, meanings, strict=True))


def read_word(word: str) -> tuple[str, str]:
    """Key and text of a ``key=value`` word. Raises InputError for any other word."""
    key, equals, text = word.partition("=")
    if not equals or not key:
        raise InputError(f"{word!r} is not an override: write key=value, such as lr=0.01.")
    return key.strip(), text.strip()


def _unknown_setting(key: str, known: list[str]) -> InputError:
    from difflib import get_close_matches

    names = {name: name for name in known} | OTHER_NAMES
    nearest = get_close_matches(key.lower(), names, n=1, cutoff=0.6)
    hint = f"; did you mean {names[nearest[0]]!r}?" if nearest else "."
    return InputError(f"unknown setting {key!r}{hint} All settings: `trainlab show mnist-mlp`.")
