"""What ``key=…`` means to a sweep."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainlab.errors import InputError
from trainlab.experiments import Config
from trainlab.experiments.settings import parse_text, value_text
from trainlab.experiments.sweep.space import Choices, Range, read_table, read_text, read_words


@pytest.mark.parametrize(
    ("word", "values"),
    [
        ("lr=0.001,0.01,0.1", (0.001, 0.01, 0.1)),
        ("lr=1,2", (1.0, 2.0)),
        ("batch_size=32, 64", (32, 64)),
        ("hidden=128,64", ((128,), (64,))),
        ("hidden=256x128,64", ((256, 128), (64,))),
        ("hidden=[],[5],[6,7]", ((), (5,), (6, 7))),
        ("milestones=[5, 8],[6, 9]", ((5, 8), (6, 9))),
        ("augment=none,crop,crop+flip", ((), ("crop",), ("crop", "flip"))),
        ("nesterov=true,false", (True, False)),
        ("optimizer=sgd,adam", ("sgd", "adam")),
        ("data_dir='a,b',../c..d", ("a,b", "../c..d")),
    ],
)
def test_a_comma_outside_of_brackets_and_quotes_begins_another_value(word: str, values: tuple[object, ...]) -> None:
    fixed, varied = read_words([word])
    assert fixed == {}
    assert list(varied.values()) == [Choices(values)]


def test_one_value_fixes_a_setting() -> None:
    fixed, varied = read_words(["lr=0.1", "hidden=256x128", "data_dir=../x", "dataset='folder:x,size=28'"])
    assert varied == {}
    assert fixed == {"lr": 0.1, "hidden": (256, 128), "data_dir": "../x", "dataset": "folder:x,size=28"}


def test_ranges() -> None:
    assert read_text("dropout", "0..0.5") == Range(0.0, 0.5)
    assert read_text("lr", "log:1e-4..1e-1") == Range(1e-4, 1e-1, is_log=True)
    assert read_text("batch_size", "16..256") == Range(16, 256, is_whole=True)
    assert read_text("batch_size", "log:16..256") == Range(16, 256, is_log=True, is_whole=True)


def test_a_sweep_file_says_what_words_say() -> None:
    assert read_table({"lr": [0.1, 0.2], "hidden": [128, "64x32", [5, 6]], "dropout": "0..0.5", "epochs": 3}) == {
        "lr": Choices((0.1, 0.2)),
        "hidden": Choices(((128,), (64, 32), (5, 6))),
        "dropout": Range(0.0, 0.5),
        "epochs": Choices((3,)),
    }


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("lerning_rate=1,2", r"unknown setting 'lerning_rate'; did you mean 'lr'\?"),
        ("lr", "'lr' is not an override"),
        ("lr=0.1,0.10", "lr has the value 0.1 twice"),
        ("hidden=128x64,[128, 64]", "hidden has the value 128x64 twice"),
        ("lr=0.1,0", "lr = 0 does not fit"),
        ("lr=0.1,", "has an empty value"),
        ("batch_size=16,2.5", "batch_size = 2.5 does not fit"),
        ("optimizer=sgd,adm", "did you mean 'adam'"),
        ("lr=0.1..0.1", "lr=0.1..0.1 is a single value. Write lr=0.1, or"),
        ("lr=0.2..0.1", "lr=0.2..0.1 is upside down: .* lr=0.1..0.2"),
        ("lr=log:1..0.1", "is upside down: .* lr=log:0.1..1"),
        ("hidden=16..32", "hidden=16..32 is a range, and hidden is a list"),
        ("weight_decay=log:0..1", "a logarithmic range begins above 0"),
        ("lr=log:0.1,0.2", "is neither values nor a range"),
        ("lr=0.1..0.2,0.3", "is neither values nor a range"),
        ("dropout=0..1", "dropout = 1 does not fit"),
        ("batch_size=1..2.5", "batch_size = 2.5 does not fit"),
        (
            "dataset=folder:x,size=28",
            r"a comma begins another. Put .* into quotes of its own: dataset=\"'folder:x,size=28'",
        ),
    ],
)
def test_words_that_mean_nothing(word: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_words([word])


def test_a_setting_is_given_once() -> None:
    with pytest.raises(InputError, match="lr is given twice"):
        read_words(["lr=0.1", "lr=0.2"])


@given(
    low=st.floats(1e-6, 10),
    width=st.floats(1e-3, 100),
    quantile=st.floats(0, 1, exclude_max=True),
    is_log=st.booleans(),
)
def test_numbers_of_a_range_lie_within_it(low: float, width: float, quantile: float, is_log: bool) -> None:
    drawn = Range(low, low + width, is_log)
    assert low <= drawn.at(quantile) <= low + width


@pytest.mark.parametrize("is_log", [False, True])
def test_whole_numbers_all_occur_and_ends_have_their_share(is_log: bool) -> None:
    drawn = [Range(1, 4, is_log, is_whole=True).at(quantile) for quantile in np.linspace(0, 1, 4000, endpoint=False)]
    shares = [drawn.count(number) / 4000 for number in (1, 2, 3, 4)]
    if is_log:
        expected = np.diff(np.log([0.5, 1.5, 2.5, 3.5, 4.5])) / np.log(9)
    else:
        expected = np.full(4, 0.25)
    np.testing.assert_allclose(shares, expected, atol=1e-3)


@pytest.mark.parametrize("key", ["lr", "hidden", "augment", "nesterov", "optimizer", "data_dir", "batch_size"])
def test_a_value_can_be_typed_again(key: str) -> None:
    typed = {"hidden": "256x128", "augment": "crop+flip", "nesterov": "true", "data_dir": "'a,b'", "lr": "1e-07"}
    value = Config.value_of(key, parse_text(typed.get(key, value_text(getattr(Config(), key)))))
    assert read_text(key, value_text(value)) == Choices((value,))
    assert read_text("hidden", value_text(())) == Choices(((),))
