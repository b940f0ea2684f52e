"""results.json keeps what was not measured again, and RESULTS.md says plainly what was met."""

import doctest
import re
from pathlib import Path

import pytest

from benchmarks import figures, markdown, time_to_accuracy
from benchmarks.__main__ import main
from benchmarks.environment import cpu_name, environment
from benchmarks.figures import Limits, Missing, Result, Series, ratios
from benchmarks.report import write_report
from benchmarks.results import Record, add_result, read_results


def record(*rows: Series, missing: list[Missing] | None = None) -> Record:
    part: Limits = {"kind": "limits", "title": "Wall time", "unit": "s", "rows": list(rows), "missing": missing or []}
    result: Result = {"question": "How long?", "parts": [part], "notes": ["a note"]}
    return {"command": "python -m benchmarks x", "seconds": 1.0, "environment": environment(), "result": result}


FAST: Series = {"name": "fast", "values": [1.0, 2.0, 4.0], "target": {"at_least": 3, "aim": 1.5}}
NEVER: Series = {"name": "hopeless", "values": [None, None, 1.0], "target": {"at_least": 3, "aim": 1.5}}


@pytest.mark.parametrize("module", [figures, markdown, time_to_accuracy])
def test_examples_in_docstrings_hold(module: object) -> None:
    assert doctest.testmod(module).failed == 0  # type: ignore[arg-type]


def test_measuring_one_benchmark_again_keeps_the_others(tmp_path: Path) -> None:
    add_result(tmp_path, "startup", record(FAST))
    add_result(tmp_path, "memory", record(FAST))
    add_result(tmp_path, "memory", record(NEVER))

    records = read_results(tmp_path)
    assert list(records) == ["startup", "memory"]
    assert records["startup"]["result"] == record(FAST)["result"]
    assert records["memory"]["result"] == record(NEVER)["result"]


def test_the_report_gives_median_spread_number_and_a_verdict(tmp_path: Path) -> None:
    add_result(tmp_path, "startup", record(FAST, NEVER, missing=[{"name": "torch", "reason": "not installed"}]))

    text = write_report(tmp_path).read_text()

    assert "| fast | 2.00 (1.00–4.00) | 3 | 3 s ✓ | 1.5 s ✗ |" in text
    assert "| hopeless | never (1.00–never) | 3 | 3 s ✗ | 1.5 s ✗ |" in text
    assert "| Wall time: fast | 2.00 s (1.00–4.00) |  |  | 3 s ✓ | 1.5 s ✗ |" in text
    assert "- torch: not installed" in text
    assert "- a note" in text
    assert "`python -m benchmarks x`" in text
    assert f"Python {environment()['python']}" in text


def test_a_ratio_is_taken_round_by_round() -> None:
    assert ratios({"name": "ours", "values": [8.0, 3.0]}, {"name": "rival", "values": [2.0, 1.0]}) == [4.0, 3.0]


def test_the_processor_is_the_first_one_that_the_system_lists(tmp_path: Path) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text("model name\t: Fast 9\ncpu family\t: 25\nmodel\t\t: 1\n\nmodel name\t: Slow 1\n")

    assert cpu_name(cpuinfo) == "Fast 9 (cpu family 25, model 1)"
    assert cpu_name(tmp_path / "nothing") != ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["sturtup"], "unknown benchmark 'sturtup'; known: training_batch1, .*startup"),
        (["startup", "--rounds", "0"], "--rounds must be above 0, got 0"),
    ],
)
def test_a_wrong_argument_is_refused(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(arguments)
    assert re.search(message, capsys.readouterr().err)
