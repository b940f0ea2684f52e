"""A docstring of this house, taken apart: summary, prose and formulas, tables of shapes, arguments, example."""

import inspect
import re
from dataclasses import dataclass, field

LABELS = ("Forward", "Backward", "Keeps in training", "Keeps", "Raises", "Source")
SHAPE_IN_SENTENCE = re.compile(r"(\w+ \([^)]*\))(?= →|[.,;]| and| with|$)")


@dataclass
class Docstring:
    """The parts of a docstring, in the words of its author."""

    summary: str
    """The first paragraph."""
    blocks: list[tuple[str, str]] = field(default_factory=list)
    """("text" | "formula" | "shapes", …) in order; formulas are indented blocks, shapes the rows of a table."""
    arguments: dict[str, str] = field(default_factory=dict)
    example: str = ""

    @property
    def shapes(self) -> dict[str, str]:
        """Array → symbolic shape, from the table, or from a sentence such as ``x (N, C) → y (N, C)``."""
        found: dict[str, str] = {}
        for kind, text in self.blocks:
            rows = (
                text.splitlines() if kind == "shapes" else re.findall(r"(\w+ \([^)]*\))(?= →|[.,;]| and| with|$)", text)
            )
            if kind == "formula" or (kind == "text" and "→" not in text):
                continue
            for row in rows:
                match = re.match(r"([\w., ]+?)\s+(\(.*?\))", row)
                if match:
                    found.update({name.strip(): match[2] for name in match[1].split(",")})
        return found

    @property
    def forward(self) -> str:
        """The forward formula alone, as the index lists it."""
        return self._formula("Forward")

    @property
    def backward(self) -> str:
        return self._formula("Backward")

    @property
    def formula(self) -> str:
        """The forward formula, or the first one of what has no forward pass."""
        return self.forward or next((text for kind, text in self.blocks if kind == "formula"), "")

    def _formula(self, label: str) -> str:
        for place, (kind, text) in enumerate(self.blocks):
            if kind == "text" and (start := text.find(label)) >= 0:
                inline = re.match(rf"{label}[^:]*: ``(.+?)``", text[start:])
                if inline:
                    return inline[1]
                if text.endswith(":") and self.blocks[place + 1][0] == "formula":
                    return self.blocks[place + 1][1]
                return ""
        return ""


def parse(documented: object) -> Docstring:
    """Take an object's docstring apart.

    >>> found = parse(parse)
    >>> found.summary, found.example.startswith(">>> found")
    ("Take an object's docstring apart.", True)
    """
    paragraphs = re.split(r"\n\s*\n", inspect.cleandoc(getattr(documented, "__doc__", None) or "").strip())
    found = Docstring(" ".join(paragraphs[0].split()))
    for paragraph in paragraphs[1:]:
        if paragraph.startswith(">>>"):
            found.example = f"{found.example}\n{paragraph}".strip()
        elif paragraph.startswith("Args:\n"):
            found.arguments.update(_arguments(paragraph))
        elif paragraph.startswith("="):
            found.blocks.append(("shapes", "\n".join(_table(paragraph))))
        elif paragraph.startswith("    "):
            found.blocks.append(("formula", inspect.cleandoc("\n" + paragraph)))
        else:
            found.blocks += [("text", part) for part in _labelled(" ".join(paragraph.split()))]
    return found


def _labelled(paragraph: str) -> list[str]:
    """One part for each sentence that begins with a label."""
    start = rf"(?:^|(?<=[.)] ))(?=(?:{'|'.join(LABELS)})\b[^.]*?[:E])"
    return [part.replace("::", ":").strip() for part in re.split(start, paragraph) if part.strip()]


def _arguments(paragraph: str) -> dict[str, str]:
    found: dict[str, str] = {}
    name = ""
    for line in paragraph.splitlines()[1:]:
        match = re.match(r"    (\w+): (.*)", line)
        if match:
            name, found[match[1]] = match[1], match[2]
        else:
            found[name] += " " + line.strip()
    return found


def _table(paragraph: str) -> list[str]:
    """The rows of a table without its head and rules."""
    lines = [line for line in paragraph.splitlines() if not line.startswith("=")]
    return lines[1:]
