"""results.json: every measurement of every benchmark, the latest run of each."""

import json
from pathlib import Path
from typing import Any, TypedDict

from benchmarks.environment import Environment
from benchmarks.figures import Result
from trainlab.atomic import write_atomically

FILE_NAME = "results.json"


class Record(TypedDict):
    """One benchmark's latest run."""

    command: str
    seconds: float
    """How long the benchmark took."""
    environment: Environment
    result: Result


def read_results(folder: Path) -> dict[str, Record]:
    """What was measured so far, by the benchmark's name; empty where nothing was."""
    path = folder / FILE_NAME
    if not path.exists():
        return {}
    records: dict[str, Record] = json.loads(path.read_text(encoding="utf-8"))
    return records


def add_result(folder: Path, name: str, record: Record) -> None:
    """Replace one benchmark's figures and keep all others."""
    records = {**read_results(folder), name: record}
    text = json.dumps(_rounded(records), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    write_atomically(folder / FILE_NAME, lambda file: file.write(text.encode()))


def _rounded(value: Any) -> Any:
    """Floats with six significant digits: more would be noise."""
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, dict):
        return {key: _rounded(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_rounded(inner) for inner in value]
    return value
