"""Shapes as letters, such as ``(N, in_features)``, held against the shapes of real arrays."""

import re
from collections.abc import Iterable

from docs.builder.problem import DocumentationError

Shape = tuple[int, ...]
ANY = "…"
"""Stands for any number of dimensions."""


def dimensions(symbolic: str) -> list[str]:
    """``"(3 · embed_dim, embed_dim)"`` → ``["3 · embed_dim", "embed_dim"]``."""
    return [part.strip() for part in symbolic.strip("()").split(",") if part.strip()]


def fit(pairs: Iterable[tuple[str, str, Shape]], known: dict[str, int] | None = None) -> dict[str, int]:
    """What each letter is, when every (name, symbolic shape, real shape) fits.

    Raises DocumentationError when two arrays give a letter two values, or a real shape is not what the letters say.

    >>> fit([("x", "(N, in_features)", (3, 2)), ("weight", "(out_features, in_features)", (4, 2))])
    {'N': 3, 'in_features': 2, 'out_features': 4}
    """
    letters = dict(known or {})
    later = []
    for name, symbolic, shape in pairs:
        for dimension, size in _matched(name, symbolic, shape):
            if dimension.isidentifier():
                if letters.setdefault(dimension, size) != size:
                    raise DocumentationError(
                        f"{name} {symbolic} is an array of {shape}: {dimension} is {letters[dimension]}"
                    )
            else:
                later.append((name, symbolic, dimension, size))
    for name, symbolic, dimension, size in later:
        expression = dimension.replace("·", "*")
        try:
            value = eval(expression, {"__builtins__": {}}, dict(letters))  # the text stands in our own docstrings
        except (NameError, SyntaxError):
            raise DocumentationError(f"{name} {symbolic}: {dimension!r} is not made of known letters") from None
        if value != size:
            raise DocumentationError(f"{name} {symbolic} has {size} where {dimension} is {value}")
    return letters


def _matched(name: str, symbolic: str, shape: Shape) -> list[tuple[str, int]]:
    """Each dimension with its size, leaving out what ``…`` stands for."""
    parts = dimensions(symbolic)
    if ANY in parts:
        place = parts.index(ANY)
        behind = len(parts) - place - 1
        if len(shape) < len(parts) - 1:
            raise DocumentationError(f"{name} {symbolic} is an array of {shape}")
        rest = zip(parts[place + 1 :], shape[len(shape) - behind :], strict=True)
        return [*zip(parts[:place], shape[:place], strict=True), *rest]
    if len(parts) != len(shape):
        raise DocumentationError(f"{name} {symbolic} is an array of {shape}")
    return list(zip(parts, shape, strict=True))


def letters_in(symbolic: str) -> list[str]:
    """The identifiers in a symbolic shape.

    >>> letters_in("(N, out_channels, H_out)")
    ['N', 'out_channels', 'H_out']
    """
    return re.findall(r"[A-Za-z]\w*", symbolic)
