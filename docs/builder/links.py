"""Every link of the built pages leads somewhere, and nothing is fetched from elsewhere."""

import re
from dataclasses import dataclass
from functools import cached_property
from html import unescape
from pathlib import Path
from urllib.parse import unquote, urldefrag

from docs.builder.problem import DocumentationError

TAG = re.compile(r"<(\w+)\s([^>]*)>")
ATTRIBUTE = re.compile(r'(href|src|id)="([^"]*)"')


@dataclass(frozen=True)
class _Page:
    """The ids of a page and what it points to; quotes and < in its text are escaped, so that patterns serve."""

    html: str

    @cached_property
    def found(self) -> list[tuple[str, str, str]]:
        """(tag, attribute, value)"""
        tags = TAG.findall(self.html)
        return [(tag, name, unescape(value)) for tag, inside in tags for name, value in ATTRIBUTE.findall(inside)]

    @cached_property
    def ids(self) -> set[str]:
        return {value for _, name, value in self.found if name == "id"}

    @property
    def links(self) -> list[str]:
        return [value for tag, name, value in self.found if name == "href" and tag == "a"]

    @property
    def fetched(self) -> list[str]:
        return [value for tag, name, value in self.found if name == "src" or (name == "href" and tag != "a")]


def problems(folder: Path) -> list[str]:
    """One sentence for each link that leads nowhere, and for each thing that a browser would fetch from elsewhere."""
    folder = folder.resolve()
    pages = {page: _Page(page.read_text(encoding="utf-8")) for page in sorted(folder.rglob("*.html"))}
    found = []
    for page, anchors in pages.items():
        name = page.relative_to(folder)
        found += [f"{name} fetches {one} from elsewhere" for one in anchors.fetched if _is_elsewhere(one)]
        for link in anchors.links + anchors.fetched:
            if _is_elsewhere(link) or link.startswith("data:"):
                continue
            path, place = urldefrag(link)
            target = (page.parent / unquote(path)).resolve() if path else page.resolve()
            if not target.is_file():
                found.append(f"{name} points to {link}, which is not there")
            elif place and unquote(place) not in pages[target].ids:
                found.append(f"{name} points to {link}, which has no such heading")
    return found


def check(folder: Path) -> None:
    """Raises DocumentationError with everything that `problems` finds."""
    if found := problems(folder):
        raise DocumentationError("\n".join(found))


def _is_elsewhere(link: str) -> bool:
    return link.startswith(("http:", "https:", "//", "mailto:"))
