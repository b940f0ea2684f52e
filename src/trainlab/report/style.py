"""What all pictures have in common: colours, sizes of letters, fonts, and the title."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DOTS_PER_INCH = 150
FONT_SIZE = 8.5
INK, MUTED, PALE, WARNING = "#222222", "#666666", "#BBBBBB", "#A23B00"


@contextmanager
def house_style(*texts: str) -> Iterator[None]:
    """matplotlib as it comes, whatever a user's own settings say, with fonts for these texts; undone at the end."""
    import matplotlib

    with matplotlib.rc_context(), warnings.catch_warnings(), ExitStack() as opened:
        warnings.filterwarnings("ignore", message="Glyph .* missing from")  # a text in a script without a font here
        matplotlib.rcdefaults()
        matplotlib.rcParams["svg.hashsalt"] = "trainlab"
        if not all(text.isascii() for text in texts):
            opened.enter_context(_without_news_of_fonts())
            matplotlib.rcParams["font.family"] = ["DejaVu Sans", *east_asian_fonts()]
        yield


def write_title(figure: "Figure", title: str, subtitle: str) -> None:
    """In the upper left corner: what the picture is of, and a line about it."""
    width, height = figure.get_size_inches()
    left = 0.12 / width
    figure.text(left, 1 - 0.12 / height, title, fontsize=12, weight="bold", color=INK, va="top", parse_math=False)
    figure.text(left, 1 - 0.36 / height, subtitle, fontsize=FONT_SIZE + 0.5, color=MUTED, va="top", parse_math=False)


@contextmanager
def _without_news_of_fonts() -> Iterator[None]:
    """A font with Chinese characters may have no bold letters; the plain ones do."""
    logger = logging.getLogger("matplotlib.font_manager")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)


def east_asian_fonts() -> list[str]:
    """Those of the usual fonts with Chinese characters that this machine has."""
    from matplotlib.font_manager import fontManager

    usual = (
        "Noto Sans CJK TC",
        "Noto Sans TC",
        "Noto Sans CJK JP",
        "PingFang TC",
        "PingFang HK",
        "Microsoft JhengHei",
        "WenQuanYi Micro Hei",
        "WenQuanYi Zen Hei",
        "Arial Unicode MS",
    )
    return [name for name in usual if any(font.name == name for font in fontManager.ttflist)]
