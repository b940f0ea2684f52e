"""A page about a layer, a loss, an optimizer or schedules: what its Markdown file says, and what the code says."""

import importlib
import inspect
import re
import tomllib
from dataclasses import dataclass, replace
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any

from docs.builder import diagram, docstring, markup, shapes
from docs.builder.diagram import Edge, Node
from docs.builder.listing import find, source_of, without_docstring
from docs.builder.numbers import is_flat, latex
from docs.builder.plot import plot
from docs.builder.problem import DocumentationError
from docs.builder.worked import Worked
from trainlab.nn import Loss, Module

LONGEST_CALL = 80
"""Letters; a longer call is broken, a line for each argument."""
ARROW, BETWEEN = 34, 10
"""Pixels for an arrow, and between boxes that stand one above the other."""
KEYS = {"objects", "title", "torch", "papers", "code", "nodes", "edges"}
WORKED_BLOCK = re.compile(r"^```python worked\n(.*?)^```$", re.DOTALL | re.MULTILINE)
PLACEHOLDER = re.compile(r"\{\{ (.+?) \}\}", re.DOTALL)


@dataclass(frozen=True)
class Documented:
    """One object of a page: a class or a function."""

    path: str
    """Below trainlab: ``nn.Linear``."""

    @property
    def name(self) -> str:
        return self.path.split(".")[-1]

    @cached_property
    def object(self) -> Any:
        return find(self.path)

    @cached_property
    def told(self) -> docstring.Docstring:
        return docstring.parse(self.object)

    @cached_property
    def signature(self) -> str:
        """As one writes a call: types and ``self`` left out."""
        parameters = list(inspect.signature(self.object).parameters.values())
        bare = [parameter.replace(annotation=inspect.Parameter.empty) for parameter in parameters]
        text = str(inspect.Signature(bare))
        text = re.sub(r"<function (\w+) at 0x\w+>", r"\1", text)
        text = re.sub(r"<class .numpy.(float32).>", r"np.float32", text)
        if len(text) > LONGEST_CALL:
            text = "(\n    " + ",\n    ".join(re.split(r", (?![^(]*\))", text[1:-1])) + ",\n)"
        return f"{self.name}{text}"


