"""A report as one HTML file that needs nothing else: no network, no other file, and to be read no JavaScript."""

from trainlab.report.html.page import render_html

__all__ = ["render_html"]
