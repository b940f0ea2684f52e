"""A document as one HTML text: the template and the style sheet say how each kind of block looks."""

from base64 import b64encode
from html import escape
from pathlib import Path

from trainlab.report.charts import draw, svg_element
from trainlab.report.document import Block, Chart, Document, Picture
from trainlab.report.palette import DARK, LIGHT, PAPER, css_of_lines, css_variables, shade_right, shade_wrong
from trainlab.report.pictures import png_bytes
from trainlab.words import words


def render_html(document: Document, made_by: str) -> str:
    """The page.

    Args:
        made_by: the generator that it names in its head.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"kind": _kind, "picture": _picture, "chart": _chart, "shade": _shade}
    return environment.get_template("report.html.jinja").render(
        document=document,
        say=words(document.language),
        made_by=f'<meta name="generator" content="{escape(made_by)}">',
        light=css_variables(LIGHT),
        dark=css_variables(DARK),
        paper=css_variables(PAPER),
        lines=css_of_lines(),
    )


def _kind(block: Block) -> str:
    return type(block).__name__


def _picture(picture: Picture) -> str:
    """As ``data:image/png;base64,…``."""
    return "data:image/png;base64," + b64encode(png_bytes(picture.pixels)).decode()


def _chart(chart: Chart) -> str:
    return svg_element(draw(chart))


def _shade(share: float, is_right: bool) -> str:
    return f"{shade_right(share) if is_right else shade_wrong(share):.3f}"
