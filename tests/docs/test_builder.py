"""What is not so does not get on a page."""

import base64
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from docs.__main__ import main
from docs.builder import docstring, links, markup, shapes
from docs.builder.layer_page import LayerPage
from docs.builder.listing import find
from docs.builder.plot import plot
from docs.builder.problem import DocumentationError
from docs.builder.site import ROOT, Section, Site
from docs.builder.worked import Worked
from trainlab.nn import BatchNorm1d, Conv2d, GlobalAvgPool, Linear

RIGHT = """
import numpy as np
from trainlab.nn import ReLU
layer, x = ReLU(), np.array([[1.0, -2.0]])
y, grad_output = layer.forward(x), np.array([[3.0, 4.0]])
by_hand = {"y": [[1.0, 0.0]], "x": [[3.0, 0.0]]}
"""


def test_a_right_example_tells_how_far_apart_the_ways_are() -> None:
    y, x = Worked("page", [RIGHT]).compared
    assert (y.name, y.by_hand_off, y.numerical_off) == ("y", 0, None)
    assert x.name == "x"
    assert x.by_hand_off == 0
    assert x.numerical_off is not None
    assert x.numerical_off < 1e-9


WRONG = {
    "by hand": ('by_hand["x"] = [[3.0, 0.5]]', r"page: x by hand is off by 0\.5"),
    "output": ('by_hand["y"] = [[1.0, -2.0]]', r"page: y by hand is off by 2\.0"),
    "missing": ('del by_hand["x"]', r"page: by_hand has \['y'\], not y and \['x'\]"),
    "shape": ('by_hand["x"] = [3.0, 0.0]', r"arrays of shape \(2,\) and \(1, 2\) cannot be equal"),
    "backward": (
        "layer.backward = lambda g: np.array([[3.0, 4.0]]); by_hand['x'] = [[3.0, 4.0]]",
        "gradient of x is off",
    ),
    "no mistake": ('mistakes = {"right": ("x", np.array([[3.0, 0.0]]))}', "'right' is no mistake in this example"),
    "twice": (
        'mistakes = {"one": ("x", np.array([[0.0, 4.0]])), "two": ("x", np.array([[0.0, 4.0]]))}',
        "'one' and 'two' give the same in this example",
    ),
    "stops": ("1 / 0", "page: its worked example stops: ZeroDivisionError"),
}


@pytest.mark.parametrize(("line", "message"), WRONG.values(), ids=WRONG)
def test_a_wrong_example_stops_the_build(line: str, message: str) -> None:
    with pytest.raises(DocumentationError, match=message):
        Worked("page", [RIGHT, line])


def test_a_number_that_the_example_does_not_have_stops_the_build() -> None:
    with pytest.raises(DocumentationError, match=r"page: \{\{ z \}\}: NameError"):
        Worked("page", [RIGHT]).evaluate("z")


def test_curves_become_a_picture_with_their_names() -> None:
    shown = plot({"half": ([0.0, 10.0], [0.0, 5.0]), "<none>": ([0.0, 10.0], [0.0, 0.0])}, "a & b")

    assert 'alt="a &amp; b"' in shown
    picture = base64.b64decode(shown.split("base64,")[1].split('"')[0]).decode()
    texts = [element.text for element in ElementTree.fromstring(picture).iter()]
    assert [text for text in texts if text in ("half", "<none>")] == ["half", "<none>"]
    assert picture.count('<path class="line c0"') == picture.count('<path class="line c1"') == 2  # drawn, and named


CURVES = {
    "none": ({}, "0 lines: a picture has 1 to 6"),
    "many": ({str(number): ([0, 1], [0, 1]) for number in range(7)}, "7 lines: a picture has 1 to 6"),
    "infinite": ({"y": ([0, 1], [0, np.inf])}, "only finite numbers can be drawn"),
}


