"""Configurations: what is accepted, what is refused with which words, and that a file gives back what was written."""

import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from trainlab.errors import InputError
from trainlab.experiments import Config, load_preset, preset_names
from trainlab.experiments.belonging import BELONGING, without_effect
from trainlab.experiments.settings import parse_text, rules_of
from trainlab.experiments.toml_file import read_toml


def test_every_setting_has_a_meaning_and_a_default_that_its_rules_admit() -> None:
    for one in fields(Config):
        assert rules_of(one).meaning
    Config.from_mapping({one.name: getattr(Config(), one.name) for one in fields(Config)})


def test_words_override_settings() -> None:
    config = Config().override(["lr=0.01", "batch_size=32", "hidden=256x128", "nesterov=true", "momentum=0.9"])
    assert (config.lr, config.batch_size, config.hidden, config.nesterov) == (0.01, 32, (256, 128), True)


@pytest.mark.parametrize(
    ("word", "names"),
    [
        ("augment=crop+flip", ("crop", "flip")),
        ("augment=crop+mixup", ("crop", "mixup")),
        ("augment=none", ()),
        ('augment=["cutout"]', ("cutout",)),
    ],
)
def test_augmentations_are_joined_by_plus(word: str, names: tuple[str, ...]) -> None:
    config = Config().override(["augment=erasing", word])
    assert config.augment == names
    assert Config.from_mapping(tomllib.loads(config.to_toml())) == config


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.01", 0.01),
        ("1e-3", 1e-3),
        ("[256, 128]", [256, 128]),
        ("256x128", [256, 128]),
        ("true", True),
        ("cosine", "cosine"),
        ("/data/x1", "/data/x1"),
        ('"quoted"', "quoted"),
        ("", ""),
    ],
)
def test_text_becomes_a_value(text: str, value: Any) -> None:
    assert parse_text(text) == value


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("lr=0", "lr = 0 does not fit: lr (learning rate) is a finite number above 0."),
        ("lr=-1", "lr = -1 does not fit"),
        ("lr=nan", "lr = nan does not fit"),
        ("lr=inf", "lr = inf does not fit"),
        ("lr=fast", "lr = 'fast' does not fit"),
        ("lr=true", "lr = true does not fit"),
        ("batch_size=0", "batch_size (images in a step) is a whole number at least 1."),
        ("batch_size=1.5", "batch_size = 1.5 does not fit"),
        ("epochs=0", "epochs (passes over the training part) is a whole number at least 1."),
        ("split=0", "split = 0 does not fit"),
        ("split=1", "split = 1 would leave nothing to train on."),
        ("split=-0.1", "split = -0.1 does not fit"),
        ("split=1.5", "below 1 it is the share of images kept for validation, from 2 on their number"),
        (
            "momentum=1",
            "momentum (share of the last step kept, sgd and muon) is a finite number at least 0 and below 1.",
        ),
        ("hidden=0", "a list such as [256, 128] (or 256x128), each a whole number at least 1"),
        ("stratified=1", "stratified = 1 does not fit"),
        ("optimizer=adm", "did you mean 'adam'?"),
        ("optimizer=3", "optimizer = 3 does not fit"),
        ("seed=-1", "seed = -1 does not fit"),
        ("batchsize=3", "unknown setting 'batchsize'; did you mean 'batch_size'?"),
        ("learning_rate=3", "unknown setting 'learning_rate'; did you mean 'lr'?"),
        (
            "augment=flop",
            "unknown augment (what is done at random to training images, joined by +; mixup or cutmix last) 'flop'; ",
        ),
        ("augment=3", "augment = 3 does not fit"),
        ("augment=crop,flip", "names are joined by +, as in augment=crop+flip."),
        ("nesterov=true", "nesterov = true needs a momentum above 0"),
        ("milestones=[3, 1]", "milestones = [3, 1] must ascend."),
        ("schedule=multi_step", "schedule = multi_step needs milestones"),
        ("lr", "'lr' is not an override: write key=value"),
        ("=3", "'=3' is not an override"),
    ],
)
def test_a_wrong_word_says_what_arrived_and_what_was_expected(word: str, message: str) -> None:
    with pytest.raises(InputError) as error:
        Config().override([word])
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["optimizer=adam", "momentum=0.9"], "momentum and nesterov belong to optimizer=sgd and muon, not adam"),
        (["engine=torch", "model=fastnet", "hidden=[]"], "fastnet needs the width of at least one stage"),
        (["unit_rows=true"], "unit_rows belongs to optimizer=muon, not sgd"),
        (["ema=0.9"], "accumulate, ema and compile belong to engine=torch"),
        (["engine=torch", "batch_size=4", "accumulate=5"], "a batch of 4 images has at most as many parts"),
        (["loss=mse", "label_smoothing=0.1"], "label_smoothing belongs to loss=cross_entropy"),
        (["augment=mixup+crop"], "augmentation mixup, crop: expected at most one of mixup and cutmix, at the end"),
        (["augment=cutmix+mixup"], "augmentation cutmix, mixup: expected at most one of mixup and cutmix, at the end"),
    ],
)
def test_settings_that_contradict_each_other(words: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Config().override(words)


@pytest.mark.parametrize(
    ("words", "idle"),
    [
        (["crop_padding=2", "lr=0.5"], {"crop_padding": "augment=crop"}),
        (["crop_padding=2", "augment=crop+flip"], {}),
        (["mix_alpha=0.2", "augment=flip"], {"mix_alpha": "augment=mixup or augment=cutmix"}),
        (["mix_alpha=0.2", "augment=flip+cutmix"], {}),
        (["hidden=64", "model=lenet"], {"hidden": "model=mlp or model=fastnet"}),
        (["hidden=64"], {}),
        (["beta1=0.8"], {"beta1": "optimizer=adam or optimizer=adamw or optimizer=muon"}),
        (["beta1=0.8", "optimizer=adamw"], {}),
        (["tta=true", "evaluate_test=false"], {"tta": "evaluate_test=true"}),
        (["tta=true"], {}),
        (["tta_shift=1"], {"tta_shift": "tta=true"}),
        (["tta_shift=1", "tta=true"], {}),
        (
            ["tta=true", "tta_shift=1", "evaluate_test=false"],
            {"tta": "evaluate_test=true", "tta_shift": "evaluate_test=true"},
        ),
        (
            ["initial_std=1", "initialization=normal", "model=lenet"],
            dict.fromkeys(["initial_std", "initialization"], "model=mlp"),
        ),
    ],
)
def test_settings_that_nothing_reads_are_told_with_what_they_belong_to(words: list[str], idle: dict[str, str]) -> None:
    keys = [word.partition("=")[0] for word in words]
    found = without_effect(Config().override(words))
    assert {key: found[key] for key in keys if key in found} == idle


@pytest.mark.parametrize("preset", preset_names())
def test_no_preset_sets_anything_in_vain(preset: str) -> None:
    config = load_preset(preset).config
    assert not without_effect(config).keys() & config.differences(Config()).keys()


def test_what_settings_belong_to_are_settings_with_such_values() -> None:
    belonging = [key for _, _, keys in BELONGING for key in keys]
    assert len(belonging) == len(set(belonging))
    for partner, values, keys in BELONGING:
        assert {partner, *keys} <= {one.name for one in fields(Config)}
        assert partner not in keys
        for value in values:
            Config.value_of(partner, value)  # refuses what there is not


def test_a_written_file_gives_back_the_configuration(tmp_path: Path) -> None:
    config = Config().override(["lr=1e-7", "hidden=5x6", "milestones=[1, 2]", 'data_dir=C:\\data "x"', "split=0.2"])
    (tmp_path / "config.toml").write_text(config.to_toml(), encoding="utf-8")
    assert Config.from_mapping(read_toml(tmp_path / "config.toml")) == config


def test_differences_are_what_was_changed() -> None:
    assert Config().override(["lr=0.5"]).differences(Config()) == {"lr": 0.5}


@pytest.mark.parametrize("name", preset_names())
def test_every_preset_is_whole_and_described(name: str) -> None:
    preset = load_preset(name)
    assert preset.name == name
    assert len(preset.description) > 20


def test_the_lab_report_s_experiment_is_to_the_letter() -> None:
    config = load_preset("mnist-lab1").config
    assert (config.hidden, config.activation, config.initialization, config.initial_std) == (
        (128,),
        "relu",
        "normal",
        0.01,
    )
    assert (config.transform, config.batch_size, config.split, config.epochs, config.lr) == ("lab1", 1, 0.1, 10, 0.001)
    assert (config.optimizer, config.momentum, config.weight_decay, config.schedule) == ("sgd", 0, 0, "constant")


def test_an_unknown_preset_names_the_nearest() -> None:
    with pytest.raises(InputError, match="unknown preset 'minst-mlp'; did you mean 'mnist-mlp'"):
        load_preset("minst-mlp")


def test_a_syntax_error_is_placed(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("lr = 0.1\nepochs = = 3\n")
    with pytest.raises(InputError, match=r"mine.toml is not valid TOML: .*line 2, column 10"):
        load_preset(str(path))
    for text in (f"lr = {'1' * 5000}", f"hidden = {'[' * 3000}"):
        path.write_text(text)
        with pytest.raises(InputError, match=r"mine.toml is not valid TOML: "):
            load_preset(str(path))


def test_a_file_that_is_not_there_or_not_text(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.toml cannot be read"):
        load_preset(str(tmp_path / "none.toml"))
    (tmp_path / "binary.toml").write_bytes(b"lr = \xff")
    with pytest.raises(InputError, match="not a text file in UTF-8"):
        load_preset(str(tmp_path / "binary.toml"))


def test_a_wrong_setting_in_a_file_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("lr = -1\n")
    with pytest.raises(InputError, match=r"mine.toml: lr = -1 does not fit"):
        load_preset(str(path))
