"""How much memory the main job needs at most."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.command import check_status, trainlab_command
from benchmarks.figures import Missing, Result, Series, Target
from benchmarks.size import Size

TARGET: Target = {"at_least": 350, "aim": 200}
UNKNOWN_PEAKS = "this system does not tell the peak memory of a process"
# A process begins with its parent's peak, so the command must be started by a small one, not by a benchmark.
LAUNCHER = """
import os, sys
process = os.spawnv(os.P_NOWAIT, sys.argv[2], sys.argv[2:])
_, status, usage = os.wait4(process, 0)
with open(sys.argv[1], "w") as file:
    file.write(f"{os.waitstatus_to_exitcode(status)} {usage.ru_maxrss}")
"""


def measure(size: Size) -> Result:
    """Run the demo in temporary folders."""
    rows: list[Series] = []
    missing: list[Missing] = []
    name = "trainlab train mnist-mlp"
    if hasattr(os, "wait4"):
        values: list[float | None] = [peak_megabytes("mnist-mlp", size.overrides) for _ in range(size.rounds)]
        rows.append({"name": name, "values": values, "target": TARGET})
    else:
        missing.append({"name": name, "reason": UNKNOWN_PEAKS})
    return {
        "question": "How much memory does the demo take at most?",
        "parts": [{"kind": "limits", "title": "Peak resident memory", "unit": "MB", "rows": rows, "missing": missing}],
        "notes": ["Training, test and the curves picture together; 1 MB = 10⁶ bytes."],
    }


def peak_megabytes(preset: str, overrides: Sequence[str]) -> float:
    """Largest resident memory of one run."""
    with tempfile.TemporaryDirectory() as folder:
        options = ["--run", f"{folder}/run", "--progress", "none"]
        return peak_of([*trainlab_command(), "train", preset, *overrides, *options])


def peak_of(command: Sequence[str]) -> float:
    """Largest resident memory of one process, in MB. Raises RunFailed when it fails."""
    with tempfile.TemporaryDirectory() as folder:
        figure = Path(folder) / "figure"
        launcher = [sys.executable, "-I", "-S", "-c", LAUNCHER, str(figure), *command]
        finished = subprocess.run(launcher, capture_output=True, text=True, check=False)
        check_status(launcher[:1], finished.returncode, finished.stderr)
        status, peak = map(int, figure.read_text().split())
        check_status(command, status, finished.stderr)
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6  # macOS counts bytes, Linux KiB
