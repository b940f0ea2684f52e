"""How long a report takes, how much memory it needs, and how large it is."""

import json
import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.command import trainlab_command
from benchmarks.figures import Missing, Result, Series
from benchmarks.memory import UNKNOWN_PEAKS, peak_of
from benchmarks.size import Size
from benchmarks.startup import seconds_of
from trainlab.experiments import load_preset, train
from trainlab.experiments.config import Config

RATES = (0.01, 0.03, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0)
SEEDS = 5
EPOCHS = 50
FEWER = 20
"""Runs of a report that is to be mailed."""
FORMATS = ("html", "md", "pdf")


def measure(size: Size) -> Result:
    """Reports over 50 runs of 50 epochs; one short run is trained, and stands for all with other figures."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_runs(folder / "runs", RATES, SEEDS)
        command = [*trainlab_command(), "report", str(folder / "runs")]
        seconds: dict[str, Series] = {}
        peaks: dict[str, Series] = {}
        for kind in FORMATS:
            seconds[kind] = {"name": f"--format {kind}", "values": []}
            peaks[kind] = {"name": f"--format {kind}", "values": []}
        seconds["html"]["target"] = {"at_least": 5, "aim": 2}
        peaks["html"]["target"] = {"at_least": 400, "aim": 200}
        missing: list[Missing] = [] if hasattr(os, "wait4") else [{"name": "all", "reason": UNKNOWN_PEAKS}]
        words = {kind: [*command, "--output", str(folder / f"report.{kind}")] for kind in FORMATS}
        for kind in FORMATS:
            seconds_of(words[kind])  # the first one fills the file cache
        for _ in range(size.rounds):
            for kind in FORMATS:
                seconds[kind]["values"].append(seconds_of(words[kind]))
                if not missing:
                    peaks[kind]["values"].append(peak_of(words[kind]))
        sizes = [size_of(folder, command[:-2], count) for count in (FEWER, len(RATES) * SEEDS)]
    sizes[0]["target"] = {"at_least": 2, "aim": 1}
    title = f"A report over {len(RATES) * SEEDS} runs of {EPOCHS} epochs"
    return {
        "question": "What does a report cost?",
        "parts": [
            {"kind": "limits", "title": title, "unit": "s", "rows": list(seconds.values()), "missing": []},
            {
                "kind": "limits",
                "title": "Peak resident memory of the same",
                "unit": "MB",
                "rows": [] if missing else list(peaks.values()),
                "missing": missing,
            },
            {"kind": "limits", "title": "Size of the HTML file", "unit": "MB", "rows": sizes, "missing": []},
        ],
        "notes": [
            f"{len(RATES)} settings of {SEEDS} seeds each: one run of mnist-fast is trained for an epoch, and copied "
            f"with {EPOCHS} epochs of made-up figures, which a report reads as any others. 1 MB = 10⁶ bytes.",
            "Wall time of the whole process: 6,000 validation images are classified as well.",
        ],
    }


def size_of(folder: Path, command: Sequence[str], count: int) -> Series:
    """Megabytes of the HTML file over the first runs."""
    output = folder / f"of-{count}.html"
    runs = [str(run) for run in sorted((folder / "runs").iterdir())[:count]]
    seconds_of([*command, "report", *runs, "--output", str(output)])
    return {"name": f"{count} runs", "values": [output.stat().st_size / 1e6]}


def make_runs(folder: Path, rates: Sequence[float], seeds: int) -> None:
    """So many runs as a sweep leaves them, of which one was trained."""
    config = replace(load_preset("mnist-fast").config, epochs=1)
    trained = folder.with_name("trained")
    train(config, trained, "mnist-fast")
    for place, rate in enumerate(rates):
        for seed in range(seeds):
            _copy(trained, folder / f"{place:02d}-{seed}", replace(config, lr=rate, seed=seed, epochs=EPOCHS), place)


def _copy(trained: Path, run: Path, config: Config, place: int) -> None:
    """A copy with other settings and the figures of more epochs."""
    is_best = place == config.seed == 0  # a report reads the weights of one run
    shutil.copytree(trained, run, ignore=None if is_best else shutil.ignore_patterns("checkpoints"))
    (run / "config.toml").write_text(config.to_toml(), encoding="utf-8")
    line = json.loads((run / "metrics.jsonl").read_text(encoding="utf-8"))
    lines = []
    for epoch in range(1, EPOCHS + 1):
        error = 0.2 / epoch**0.5 + 0.003 * place + 0.001 * config.seed
        figures = {"loss": 3 * error, "accuracy": 1 - error}
        lines.append({**line, "epoch": epoch, "step": epoch * line["step"], "train": figures, "validation": figures})
    (run / "metrics.jsonl").write_text("".join(json.dumps(one) + "\n" for one in lines), encoding="utf-8")
    path = run / "summary.json"
    summary = json.loads(path.read_text(encoding="utf-8"))
    last = {"epoch": EPOCHS, "train": lines[-1]["train"], "validation": lines[-1]["validation"]}
    path.write_text(json.dumps({**summary, "seed": config.seed, "best": last, "final": last}), encoding="utf-8")
