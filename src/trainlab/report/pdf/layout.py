"""Blocks as reportlab's flowables."""

import io
from collections.abc import Iterator, Sequence
from typing import Any

from reportlab.lib.styles import ParagraphStyle
from reportlab.platypus import (
    CondPageBreak,
    HRFlowable,
    Image,
    KeepTogether,
    ListFlowable,
    ListItem,
    PageBreak,
    Spacer,
    TableStyle,
)
from reportlab.platypus import Paragraph as TextFlowable
from reportlab.platypus import Table as TableFlowable

from trainlab.report import document as told
from trainlab.report.charts import draw
from trainlab.report.pdf.drawings import COLOURS, Bar, ChartDrawing, Legend
from trainlab.report.pdf.fonts import BOLD, MONO, REGULAR, marked, width_of
from trainlab.report.pdf.tables import matrix_flowable, table_flowable
from trainlab.report.pictures import enlarged, png_bytes

POINTS = 0.75
"""In a CSS pixel."""
IMAGE, IMAGES_A_ROW = 44.0, 8
BAR = 200.0
ROOM = 90.0
"""A heading begins a new page where less is left of one."""
WHOLE = told.Charts | told.Matrix | told.Gallery | told.Picture
DETAIL = 300
"""An image has so many pixels across, so that no reader blurs what was a few of them."""


