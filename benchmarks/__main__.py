"""``python -m benchmarks [NAME …]``: measure, note the figures, write the report."""

import argparse
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.catalogue import ACCURACY, BENCHMARKS, SPEED
from benchmarks.environment import environment
from benchmarks.report import section, write_report
from benchmarks.results import Record, add_result
from benchmarks.size import QUICK, Size
from trainlab.errors import InputError, RunFailed


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit status: 0 when everything was measured, 1 when something failed."""
    options = _parse(arguments)
    names = list(BENCHMARKS) if options.names == ["all"] else options.names or list(SPEED)
    size = QUICK if options.quick else Size()
    for amount in ("rounds", "seconds", "steps", "seeds"):
        if getattr(options, amount) is not None:
            size = replace(size, **{amount: getattr(options, amount)})
    folder = options.folder or (Path(".bench") if options.quick else Path(__file__).parent)
    words = _option_words(options)
    if len(names) == 1:
        return _measure(names[0], size, folder, " ".join(["python -m benchmarks", names[0], *words]))
    # Each in a process of its own: none inherits what another imported, started or filled the memory with.
    statuses = [subprocess.call([sys.executable, "-m", "benchmarks", name, *words]) for name in names]
    print(f"report: {folder / 'RESULTS.md'}", file=sys.stderr)
    return max(statuses)


def _measure(name: str, size: Size, folder: Path, command: str) -> int:
    print(f"{name} …", file=sys.stderr, flush=True)
    noted = environment()
    started = time.perf_counter()
    try:
        result = BENCHMARKS[name](size)
    except (InputError, RunFailed) as error:
        print(f"{name}: {error}", file=sys.stderr)
        return 1
    seconds = time.perf_counter() - started
    record: Record = {"command": command, "seconds": seconds, "environment": noted, "result": result}
    add_result(folder, name, record)
    write_report(folder)
    print("\n".join(section(name, record)))
    return 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    listed = f"{', '.join(SPEED)} (these by default); {', '.join(ACCURACY)} (long); or all"
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure, and write RESULTS.md.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=listed)
    parser.add_argument("--rounds", type=int, help=f"interleaved rounds or repetitions (default {Size().rounds})")
    parser.add_argument("--seconds", type=float, help=f"of each contender in a round (default {Size().seconds:g})")
    parser.add_argument("--steps", type=int, help=f"of each where one takes seconds (default {Size().steps})")
    parser.add_argument("--seeds", type=int, help=f"of an experiment with an accuracy (default {Size().seeds})")
    parser.add_argument("--quick", action="store_true", help="a trial on tiny sizes, written to .bench/")
    parser.add_argument("--folder", type=Path, help="where results.json and RESULTS.md lie (default: benchmarks/)")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.names if name not in BENCHMARKS and options.names != ["all"]]
    if unknown:
        parser.error(f"unknown benchmark {unknown[0]!r}; known: {', '.join(BENCHMARKS)}, or all alone")
    for amount in ("rounds", "seconds", "steps", "seeds"):
        if getattr(options, amount) is not None and not getattr(options, amount) > 0:
            parser.error(f"--{amount} must be above 0, got {getattr(options, amount)}")
    return options


def _option_words(options: argparse.Namespace) -> list[str]:
    """The options as they were given."""
    words = ["--quick"] if options.quick else []
    for name in ("rounds", "seconds", "steps", "seeds", "folder"):
        if getattr(options, name) is not None:
            words += [f"--{name}", str(getattr(options, name))]
    return words


if __name__ == "__main__":
    sys.exit(main())
