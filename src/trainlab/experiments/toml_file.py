"""Reading and writing TOML: the form of configurations, sweeps and studies."""

import tomllib
from pathlib import Path
from typing import Any

from trainlab.errors import InputError


def toml_value(value: Any) -> str:
    """A setting's value as TOML."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return "[" + ", ".join(map(toml_value, value)) + "]"
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return repr(value)


def read_toml(path: Path) -> dict[str, Any]:
    """A TOML file as a dictionary. Raises InputError with line and column of a syntax error."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror or error}).") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not a text file in UTF-8 (byte {error.start}).") from error
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # ValueError is also what numbers of thousands of digits give
        raise InputError(f"{path} is not valid TOML: {error}.") from error
