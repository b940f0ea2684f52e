"""What a sweep will cost, and whether its points fit the data: ``python -m trainlab.experiments.sweep estimate``.

In a process of its own, with the environment of a job, so that the coordinator holds neither data nor a GPU. A list of
configurations comes in on standard input, their estimates go out on standard output, both as a line of JSON. When
standard input closes, because the coordinator was stopped or killed, the process ends.
"""

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import cache

import numpy as np

from trainlab.data import Dataset, Loader, load
from trainlab.data.transforms import Raw
from trainlab.engines import Engine
from trainlab.errors import InputError
from trainlab.experiments.assemble import build_engine
from trainlab.experiments.config import Config
from trainlab.experiments.prepared_data import PreparedData, choose_images, data_directory, prepare_data
from trainlab.experiments.sweep.executors.local import job_environment
from trainlab.experiments.sweep.worker import Watch
from trainlab.experiments.thread_count import threads_for

NO_COST = (
    "split", "stratified", "dropout", "initialization", "initial_std", "label_smoothing", "lr", "adam_lr", "momentum",
    "beta1", "beta2", "weight_decay", "epochs", "schedule", "step_every", "milestones", "gamma", "warm_up",
    "patience", "seed", "evaluate_test", "tta", "tta_shift", "checkpoint_steps", "checkpoint_seconds", "clip_norm",
    "ema", "subset",
)  # fmt: skip
"""Settings on which the time of a step hardly depends: configurations that differ in these alone are timed once."""

SPLITTING = ("subset", "split", "stratified", "seed")
"""Settings that decide which images train."""

TIMED_KINDS = 6
"""Kinds of configurations that are timed; of others, the time is that of the timed ones, by images."""

TIMED_SECONDS = 0.3
"""For each kind, or two steps where those take longer."""


@dataclass(frozen=True)
class Estimate:
    """The cost of one run."""

    steps: int
    seconds: float
    step_seconds: float
    is_timed: bool
    """False where its kind was not timed itself."""


class CannotRun(InputError):
    """A configuration that this machine cannot run; `position` says which of a list."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.position = position


def estimate(configs: Sequence[Config], clock: Callable[[], float] = time.perf_counter) -> list[Estimate]:
    """The cost of each configuration, from timed steps. Raises CannotRun for the first that this machine cannot run."""
    load_once, choose_once = cache(_load), cache(choose_images)
    started = clock()
    kinds: dict[Config, float | None] = {}
    loaders: list[tuple[Loader, int]] = []
    for position, config in enumerate(configs):
        try:
            dataset = load_once(config.dataset, config.data_dir)
            chosen = choose_once(_splitting(config), dataset)
            batches = Loader(dataset, chosen.train, config.batch_size, Raw(), config.seed, shuffle=False)
            loaders.append((batches, len(chosen.validation)))
            kind = _like(config, NO_COST)
            if kind not in kinds:
                data = prepare_data(config, chosen, dataset)
                engine = build_engine(config, dataset.image_shape, len(dataset.classes), data.sample)
                is_timed = len(kinds) < TIMED_KINDS
                kinds[kind] = _seconds_per_step(config, data, engine, clock) if is_timed else None
        except InputError as error:
            raise CannotRun(str(error), position) from error
    start_up = (clock() - started) / max(1, len(kinds))
    per_image = [seconds / kind.batch_size for kind, seconds in kinds.items() if seconds is not None]
    found = []
    for config, (batches, validation) in zip(configs, loaders, strict=True):
        seconds = kinds[_like(config, NO_COST)]
        step_seconds = seconds if seconds is not None else config.batch_size * sum(per_image) / len(per_image)
        evaluation = step_seconds * validation / config.batch_size / 3  # forward only: a third of a training step
        found.append(
            Estimate(
                steps=config.epochs * batches.steps_per_epoch,
                seconds=start_up + config.epochs * (batches.steps_per_epoch * step_seconds + evaluation),
                step_seconds=step_seconds,
                is_timed=seconds is not None,
            )
        )
    return found


def _like(config: Config, ignored: Sequence[str]) -> Config:
    """A configuration with the ignored settings at their defaults, as a key."""
    default = Config()
    return replace(config, **{key: getattr(default, key) for key in ignored})


def _splitting(config: Config) -> Config:
    return _like(config, [one.name for one in fields(config) if one.name not in SPLITTING])


def _load(dataset: str, data_dir: str) -> Dataset:
    return load(dataset, "train", data_directory(replace(Config(), data_dir=data_dir)))


def _seconds_per_step(config: Config, data: PreparedData, engine: Engine, clock: Callable[[], float]) -> float:
    """Of training, batches included; the first step, which allocates, is left out."""
    data.place(engine)
    threads = threads_for(config, data.dataset.image_shape, len(data.dataset.classes))
    steps, started = 0, clock()
    first_ended = started
    with engine.thread_limit(threads), np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        for batch in data.train_batches.epoch(1):
            engine.train_step(batch)
            steps += 1
            if steps == 1:
                first_ended = clock()
            elif steps > 2 and clock() - first_ended > TIMED_SECONDS:
                break
        ended = clock()
    return (ended - first_ended) / (steps - 1) if steps > 1 else ended - started


def estimate_apart(configs: Iterable[Config], cores: int) -> list[Estimate]:
    """`estimate` in a process of its own with so many cores. Raises CannotRun."""
    asked = json.dumps([asdict(config) for config in configs])
    started = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-m", "trainlab.experiments.sweep", "estimate"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=job_environment(cores),
        start_new_session=True,  # Ctrl-C reaches this process, which then closes the pipe to that one
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        with contextlib.suppress(OSError):  # a process that ended already: its status tells
            process.stdin.write(f"{asked}\n".encode())
            process.stdin.flush()
        said = process.stdout.read()
    if process.returncode != 0:
        raise InputError(
            f"a training step cannot be timed: the process that tried it ended with status {process.returncode}. "
            "What it said stands above."
        )
    answer = json.loads(said.splitlines()[-1])
    if "error" in answer:
        raise CannotRun(answer["error"], answer["position"])
    start_up = time.perf_counter() - started - answer["seconds"]  # of Python and its imports: every run has that too
    estimates = [Estimate(**one) for one in answer["estimates"]]
    return [replace(one, seconds=one.seconds + start_up) for one in estimates]


def main() -> int:
    """Answer what standard input asks; returns the exit status."""
    started = time.perf_counter()
    configs = [Config.from_mapping(values) for values in json.loads(sys.stdin.buffer.readline())]
    Watch()
    try:
        estimates = [asdict(one) for one in estimate(configs)]
        print(json.dumps({"estimates": estimates, "seconds": time.perf_counter() - started}))
    except CannotRun as error:
        print(json.dumps({"error": str(error), "position": error.position}))
    return 0
