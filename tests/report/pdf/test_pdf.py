"""A PDF as a reader opens it: PDFium's own words for what stands where."""

import base64
import re
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pypdfium2
import pytest

from trainlab.report.document import (
    Bars,
    Block,
    Bullets,
    Cell,
    Chart,
    Charts,
    Code,
    Document,
    Fact,
    Facts,
    Gallery,
    Heading,
    Line,
    Matrix,
    Paragraph,
    Part,
    Picture,
    Section,
    Table,
)
from trainlab.report.pdf import render_pdf
from trainlab.report.pdf.tables import widths_that_fit

PICTURE = Picture(np.zeros((2, 2), np.uint8), "a cat")
CHART = Chart(
    "accuracy", "epoch", [Line("a", 0, [1, 2], [0.5, 0.6], [0.1, 0.1]), Line("", 5, [1], [0.5], [0.2], drawn="dots")]
)


def document_of(*blocks: Block, language: str = "en") -> Document:
    return Document(
        language, "A title", (), (), [Part("A title", "A question?", ["One."], [Section("A section", blocks)])]
    )


@contextmanager
def opened(document: Document) -> Iterator[Any]:
    found = pypdfium2.PdfDocument(render_pdf(document, "made by me"))
    yield found
    found.close()


def texts_of(pages: Any) -> list[str]:
    return [page.get_textpage().get_text_bounded() for page in pages]


def drawn(content: bytes) -> str:
    """The letters of a file's drawing operations: UTF-16 in the Chinese font, bytes in the embedded ones (F3+0)."""
    text = ""
    for stream in re.findall(rb"stream\r?\n([!-uz\s]*)~>\s*endstream", content):
        operations = zlib.decompress(base64.a85decode(stream))
        for embedded, escaped in re.findall(rb"/F\d+(\+\d+)? [\d.]+ Tf [\d.]+ TL \(((?:\\.|[^\\)])*)\) Tj", operations):
            letters = re.sub(rb"\\(\d{3})", lambda found: bytes([int(found[1], 8)]), escaped)
            text += letters.decode("latin1" if embedded else "utf-16-be")
    return text


def flat(texts: Sequence[str]) -> str:
    return " ".join(" ".join(texts).split())


def test_every_kind_of_block_is_laid_out() -> None:
    blocks: list[Block] = [
        Paragraph("Some words & <tags>."),
        Heading("A heading"),
        Bullets(["first", "second"], "warning"),
        Table(["name", "n"], [["a", Cell("3", 3, is_best=True)]], total=["", "4"], left=[0]),
        Matrix(["cat", "dog"], np.array([[51, 1], [0, 62]])),
        Bars([("owl", 0.975, "40 images")]),
        PICTURE,
        Gallery([(PICTURE, "ant", "bee", "99.0 %")] * 9),
        Facts([Fact("lr", "0.1", "strong"), Fact("seed", "0")], "columns"),
        Code(["trainlab train x"]),
        Charts([CHART], [("a legend", 0)]),
    ]
    with opened(document_of(*blocks)) as pages:
        text = flat(texts_of(pages))
        assert [entry.get_title() for entry in pages.get_toc()] == ["A title", "A section"]
        metadata = pages.get_metadata_dict()
    for words in (
        *("A question? One.", "Some words & <tags>.", "A heading", "first", "second", "a 3", "cat 51 1", "dog · 62"),
        *("owl", "97.50 %", "40 images", "ant → bee", "lr 0.1", "trainlab train x", "accuracy", "a legend", "0.5"),
        "Page 1 of 1",
    ):
        assert words in text, words
    assert metadata["Title"] == "A title"
    assert metadata["Creator"] == "made by me"


def test_the_same_document_gives_the_same_bytes() -> None:
    document = document_of(Paragraph("字 and words"), PICTURE, Charts([CHART]))
    assert render_pdf(document, "me") == render_pdf(document, "me")


def test_long_tables_go_on_with_their_headings_and_pages_are_numbered() -> None:
    rows = [[f"run {number}", "0.5"] for number in range(120)]
    with opened(document_of(Table(["which run", "accuracy"], rows, left=[0]))) as pages:
        texts = texts_of(pages)
    assert len(texts) > 2
    assert all("which run" in text for text in texts)
    assert all(f"Page {number} of {len(texts)}" in text for number, text in enumerate(texts, start=1))
    assert all(f"run {number}" in flat(texts) for number in range(120))


@pytest.mark.parametrize("language", ["en", "zh-TW"])
def test_nothing_is_cut_off_at_the_edge(language: str) -> None:
    wide = Table(
        [f"setting_{number}" for number in range(14)], [[f"{number}.123456 ± 0.5" for number in range(14)]] * 2
    )
    name = "a-very-long-name-without-a-space-" * 5
    blocks: list[Block] = [wide, Table(["run", "n"], [[name, "1"]], left=[0]), Code([name]), Paragraph(name)]
    blocks += [Matrix([f"quite a long class {number}" for number in range(20)], np.full((20, 20), 4321))]
    blocks += [Charts([CHART], [(name, 0), ("b", 1)]), Facts([Fact("key", name)]), Bars([(name, 0.5, "1 image")])]
    with opened(document_of(*blocks, language=language)) as pages:
        for page in pages:
            width, height = page.get_size()
            words = page.get_textpage()
            for place in range(words.count_rects()):
                left, bottom, right, top = words.get_rect(place)
                assert 40 < left < right < width - 40
                assert 15 < bottom < top < height - 15
        squeezed = "".join("".join(texts_of(pages)).split())
    assert squeezed.count("4321") == 400
    assert squeezed.count("123456") == 28


def test_chinese_is_written_in_a_font_of_the_reader() -> None:
    with opened(document_of(Paragraph("驗證準確率 97.12 ± 0.08 %，已完成"), language="zh-TW")) as pages:
        text = flat(texts_of(pages))
    assert "驗證準確率 97.12 ± 0.08 %，已完成" in text
    # pdfium passes over single letters, such as 第, of a font that is not installed; so here what the file itself draws
    content = render_pdf(document_of(language="zh-TW"), "made by me")
    assert "第 1 頁，共 1 頁" in drawn(content)


def test_a_letter_of_no_font_leaves_a_mark() -> None:
    with opened(document_of(Paragraph("a \U00020000 b"))) as pages:
        assert "a \N{REPLACEMENT CHARACTER} b" in flat(texts_of(pages))


def test_columns_give_way_where_there_is_no_room() -> None:
    assert widths_that_fit([10.0, 300.0], 100.0) == [10.0, 90.0]
    assert widths_that_fit([50.0, 50.0, 50.0], 90.0) == [30.0, 30.0, 30.0]
