"""How long the first sign of life takes."""

import importlib.util
import subprocess
import sys
import time

from benchmarks.command import check_status, trainlab_command
from benchmarks.figures import Missing, Result, Series, Target
from benchmarks.size import Size

TARGET: Target = {"at_least": 0.25, "aim": 0.1}


def measure(size: Size) -> Result:
    """Start each command in turn, again and again."""
    commands = {
        "trainlab --help": [*trainlab_command(), "--help"],
        "python -c 'import trainlab'": [sys.executable, "-c", "import trainlab"],
        "python -c pass (nothing else is faster)": [sys.executable, "-c", "pass"],
        "python -c 'import numpy'": [sys.executable, "-c", "import numpy"],
        "python -c 'import torch'": [sys.executable, "-c", "import torch"],
    }
    missing: list[Missing] = []
    if importlib.util.find_spec("torch") is None:
        missing.append({"name": "python -c 'import torch'", "reason": "torch is not installed"})
        del commands["python -c 'import torch'"]
    rows: list[Series] = [{"name": name, "values": []} for name in commands]
    for row in rows[:2]:
        row["target"] = TARGET
    for command in commands.values():
        seconds_of(command)  # the first start compiles to bytecode and fills the file cache
    for _ in range(size.starts):
        for row in rows:
            row["values"].append(seconds_of(commands[row["name"]]))
    return {
        "question": "How long does it take until the command answers?",
        "parts": [{"kind": "limits", "title": "Whole processes", "unit": "s", "rows": rows, "missing": missing}],
        "notes": ["Wall time of a process from start to end, files in the cache, started in turn."],
    }


def seconds_of(command: list[str]) -> float:
    """Wall time of one process."""
    started = time.perf_counter()
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - started
    check_status(command, finished.returncode, finished.stderr)
    return seconds
