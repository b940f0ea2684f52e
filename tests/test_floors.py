"""The house keeps its order: a file imports only from its own floor and those below, and nothing heavy at once."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "trainlab"
FLOORS = [
    {"errors", "randomness", "spelling", "atomic", "lock", "thread_limit", "words", "extras"},
    {"nn", "optim", "data"},
    {"models"},
    {"engines"},
    {"training"},
    {"experiments"},
    {"report", "sklearn"},
    {"export"},
    {"cli", "__main__"},
]
LAZY = {
    *("torch", "matplotlib", "rich", "PIL", "safetensors", "threadpoolctl", "optuna", "ray", "submitit", "IPython"),
    *("sklearn", "jinja2", "onnx", "onnxruntime", "tensorboardX", "mlflow", "reportlab"),
}
"""Imported where they are used, so that everything else starts at once."""
OWN = {"sklearn": {"sklearn"}, "report/pdf": {"reportlab"}}
"""Folders that are made of a package, import it at once, and are themselves imported where they are used."""
FILES = sorted(SOURCE.rglob("*.py"))


def floor_of(name: str) -> int:
    (number,) = [number for number, floor in enumerate(FLOORS) if name in floor]
    return number


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield node.module or ""
            if node.module == "trainlab":
                yield from (f"trainlab.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def imported_at_once(module: ast.Module) -> Iterator[str]:
    for statement in module.body:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            yield from imported(statement)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_a_file_imports_only_from_its_floor_and_below(path: Path) -> None:
    part = path.relative_to(SOURCE).parts[0].removesuffix(".py")
    if part == "__init__":
        return
    names = [name.split(".")[1] for name in imported(ast.parse(path.read_text())) if name.startswith("trainlab.")]
    above = [name for name in names if floor_of(name) > floor_of(part)]
    assert above == []
    beside = [name for name in names if name != part and floor_of(name) == floor_of(part)]
    assert beside == [] or floor_of(part) in (0, 1, 8), f"{part} imports {beside} on its own floor"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_heavy_packages_are_imported_where_they_are_used(path: Path) -> None:
    names = list(imported_at_once(ast.parse(path.read_text())))
    if not is_for_torch(path.stem):
        own = OWN.get(path.parent.relative_to(SOURCE).as_posix(), set())
        assert {name.split(".")[0] for name in names} & (LAZY - own) == set()
        others = [folder.replace("/", ".") for folder in OWN if folder != path.parent.relative_to(SOURCE).as_posix()]
        assert not any(name.startswith(f"trainlab.{folder}") for name in names for folder in others)
        assert not any(is_for_torch(name.split(".")[-1]) for name in names)


def test_nothing_but_itself_imports_the_estimator() -> None:
    for path in FILES:
        names = list(imported(ast.parse(path.read_text())))
        assert path.parent.name == "sklearn" or not any(name.startswith("trainlab.sklearn") for name in names), path


def is_for_torch(name: str) -> bool:
    """Files that import torch at once, and are themselves imported where they are used."""
    return name.startswith("torch_") or name.endswith("_torch")


def test_data_and_nn_do_not_know_each_other() -> None:
    for part, other in (("data", "nn"), ("nn", "data"), ("nn", "optim"), ("data", "optim")):
        for path in (SOURCE / part).rglob("*.py"):
            names = list(imported(ast.parse(path.read_text())))
            assert not any(name.startswith(f"trainlab.{other}") for name in names), path
