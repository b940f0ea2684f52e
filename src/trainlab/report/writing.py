"""A report as a file: HTML, Markdown with its pictures beside it, or PDF, all made from one document."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from trainlab.atomic import write_bytes_atomically
from trainlab.errors import InputError
from trainlab.experiments.run_folder import RunFolder
from trainlab.report.document import Document, Section
from trainlab.report.telling import tell
from trainlab.spelling import unknown_name

MADE_BY = "trainlab report"
"""Stands in every file, as its generator: such a file is replaced, another one never."""


@dataclass(frozen=True)
class Rendered:
    """The file, and what stands beside it."""

    content: bytes
    pictures: Mapping[str, bytes] = field(default_factory=dict)
    """By their path, seen from the file's folder."""


def _html(document: Document, name: str) -> Rendered:
    from trainlab.report.html import render_html

    return Rendered(render_html(document, MADE_BY).encode())


FORMATS: dict[str, tuple[tuple[str, ...], Callable[[Document, str], Rendered]]] = {
    "html": ((".html", ".htm"), _html),
}
"""By name: the endings of such a file, and what makes it of a document and the file's name without ending."""


def write_report(
    folders: Sequence[RunFolder],
    output: Path,
    language: str = "en",
    *,
    kind: str | None = None,
    extra: Sequence[Section] = (),
) -> None:
    """Write the report of these runs. An earlier report at ``output`` is replaced.

    Args:
        language: one of `trainlab.words.LANGUAGES`.
        kind: one of `FORMATS`; None goes by the file's ending.
        extra: a caller's sections, see `trainlab.report.document`.

    Raises InputError for an ending that does not fit, a file that is no report, a package that is missing, and as
    `trainlab.report.telling.tell` does.
    """
    chosen = format_of(output, kind)
    refuse_to_overwrite(output)
    _, render = FORMATS[chosen]
    document = tell(folders, language, extra)
    rendered = render(document, output.stem)
    for name, content in rendered.pictures.items():
        write_bytes_atomically(output.parent / name, content)
    write_bytes_atomically(output, rendered.content)


def format_of(output: Path, kind: str | None) -> str:
    """The format that is meant. Raises InputError for an unknown one, or an ending that does not fit."""
    if kind is not None and kind not in FORMATS:
        raise unknown_name("format", kind, list(FORMATS))
    by_ending = {ending: name for name, (endings, _) in FORMATS.items() for ending in endings}
    found = by_ending.get(output.suffix.lower())
    if found is None or kind not in (None, found):
        endings = FORMATS[kind][0][:1] if kind else [endings[0] for endings, _ in FORMATS.values()]
        raise InputError(f"{output} is no name for a report. Give one that ends in {' or '.join(endings)}.")
    return found


def refuse_to_overwrite(path: Path) -> None:
    """Raises InputError when there is something at ``path`` that is no report."""
    if not path.exists():
        return
    if not path.is_file() or MADE_BY.encode() not in path.read_bytes():
        raise InputError(
            f"{path} exists already and is no report of trainlab's, so it is not overwritten. Move it away, or give "
            f"another name: --output other{path.suffix}."
        )
