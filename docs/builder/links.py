"""Every link of the built pages leads somewhere, and nothing is fetched from elsewhere."""

from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag

from docs.builder.problem import DocumentationError


class _Anchors(HTMLParser):
    """The ids of a page and what it points to."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.fetched: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.ids |= {found["id"]} if "id" in found else set()
        if "href" in found:
            (self.links if tag == "a" else self.fetched).append(found["href"])
        if "src" in found:
            self.fetched.append(found["src"])


def problems(folder: Path) -> list[str]:
    """One sentence for each link that leads nowhere, and for each thing that a browser would fetch from elsewhere."""
    pages = {page: _Anchors() for page in sorted(folder.rglob("*.html"))}
    for page, anchors in pages.items():
        anchors.feed(page.read_text(encoding="utf-8"))
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
            elif place and unquote(place) not in pages[folder.resolve() / target.relative_to(folder.resolve())].ids:
                found.append(f"{name} points to {link}, which has no such heading")
    return found


def check(folder: Path) -> None:
    """Raises DocumentationError with everything that `problems` finds."""
    if found := problems(folder):
        raise DocumentationError("\n".join(found))


def _is_elsewhere(link: str) -> bool:
    return link.startswith(("http:", "https:", "//", "mailto:"))
