"""The documentation is whole: it builds, every layer has a page, and no page says what the code does not know."""

import importlib
import inspect
import re
from pathlib import Path

import pytest

import trainlab.nn
import trainlab.optim
from docs.builder import links
from docs.builder.layer_page import WORKED_BLOCK, LayerPage
from docs.builder.site import ROOT, Site, contents

PAGES = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs" / "layers").glob("*.md"))
every_page = pytest.mark.parametrize("page", PAGES)
EXAMPLE_WORDS = {"np", "lr", "T", "W", "b"}
"""Names of snippets in prose that no code needs to have."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    built = Site(tmp_path_factory.mktemp("site"), contents())
    built.build()
    return built


def test_every_link_leads_somewhere_and_nothing_is_fetched(site: Site) -> None:
    assert len(list(site.output.rglob("*.html"))) > len(PAGES)
    assert links.problems(site.output) == []


def test_the_same_sources_give_the_same_bytes(site: Site, tmp_path: Path) -> None:
    page = site.output / page_home("docs/layers/linear.md")
    before = page.read_bytes()
    again = Site(tmp_path, site.sections)
    again._write("docs/layers/linear.md", again._layer("docs/layers/linear.md"))
    assert (tmp_path / page_home("docs/layers/linear.md")).read_bytes() == before


def test_no_page_has_a_script(site: Site) -> None:
    assert [path.name for path in site.output.rglob("*.html") if "<script" in path.read_text(encoding="utf-8")] == []


def test_no_placeholder_is_left_on_a_page(site: Site) -> None:
    assert [page for page in site.layers if "{{" in (site.output / page_home(page)).read_text(encoding="utf-8")] == []


def page_home(page: str) -> str:
    return page.removeprefix("docs/").replace(".md", ".html")


def test_the_table_of_contents_has_every_page_of_the_folder() -> None:
    listed = [page for section in contents() for page in section.pages]
    assert len(listed) == len(set(listed))
    there = {str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md")}
    assert there <= set(listed)


def test_every_public_layer_loss_optimizer_and_schedule_has_a_page() -> None:
    documented = {one.object for page in PAGES for one in LayerPage(ROOT / page, page).objects}
    public = [getattr(module, name) for module in (trainlab.nn, trainlab.optim) for name in module.__all__]
    bases = (trainlab.nn.Module, trainlab.nn.Loss, trainlab.optim.Optimizer)
    wanted = [
        one
        for one in public
        if (inspect.isclass(one) and issubclass(one, bases) and one not in bases)
        or (
            inspect.isfunction(one) and "step" in inspect.signature(one).parameters and one is not trainlab.nn.gradcheck
        )
    ]
    assert len(wanted) > 20
    assert [one.__name__ for one in wanted if one not in documented] == []


def known_words(page: LayerPage) -> set[str]:
    """Every identifier of the engine's source, of the page's own code and of PyTorch's names for the layer."""
    sources = [path.read_text(encoding="utf-8") for part in ("nn", "optim") for path in package(part).glob("*.py")]
    own = WORKED_BLOCK.findall(page.markdown) + page.head.get("torch", [])
    return set(re.findall(r"[A-Za-z_]\w*", "\n".join([*sources, *own])))


def package(part: str) -> Path:
    return ROOT / "src" / "trainlab" / part


def prose(page: LayerPage) -> str:
    return re.sub(r"^```.*?^```$", "", page.markdown, flags=re.DOTALL | re.MULTILINE)


@every_page
def test_a_page_names_nothing_that_the_code_does_not_have(page: str) -> None:
    layer = LayerPage(ROOT / page, page)
    named = {word for code in re.findall(r"`([^`]+)`", prose(layer)) for word in re.findall(r"[A-Za-z_]\w*", code)}
    assert named - known_words(layer) - EXAMPLE_WORDS == set()


@every_page
def test_a_page_holds_no_typed_result(page: str) -> None:
    """A decimal number in the prose is one of the engine's source or of the page's own code: results are computed."""
    layer = LayerPage(ROOT / page, page)
    sources = [path.read_text(encoding="utf-8") for part in ("nn", "optim") for path in package(part).glob("*.py")]
    known = set(re.findall(r"\d+\.\d+", "\n".join([*sources, *WORKED_BLOCK.findall(layer.markdown)])))
    text = re.sub(r"\{\{ .+? \}\}|\]\(.+?\)", "", prose(layer))
    assert set(re.findall(r"\d+\.\d+", text)) - known == set()


@every_page
def test_pytorch_has_what_a_page_says_it_has(page: str) -> None:
    for name in LayerPage(ROOT / page, page).head.get("torch", []):
        module, _, attribute = name.split("(")[0].rpartition(".")
        assert hasattr(importlib.import_module(module), attribute), name


@every_page
def test_every_layer_of_a_page_is_compared_by_hand_by_code_and_by_differences(page: str) -> None:
    layer = LayerPage(ROOT / page, page)
    if layer.main.path.startswith("nn."):
        assert {"y"} < {one.name for one in layer.worked.compared}
        assert layer.worked.mistakes
        assert "{{ checked() }}" in layer.markdown
        assert "{{ mistakes() }}" in layer.markdown
    else:
        assert layer.worked.compared
