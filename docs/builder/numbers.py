"""Numbers and arrays as LaTeX, four digits each; pages never hold a result that somebody typed."""

from typing import Any

import numpy as np

from docs.builder.problem import DocumentationError

ROUNDING = 1e-12
"""What is smaller is a 0 that was computed in another order, and is written so."""


def latex(value: Any) -> str:
    r"""A number, a row, a matrix or, unchanged, a piece of LaTeX. Leading axes of length 1 are left out.

    >>> latex(0.12345678), latex(-2.0), latex(1e-7)
    ('0.1235', '{-2}', '10^{-7}')
    >>> latex(np.array([[1.0, 2.0]]))
    '\\begin{pmatrix} 1 & 2 \\end{pmatrix}'
    """
    if isinstance(value, str):
        return value
    array = np.asarray(value)
    if array.dtype == bool:
        array = array.astype(int)
    while array.ndim > 2 and len(array) == 1:
        array = array[0]
    if array.ndim == 0:
        return _number(array.item())
    if array.ndim > 2:
        raise DocumentationError(f"an array of shape {np.shape(value)} does not fit on paper: choose a part of it")
    rows = np.atleast_2d(array).tolist()
    inside = r" \\ ".join(" & ".join(_number(number) for number in row) for row in rows)
    return rf"\begin{{pmatrix}} {inside} \end{{pmatrix}}"


def is_flat(array: Any) -> bool:
    """Whether an array fits on paper: a small matrix at most, once leading axes of length 1 are left out."""
    return np.size(array) <= 24 and all(size == 1 for size in np.shape(array)[:-2])


def products(first: Any, second: Any) -> str:
    r"""``Σ aᵢ·bᵢ`` in numbers.

    >>> products([1.0, 2.0], [5.0, -6.0])
    '1 \\cdot 5 + 2 \\cdot ({-6})'
    """
    pairs = zip(np.ravel(first).tolist(), np.ravel(second).tolist(), strict=True)
    return " + ".join(rf"{_bracketed(a)} \cdot {_bracketed(b)}" for a, b in pairs)


def added(values: Any) -> str:
    r"""``Σ aᵢ`` in numbers.

    >>> added([1.0, -2.0])
    '1 + ({-2})'
    """
    return " + ".join(_bracketed(value) for value in np.ravel(values).tolist())


def _bracketed(value: float) -> str:
    return f"({_number(value)})" if value < -ROUNDING else _number(value)


def _number(value: float) -> str:
    if value != value or value == np.inf:
        return r"\text{nan}" if value != value else r"\infty"
    if value < -ROUNDING:
        return f"{{-{_number(-value)}}}"  # in braces, a minus is drawn as a sign and not as a difference
    text = f"{value if value > ROUNDING else 0:.4g}"
    mantissa, _, exponent = text.partition("e")
    if not exponent:
        return mantissa
    power = f"10^{{{int(exponent)}}}"
    return power if mantissa == "1" else rf"{mantissa} \cdot {power}"