@pytest.mark.parametrize(("curves", "message"), CURVES.values(), ids=CURVES)
def test_curves_that_cannot_be_drawn(curves: dict[str, tuple[Any, Any]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        plot(curves, "title")


def test_letters_fit_real_shapes() -> None:
    assert shapes.fit([("x", "(N, …, F)", (2, 5, 7, 3)), ("w", "(2 · F,)", (6,))]) == {"N": 2, "F": 3}


SHAPES = {
    "two sizes": ([("x", "(N, F)", (2, 3)), ("y", "(N, F)", (2, 4))], r"y \(N, F\) is an array of \(2, 4\): F is 3"),
    "dimensions": ([("x", "(N, F)", (2,))], r"x \(N, F\) is an array of \(2,\)"),
    "too few": ([("x", "(N, …, F)", (2,))], r"x \(N, …, F\) is an array of \(2,\)"),
    "product": ([("x", "(N, 2 · N)", (2, 5))], r"x \(N, 2 · N\) has 5 where 2 · N is 4"),
    "unknown": ([("x", "(N, 2 · M)", (2, 5))], "'2 · M' is not made of known letters"),
}


@pytest.mark.parametrize(("pairs", "message"), SHAPES.values(), ids=SHAPES)
def test_letters_that_do_not_fit_stop_the_build(pairs: list[tuple[str, str, shapes.Shape]], message: str) -> None:
    with pytest.raises(DocumentationError, match=message):
        shapes.fit(pairs)


def test_a_setting_of_the_layer_is_what_the_letter_is() -> None:
    with pytest.raises(DocumentationError, match="in_features is 4"):
        shapes.fit([("x", "(N, in_features)", (2, 3))], {"in_features": 4})


def test_docstrings_are_taken_apart() -> None:
    linear = docstring.parse(Linear)
    assert linear.summary == "Every output is a weighted sum of all inputs, plus a bias."
    assert linear.forward == "y = x @ weightᵀ + bias"
    assert linear.backward.splitlines()[0] == "grad_input  = grad_output @ weight"
    assert linear.shapes["weight"] == "(out_features, in_features)"
    assert linear.arguments["rng"] == "where the initial weights are drawn from."
    assert linear.example.endswith("(4, 2)")
    assert docstring.parse(GlobalAvgPool).shapes == {"x": "(N, C, H, W)", "y": "(N, C)"}
    assert docstring.parse(BatchNorm1d).shapes["y"] == "(N, num_features)"
    assert docstring.parse(Conv2d).forward.startswith("y[n, o, i, j] = Σ_c,a,b weight")


@pytest.mark.parametrize("text", [r"\nonsense x", r"\begin{aligned} a &= b \end{aligned}", r"\frac{1"])
def test_a_formula_that_is_not_understood_stops_the_build(text: str) -> None:
    with pytest.raises(DocumentationError, match="is not understood"):
        markup.to_html(f"$${text}$$")


def test_formulas_become_mathml() -> None:
    assert "<math" in markup.to_html("so $x^2$ is")
    assert '<div class="formula"><math' in markup.to_html("$$x^2$$")
    assert "<math" not in markup.to_html("costs 5$ or 6$")


def test_code_that_is_not_there_stops_the_build() -> None:
    with pytest.raises(DocumentationError, match=r"trainlab\.nn\.Linaer does not exist"):
        find("nn.Linaer")


def write_page(folder: Path, text: str, name: str = "page.md") -> Path:
    (folder / "docs").mkdir(exist_ok=True)
    (folder / "docs" / "glossary.md").write_text("# Glossary\n\n## Words\n", encoding="utf-8")
    page = folder / "docs" / name
    page.write_text(text, encoding="utf-8")
    return page


def test_a_page_without_a_head_stops_the_build(tmp_path: Path) -> None:
    with pytest.raises(DocumentationError, match="begins with its objects between two lines"):
        LayerPage(write_page(tmp_path, "# Linear"), "page.md")


def test_an_unknown_key_in_a_head_stops_the_build(tmp_path: Path) -> None:
    with pytest.raises(DocumentationError, match=r"page\.md has \['paper'\] in its head, known are"):
        LayerPage(write_page(tmp_path, '+++\nobjects = []\npaper = ""\n+++\n'), "page.md")


def test_a_paper_that_no_docstring_names_stops_the_build(tmp_path: Path) -> None:
    head = '+++\nobjects = ["nn.ReLU"]\n[papers]\n"Nobody 1900" = "https://example.org"\n+++\n'
    with pytest.raises(DocumentationError, match=r"page\.md: no docstring of the page names \['Nobody 1900'\]"):
        LayerPage(write_page(tmp_path, head), "page.md").check_papers()


def build(root: Path) -> None:
    Site(root / "site", [Section("All", ("docs/page.md", "docs/glossary.md"))], root).build()


def test_a_link_to_no_file_stops_the_build(tmp_path: Path) -> None:
    write_page(tmp_path, "# Page\n\n[there](nowhere.md)")
    with pytest.raises(DocumentationError, match=r"docs/page\.md points to nowhere\.md, and there is no file"):
        build(tmp_path)


def test_a_link_to_no_heading_stops_the_build(tmp_path: Path) -> None:
    write_page(tmp_path, "# Page\n\n[there](glossary.md#letters)")
    with pytest.raises(
        DocumentationError, match=r"page\.html points to glossary\.html#letters, which has no such heading"
    ):
        build(tmp_path)


def test_a_page_without_a_title_stops_the_build(tmp_path: Path) -> None:
    write_page(tmp_path, "no title")
    with pytest.raises(DocumentationError, match=r"docs/page\.md has no title"):
        build(tmp_path)


def test_what_a_browser_would_fetch_from_elsewhere_is_named(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(
        '<link href="https://fonts.example.org/a.css"><a href="https://example.org">a</a>'
    )
    assert links.problems(tmp_path) == ["page.html fetches https://fonts.example.org/a.css from elsewhere"]


def test_the_command_says_where_the_pages_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("docs.builder.site.build", lambda output: 7)
    assert main([str(tmp_path)]) == 0
    assert capsys.readouterr().out == f"7 pages; open {tmp_path / 'index.html'}\n"


def test_the_command_says_what_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(output: Path) -> int:
        raise DocumentationError("docs/page.md has no title")

    monkeypatch.setattr("docs.builder.site.build", fail)
    assert main([str(tmp_path)]) == 1
    assert capsys.readouterr().err == "the documentation is not built:\ndocs/page.md has no title\n"


def test_the_command_names_the_package_that_is_missing() -> None:
    code = "import sys; sys.modules['latex2mathml'] = None; from docs.__main__ import main; sys.exit(main([]))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "latex2mathml is missing; it comes with: pip install '.[docs]'\n"
