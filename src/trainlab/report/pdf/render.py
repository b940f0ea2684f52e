"""A document on pages: each kind of block as what reportlab lays out."""

import io

from reportlab.lib.pagesizes import A4

from trainlab.report.document import Document
from trainlab.report.pdf.fonts import register_fonts
from trainlab.report.pdf.layout import Layout
from trainlab.report.pdf.pages import Pages


def render_pdf(document: Document, made_by: str) -> bytes:
    """The file: the same bytes for the same document and version of reportlab.

    Args:
        made_by: the program that the file names as its creator.
    """
    register_fonts()
    file = io.BytesIO()
    pages = Pages(file, A4, document, made_by)
    pages.build(Layout(pages.width, document).story())
    return file.getvalue()
