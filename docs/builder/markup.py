"""Markdown to HTML: formulas become MathML, code is coloured, and links lead to pages of the site."""

import re
from collections.abc import Callable
from html import escape
from typing import Any

from latex2mathml.converter import convert
from markdown_it import MarkdownIt
from mdit_py_plugins.anchors import anchors_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name

from docs.builder.problem import DocumentationError

DRAWN_BETTER = {r"\top": r"\mathsf{T}", r"\log ": r"\log\,", r"\infty": "∞"}
"""LaTeX whose MathML is drawn with an operator's large sign, or without a space."""

Resolve = Callable[[str], str]
"""From a link as it is written to one that works on the site."""


def formula(text: str, is_display: bool) -> str:
    """LaTeX as MathML, which browsers draw themselves. Raises DocumentationError for what is not understood."""
    if text.count("{") != text.count("}"):
        raise DocumentationError(f"the formula {text!r} is not understood: its braces do not match")
    try:
        for written, drawn in DRAWN_BETTER.items():
            text = text.replace(written, drawn)
        mathml = convert(text, display="block" if is_display else "inline")
    except Exception as error:
        raise DocumentationError(f"the formula {text!r} is not understood: {error!r}") from error
    unknown = re.search(r"<m[ion][^>]*>(\\[^<]*|&)</m", mathml)
    if unknown:
        raise DocumentationError(f"the formula {text!r} has {unknown[1]!r}, which is not understood")
    return f'<div class="formula">{mathml}</div>' if is_display else mathml


def coloured(code: str, language: str = "python") -> str:
    """Code as HTML with a class for each kind of token."""
    html: str = highlight(code, get_lexer_by_name(language or "text"), HtmlFormatter(nowrap=True))
    return f"<pre><code>{html}</code></pre>"


def colours(style: str, selector: str = "pre") -> str:
    """The style sheet for `coloured`."""
    return str(HtmlFormatter(style=style, nobackground=True).get_style_defs(selector))


def to_html(markdown: str, resolve: Resolve = lambda link: link) -> str:
    """A page's Markdown as HTML."""
    converter = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    converter.use(dollarmath_plugin, allow_space=False, allow_digits=False, double_inline=False)
    converter.use(anchors_plugin, max_level=4, slug_func=slug)
    renderer: Any = converter.renderer
    rules = renderer.rules
    rules["math_inline"] = lambda tokens, place, *_: formula(tokens[place].content, is_display=False)
    rules["math_block"] = lambda tokens, place, *_: formula(tokens[place].content, is_display=True)
    rules["fence"] = lambda tokens, place, *_: coloured(tokens[place].content, (tokens[place].info.split() or [""])[0])
    rules["table_open"] = lambda *_: '<div class="wide"><table>'
    rules["table_close"] = lambda *_: "</table></div>"
    tokens = converter.parse(markdown)
    for token in tokens:
        for child in token.children or ():
            for attribute in ("href", "src"):
                if attribute in child.attrs:
                    child.attrs[attribute] = resolve(str(child.attrs[attribute]))
    return str(renderer.render(tokens, converter.options, {}))


def slug(title: str) -> str:
    """The name of a heading in a link.

    >>> slug("Is a backward pass right?")
    'is-a-backward-pass-right'
    """
    return re.sub(r"[^\w]+", "-", title.lower()).strip("-")


def from_docstring(text: str, link: Callable[[str], str | None]) -> str:
    """A docstring's sentence as HTML: ````code```` and references in single backticks, linked where there is a page."""

    def replace(match: re.Match[str]) -> str:
        code = f"<code>{escape(match[1] or match[2], quote=False)}</code>"
        target = link(match[2]) if match[2] else None
        return f'<a href="{target}">{code}</a>' if target else code

    pieces = re.split(r"(``.+?``|`[^`]+`)", text)
    return "".join(
        re.sub(r"``(.+?)``|`([^`]+)`", replace, piece) if piece.startswith("`") else escape(piece, quote=False)
        for piece in pieces
    )
