"""``trainlab data``: what data sets there are, and getting them onto this machine."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

import click

from trainlab.errors import InputError

if TYPE_CHECKING:
    from trainlab.data import FolderContent
    from trainlab.data.transfer import Progress

data_dir_option = click.option(
    "--data-dir", type=click.Path(path_type=Path), help="Instead of TRAINLAB_DATA or the platform's cache folder."
)


@click.group(short_help="List, get, import and verify data sets.")
def data() -> None:
    """Data sets: which there are, where they lie, whether they are whole."""


@data.command("list")
@data_dir_option
def list_data(data_dir: Path | None) -> None:
    """List the data sets that trainlab knows, and whether they are on this machine."""
    from trainlab.data import describe, names

    if data_dir is not None and not data_dir.is_dir():
        raise InputError(f"--data-dir {data_dir}: there is no such folder. Check the path, or leave --data-dir out.")
    for name in names():
        known = describe(name)
        where = "in the package" if known.bundled else _presence(name, data_dir)
        size = " + ".join(f"{count:,}" for count in known.sizes.values())
        click.echo(f"{name:16}{size:>18} images  {len(known.classes):3} classes   {where}")
        click.echo(f"{'':16}{known.description}; {known.licence}")


def _presence(name: str, data_dir: Path | None) -> str:
    from trainlab.data import locate
    from trainlab.data.archive import on_disk

    try:
        found = locate(name, "train", data_dir) | locate(name, "test", data_dir)
    except InputError:
        return f"not here: trainlab data get {name}"
    return f"in {on_disk(next(iter(found.values()))).parent}"


@data.command()
@click.argument("name")
@data_dir_option
def get(name: str, data_dir: Path | None) -> None:
    """Download data set NAME, or what is missing of it; a broken transfer goes on where it stopped."""
    from trainlab.data import get as get_files

    with _progress(name) as report:
        folder = get_files(name, data_dir, report)
    click.echo(f"{name} is in {folder}")


@contextmanager
def _progress(label: str) -> "Iterator[Progress]":
    """Told how many of how many are done, and shown as a bar on stderr from then on."""
    with ExitStack() as shown:

        @cache
        def bar() -> Any:
            return shown.enter_context(click.progressbar(length=1, label=label, file=sys.stderr))

        def report(done: int, total: int | None) -> None:
            bar().length = total or max(done, 1)
            bar().update(done - bar().pos)

        yield report


@data.command()
@click.argument("name")
@data_dir_option
def verify(name: str, data_dir: Path | None) -> int:
    """Check every file of data set NAME against the digest of the original; exit status 1 when one differs."""
    from trainlab.data import verify as verify_files

    checks = verify_files(name, data_dir)
    for check in checks:
        click.echo(f"{'ok' if check.ok else 'BAD':4}{check.name:32}{check.path or ''}")
        if check.problem:
            click.echo(f"    {check.problem}")
    return 0 if all(check.ok for check in checks) else 1


@data.command("import")
@click.argument("path", type=click.Path(path_type=Path))
@data_dir_option
@click.option("--size", default="32", show_default=True, help="Of pictures: pixels, or height and width as in 48x64.")
@click.option("--channels", default="auto", show_default=True, help="Of pictures: auto, 1 (grey) or 3 (colour).")
@click.option("--skip-unreadable", is_flag=True, help="Go on without files that are no pictures.")
def import_data(path: Path, data_dir: Path | None, size: str, channels: str, skip_unreadable: bool) -> None:
    """Take over the data at PATH: published files or archives under any name, or a folder of pictures by class.

    Files of a known data set are recognised by what is in them and copied into the cache. A folder of pictures stays
    where it is; it is decoded once, and its name for dataset=… is printed.
    """
    from trainlab.data import ImageFolder, import_files
    from trainlab.data.folder_source import parse_channels, parse_size

    pictures = ImageFolder(path, parse_size(size), parse_channels(channels), skip_unreadable)
    with _progress(str(path)) as report:
        found = import_files(path, data_dir, pictures, report)
    for file in found.recognised:
        click.echo(f"{file.dataset}: {file.source} → {file.destination} ({file.edition})")
    for stranger in found.unrecognised:
        click.echo(f"passed over: {stranger.reason}")
    if found.pictures is not None:
        _describe_pictures(found.pictures)


def _describe_pictures(found: "FolderContent") -> None:
    from trainlab.data.foreign_name import shown

    source = found.source
    click.echo(f"{source.description}, {len(source.classes)} classes")
    for role, of_class in found.counts.items():
        each = ", ".join(f"{shown(name)} {count:,}" for name, count in of_class.items())
        click.echo(f"{role:12}{sum(of_class.values()):>8,}  {each}")
    if not found.listing.has_layout:
        click.echo("test was drawn from the one folder there is, a fifth of each class, always the same")
    for file in found.skipped:
        click.echo(f"skipped: {file} is no readable picture")
    if "test" not in found.counts:
        click.echo("there is no folder test: train with evaluate_test=false")
    click.echo(f"use it with {quote(f'dataset={source.name}')}")
