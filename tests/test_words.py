"""The catalogue of sentences is whole in every language."""

from string import Formatter

import pytest

from trainlab.errors import InputError
from trainlab.words import LANGUAGES, words


def names_in(pattern: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(pattern) if name}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_the_same_keys_and_fills_in_the_same_values(language: str) -> None:
    english, other = words("en").patterns, words(language).patterns
    assert list(other) == list(english)
    for key, pattern in english.items():
        assert names_in(other[key]) == names_in(pattern), key
        assert other[key].strip() or key == "list.gap"


def test_names_are_enumerated_and_things_counted() -> None:
    say = words("en")
    assert [say.listed(names) for names in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]
    assert [say.count("image", number) for number in (0, 1, 2000)] == ["0 images", "1 image", "2,000 images"]
    assert words("zh-TW").listed(["a", "b", "c"]) == "a、b 與 c"


def test_what_a_value_holds_is_not_filled_in_again() -> None:
    assert words("en")("report.confused", a="{b}", b="{a}", images="1 image") == "{b} taken for {a} (1 image)"


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(InputError, match="unknown language 'zh'; did you mean 'zh-TW'"):
        words("zh")