class Layout:
    """Turns a document into a story for pages of some width."""

    def __init__(self, width: float, document: told.Document) -> None:
        self.width = width
        self.document = document
        self.wrap = "CJK" if document.language == "zh-TW" else None

    def story(self) -> list[Any]:
        document = self.document
        story: list[Any] = [self.heading(document.title, 0)]
        story += [self.text(sentence) for sentence in document.opening]
        for section in document.extra:
            story += self.section(section)
        for part in document.parts:
            if document.opening:
                story += [PageBreak(), self.heading(part.title, 0)]
            story += self.answer(part)
            for section in part.sections:
                story += self.section(section)
        return story

    def text(self, text: str, **style: Any) -> Any:
        """A paragraph; ``style`` names what differs from the usual."""
        style = {"fontName": REGULAR, "fontSize": 9, "textColor": COLOURS["ink"], "spaceAfter": 4} | style
        style.setdefault("leading", 1.4 * style["fontSize"])
        return TextFlowable(marked(text, style["fontName"]), ParagraphStyle("text", wordWrap=self.wrap, **style))

    def heading(self, text: str, level: int) -> Any:
        size, before = ((17, 0), (12.5, 14), (10, 9))[level]
        found = self.text(text, fontName=BOLD, fontSize=size, spaceBefore=before)
        if level < 2:
            found.outline_level = 0 if level == 0 or not self.document.opening else 1
        return found

    def answer(self, part: told.Part) -> list[Any]:
        """Question and answer in a box."""
        lines = [self.text(part.question, fontName=BOLD), *(self.text(sentence) for sentence in part.answer)]
        style = TableStyle(
            [
                ("BACKGROUND", (0, 0), (-1, -1), COLOURS["pale"]),
                ("LINEBEFORE", (0, 0), (0, -1), 3, COLOURS["c0"]),
                ("LEFTPADDING", (0, 0), (-1, -1), 12),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
            ]
        )
        return [TableFlowable([[line] for line in lines], [self.width], style=style)]

    def section(self, section: told.Section) -> list[Any]:
        """What leads to a chart or picture stays on its page; in front of a table there is room for some rows."""
        keeps = self.keeps(section.blocks)
        rule = HRFlowable(width="100%", thickness=0.5, color=COLOURS["rule"], spaceBefore=12, spaceAfter=0)
        opening = [rule, self.heading(section.title, 1)]
        story = [CondPageBreak(ROOM), *opening]
        if keeps and keeps[0]:
            for flowable in opening:
                flowable.keepWithNext = 1
        for block, is_kept in zip(section.blocks, keeps, strict=True):
            found = list(self.block(block))
            if is_kept:
                for flowable in found:
                    flowable.keepWithNext = 1
            elif isinstance(block, told.Heading):
                story.append(CondPageBreak(ROOM))
            story += found
        return story

    def keeps(self, blocks: Sequence[told.Block]) -> list[bool]:
        """Of each block, whether it leads to one that stays whole."""
        kept: list[bool] = []
        leads = False
        for block in reversed(blocks):
            kept.insert(0, leads and isinstance(block, told.Heading | told.Paragraph))
            leads = isinstance(block, WHOLE) or kept[0]
        return kept

    def block(self, block: told.Block) -> Iterator[Any]:
        match block:
            case told.Paragraph(text, look):
                small = {"fontSize": 8, "textColor": COLOURS["muted"]}
                yield self.text(text, **(small if look == "note" else {}))
            case told.Heading(text):
                yield self.heading(text, 2)
            case told.Bullets(items, look):
                colour = COLOURS["warning" if look == "warning" else "ink"]
                lines = [ListItem(self.text(item, textColor=colour, spaceAfter=1)) for item in items]
                yield ListFlowable(lines, bulletType="bullet", start="•", leftIndent=12, bulletFontName=REGULAR)
                yield Spacer(1, 4)
            case told.Table():
                yield table_flowable(block, self.width)
                yield Spacer(1, 6)
            case told.Matrix():
                yield KeepTogether([matrix_flowable(block, self.width)])
                yield Spacer(1, 4)
            case told.Bars(rows):
                yield self.bars(rows)
            case told.Picture():
                yield self.image(block, min(self.width, POINTS * block.width))
            case told.Gallery(pictures):
                yield self.gallery(pictures)
            case told.Facts():
                yield self.facts(block)
            case told.Code(lines):
                shown = {"fontName": MONO, "fontSize": 7.5, "backColor": COLOURS["pale"], "borderPadding": 3}
                yield Spacer(1, 3)
                yield from (self.text(line, spaceAfter=6, **shown) for line in lines)
            case told.Charts():
                yield from self.charts(block)

    def charts(self, block: told.Charts) -> Iterator[Any]:
        """In rows, the legend with the first of them."""
        columns = 3 if block.charts[0].width < 400 else 2
        width = self.width / columns
        drawings = [ChartDrawing(draw(chart), width - 8) for chart in block.charts]
        rows = [drawings[start : start + columns] for start in range(0, len(drawings), columns)]
        tables = [
            TableFlowable([row], [width] * len(row), hAlign="LEFT", style=[("LEFTPADDING", (0, 0), (-1, -1), 0)])
            for row in rows
        ]
        first = [Legend(block.legend), tables[0]] if block.legend else tables[:1]
        yield KeepTogether(first)
        yield from tables[1:]

    def bars(self, rows: Sequence[tuple[str, float, str]]) -> Any:
        first = min(160.0, max(width_of(name, REGULAR, 8) for name, _, _ in rows) + 10)
        cells = [
            [
                self.text(name, fontSize=8, spaceAfter=0),
                Bar(share, BAR),
                self.text(f"{100 * share:.2f} %", fontSize=8, spaceAfter=0),
                self.text(counted, fontSize=8, spaceAfter=0),
            ]
            for name, share, counted in rows
        ]
        style = [("VALIGN", (0, 0), (-1, -1), "MIDDLE"), ("TOPPADDING", (0, 0), (-1, -1), 1)]
        style += [("BOTTOMPADDING", (0, 0), (-1, -1), 1), ("LEFTPADDING", (0, 0), (0, -1), 0)]
        return TableFlowable(cells, [first, BAR + 10, 55, 100], hAlign="LEFT", style=style)

    def image(self, picture: told.Picture, width: float) -> Any:
        content = png_bytes(enlarged(picture.pixels, max(DETAIL, picture.width)))
        height = width * picture.pixels.shape[0] / picture.pixels.shape[1]
        if height > 1.2 * width:
            width, height = width * 1.2 * width / height, 1.2 * width
        found = Image(io.BytesIO(content), width, height, mask="auto")
        found.hAlign = "LEFT"
        return found

    def gallery(self, pictures: Sequence[tuple[told.Picture, str, str, str]]) -> Any:
        width = self.width / IMAGES_A_ROW
        cells: list[Any] = []
        for picture, label, predicted, sure in pictures:
            caption = f"{marked(label)} → <b>{marked(predicted, BOLD)}</b><br/>{sure}"
            style = ParagraphStyle(
                "caption", fontName=REGULAR, fontSize=7, leading=9, textColor=COLOURS["muted"], alignment=1
            )
            image = self.image(picture, IMAGE)
            image.hAlign = "CENTER"
            cells.append([image, Spacer(1, 3), TextFlowable(caption, style)])
        rows = [cells[start : start + IMAGES_A_ROW] for start in range(0, len(cells), IMAGES_A_ROW)]
        rows[-1] += [""] * (IMAGES_A_ROW - len(rows[-1])) if len(rows) > 1 else []
        style = [
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LEFTPADDING", (0, 0), (-1, -1), 2),
            ("RIGHTPADDING", (0, 0), (-1, -1), 2),
        ]
        return TableFlowable(rows, [width] * len(rows[0]), hAlign="LEFT", style=style)

    def facts(self, block: told.Facts) -> Any:
        """Names and values, in several columns where there are many."""
        columns = 3 if block.look == "columns" else 1
        size = 7.0 if columns > 1 else 8.0
        count = -(-len(block.facts) // columns)
        cells: list[list[Any]] = [["" for _ in range(2 * columns)] for _ in range(count)]
        for position, fact in enumerate(block.facts):
            column, row = divmod(position, count)
            font = BOLD if fact.look == "strong" else REGULAR
            colour = COLOURS["muted" if fact.look == "pale" else "ink"]
            cells[row][2 * column] = self.text(fact.name, fontSize=size, textColor=COLOURS["muted"], spaceAfter=0)
            cells[row][2 * column + 1] = self.text(
                fact.value, fontSize=size, fontName=font, textColor=colour, spaceAfter=0
            )
        names = max((width_of(fact.name, REGULAR, size) for fact in block.facts), default=0) + 10
        width = self.width / columns
        style = [("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (-1, -1), 0)]
        style += [("TOPPADDING", (0, 0), (-1, -1), 0), ("BOTTOMPADDING", (0, 0), (-1, -1), 2)]
        style += [("RIGHTPADDING", (0, 0), (-1, -1), 6)]
        return TableFlowable(cells, [names, width - names] * columns, hAlign="LEFT", style=style)
