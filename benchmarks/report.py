"""RESULTS.md from results.json: run ``python -m benchmarks.report`` after editing how it is written."""

from pathlib import Path

from benchmarks.catalogue import BENCHMARKS
from benchmarks.environment import Environment
from benchmarks.figures import Comparison, Limits, Missing, Series, Table, ratios, spread
from benchmarks.markdown import number, table, verdicts, with_spread
from benchmarks.results import Record, read_results
from trainlab.atomic import write_atomically

FILE_NAME = "RESULTS.md"
HEAD = """# Measured speed, memory and accuracy

Written by `python -m benchmarks` (or `make bench`); every single measurement stands in `results.json` beside this file.
Medians, with the smallest and largest in brackets. A ratio compares what ran in turn within one run of a benchmark: how
many times as fast trainlab was, round by round. ✓ and ✗ say whether a target was met.
""".splitlines()


def write_report(folder: Path) -> Path:
    """Write RESULTS.md anew and return its path."""
    path = folder / FILE_NAME
    text = render(read_results(folder))
    write_atomically(path, lambda file: file.write(text.encode()))
    return path


def render(records: dict[str, Record]) -> str:
    """The whole document."""
    measured = [name for name in BENCHMARKS if name in records]
    lines = [*HEAD, ""]
    rows = [row for name in measured for row in _targets_of(records[name])]
    if rows:
        columns = ["what", "trainlab", "rival", "trainlab is faster by", "at least (or at most)", "aim"]
        lines += ["## Targets", "", *table(columns, rows), ""]
    for name in measured:
        lines += section(name, records[name])
    return "\n".join(lines).rstrip() + "\n"


def section(name: str, record: Record) -> list[str]:
    """The lines of one benchmark."""
    result = record["result"]
    lines = [f"## {name}", "", f"**{result['question']}**", ""]
    for part in result["parts"]:
        if part["kind"] == "comparison":
            lines += _comparison(part)
        elif part["kind"] == "limits":
            lines += _limits(part)
        else:
            lines += _table(part)
        lines.append("")
    lines += [f"- {note}" for note in result["notes"]]
    lines += [f"- `{record['command']}`, {number(record['seconds'])} s, {_where(record['environment'])}", ""]
    return lines


def _comparison(part: Comparison) -> list[str]:
    ours = part["ours"]
    rows = [[f"**{ours['name']}**", _threads(ours), with_spread(spread(ours["values"])), "", "", ""]]
    for rival in part["rivals"]:
        ratio = spread(ratios(ours, rival))
        rows.append(
            [
                rival["name"],
                _threads(rival),
                with_spread(spread(rival["values"])),
                with_spread(ratio, "×"),
                *verdicts(ratio.median, rival.get("target"), "×"),
            ]
        )
    columns = [part["title"], "threads", part["unit"], "trainlab is faster by", "at least", "aim"]
    rounds = f"n = {len(ours['values'])} interleaved rounds."
    return [*table(columns, rows), "", rounds, *_missing(part["missing"])]


def _limits(part: Limits) -> list[str]:
    rows = []
    for row in part["rows"]:
        measured = spread(row["values"])
        goals = verdicts(measured.median, row.get("target"), f" {part['unit']}", smaller_is_better=True)
        rows.append([row["name"], with_spread(measured), str(measured.n), *goals])
    return [*table([part["title"], part["unit"], "n", "at most", "aim"], rows), *_missing(part["missing"])]


def _table(part: Table) -> list[str]:
    return [f"{part['title']}:", "", *table(part["columns"], part["rows"])]


def _missing(missing: list[Missing]) -> list[str]:
    if not missing:
        return []
    return ["", "Not measured:", "", *(f"- {one['name']}: {one['reason']}" for one in missing)]


def _targets_of(record: Record) -> list[list[str]]:
    """The rows of the first table: whatever has a target."""
    rows = []
    for part in record["result"]["parts"]:
        if part["kind"] == "comparison":
            unit = f" {part['unit']}"
            ours = number(spread(part["ours"]["values"]).median, unit)
            for rival in part["rivals"]:
                if "target" in rival:
                    ratio = spread(ratios(part["ours"], rival))
                    theirs = f"{rival['name']}: {number(spread(rival['values']).median, unit)}"
                    goals = verdicts(ratio.median, rival["target"], "×")
                    rows.append([part["title"], ours, theirs, with_spread(ratio, "×"), *goals])
        elif part["kind"] == "limits":
            unit = f" {part['unit']}"
            for row in part["rows"]:
                if "target" in row:
                    measured = spread(row["values"])
                    goals = verdicts(measured.median, row["target"], unit, smaller_is_better=True)
                    what = f"{part['title']}: {row['name']}"
                    rows.append([what, with_spread(measured, unit), "", "", *goals])
    return rows


def _threads(series: Series) -> str:
    return str(series["threads"]) if "threads" in series else ""


def _where(environment: Environment) -> str:
    packages = ", ".join(f"{name} {version}" for name, version in environment["packages"].items())
    parts = [
        environment["date"],
        f"{environment['cpu']}, {environment['cores']} cores",
        environment["system"],
        f"Python {environment['python']}, {packages}",
        f"NumPy multiplies with {environment['blas']}",
    ]
    if environment["load"] is not None:
        parts.append(f"load before {environment['load']:g}")
    parts += [f"{key}={value}" for key, value in environment["settings"].items()]
    return "; ".join(parts)


if __name__ == "__main__":
    print(write_report(Path(__file__).parent))
