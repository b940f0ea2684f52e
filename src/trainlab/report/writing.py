"""A report as a file: HTML, Markdown with its pictures beside it, or PDF, all made from one document."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from trainlab.atomic import refuse_existing, write_bytes_atomically
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


def _markdown(document: Document, name: str) -> Rendered:
    from trainlab.report.markdown import render_markdown

    text, pictures = render_markdown(document, MADE_BY, name)
    return Rendered(text.encode(), pictures)


def _pdf(document: Document, name: str) -> Rendered:
    from trainlab.report.pdf.render import render_pdf

    return Rendered(render_pdf(document, MADE_BY))


FORMATS: dict[str, tuple[tuple[str, ...], Callable[[Document, str], Rendered]]] = {
    "html": ((".html", ".htm"), _html),
    "md": ((".md",), _markdown),
    "pdf": ((".pdf",), _pdf),
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
    refuse_to_overwrite(output, chosen)
    if chosen == "pdf":
        from trainlab.extras import optional_package

        optional_package(  # before the work
            "reportlab", "a report as PDF", "pip install 'trainlab[pdf]'. Without it there are --format html and md."
        )
    _, render = FORMATS[chosen]
    rendered = render(tell(folders, language, extra), output.stem)
    if chosen == "md":
        _write_pictures(output, rendered.pictures)
    write_bytes_atomically(output, rendered.content)


def _write_pictures(output: Path, pictures: Mapping[str, bytes]) -> None:
    """Write the pictures, and remove those of an earlier report that are no longer shown."""
    from trainlab.report.markdown import PICTURE, picture_folder

    for name, content in pictures.items():
        write_bytes_atomically(output.parent / name, content)
    for path in (output.parent / picture_folder(output.stem)).glob("*"):
        if PICTURE.fullmatch(path.name) and path.relative_to(output.parent).as_posix() not in pictures:
            path.unlink()


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


def refuse_to_overwrite(path: Path, kind: str) -> None:
    """Raises InputError when there is something at ``path`` that is no report, or where its pictures would stand."""
    if not path.exists():
        if kind == "md":
            from trainlab.report.markdown import picture_folder

            refuse_existing(path.with_name(picture_folder(path.stem)))
        return
    if not path.is_file() or MADE_BY.encode() not in path.read_bytes():
        raise InputError(
            f"{path} exists already and is no report of trainlab's, so it is not overwritten. Move it away, or give "
            f"another name: --output other{path.suffix}."
        )
