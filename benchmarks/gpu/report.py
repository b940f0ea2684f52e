"""The record of a run on a GPU as Markdown: what was checked, then each figure with its spread and number."""

from typing import Any

from benchmarks.figures import Spread
from benchmarks.markdown import table, with_spread

ACCURACIES = (0.96, 0.95, 0.94)
WORDS = {True: "✓", False: "✗ FAILED", None: "not here"}


def lines(record: dict[str, Any]) -> list[str]:
    """The whole report."""
    checks = [[check["name"], WORDS[check["holds"]], check["found"]] for check in record["checks"]]
    peak = record["peak"]
    steps = [
        [f"ResNet-18, batch size {one['batch_size']}", *_cells(one, "ms", "images/s"), _share(one), _n(one["ms"])]
        for one in record["steps"]
    ]
    trainings = [
        [
            f"{one['preset']}, {one['epochs']} epochs on {one['data'].partition(':')[0]}",
            *_cells(one, "seconds", "epoch seconds"),
            _accuracy(one, "test accuracy"),
            _accuracy(one, "with mirror images"),
            _accuracy(one, "in six views"),
            _n(one["seconds"]),
        ]
        for one in record["trainings"]
    ]
    columns = ["training", "seconds", "seconds an epoch", "test accuracy", "with mirror images", "in six views", "n"]
    return [
        f"# {record['device']}",
        "",
        *table(["check", "holds", "found"], checks),
        "",
        *table(["step", "ms", "images/s", "share of the peak", "n"], steps),
        "",
        f"The peak: {with_spread(Spread(**peak['TFLOP/s']))} TFLOP/s (n = {peak['TFLOP/s']['n']}) in a product of "
        f"{peak['matrix']}² bfloat16 matrices.",
        "",
        *table(columns, trainings),
        "",
        *(f"- left out: {one['name']}: {one['reason']}" for one in record["left out"]),
        "- Medians (smallest–largest). A step begins with a batch in the device's memory; some are under way at "
        "once, as in Trainer. A training is all steps and validations, images in the device's memory as bytes, after a "
        "warm-up epoch.",
        f"- {record['seconds']} s in all.",
    ]


def _cells(one: dict[str, Any], *names: str) -> list[str]:
    return [with_spread(Spread(**one[name])) for name in names]


def _share(one: dict[str, Any]) -> str:
    share = Spread(**one["share of peak"])
    return f"{share.median:.1%} ({share.low:.1%}–{share.high:.1%})"


def _accuracy(one: dict[str, Any], name: str) -> str:
    """With the highest of `ACCURACIES` that it reaches, to which the seconds then are the time."""
    if name not in one:
        return "–"
    found = Spread(**one[name])
    mark = next((f", {accuracy:.0%} reached" for accuracy in ACCURACIES if found.median >= accuracy), "")
    return f"{found.median:.2%} ({found.low:.2%}–{found.high:.2%}){mark}"


def _n(figure: dict[str, Any]) -> str:
    return str(figure["n"])
