"""The colours of a report: Okabe and Ito's, which the colour-blind can tell apart; dashes tell lines apart in grey."""

from collections.abc import Mapping

LIGHT = {
    "ink": "#1d1d1f",
    "muted": "#63636b",
    "paper": "#ffffff",
    "pale": "#f3f4f6",
    "rule": "#d9dade",
    "warning": "#a23b00",
    "c0": "#0072b2",
    "c1": "#b87700",
    "c2": "#008a66",
    "c3": "#b8578e",
    "c4": "#2f8fc4",
    "c5": "#d55e00",
    "right": "0, 114, 178",
    "wrong": "213, 94, 0",
}
"""``right`` and ``wrong`` are red, green, blue: they shade the cells of a confusion matrix by their share."""
DARK = {
    "ink": "#e8e8ea",
    "muted": "#a0a0a8",
    "paper": "#17181b",
    "pale": "#222429",
    "rule": "#3a3c42",
    "warning": "#ff9d66",
    "c0": "#4db4ea",
    "c1": "#f0b03c",
    "c2": "#2fc79a",
    "c3": "#e59ac6",
    "c4": "#8ccbf0",
    "c5": "#ff8a3d",
    "right": "77, 180, 234",
    "wrong": "255, 138, 61",
}
PAPER = {**LIGHT, "ink": "#000000", "muted": "#444444", "rule": "#bbbbbb"}

DASHES: tuple[tuple[int, ...], ...] = ((), (7, 3), (7, 3, 2, 3), (2, 3), (), (7, 3))
"""Of each look: lengths drawn and left out; empty for a whole line."""
BAND = 0.18
"""How opaque a band is."""


def shade_right(share: float) -> float:
    """How opaque the colour of ``right`` is behind so many of a class."""
    return 0.55 * share


def shade_wrong(share: float) -> float:
    """The same for mistakes, which are few: 7 % of a class are as dark as it gets."""
    return min(0.85, 12 * share)


def css_variables(palette: Mapping[str, str]) -> str:
    """
    >>> css_variables({"ink": "#000000", "c0": "#0072b2"})
    '--ink: #000000; --c0: #0072b2;'
    """
    return " ".join(f"--{name}: {colour};" for name, colour in palette.items())


def css_of_lines() -> str:
    """The rules for what a chart draws: the classes ``c0`` to ``c5`` have the colours of these names."""
    rules = [".line { fill: none; stroke-width: 2; stroke-linejoin: round; }", f".band {{ opacity: {BAND}; }}"]
    for look, dashes in enumerate(DASHES):
        name = f"c{look}"
        rules.append(f".{name} {{ stroke: var(--{name}); }}")
        rules.append(f"circle.{name}, .band.{name} {{ fill: var(--{name}); stroke: none; }}")
        if dashes:
            rules.append(f".line.{name} {{ stroke-dasharray: {' '.join(map(str, dashes))}; }}")
    rules += [
        ".whisker { fill: none; stroke-width: 1.5; }",
        ".grid { stroke: var(--rule); stroke-width: 1; }",
        "text { font-size: 11px; fill: var(--muted); }",
        ".axis { fill: var(--ink); font-size: 12px; }",
    ]
    return "\n".join(rules)
