"""Whether the figures in a run's files are those that trainlab writes, or somebody has changed them."""

from pathlib import Path
from typing import Any

from trainlab.errors import InputError

KEPT = {"best": "best", "last": "final"}
"""By the setting ``keep``: under which name ``summary.json`` has the figures of the epoch whose weights are kept."""

FIGURES = {part: {"loss": float, "accuracy": float} for part in ("train", "validation")}
EPOCH = {"epoch": int, "step": int, **FIGURES}
STATUSES = ("finished", "diverged", "interrupted", "pruned")


def check_summary(summary: Any, path: Path) -> None:
    """Raises InputError where a figure of a run that ended is missing or no number; ``path`` is of its summary.json."""
    check(summary, {"status": str}, str(path))
    if summary["status"] not in STATUSES:
        raise _changed(str(path), f"status {summary['status']!r}, not one of {', '.join(STATUSES)}")
    check(summary, {"seconds": float}, str(path))
    for name in ("best", "final"):
        if summary["status"] == "finished" or summary.get(name) is not None:
            check(summary, {name: {"epoch": int, **FIGURES}}, str(path))
    if summary.get("kept", "best") not in KEPT.values():
        raise _changed(str(path), f"{summary['kept']!r:.40} for 'kept'")
    if summary.get("test") is not None:
        check(summary, {"test": {"loss": float, "accuracy": float}}, str(path))


def check(found: Any, pattern: dict[str, Any], where: str) -> None:
    """Raises InputError unless there is all that the pattern names: kinds of values, or patterns of their own."""
    if not isinstance(found, dict):
        raise _changed(where, f"{found!r:.40}, not figures by their names")
    for key, kind in pattern.items():
        if key not in found:
            raise _changed(where, f"no {key!r}")
        if isinstance(kind, dict):
            check(found[key], kind, f"{key!r} in {where}")
        elif not isinstance(found[key], (int, float) if kind is float else kind) or isinstance(found[key], bool):
            raise _changed(where, f"{found[key]!r:.40} for {key!r}")


def _changed(where: str, what: str) -> InputError:
    return InputError(
        f"{where} has {what}, so the run cannot be read. trainlab did not write that: take the file from a copy of the "
        "run, or leave this run out."
    )
