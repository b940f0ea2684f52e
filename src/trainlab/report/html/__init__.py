"""A report of runs as one HTML file that needs nothing else: no network, no other file, no JavaScript."""

from trainlab.report.html.page import refuse_to_overwrite, render_report, write_report

__all__ = ["refuse_to_overwrite", "render_report", "write_report"]
