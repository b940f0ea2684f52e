"""Parameters become a `Config`, and what does not fit is named with its remedy."""

from dataclasses import fields
from typing import Any

import numpy as np
import pytest

from trainlab.errors import InputError
from trainlab.experiments import Config
from trainlab.sklearn import NetworkClassifier
from trainlab.sklearn.parameters import PARAMETERS, SETTINGS, configuration, sample_shape

X, Y = np.eye(6), np.array([0, 1] * 3)


def test_every_parameter_and_setting_is_a_setting_of_a_run() -> None:
    known = {one.name for one in fields(Config)}
    assert {*PARAMETERS, *SETTINGS} <= known
    assert set(PARAMETERS).isdisjoint(SETTINGS)
    assert set(PARAMETERS) <= set(NetworkClassifier().get_params())


def test_numbers_of_numpy_count_as_python_s() -> None:
    numbers: dict[str, Any] = {
        "hidden": np.array([4, 3]),
        "lr": np.float32(0.5),
        "epochs": np.int64(2),
        "optimizer": np.str_("sgd"),
        "momentum": np.float64(0.5),
        "settings": {"nesterov": np.bool_(True), "gamma": 0.5},
    }
    config = configuration(NetworkClassifier(**numbers).get_params(), seed=3)
    assert (config.hidden, config.lr, config.epochs, config.optimizer) == ((4, 3), 0.5, 2, "sgd")
    assert (config.momentum, config.nesterov, config.gamma, config.seed) == (0.5, True, 0.5, 3)
    assert [type(value) for value in (config.lr, config.epochs, config.optimizer)] == [float, int, str]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"lr": -1}, r"lr = -1 does not fit: lr \(learning rate\) is a finite number above 0"),
        ({"hidden": [3.5]}, r"hidden = \[3.5\] does not fit"),
        ({"activation": "rlu"}, r"unknown activation .*'rlu'; did you mean 'relu'"),
        ({"optimizer": "adam", "momentum": 0.9}, "momentum and nesterov belong to optimizer=sgd and muon, not adam"),
        ({"model": "fastnet"}, "model = fastnet needs engine = torch"),
        ({"model": "lenet", "engine": "torch"}, r"say how they lie with image_shape=\(channels, height, width\)"),
        ({"image_shape": (1, 2, 2)}, r"image_shape = \(1, 2, 2\) makes 4 numbers, and a row of X has 6"),
        ({"image_shape": (2, 3)}, r"image_shape = \(2, 3\) does not fit: expected \(channels, height, width\) or None"),
        ({"settings": "beta2=0.9"}, "settings = 'beta2=0.9' does not fit: expected a dict"),
        ({"settings": {"lr": 1}}, r"lr is a parameter of its own: NetworkClassifier\(lr=…\)"),
        ({"settings": {"beta_2": 1}}, "unknown setting 'beta_2'; did you mean 'beta2'"),
        ({"settings": {"dataset": "mnist"}}, "unknown setting 'dataset'"),
        ({"random_state": -1}, "seed = -1 does not fit"),
        (
            {"patience": 3, "validation_fraction": 2.0},
            r"validation_fraction = 2.0 does not fit: .*expected a share strictly between 0 and 1",
        ),
        ({"engine": "torch", "settings": {"precision": "fp16"}, "device": "cpu"}, "precision = fp16 is for GPUs"),
    ],
    ids=str,
)
def test_what_does_not_fit_is_named_in_fit(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        NetworkClassifier(**parameters).fit(X, Y)


def test_weights_that_are_all_zero_are_refused() -> None:
    with pytest.raises(ValueError, match="zero"):
        NetworkClassifier().fit(X, Y, np.zeros(6))


def test_rows_are_images_as_they_lie_in_memory() -> None:
    assert sample_shape("mlp", None, 6) == (1, 1, 6)
    assert sample_shape("mlp", (1, 2, 3), 6) == (1, 2, 3)
    assert sample_shape("lenet", np.array([1, 2, 3]), 6) == (1, 2, 3)
