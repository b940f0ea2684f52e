"""Packages that come with an extra and not with every installation."""

from importlib import import_module
from typing import Any

from trainlab.errors import InputError


def optional_package(name: str, needed_for: str, install: str) -> Any:
    """The package called ``name``. Raises InputError with the command that installs it."""
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name.partition(".")[0]:  # it is installed, and lacks something itself
            raise
        raise InputError(f"{needed_for} needs {name}, which is not installed here: {install}") from error
