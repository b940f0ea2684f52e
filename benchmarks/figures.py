"""What a benchmark returns: plain dictionaries that JSON holds as they are, every single measurement included."""

import statistics
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, NotRequired, TypedDict


class Target(TypedDict):
    """What was promised and what was hoped for; of a ratio the least, of a time or a size the most."""

    at_least: float
    aim: float


class Series(TypedDict):
    """One quantity, measured once a round, in order. None means that it never came about: an infinite time."""

    name: str
    values: list[float | None]
    target: NotRequired[Target]
    threads: NotRequired[int]


class Missing(TypedDict):
    """A rival that could not take part."""

    name: str
    reason: str


class Comparison(TypedDict):
    """Speeds measured in turn. A rival's target is for the ratio of trainlab's speed to its own."""

    kind: Literal["comparison"]
    title: str
    unit: str
    ours: Series
    rivals: list[Series]
    missing: list[Missing]


class Limits(TypedDict):
    """Times or sizes, the smaller the better."""

    kind: Literal["limits"]
    title: str
    unit: str
    rows: list[Series]
    missing: list[Missing]


class Table(TypedDict):
    """Anything else, as it is to be read."""

    kind: Literal["table"]
    title: str
    columns: list[str]
    rows: list[list[str]]


class Result(TypedDict):
    """The answer to one question."""

    question: str
    parts: list[Comparison | Limits | Table]
    notes: list[str]
    raw: NotRequired[dict[str, Any]]
    """The numbers behind a `Table`."""


class Spread(NamedTuple):
    """The middle and the extremes of n measurements."""

    median: float
    low: float
    high: float
    n: int


def spread(values: Sequence[float | None]) -> Spread:
    """Median, smallest and largest; None counts as infinite.

    >>> spread([3.0, 1.0, None])
    Spread(median=3.0, low=1.0, high=inf, n=3)
    """
    numbers = [float("inf") if value is None else value for value in values]
    return Spread(statistics.median(numbers), min(numbers), max(numbers), len(numbers))


def ratios(ours: Series, rival: Series) -> list[float | None]:
    """How many times as fast trainlab was, round by round: what slowed down a whole round cancels."""
    pairs = zip(ours["values"], rival["values"], strict=True)
    return [None if a is None or b is None else a / b for a, b in pairs]


def mean_and_deviation(values: Sequence[float]) -> tuple[float, float]:
    """Mean and sample standard deviation (divided by n − 1; 0 for a single value).

    >>> mean_and_deviation([1.0, 3.0])
    (2.0, 1.4142135623730951)
    """
    return statistics.fmean(values), statistics.stdev(values) if len(values) > 1 else 0.0
