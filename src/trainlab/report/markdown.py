"""A document as Markdown that GitHub renders, with its charts and images as files in a folder beside it."""

import re
from collections.abc import Sequence

from trainlab.report.charts import draw, svg_file
from trainlab.report.document import (
    Bars,
    Block,
    Bullets,
    Cell,
    Charts,
    Code,
    Document,
    Facts,
    Gallery,
    Heading,
    Matrix,
    Paragraph,
    Picture,
    Section,
    Table,
)
from trainlab.report.pictures import enlarged, png_bytes
from trainlab.words import words

PICTURE = re.compile(r"(chart|image)-\d+\.(svg|png)")
"""The name of a picture."""
IMAGES_A_ROW = 6


def render_markdown(document: Document, made_by: str, name: str) -> tuple[str, dict[str, bytes]]:
    """The text, and the pictures by their path.

    Args:
        made_by: the generator, which a comment names.
        name: of the file, without its ending; the pictures stand in ``NAME_pictures/``.
    """
    writer = _Writer(picture_folder(name))
    several = bool(document.opening)
    blocks = [f"<!-- {made_by} -->", f"# {escaped(document.title)}", *map(escaped, document.opening)]
    for section in document.extra:
        blocks += writer.section(section, 2)
    for part in document.parts:
        if several:
            blocks.append(f"## {escaped(part.title)}")
        blocks.append("\n>\n".join([f"> **{escaped(part.question)}**", *(f"> {escaped(one)}" for one in part.answer)]))
        for section in part.sections:
            blocks += writer.section(section, 3 if several else 2)
    blocks += ["---", escaped(words(document.language)("report.made_by"))]
    return "\n\n".join(blocks) + "\n", writer.pictures


def picture_folder(name: str) -> str:
    """The name of the folder with the pictures of the file ``NAME.md``."""
    return f"{name}_pictures"


def escaped(text: str) -> str:
    """The text as it is, whatever Markdown or HTML it may look like.

    >>> escaped("a_b *c* <img> 1 | 2"), escaped("# no heading"), escaped("1. no list"), escaped("_x_")
    ('a_b \\\\*c\\\\* &lt;img&gt; 1 \\\\| 2', '\\\\# no heading', '1\\\\. no list', '\\\\_x\\\\_')
    """
    text = " ".join(text.split())
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = re.sub(r"([\\`*\[\]|~$])", r"\\\1", text)
    text = re.sub(r"(?<!\w)_|_(?!\w)", r"\\_", text)  # within a word it means nothing
    text = re.sub(r"^([#+-])", r"\\\1", text)
    return re.sub(r"^(\d+)([.)])(?=\s|$)", r"\1\\\2", text)


class _Writer:
    """Turns blocks into Markdown, and collects the pictures that they name."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.pictures: dict[str, bytes] = {}

    def section(self, section: Section, level: int) -> list[str]:
        heading = f"{'#' * level} {escaped(section.title)}"
        return [heading, *(text for block in section.blocks if (text := self.block(block, level)))]

    def block(self, block: Block, level: int) -> str:
        match block:
            case Paragraph(text, look):
                return f"*{escaped(text)}*" if look == "note" else escaped(text)
            case Heading(text):
                return f"{'#' * (level + 1)} {escaped(text)}"
            case Bullets(items, _):
                return "\n".join(f"- {escaped(item)}" for item in items)
            case Table():
                return _table(block)
            case Matrix():
                return _matrix(block)
            case Bars(rows):
                cells = [[escaped(name), f"{100 * share:.2f} %", escaped(told)] for name, share, told in rows]
                return _rows(["", "", ""], cells, left=(0,))
            case Picture():
                return self.picture(block, "image")
            case Gallery():
                return self.gallery(block)
            case Facts(facts):
                strong = {True: "**", False: ""}
                marks = [strong[fact.look == "strong"] for fact in facts]
                cells = [
                    [f"{mark}{escaped(text)}{mark}" if text else "" for text in (fact.name, fact.value)]
                    for fact, mark in zip(facts, marks, strict=True)
                ]
                return _rows(["", ""], cells, left=(0, 1))
            case Code(lines):
                longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
                fence = "`" * max(3, longest + 1)
                return "\n".join([f"{fence}text", *lines, fence])
            case Charts():
                return self.charts(block)

    def picture(self, picture: Picture, stem: str) -> str:
        pixels = enlarged(picture.pixels, picture.width)
        return self.file(png_bytes(pixels), stem, ".png", picture.told)

    def file(self, content: bytes, stem: str, ending: str, told: str) -> str:
        """Keep a picture; returns the Markdown that shows it."""
        number = 1 + sum(name.endswith(ending) for name in self.pictures)
        path = f"{self.folder}/{stem}-{number:02d}{ending}"
        self.pictures[path] = content
        return f"![{escaped(told)}]({path.replace(' ', '%20')})"

    def gallery(self, gallery: Gallery) -> str:
        rows: list[list[str]] = []
        for start in range(0, len(gallery.pictures), IMAGES_A_ROW):
            row = gallery.pictures[start : start + IMAGES_A_ROW]
            rest = [""] * (IMAGES_A_ROW - len(row)) if start else []
            rows.append([self.picture(picture, "image") for picture, *_ in row] + rest)
            captions = [f"{escaped(label)} → **{escaped(predicted)}**<br>{sure}" for _, label, predicted, sure in row]
            rows.append(captions + rest)
        return _rows(rows[0], rows[1:], middle=True)

    def charts(self, charts: Charts) -> str:
        images = [
            self.file(
                svg_file(draw(chart), charts.legend).encode(),
                "chart",
                ".svg",
                ", ".join(filter(None, (chart.title, chart.x_label))),
            )
            for chart in charts.charts
        ]
        return "\n".join(images)


def _table(table: Table) -> str:
    rows = [[_cell(cell) for cell in row] for row in table.rows]
    if table.total:
        rows.append([f"**{escaped(text)}**" if text else "" for text in table.total])
    return _rows([escaped(heading) for heading in table.headings], rows, left=table.left)


def _cell(cell: Cell | str) -> str:
    if isinstance(cell, str):
        return escaped(cell)
    return f"**{escaped(cell.text)}**" if cell.is_best else escaped(cell.text)


def _matrix(matrix: Matrix) -> str:
    rows = []
    for i, (name, row) in enumerate(zip(matrix.names, matrix.counts.tolist(), strict=True)):
        cells = [f"**{count}**" if i == j else str(count or "·") for j, count in enumerate(row)]
        rows.append([f"**{escaped(name)}**", *cells])
    return _rows(["", *map(escaped, matrix.names)], rows, left=(0,))


def _rows(
    headings: Sequence[str], rows: Sequence[Sequence[str]], left: Sequence[int] = (), middle: bool = False
) -> str:
    rule = [":---:" if middle else ":---" if column in left else "---:" for column in range(len(headings))]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (headings, rule, *rows))
