"""``trainlab data``: what data sets there are, and getting them onto this machine."""

import sys
from pathlib import Path

import click

from trainlab.errors import InputError

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

    for name in names():
        known = describe(name)
        where = "in the package" if known.bundled else _presence(name, data_dir)
        size = " + ".join(f"{count:,}" for count in known.sizes.values())
        click.echo(f"{name:16}{size:>18} images  {len(known.classes):3} classes   {where}")
        click.echo(f"{'':16}{known.description}; {known.licence}")


def _presence(name: str, data_dir: Path | None) -> str:
    from trainlab.data import locate

    try:
        found = locate(name, "train", data_dir) | locate(name, "test", data_dir)
    except InputError:
        return f"not here: trainlab data get {name}"
    return f"in {next(iter(found.values())).parent}"


@data.command()
@click.argument("name")
@data_dir_option
def get(name: str, data_dir: Path | None) -> None:
    """Download data set NAME, or what is missing of it; a broken transfer goes on where it stopped."""
    from trainlab.data import get as get_files

    with click.progressbar(length=1, label=name, file=sys.stderr) as bar:

        def report(done: int, total: int | None) -> None:
            bar.length = total or max(done, 1)
            bar.update(done - bar.pos)

        folder = get_files(name, data_dir, report)
    click.echo(f"{name} is in {folder}")


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
def import_data(path: Path, data_dir: Path | None) -> None:
    """Copy the data files in folder (or file) PATH into the cache, recognised by what is in them."""
    from trainlab.data import import_files

    found = import_files(path, data_dir)
    for file in found.recognised:
        click.echo(f"{file.dataset}: {file.source} → {file.destination}")
    for stranger in found.unrecognised:
        click.echo(f"passed over: {stranger} is in IDX format, but no known data set's file")
