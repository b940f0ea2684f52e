"""How accurate the presets are on the test set, and how long they take."""

from typing import Any

from benchmarks.figures import Missing, Result, mean_and_deviation, spread
from benchmarks.markdown import over_seeds
from benchmarks.repeat import train_over_seeds
from benchmarks.size import Size
from trainlab.data import Part, locate
from trainlab.errors import InputError
from trainlab.experiments import load_preset
from trainlab.experiments.run_folder import kept_epoch

PRESETS = ("mnist-mlp", "mnist-fast", "mnist-best", "fashion-mnist-mlp")
SHORT_RESNET18 = "cifar10-resnet18 subset=5000 epochs=5 batch_size=128 lr=0.1"
"""On a CPU: as much of the preset as shows that it learns."""
ALONE = {  # those that take minutes, each a benchmark of its own
    "mnist_lenet": "mnist-lenet",
    "mnist_best_augmented": "mnist-best-augmented",
    "cifar10_tiny": "cifar10-tiny",
    "cifar10_tiny_numpy": "cifar10-tiny engine=numpy",
    "cifar10_fast": "cifar10-fast",
    "cifar10_94": "cifar10-94",
    "cifar10_resnet18_short": SHORT_RESNET18,
}
PARTS: tuple[Part, ...] = ("train", "test")
PROMISED = {  # mean test accuracy, at least
    "mnist-mlp": 0.98,
    "mnist-best": 0.986,
    "mnist-lenet": 0.992,
    "mnist-best-augmented": 0.993,
    "cifar10-tiny": 0.70,
    "cifar10-tiny engine=numpy": 0.70,
    "cifar10-fast": 0.9208,
    "cifar10-94": 0.94,
}
SECONDS = {"mnist-lenet": 60, "mnist-best-augmented": 600, "cifar10-fast": 900, "cifar10-94": 2400}  # at most
FEWER_SEEDS = {"cifar10-94": 1, SHORT_RESNET18: 1}  # where a run takes long
COLUMNS = [
    "preset",
    "test accuracy",
    "min–max",
    "with test-time augmentation",
    "n",
    "promised",
    "validation accuracy",
    "seconds, median (min–max)",
    "at most",
]


def measure(size: Size, presets: tuple[str, ...] = PRESETS) -> Result:
    """Train each preset with seeds 0, 1, …, whose data is on this machine; settings may follow its name."""
    rows: list[list[str]] = []
    missing: list[Missing] = []
    raw: dict[str, Any] = {}
    for name in presets:
        preset, *changes = name.split()
        try:
            for part in PARTS:
                locate(load_preset(preset).config.dataset, part)
        except InputError as error:
            missing.append({"name": name, "reason": str(error)})
            continue
        seeds = min(size.seeds, FEWER_SEEDS.get(name, size.seeds))
        raw[name] = train_over_seeds(preset, [*changes, *size.overrides], seeds)
        rows.append(_row(name, raw[name]))
    return {
        "question": "How accurate are the presets, and how long do they take?",
        "parts": [{"kind": "table", "title": "Over seeds 0, 1, …", "columns": COLUMNS, "rows": rows}],
        "notes": [
            "The epoch is chosen by validation accuracy, or is the last (keep = last); its weights see the test set "
            "once. Mean ± standard deviation. "
            "What is promised is the accuracy without test-time augmentation, which few presets have. "
            "Seconds: data, training, test and all files of a run, without the start of the process and the picture.",
            *(f"Left out: {one['name']}, because {one['reason']}" for one in missing),
        ],
        "raw": raw,
    }


def _row(name: str, runs: list[dict[str, Any]]) -> list[str]:
    tests = [run["test"]["accuracy"] for run in runs]
    mean, _ = mean_and_deviation(tests)
    kept = [kept_epoch(run) for run in runs]
    validation, _ = mean_and_deviation([epoch["validation"]["accuracy"] for epoch in kept if epoch is not None])
    seconds = spread([run["wall_seconds"] for run in runs])
    promised = within = "–"
    if name in PROMISED:
        promised = f"{PROMISED[name]:.2%} {'✓' if mean >= PROMISED[name] else '✗'}"
    if name in SECONDS:
        within = f"{SECONDS[name]} {'✓' if seconds.median <= SECONDS[name] else '✗'}"
    return [
        name,
        over_seeds(tests),
        f"{min(tests):.2%}–{max(tests):.2%}",
        over_seeds([run["test_tta"]["accuracy"] for run in runs if run.get("test_tta")]),
        str(len(tests)),
        promised,
        f"{validation:.2%}",
        f"{seconds.median:.1f} ({seconds.low:.1f}–{seconds.high:.1f})",
        within,
    ]
