"""The whole site: which pages there are, where each goes, and what they share."""

import os
import re
import shutil
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path, PurePosixPath

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from docs.builder import links, markup
from docs.builder.layer_page import LayerPage
from docs.builder.problem import DocumentationError

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
LINKED_WORDS = ("grad_output", "grad_input")
"""Words of the glossary that are linked where a page has them first."""
PICTURES = (".png", ".svg", ".jpg")


@dataclass(frozen=True)
class Section:
    """A heading of the table of contents, and its pages as paths in the repository."""

    title: str
    pages: tuple[str, ...]


def contents(root: Path = ROOT) -> list[Section]:
    """The sections of `contents.toml`."""
    found = tomllib.loads((root / "docs" / "contents.toml").read_text(encoding="utf-8"))
    return [Section(section["title"], tuple(section["pages"])) for section in found["section"]]


def home_of(page: str) -> str:
    """Where a page of the repository lies on the site.

    >>> home_of("docs/layers/linear.md"), home_of("README.md"), home_of("src/trainlab/nn/linear.py")
    ('layers/linear.html', 'README.html', 'source/src/trainlab/nn/linear.py.html')
    """
    if page.endswith(".md"):
        return page.removeprefix("docs/").removesuffix(".md") + ".html"
    return page.removeprefix("docs/") if page.endswith(PICTURES) else f"source/{page}.html"


