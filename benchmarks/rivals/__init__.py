"""The same training step as other libraries do it: one file a library, each imported only when it runs."""

from typing import Any


def import_rival(module: str) -> Any:
    """The module, as something whose types nobody knows. Raises ImportError that says what to install."""
    import importlib

    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise ImportError(f"{error.name} is not installed; `make bench` installs all rivals") from error