class LayerPage:
    """What stands on the page, read and computed; how it looks is the template's business."""

    def __init__(self, file: Path, name: str) -> None:
        self.name = name
        text = file.read_text(encoding="utf-8")
        match = re.match(r"\+\+\+\n(.*?)\n\+\+\+\n(.*)", text, re.DOTALL)
        if match is None:
            raise DocumentationError(f"{name} begins with its objects between two lines of +++")
        self.head: dict[str, Any] = tomllib.loads(match[1])
        if unknown := set(self.head) - KEYS:
            raise DocumentationError(f"{name} has {sorted(unknown)} in its head, known are {sorted(KEYS)}")
        self.markdown = match[2]
        self.objects = [Documented(path) for path in self.head["objects"]]
        self.main = self.objects[0]

    @cached_property
    def worked(self) -> Worked:
        return Worked(self.name, WORKED_BLOCK.findall(self.markdown))

    @property
    def title(self) -> str:
        return str(self.head.get("title") or ", ".join(one.name for one in self.objects))

    @property
    def is_family(self) -> bool:
        """A title of its own: the page is about several functions alike, and not about its first object."""
        return "title" in self.head

    @property
    def summary(self) -> str:
        """What the page is about, in one sentence."""
        family = importlib.import_module(self.main.object.__module__)
        return docstring.parse(family).summary if self.is_family else self.main.told.summary

    @property
    def formula(self) -> str:
        """What the index shows."""
        return "" if self.is_family else self.main.told.formula

    def body(self, resolve: markup.Resolve) -> str:
        """The Markdown with its numbers filled in, as HTML."""
        blocks = {"checked()": self._checked, "mistakes()": self._mistakes, "curves()": self._curves}

        def fill(match: re.Match[str]) -> str:
            return blocks[match[1]]() if match[1] in blocks else self.worked.evaluate(match[1])

        pieces = re.split(r"(^```.*?^```$)", self.markdown, flags=re.DOTALL | re.MULTILINE)
        filled = (piece if piece.startswith("```") else PLACEHOLDER.sub(fill, piece) for piece in pieces)
        try:
            html = markup.to_html("".join(filled), resolve)
        except DocumentationError as error:
            raise DocumentationError(f"{self.name}: {error}") from error
        if stray := re.search(r".{0,40}\$.{0,40}", re.sub(r"<pre>.*?</pre>", "", html, flags=re.DOTALL)):
            raise DocumentationError(f"{self.name}: a formula does not end, or stands where it cannot: {stray[0]}")
        return html

    def _checked(self) -> str:
        """The table that says how far the three ways are apart."""
        has_numerical = any(one.numerical_off is not None for one in self.worked.compared)
        head = "<th>array</th><th>by code</th><th>by hand differs by</th>"
        head += "<th>central differences differ by</th>" if has_numerical else ""
        rows = []
        for one in self.worked.compared:
            cells = [
                f"<code>{escape(one.name)}</code>" if one.name == "y" or not has_numerical else _gradient(one.name)
            ]
            cells += [markup.formula(latex(one.value), is_display=False)] if is_flat(one.value) else ["…"]
            cells += [_size(one.by_hand_off)]
            cells += [_size(one.numerical_off) if one.numerical_off is not None else "–"] if has_numerical else []
            rows.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
        return f'<div class="wide"><table class="checked"><tr>{head}</tr>{"".join(rows)}</table></div>'

    def _curves(self) -> str:
        try:
            return plot(self.worked.names["curves"], f"{self.main.name}: its curves")
        except (KeyError, ValueError) as error:
            raise DocumentationError(f"{self.name}: its curves cannot be drawn: {error}") from error

    def _mistakes(self) -> str:
        rows = []
        for mistake in self.worked.mistakes:
            wrong, right = (markup.formula(latex(value), is_display=False) for value in (mistake.wrong, mistake.right))
            told = markup.from_docstring(mistake.told, lambda name: None)
            cells = f"<td>{told}</td><td>{_gradient(mistake.gradient)}</td><td>{wrong}</td><td>{right}</td>"
            rows.append(f"<tr>{cells}</tr>")
        head = "<tr><th>mistake</th><th>gradient</th><th>it gives</th><th>right is</th></tr>"
        return f'<div class="wide"><table class="mistakes">{head}{"".join(rows)}</table></div>'

    # ---------------------------------------------------------------- what the code says

    @cached_property
    def shapes(self) -> dict[str, str]:
        """Array → letters, held against the worked example."""
        told = self.main.told.shapes
        if not told and issubclass(self.main.object, Module):
            told = {"x": "(…)", "y": "(…)"}
        arrays = self.worked.arrays()
        pairs = [(name, symbolic, arrays[name].shape) for name, symbolic in told.items() if name in arrays]
        own = [name for name in arrays if "." not in name and name not in _counters(self.worked)]
        if untold := [name for name in own if name not in told]:
            raise DocumentationError(f"{self.name}: the docstring tells no shape of {', '.join(untold)}")
        settings = {name: value for name, value in vars(self.worked.names["layer"]).items() if isinstance(value, int)}
        try:
            shapes.fit(pairs, settings)
        except DocumentationError as error:
            raise DocumentationError(f"{self.name}: {error}") from error
        return told

    def example_shape(self, name: str) -> str:
        """The shape that an array has in the worked example."""
        arrays = self.worked.arrays()
        return str(arrays[name].shape) if name in arrays else ""

    @property
    def letters(self) -> list[str]:
        """The letters of all shapes, each once."""
        found = [letter for symbolic in self.shapes.values() for letter in shapes.letters_in(symbolic)]
        return list(dict.fromkeys(found))

    def picture(self) -> str:
        """The shape diagram."""
        if "nodes" in self.head:
            nodes = [Node(**node | {"lines": tuple(node.get("lines", ()))}) for node in self.head["nodes"]]
            edges = [Edge(*edge) for edge in self.head["edges"]]
        elif issubclass(self.main.object, Loss):
            nodes, edges = _loss_picture(self.main.name, self.shapes)
        else:
            nodes, edges = _layer_picture(self.main.name, self.shapes, self.worked)
        return diagram.draw(nodes, edges, f"{self.main.name}: arrays, their shapes and their gradients")

    @property
    def code(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """(title, [(name, code), …]): the code of the engine, beside the obvious form of the same."""
        return [(part["title"], [self._listing(name) for name in part["show"]]) for part in self.head.get("code", [])]

    @property
    def has_twin(self) -> bool:
        """Whether the code is shown in two forms."""
        names = [name for part in self.head.get("code", []) for name in part["show"]]
        return any(name in self.worked.functions or name.endswith("_naive") for name in names)

    def _listing(self, name: str) -> tuple[str, str]:
        if name in self.worked.functions:
            return f"{name}, by the formula", markup.coloured(without_docstring(self.worked.functions[name]))
        return name.removeprefix("nn.").removeprefix("optim."), markup.coloured(source_of(find(name)))

    def with_papers(self, html: str) -> str:
        """Papers that the docstrings name become links."""
        for paper, address in self.head.get("papers", {}).items():
            html = html.replace(escape(paper, quote=False), f'<a href="{address}">{escape(paper, quote=False)}</a>')
        return html

    def check_papers(self) -> None:
        told = " ".join(" ".join((one.object.__doc__ or "").split()) for one in self.objects)
        if missing := [paper for paper in self.head.get("papers", {}) if paper not in told]:
            raise DocumentationError(f"{self.name}: no docstring of the page names {missing}")


def _counters(worked: Worked) -> set[str]:
    """Buffers of one number."""
    layer = worked.names["layer"]
    return {name for name, array in layer.named_buffers() if array.ndim == 0} if isinstance(layer, Module) else set()


def _layer_picture(name: str, told: dict[str, str], worked: Worked) -> tuple[list[Node], list[Edge]]:
    """x, the layer, y from top to bottom; parameters and buffers beside them."""
    layer = worked.names["layer"]
    parameters = [one for one, _ in layer.named_parameters()]
    beside = [*parameters, *(one for one, array in layer.named_buffers() if array.ndim)]
    x_gradient = "grad_input" if worked.names["x"].dtype.kind == "f" else ""
    x, y = Node("x", 0, 0, (told["x"],), x_gradient), Node("y", 0, 0, (told["y"],), "grad_output")
    sides = [
        Node(one, 1, 0, (told[one],), f"grad_{one}", "parameter")
        if one in parameters
        else Node(one, 1, 0, (told[one],), kind="buffer")
        for one in beside
    ]
    height = max(diagram.BOX_HEIGHT, sum(side.height + BETWEEN for side in sides) - BETWEEN)
    operation = Node(name, 0, (x.height + height + 2 * ARROW) / 2 / diagram.ROW, kind="operation", least_height=height)
    nodes = [x, operation, replace(y, row=operation.row + (height + y.height + 2 * ARROW) / 2 / diagram.ROW)]
    place = operation.row * diagram.ROW - height / 2
    for side in sides:
        nodes.append(replace(side, row=(place + side.height / 2) / diagram.ROW))
        place += side.height + BETWEEN
    edges = [Edge("x", name, bool(x_gradient)), Edge(name, "y")]
    return nodes, [*edges, *(Edge(side.name, name, side.kind == "parameter") for side in sides)]


def _loss_picture(name: str, told: dict[str, str]) -> tuple[list[Node], list[Edge]]:
    nodes = [
        Node("prediction", 0, 0, (told["prediction"],), "grad_input"),
        Node("target", 1, 0, (told["target"],)),
        Node(name, 0.5, 1, kind="operation"),
        Node("loss", 0.5, 2, ("one number",), "1"),
    ]
    return nodes, [Edge("prediction", name), Edge("target", name, False), Edge(name, "loss")]


def _gradient(name: str) -> str:
    written = "grad_input" if name == "x" else f"grad_{name}"
    return f"<code>{escape(written)}</code>"


def _size(distance: float) -> str:
    return "0" if distance == 0 else f"{distance:.0e}"