@dataclass
class Site:
    """A build: pages are rendered one by one, and what they point to comes along."""

    output: Path
    sections: Sequence[Section]
    root: Path = ROOT
    files: set[str] = field(default_factory=set)
    """Files of the repository that pages point to: source code and pictures."""

    def __post_init__(self) -> None:
        pages = [page for section in self.sections for page in section.pages]
        self.layers = {page: LayerPage(self.root / page, page) for page in pages if page.startswith("docs/layers/")}
        self.titles = {page: self._title(page) for page in pages}
        self.page_of = {one.name: page for page, layer in self.layers.items() for one in layer.objects}
        self.glossary = glossary(self.root)
        self.templates = Environment(
            loader=FileSystemLoader(HERE),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def build(self) -> None:
        for page in self.titles:
            self._write(page, self._layer(page) if page in self.layers else self._text(page))
        for file in sorted(self.files):
            if file.endswith(PICTURES):
                (self.output / home_of(file)).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(self.root / file, self.output / home_of(file))
            else:
                self._write(file, self._source(file))
        style = (HERE / "site.css").read_text(encoding="utf-8")
        dark = f"@media (prefers-color-scheme: dark) {{\n{markup.colours('github-dark')}\n}}\n"
        (self.output / "site.css").write_text(f"{style}\n{markup.colours('default')}\n{dark}", encoding="utf-8")
        links.check(self.output)

    def _write(self, page: str, body: str) -> None:
        home = self.output / home_of(page)
        home.parent.mkdir(parents=True, exist_ok=True)
        html = self.templates.get_template("page.html.jinja").render(
            title=self.titles.get(page, page),
            body=Markup(body),
            language="zh-Hant" if "zh-TW" in page else "en",
            style=self.link(page, "site.css"),
            sections=[
                (
                    section.title,
                    [(self.titles[one], self.link(page, home_of(one)), one == page) for one in section.pages],
                )
                for section in self.sections
            ],
        )
        home.write_text(html, encoding="utf-8")

    def _title(self, page: str) -> str:
        if page in self.layers:
            return self.layers[page].title
        if page.startswith("README"):
            return "README (中文)" if "zh-TW" in page else "README"
        match = re.search(r"^# (.+)", (self.root / page).read_text(encoding="utf-8"), re.MULTILINE)
        if match is None:
            raise DocumentationError(f"{page} has no title, a line that begins with one #")
        return match[1]

    # ---------------------------------------------------------------- the kinds of pages

    def _text(self, page: str) -> str:
        text = (self.root / page).read_text(encoding="utf-8")
        html = markup.to_html(text, lambda link: self.resolve(page, link))
        if page == "docs/glossary.md":
            html = re.sub(r"<tr>\n<td>(.+?)</td>", _with_id, html)
        return html.replace("<!-- layers -->", self._overview(page))

    def _overview(self, page: str) -> str:
        """Every layer by family, with its formula."""
        families = [
            (section.title, [self.layers[one] for one in section.pages if one in self.layers])
            for section in self.sections
        ]
        return self.templates.get_template("overview.html.jinja").render(
            families=[(title, layers) for title, layers in families if layers],
            link=lambda layer: self.link(page, home_of(layer.name)),
            sentence=lambda text: Markup(markup.from_docstring(text, lambda name: self._reference(page, name))),
        )

    def _layer(self, page: str) -> str:
        layer = self.layers[page]
        layer.check_papers()
        words = self.link(page, "glossary.html")
        body = layer.body(lambda link: self.resolve(page, link))
        for word in LINKED_WORDS:
            body = body.replace(f"<code>{word}</code>", f'<a href="{words}#{word}"><code>{word}</code></a>', 1)
        html = self.templates.get_template("layer.html.jinja").render(
            page=layer,
            body=Markup(body),
            is_layer="layer" in layer.worked.names,
            picture=Markup(layer.picture()) if "layer" in layer.worked.names or "nodes" in layer.head else "",
            sentence=lambda text: Markup(markup.from_docstring(text, lambda name: self._reference(page, name))),
            coloured=lambda code: Markup(markup.coloured(code)),
            console=lambda code: Markup(markup.coloured(code, "pycon")),
            listings=[(title, [(name, Markup(code)) for name, code in shown]) for title, shown in layer.code],
            letters=list(dict.fromkeys(self.glossary[one] for one in layer.letters if one in self.glossary))
            if "layer" in layer.worked.names
            else [],
            glossary=words,
            source=self.resolve(page, os.path.relpath(_file_of(layer), Path(page).parent)),
        )
        return layer.with_papers(html)

    def _source(self, file: str) -> str:
        code = (self.root / file).read_text(encoding="utf-8")
        language = "python" if file.endswith(".py") else "text"
        return f"<h1><code>{escape(file)}</code></h1>\n{markup.coloured(code, language)}"

    # ---------------------------------------------------------------- links

    def link(self, page: str, home: str) -> str:
        """From a page to another place on the site."""
        return os.path.relpath(home, PurePosixPath(home_of(page)).parent)

    def resolve(self, page: str, link: str) -> str:
        """A link as a Markdown file has it → one on the site. Raises DocumentationError where there is no file."""
        if link.startswith(("http:", "https:", "mailto:", "#")):
            return link
        path, _, place = link.partition("#")
        file = os.path.normpath(PurePosixPath(page).parent / path)
        if file not in self.titles:
            if not (self.root / file).is_file():
                raise DocumentationError(f"{page} points to {link}, and there is no file {file}")
            self.files.add(file)
        return self.link(page, home_of(file)) + (f"#{place}" if place else "")

    def _reference(self, page: str, name: str) -> str | None:
        """A name in single backticks → the page about it, if there is one other than this."""
        target = self.page_of.get(name)
        return self.link(page, home_of(target)) if target and target != page else None


def glossary(root: Path = ROOT) -> dict[str, str]:
    """Letter → itself, its kin and their meaning, from the first table of the glossary."""
    text = (root / "docs" / "glossary.md").read_text(encoding="utf-8")
    found = {}
    for row in text[: text.index("## Words")].splitlines():
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        if row.startswith("|") and cells[0] not in ("letter", "---"):
            found.update({letter.strip(): f"{cells[0]}: {cells[2]}" for letter in cells[0].split(",")})
    return found


def _with_id(match: re.Match[str]) -> str:
    return f'<tr id="{markup.slug(re.sub("<.*?>", "", match[1]))}">\n<td>{match[1]}</td>'


def _file_of(layer: LayerPage) -> str:
    module = layer.main.object.__module__.replace(".", "/")
    return f"src/{module}.py"


def build(output: Path) -> int:
    """Build the site into a folder; returns how many pages it has."""
    site = Site(output, contents())
    site.build()
    return len(list(output.rglob("*.html")))
