"""Pages with a footer that says how many there are, and an outline of the sections."""

from functools import partial
from typing import Any, BinaryIO

from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Frame, PageTemplate

from trainlab.report.document import Document
from trainlab.report.pdf.drawings import COLOURS, write
from trainlab.report.pdf.fonts import REGULAR, width_of
from trainlab.words import words

MARGIN, FOOTER = 45.0, 24.0  # points


class Pages(BaseDocTemplate):  # type: ignore[misc]  # reportlab has no types
    """The file that a story is built into."""

    def __init__(self, file: BinaryIO, size: tuple[float, float], document: Document, made_by: str) -> None:
        self.say = words(document.language)
        super().__init__(
            file, pagesize=size, title=document.title, creator=made_by, invariant=1, lang=document.language
        )
        width, height = size
        self.width = width - 2 * MARGIN
        frame = Frame(MARGIN, MARGIN, self.width, height - 2 * MARGIN, 0, 0, 0, 0)
        self.addPageTemplates([PageTemplate(frames=[frame])])

    def build(self, story: list[Any]) -> None:
        super().build(story, canvasmaker=partial(_NumberedCanvas, say=self.say))

    def afterFlowable(self, flowable: Any) -> None:  # noqa: N802  # reportlab calls it by this name
        """Note headings in the outline."""
        level = getattr(flowable, "outline_level", None)
        if level is not None:
            key = f"section-{self.canv.getPageNumber()}-{id(flowable)}"
            self.canv.bookmarkPage(key)
            self.canv.addOutlineEntry(flowable.getPlainText(), key, level)


class _NumberedCanvas(Canvas):  # type: ignore[misc]
    """Keeps all pages back until their number is known."""

    def __init__(self, *arguments: Any, say: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.say = say
        self.finished: list[dict[str, Any]] = []

    def showPage(self) -> None:  # noqa: N802
        self.finished.append(dict(self.__dict__))
        self._startPage()

    def save(self) -> None:
        for number, page in enumerate(self.finished, start=1):
            self.__dict__.update(page)
            told = self.say("report.page", number=number, all=len(self.finished))
            self.setFillColor(COLOURS["muted"])
            width, _ = self._pagesize
            write(self, width - MARGIN - width_of(told, REGULAR, 8), FOOTER, told, 8)
            write(self, MARGIN, FOOTER, self.say("report.made_by"), 8)
            super().showPage()
        super().save()
