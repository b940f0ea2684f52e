"""Two fonts for everything: DejaVu Sans, which comes with matplotlib, and for Chinese one that every reader has.

MSung Light is one of Adobe's fonts for East Asian documents: readers have it or show another one in its place, so the
file need not carry megabytes of it.
"""

from functools import cache
from pathlib import Path
from xml.sax.saxutils import escape

REGULAR, BOLD, MONO = "DejaVuSans", "DejaVuSans-Bold", "DejaVuSansMono"
CHINESE = "MSung-Light"
ENCODING = "UniCNS-UCS2-H"
"""Of the traditional characters; reportlab 5.1 gives this font that of the simplified ones, which readers refuse."""
LAST_OF_PLANE = 0xFFFF
"""Characters behind it, such as emoji, are in none of these fonts."""


@cache
def register_fonts() -> None:
    """Make the fonts known to reportlab, once."""
    import matplotlib
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.pdfbase.pdfmetrics import registerFont, registerFontFamily
    from reportlab.pdfbase.ttfonts import TTFont

    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    for name in (REGULAR, BOLD, MONO):
        registerFont(TTFont(name, str(folder / f"{name}.ttf")))
    registerFontFamily(REGULAR, REGULAR, BOLD, REGULAR, BOLD)
    chinese = UnicodeCIDFont(CHINESE)
    chinese.encodingName = ENCODING
    registerFont(chinese)


@cache
def has_letter(font: str, letter: str) -> bool:
    """Whether one of the embedded fonts can write it."""
    from reportlab.pdfbase.pdfmetrics import getFont

    return ord(letter) in getFont(font).face.charToGlyph


def runs_of(text: str, font: str) -> list[tuple[str, str]]:
    """The text in pieces of one font each, as (font, piece)."""
    runs: list[tuple[str, str]] = []
    for letter in text:
        own = font
        if not has_letter(font, letter):
            letter, own = (letter, CHINESE) if ord(letter) <= LAST_OF_PLANE else ("\N{REPLACEMENT CHARACTER}", font)
        if runs and runs[-1][0] == own:
            runs[-1] = (own, runs[-1][1] + letter)
        else:
            runs.append((own, letter))
    return runs


def marked(text: str, font: str = REGULAR) -> str:
    """The text for a reportlab paragraph: escaped, with the font of each piece."""
    pieces = []
    for own, piece in runs_of(" ".join(text.split()), font):
        pieces.append(escape(piece) if own == font else f'<font name="{own}">{escape(piece)}</font>')
    return "".join(pieces)


def width_of(text: str, font: str, size: float) -> float:
    """In points."""
    from reportlab.pdfbase.pdfmetrics import stringWidth

    return float(sum(stringWidth(piece, own, size) for own, piece in runs_of(text, font)))
