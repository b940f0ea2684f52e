"""Whether the package that PDF needs is here; this file can be imported without it."""

from importlib.util import find_spec

from trainlab.errors import InputError


def require_reportlab() -> None:
    """Raises InputError, with the command that installs it, where reportlab is missing."""
    if find_spec("reportlab") is None:
        raise InputError(
            "a report as PDF needs reportlab, which is not installed here: pip install 'trainlab[pdf]' adds it. "
            "Without it there are --format html and --format md."
        )
