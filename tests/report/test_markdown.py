"""Markdown says what was told, whatever the texts look like."""

import re

import numpy as np
import pytest
from markdown_it import MarkdownIt

from trainlab.report.document import (
    Bars,
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
from trainlab.report.markdown import escaped, render_markdown

PICTURE = Picture(np.zeros((2, 2), np.uint8), "a cat")
CHART = Chart("accuracy", "epoch", [Line("a", 0, [1, 2], [0.5, 0.6])])


def document_of(*blocks: object) -> Document:
    section = Section("A *section*", blocks)  # type: ignore[arg-type]
    return Document("en", "A title", (), (), [Part("A title", "A question?", ["One.", "Two."], [section])])


def text_of(*blocks: object) -> str:
    return render_markdown(document_of(*blocks), "made by me", "report")[0]


def test_question_and_answer_stand_in_front() -> None:
    text = text_of(Paragraph("Words."), Paragraph("Small.", "note"), Heading("A heading"), Bullets(["one", "two"]))
    assert text.startswith("<!-- made by me -->\n\n# A title\n\n> **A question?**\n>\n> One.\n>\n> Two.\n\n")
    assert "\n\n## A \\*section\\*\n\nWords.\n\n*Small.*\n\n### A heading\n\n- one\n- two\n\n" in text


def test_a_table_has_a_rule_and_as_many_cells_in_each_row() -> None:
    table = Table(["name", "n"], [["a|b", Cell("3", 3, is_best=True)]], total=["", "3"], left=[0])
    assert "\n| name | n |\n| :--- | ---: |\n| a\\|b | **3** |\n|  | **3** |\n" in text_of(table)
    matrix = text_of(Matrix(["cat", "dog"], np.array([[5, 1], [0, 6]])))
    assert "| **cat** | **5** | 1 |\n| **dog** | · | **6** |" in matrix
    assert "| cat | 97.50 % | 40 images |" in text_of(Bars([("cat", 0.975, "40 images")]))
    assert "| **lr** | **0.1** |\n| seed | 0 |" in text_of(Facts([Fact("lr", "0.1", "strong"), Fact("seed", "0")]))


def test_pictures_are_files_beside_the_text() -> None:
    document = document_of(
        Charts([CHART, CHART], [("a", 0)]), PICTURE, Gallery([(PICTURE, "cat", "dog", "99.0 %")] * 7)
    )
    text, pictures = render_markdown(document, "made by me", "my report")
    links = [link.replace("%20", " ") for link in re.findall(r"!\[.*?\]\((.*?)\)", text)]
    assert sorted(links) == sorted(pictures)
    assert [name for name in pictures if name.endswith(".svg")] == [
        "my report_pictures/chart-01.svg",
        "my report_pictures/chart-02.svg",
    ]
    assert len(pictures) == 2 + 1 + 7
    for name, content in pictures.items():
        assert content.startswith(b"<svg" if name.endswith(".svg") else b"\x89PNG")
    gallery = text[text.index("| ![a cat]") :].split("\n\n")[0].splitlines()
    assert {line.count("|") for line in gallery} == {7}
    assert "cat → **dog**<br>99.0 %" in gallery[2]


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "a | b",
        "*a* _b_ `c` ~d~ $e$",
        "[x](http://y)",
        "# a",
        "1. a",
        "- a",
        "a\n\n# b",
        "\\",
    ],
)
def test_no_text_is_taken_for_markup(text: str) -> None:
    for found in (escaped(text), escaped(f"see {text}")):
        tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(found)
        assert [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"]
        kinds = {child.type for child in tokens[1].children or []}
        assert kinds <= {"text", "text_special"}
        shown = "".join(child.content for child in tokens[1].children or [])
        assert shown.endswith(" ".join(text.split()))


def test_code_is_left_as_it_is_in_a_fence_that_it_cannot_close() -> None:
    assert "\n````text\ntrainlab train ```x\n````\n" in text_of(Code(["trainlab train ```x"]))
