"""What a setting of a configuration is: its meaning, range and unit, declared as data, and how text becomes a value."""

import math
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from trainlab.errors import InputError

_KEY = "setting"


@dataclass(frozen=True)
class Setting:
    """The rules for one value. Bounds are inclusive unless ``open_low`` or ``open_high`` says otherwise."""

    meaning: str
    low: float = -math.inf
    high: float = math.inf
    open_low: bool = False
    open_high: bool = False
    choices: tuple[str, ...] = ()

    @property
    def expected(self) -> str:
        """The allowed values, in words."""
        if self.choices:
            return "one of " + ", ".join(self.choices)
        parts = []
        if math.isfinite(self.low):
            parts.append(f"above {self.low:g}" if self.open_low else f"at least {self.low:g}")
        if math.isfinite(self.high):
            parts.append(f"below {self.high:g}" if self.open_high else f"at most {self.high:g}")
        return "a finite number" + (" " + " and ".join(parts) if parts else "")

    @property
    def explained(self) -> str:
        """The meaning, and behind it the choices that it does not name."""
        told = all(choice in self.meaning for choice in self.choices)
        return self.meaning if told else f"{self.meaning} ({', '.join(self.choices)})"

    def admits(self, number: float) -> bool:
        above = number > self.low if self.open_low else number >= self.low
        below = number < self.high if self.open_high else number <= self.high
        return math.isfinite(number) and above and below


def setting(default: Any, meaning: str, **rules: Any) -> Any:
    """A dataclass field that carries its `Setting`."""
    return field(default=default, metadata={_KEY: Setting(meaning, **rules)})


def rules_of(dataclass_field: Any) -> Setting:
    found: Setting = dataclass_field.metadata[_KEY]
    return found


def parse_text(text: str) -> Any:
    """What the user typed after ``=``: a TOML value where it is one, ``256x128`` as a list, else the text itself.

    >>> parse_text("0.01"), parse_text("256x128"), parse_text("[5, 8]"), parse_text("cosine"), parse_text("true")
    (0.01, [256, 128], [5, 8], 'cosine', True)
    """
    pieces = text.split("x")
    if len(pieces) > 1 and all(piece.strip().isdigit() for piece in pieces):
        return [int(piece) for piece in pieces]
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def value_text(value: Any) -> str:
    """A setting's value as one types it behind ``key=``.

    >>> value_text((256, 128)), value_text(("crop", "flip")), value_text(True), value_text(0.1), value_text(())
    ('256x128', 'crop+flip', 'true', '0.1', '[]')
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return ("+" if value and isinstance(value[0], str) else "x").join(map(str, value)) or "[]"
    return f"'{value}'" if "," in str(value) else str(value)


def convert(key: str, value: Any, default: Any, rules: Setting) -> Any:
    """The value in the type of the default, checked against the rules.

    Raises InputError that says what arrived and what was expected. Nothing is rounded or clipped on the way.
    """
    if isinstance(default, bool):
        if not isinstance(value, bool):
            raise _unfit(key, value, "true or false", rules)
        return value
    if isinstance(default, tuple):
        return _convert_names(key, value, rules) if rules.choices else _convert_list(key, value, rules)
    if isinstance(default, str):
        if not isinstance(value, str):
            raise _unfit(key, value, rules.expected if rules.choices else "a text", rules)
        if rules.choices:
            _check_choice(key, value, rules)
        return value
    expected = rules.expected
    if isinstance(default, int):
        expected = expected.replace("a finite number", "a whole number")
    if isinstance(value, bool) or not isinstance(value, int if isinstance(default, int) else int | float):
        raise _unfit(key, value, expected, rules)
    if not rules.admits(value):
        raise _unfit(key, value, expected, rules)
    return int(value) if isinstance(default, int) else float(value)


def _convert_names(key: str, value: Any, rules: Setting) -> tuple[str, ...]:
    names = [] if value == "none" else value.split("+") if isinstance(value, str) else value
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        raise _unfit(key, value, f"none, or names joined by +, each {rules.expected}", rules)
    if isinstance(value, str) and "," in value:
        raise InputError(
            f"{key} = {value!r} does not fit: names are joined by +, as in {key}={value.replace(',', '+')}."
        )
    for name in names:
        _check_choice(key, name, rules)
    return tuple(names)


def _check_choice(key: str, value: str, rules: Setting) -> None:
    if value not in rules.choices:
        from trainlab.spelling import unknown_name

        raise unknown_name(f"{key} ({rules.meaning})", value, rules.choices)


def _convert_list(key: str, value: Any, rules: Setting) -> tuple[int, ...]:
    items: Sequence[Any] = value if isinstance(value, list | tuple) else [value]
    if not all(isinstance(item, int) and not isinstance(item, bool) and rules.admits(item) for item in items):
        each = rules.expected.replace("a finite number", "a whole number")
        raise _unfit(key, value, f"a list such as [256, 128] (or 256x128), each {each}", rules)
    return tuple(items)


def _unfit(key: str, value: Any, expected: str, rules: Setting) -> InputError:
    shown = f"{value!r}" if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)
    return InputError(f"{key} = {shown} does not fit: {key} ({rules.meaning}) is {expected}.")
