"""What a sweep varies: for each setting some values, or a range, written behind ``key=``.

=============================  ====================================================================
``lr=0.001,0.01,0.1``          three values
``hidden=128,256x128``         two networks, of one and of two hidden layers: a comma always begins
                               another value, and lists are written ``256x128`` or ``[256, 128]``
``data_dir="'a,b'"``           one value: commas in quotes or brackets belong to it
``dropout=0..0.5``             a range, ends included; of whole numbers where the setting has them
``lr=log:1e-4..1e-1``          a range in which 1e-4 to 1e-3 is as likely as 1e-2 to 1e-1
=============================  ====================================================================
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trainlab.errors import InputError
from trainlab.experiments.config import Config, read_word
from trainlab.experiments.settings import parse_text, value_text

DIGITS = 4
"""Significant digits of a number drawn from a range, so that a person can type it again."""


@dataclass(frozen=True)
class Choices:
    """Some values of one setting, in the order in which they were given."""

    values: tuple[Any, ...]

    def at(self, quantile: float) -> Any:
        """The value at a quantile in [0, 1): each value has an equal share."""
        return self.values[int(quantile * len(self.values))]

    @property
    def corners(self) -> tuple[Any, ...]:
        """Values that are tried before a search begins: all."""
        return self.values

    def __str__(self) -> str:
        return ",".join(map(value_text, self.values))


@dataclass(frozen=True)
class Range:
    """All numbers from ``low`` to ``high``, both included; whole ones where the setting has whole numbers."""

    low: float
    high: float
    is_log: bool = False
    is_whole: bool = False

    def at(self, quantile: float) -> Any:
        """The number at a quantile in [0, 1), with four significant digits.

        >>> Range(1e-4, 1e-1, is_log=True).at(0.5), Range(0, 0.5).at(0.3), Range(1, 4, is_whole=True).at(0.99)
        (0.003162, 0.15, 4)
        """
        margin = 0.5 if self.is_whole else 0.0  # so that the first and last whole number have a whole share as well
        low, high = self.low - margin, self.high + margin
        if self.is_log:
            number = math.exp(math.log(low) + quantile * (math.log(high) - math.log(low)))
        else:
            number = low + quantile * (high - low)
        return self.rounded(number)

    def rounded(self, number: float) -> Any:
        """A number of this range near ``number``: whole, or with four significant digits."""
        near = round(number) if self.is_whole else float(f"{number:.{DIGITS}g}")
        return min(max(near, self.low), self.high)

    @property
    def corners(self) -> tuple[Any, ...]:
        """Values that are tried before a search begins: both ends."""
        return (self.low, self.high)

    def __str__(self) -> str:
        return f"{'log:' if self.is_log else ''}{value_text(self.low)}..{value_text(self.high)}"


Space = Mapping[str, Choices | Range]
Settings = dict[str, Any]


def settings_text(settings: Mapping[str, Any]) -> str:
    """Some settings as words: ``lr=0.1 split=0.2``."""
    return " ".join(f"{key}={value_text(value)}" for key, value in settings.items())


def read_words(words: Iterable[str]) -> tuple[Settings, dict[str, Choices | Range]]:
    """The settings that ``key=value`` words fix, and those that they vary. Raises InputError for the first wrong one.

    >>> read_words(["epochs=3", "lr=0.1,0.2", "dropout=0..0.5"])
    ({'epochs': 3}, {'lr': Choices(values=(0.1, 0.2)), 'dropout': Range(low=0.0, high=0.5, is_log=False, is_whole=False)})
    """  # noqa: E501
    fixed: Settings = {}
    varied: dict[str, Choices | Range] = {}
    for key, text in map(read_word, words):
        if key in fixed or key in varied:
            raise InputError(f"{key} is given twice. Write its values in one word, such as {key}=A,B.")
        read = read_text(key, text)
        if isinstance(read, Choices) and len(read.values) == 1:
            fixed[key] = read.values[0]
        else:
            varied[key] = read
    return fixed, varied


def read_table(table: Mapping[str, Any]) -> dict[str, Choices | Range]:
    """The ``[vary]`` table of a sweep file: a list has values, a text says what a word says behind ``key=``."""
    varied: dict[str, Choices | Range] = {}
    for key, value in table.items():
        if isinstance(value, str):
            varied[key] = read_text(key, value)
        else:
            values = value if isinstance(value, list) else [value]
            varied[key] = _choices(key, [parse_text(one) if isinstance(one, str) else one for one in values])
    return varied


def read_text(key: str, text: str) -> Choices | Range:
    """Values or a range of one setting."""
    default = getattr(Config(), key, None)
    is_number = isinstance(default, int | float) and not isinstance(default, bool)
    if is_number and (".." in text or text.startswith("log:")):
        return _range(key, text, is_whole=isinstance(default, int))
    if isinstance(default, tuple) and re.search(r"\d\.\.\d|^log:", text):
        raise InputError(f"{key}={text} is a range, and {key} is a list. Write its values, such as {key}=A,B.")
    pieces = split_values(text)
    if len(pieces) > 1 and "" in pieces:
        raise InputError(
            f"{key}={text} has an empty value. Write values with one comma between two, such as {key}=A,B."
        )
    for piece in pieces[1:]:
        is_setting = piece == "skip_unreadable" or ("=" in piece and piece[0] not in "'\"")  # of a folder's name
        if isinstance(default, str) and is_setting:
            raise InputError(
                f"{key}={text} would be {len(pieces)} values, the last of them {piece!r}: a comma begins another. "
                f"Put a value that holds a comma into quotes of its own: {key}=\"'{text}'\"."
            )
    return _choices(key, [parse_text(piece) for piece in pieces])


def split_values(text: str) -> list[str]:
    """The pieces between commas that stand outside of brackets and quotes.

    >>> split_values("0.1, 0.2"), split_values("[5, 8],[6, 9]"), split_values("'a,b'")
    (['0.1', '0.2'], ['[5, 8]', '[6, 9]'], ["'a,b'"])
    """
    pieces, depth, quote = [""], 0, ""
    for character in text:
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character in "[]":
            depth += 1 if character == "[" else -1
        elif character == "," and depth == 0:
            pieces.append("")
            continue
        pieces[-1] += character
    return [piece.strip() for piece in pieces]


def _choices(key: str, values: Sequence[Any]) -> Choices:
    converted = tuple(Config.value_of(key, value) for value in values)
    if not converted:
        raise InputError(f"{key} has no value to try. Write at least one, or leave {key} out.")
    for value in converted:
        if converted.count(value) > 1:
            raise InputError(
                f"{key} has the value {value_text(value)} twice, and its points would be run twice. Give it once; "
                "runs with other seeds come from --seeds."
            )
    return Choices(converted)


def _range(key: str, text: str, *, is_whole: bool) -> Range:
    is_log = text.startswith("log:")
    low_text, dots, high_text = text.removeprefix("log:").partition("..")
    if not dots or "," in text:
        raise InputError(
            f"{key}={text} is neither values nor a range. Write values as {key}=A,B,C, or one range as {key}=LOW..HIGH "
            f"or {key}=log:LOW..HIGH."
        )
    low, high = (Config.value_of(key, parse_text(end.strip())) for end in (low_text, high_text))
    if low == high:
        raise InputError(f"{key}={text} is a single value. Write {key}={value_text(low)}, or a range {key}=LOW..HIGH.")
    if low > high:
        turned = f"{key}={'log:' if is_log else ''}{high_text.strip()}..{low_text.strip()}"
        raise InputError(f"{key}={text} is upside down: a range goes from its low end to its high end, {turned}.")
    if is_log and low <= 0:
        raise InputError(f"{key}={text} does not fit: a logarithmic range begins above 0.")
    return Range(low, high, is_log, is_whole)
