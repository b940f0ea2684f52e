"""What trainlab says in more than one language: one catalogue of sentence patterns, a TOML file for each language.

>>> from trainlab.words import words
>>> say = words("en")
>>> say.count("seed", 1), say.count("seed", 3), say.listed(["split", "lr", "epochs"])
('1 seed', '3 seeds', 'split, lr and epochs')
"""

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from trainlab.spelling import unknown_name

LANGUAGES = ("en", "zh-TW")


@dataclass(frozen=True)
class Words:
    """The sentences of one language. Called with a key and what its pattern names, it gives the sentence."""

    language: str
    patterns: Mapping[str, str]
    """By the names of table and key, such as "verdict.told"; what stands in braces is filled in."""

    def __call__(self, key: str, **values: Any) -> str:
        return self.patterns[key].format(**values)

    def count(self, key: str, number: int) -> str:
        """So many of a thing, in the singular or plural: the keys are ``count.THING`` and ``count.THINGs``."""
        return self(f"count.{key}{'s' * (number != 1)}", n=f"{number:,}")

    def paragraph(self, sentences: Iterable[str]) -> str:
        """The sentences one after the other; Chinese puts no blank between them."""
        return self("list.gap").join(sentences)

    def listed(self, names: Sequence[str]) -> str:
        """The names as one enumeration."""
        if len(names) < 2:
            return "".join(names)
        first = self("list.separator").join(names[:-1])
        return self("list.last", first=first, last=names[-1])


@cache
def words(language: str) -> Words:
    """The catalogue of a language. Raises InputError, with the nearest right one, for a language that it lacks."""
    if language not in LANGUAGES:
        raise unknown_name("language", language, LANGUAGES)
    text = (resources.files("trainlab.words") / f"{language}.toml").read_text(encoding="utf-8")
    return Words(language, dict(_flat(tomllib.loads(text))))


def _flat(tables: Mapping[str, Mapping[str, str]]) -> Iterator[tuple[str, str]]:
    for table, patterns in tables.items():
        for key, pattern in patterns.items():
            yield f"{table}.{key}", pattern
