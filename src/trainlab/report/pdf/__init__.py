"""A report as a PDF, with reportlab: pure Python, so that it needs no library of the system."""

from trainlab.report.pdf.render import render_pdf

__all__ = ["render_pdf"]
