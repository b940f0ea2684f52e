"""How long to the lab report's accuracy on CIFAR-10: its own recipe, extrapolated, against `cifar10-fast`, measured."""

from collections.abc import Sequence
from typing import Any

from benchmarks.figures import Comparison, Result, Series, Table, Target, ratios, spread
from benchmarks.image_problem import FAST_STEPS, make_image_problem, trainlab_training
from benchmarks.markdown import number, over_seeds, with_spread
from benchmarks.repeat import train_once
from benchmarks.resnet18_step import AS_WRITTEN, PRESET, rival
from benchmarks.rounds import admit, speed, warm_up
from benchmarks.size import Size
from trainlab.data import describe
from trainlab.errors import RunFailed
from trainlab.experiments import Config

FAST_PRESET = "cifar10-fast"
ACCURACY = 0.9208  # the lab report's best validation accuracy
TARGET: Target = {"at_least": 60, "aim": 100}
DAY = 86_400  # seconds
WRITTEN = "the lab report's recipe as written, extrapolated"
OURS = f"trainlab, {PRESET}, extrapolated"
COLUMNS = ["what", "seconds, median (min–max)", "test accuracy", "with mirror images", "n", "shorter by"]


def measure(size: Size, preset: str = FAST_PRESET, overrides: Sequence[str] = ()) -> Result:
    """In each round some steps of the lab report's way, some of ours, and a whole run of the fast preset."""
    problem = make_image_problem(PRESET, overrides)
    ours = trainlab_training(problem, min(FAST_STEPS, size.steps))
    admitted, missing = admit(ours, {WRITTEN: lambda: rival(AS_WRITTEN, problem, size.steps)})
    if missing:
        raise RunFailed(f"nothing to compare with: {missing[0]['reason']}")
    contenders = {**admitted, OURS: ours}
    images = recipe_images(problem.config)
    runs: list[dict[str, Any]] = []
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for one in contenders.values():
        warm_up(one, problem.threads)
    for seed in range(size.seeds):
        for name, one in contenders.items():
            seconds[name].append(images / speed(one, problem.threads, one.per_round))
        runs.append(train_once(preset, ["device=cpu", *size.overrides], seed))
    comparison = _comparison(preset, runs, seconds)
    return {
        "question": f"How long does CIFAR-10 take to the lab report's {ACCURACY:.2%}, on the CPU?",
        "parts": [comparison, _table(preset, runs, seconds, comparison)],
        "notes": [
            f"{preset} is measured: data, training, test and all files of a run. Its accuracy is that of the test set, "
            f"without test-time augmentation, of the weights that the preset keeps; the report's {ACCURACY:.2%} is its "
            "best validation accuracy. A run that stays below counts as one that never ends.",
            f"The lab report's recipe is extrapolated: {problem.config.epochs} epochs of "
            f"{images // problem.config.epochs:,} images at the speed of {size.steps} training steps a round, nothing "
            "added for its DataLoader, validation and checkpoints. Both ways of it are those of resnet18_step.",
        ],
        "raw": {"runs": runs, "extrapolated seconds": seconds},
    }


def recipe_images(config: Config) -> int:
    """How many images a whole run of a configuration trains on, repetitions counted."""
    whole = describe(config.dataset).sizes["train"]
    validation = config.split if config.split >= 1 else round(config.split * whole)
    return config.epochs * (whole - int(validation))


def reached(run: dict[str, Any]) -> bool:
    """Whether a run's accuracy on the test set is the lab report's, or better."""
    accuracy: float = run["test"]["accuracy"]
    return accuracy >= ACCURACY


def _comparison(preset: str, runs: list[dict[str, Any]], seconds: dict[str, list[float]]) -> Comparison:
    """Speeds are whole trainings a day, so that a larger ratio is better, as everywhere."""
    fast: list[float | None] = [DAY / run["wall_seconds"] if reached(run) else 0.0 for run in runs]
    rivals: list[Series] = [{"name": name, "values": [DAY / value for value in of]} for name, of in seconds.items()]
    rivals[0]["target"] = TARGET
    return {
        "kind": "comparison",
        "title": f"Whole trainings to {ACCURACY:.2%}",
        "unit": "a day",
        "ours": {"name": f"trainlab, {preset}, measured", "values": fast},
        "rivals": rivals,
        "missing": [],
    }


def _table(preset: str, runs: list[dict[str, Any]], seconds: dict[str, list[float]], comparison: Comparison) -> Table:
    times = [run["wall_seconds"] for run in runs]
    accuracies = [over_seeds([run[part]["accuracy"] for run in runs if run[part]]) for part in ("test", "test_tta")]
    rows = [[f"{preset}, measured", with_spread(spread(times)), *accuracies, str(len(runs)), ""]]
    for series, (name, values) in zip(comparison["rivals"], seconds.items(), strict=True):
        shorter = number(spread(ratios(comparison["ours"], series)).median, "×")
        rows.append([name, with_spread(spread(values)), "", "", str(len(values)), shorter])
    return {"kind": "table", "title": "The same in seconds", "columns": COLUMNS, "rows": rows}
