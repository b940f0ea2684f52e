"""Source code for the pages."""

import ast
import importlib
import inspect
import textwrap
from typing import Any

from docs.builder.problem import DocumentationError


def find(path: str) -> Any:
    """The object ``nn.pooling.max_pool2d_forward`` or ``nn.Linear.backward`` of trainlab."""
    parts = path.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            found: Any = importlib.import_module(".".join(["trainlab", *parts[:cut]]))
        except ModuleNotFoundError:
            continue
        for name in parts[cut:]:
            if not hasattr(found, name):
                raise DocumentationError(f"trainlab.{path} does not exist")
            found = getattr(found, name)
        return found
    raise DocumentationError(f"trainlab.{path} does not exist")


def source_of(found: Any) -> str:
    """The code of a function or class without its docstring, which the page tells already."""
    return without_docstring(textwrap.dedent(inspect.getsource(found)))


def without_docstring(code: str) -> str:
    """
    >>> without_docstring('def one():\\n    "Says one."\\n    return 1\\n')
    'def one():\\n    return 1\\n'
    """
    (definition,) = ast.parse(code).body
    assert isinstance(definition, ast.FunctionDef | ast.ClassDef)
    first = definition.body[0]
    if not (isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)) or len(definition.body) == 1:
        return code
    lines = code.splitlines(keepends=True)
    del lines[first.lineno - 1 : definition.body[1].lineno - 1]
    return "".join(lines)
