"""Where the time of a training step at batch size 1 goes, and how much of it is memory that has to be moved."""

import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from itertools import islice, pairwise
from typing import Any

import numpy as np

from benchmarks.figures import Result, Table, spread
from benchmarks.problem import Problem, make_problem, train
from benchmarks.size import Size
from trainlab.data import Batch, Loader
from trainlab.engines import NumpyEngine
from trainlab.nn.blas import thread_limit

Microseconds = dict[str, float]
STEPS_PER_SECOND = 10_000  # rough, to turn seconds of measuring into steps


def measure(size: Size) -> Result:
    """Time each part of real steps, round after round."""
    problem = make_problem(batch_size=1)
    steps = min(round(size.seconds * STEPS_PER_SECOND), len(problem.data.split.train))
    with thread_limit(problem.threads):
        train(problem.config, problem.data, problem.engine(), steps)  # a warm-up
        rounds = [_round(problem, steps) for _ in range(size.rounds)]
    parts = {name: spread([one[name] for one in rounds]).median for name in rounds[0]}
    bytes_read = problem.weights["1.weight"].nbytes
    return {
        "question": "Where does the time of a training step at batch size 1 go? (784-128-10, plain SGD, float32)",
        "parts": [_step_table(parts), _memory_table(parts, bytes_read)],
        "notes": [
            f"Medians of {len(rounds)} rounds of {steps:,} steps. Parts are timed inside real steps, the clock's own "
            "time taken off; what Trainer, Loader and train_step add is the difference to whole steps without a clock.",
            f"The forward product reads the first layer's {bytes_read:,} bytes of weights and the update reads and "
            "writes them: no step in any language is faster than those bytes alone, unless it skips inputs of 0.",
        ],
        "raw": {"microseconds": rounds},
    }


def _round(problem: Problem, steps: int) -> Microseconds:
    """Each part over so many steps: the median where every step can be timed, else the mean."""
    engine = problem.engine()
    batches = list(_batches(problem, steps))
    whole_step = _mean(lambda: train(problem.config, problem.data, engine, steps), steps)
    serving = _mean(lambda: list(_batches(problem, steps)), steps)
    engine_step, parts = _timed_steps(engine, batches)
    return {
        "Loader: shuffle, gather, bytes to floats": serving,
        **parts,
        "train_step: count correct, put the result together": engine_step - sum(parts.values()),
        "Trainer: schedule, checks, running means; interruptions": whole_step - engine_step - serving,
        "whole step": whole_step,
        **_memory_times(problem.weights["1.weight"].size, steps),
    }


def _batches(problem: Problem, steps: int) -> Iterable[Batch]:
    data, config = problem.data, problem.config
    loader = Loader(data.dataset, data.split.train, config.batch_size, data.transform, config.seed, shuffle=True)
    return islice(loader.epoch(1), steps)


def _mean(act: Callable[[], object], times: int) -> float:
    """Microseconds of one of the so many equal things that ``act`` does."""
    started = time.perf_counter()
    act()
    return (time.perf_counter() - started) / times * 1e6


def _median(acts: Iterable[Callable[[], object]]) -> float:
    """Microseconds of the middle one."""
    seconds = []
    for act in acts:
        started = time.perf_counter()
        act()
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds) * 1e6


def _timed_steps(engine: NumpyEngine, batches: Sequence[Batch]) -> tuple[float, Microseconds]:
    """Median time of `NumpyEngine.train_step` and of its parts, taken in turn, without what the clock itself takes."""
    names = _part_names(engine)
    clock = _median([lambda: None] * 1000)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    whole: list[float] = []
    for batch in batches:
        started = time.perf_counter()
        engine.train_step(batch)
        whole.append(time.perf_counter() - started)
        moments = _annotated_step(engine, batch)
        for name, (before, after) in zip(names, pairwise(moments), strict=True):
            seconds[name].append(after - before)
    parts = {name: statistics.median(values) * 1e6 - clock for name, values in seconds.items()}
    return statistics.median(whole) * 1e6 - clock, parts


def _annotated_step(engine: NumpyEngine, batch: Batch) -> list[float]:
    """The lines of `NumpyEngine.train_step`, layer by layer and parameter by parameter, and the time after each."""
    model: Any = engine.model
    optimizer = engine.optimizer
    clock = time.perf_counter
    moments = [clock()]
    optimizer.zero_grad()
    moments.append(clock())
    x = batch.images
    for layer in model.layers:
        x = layer.forward(x)
        moments.append(clock())
    engine.loss.forward(x, batch.labels)
    moments.append(clock())
    grad = engine.loss.backward()
    moments.append(clock())
    for layer in reversed(model.layers):
        grad = layer.backward(grad)
        moments.append(clock())
        if grad is None:
            break
    optimizer.steps += 1
    for parameter in optimizer.parameters:
        parameter.descend(optimizer.lr)
        moments.append(clock())
    return moments


def _part_names(engine: NumpyEngine) -> list[str]:
    """What `_annotated_step` times, in its order."""
    model: Any = engine.model
    names = ["zero_grad", *(f"{layer!r}.forward" for layer in model.layers)]
    names += ["CrossEntropyLoss.forward", "CrossEntropyLoss.backward"]
    for layer in reversed(model.layers):
        names.append(f"{layer!r}.backward")
        if not layer.needs_input_grad:
            break
    for parameter in engine.optimizer.parameters:
        names.append(f"SGD.step: {parameter.name} {'×'.join(map(str, parameter.shape))}")
    return names


def _memory_times(numbers: int, times: int) -> Microseconds:
    """What NumPy needs to touch as many numbers as the first layer has weights, with nothing else to do."""
    vector = np.ones(numbers, np.float32)
    return {
        "read": _median([lambda: np.dot(vector, vector)] * times),
        "read and write": _median([lambda: np.negative(vector, out=vector)] * times),
    }


def _step_table(parts: Microseconds) -> Table:
    whole = parts["whole step"]
    rows = [
        [name, f"{microseconds:.2f}", f"{microseconds / whole:.1%}"]
        for name, microseconds in parts.items()
        if name not in ("read", "read and write")
    ]
    return {"kind": "table", "title": "The parts of a step", "columns": ["part", "µs", "share"], "rows": rows}


def _memory_table(parts: Microseconds, size: int) -> Table:
    """The forward product reads every weight; the update reads and writes it."""
    reading, updating = _first(parts, "Linear", ".forward"), _first(parts, "SGD.step: weight", "")
    alone, updating_alone = parts["read"], parts["read and write"]
    total, total_alone = reading + updating, alone + updating_alone
    product = " (784·128·4)" if size == 784 * 128 * 4 else ""
    rows = [
        [f"forward product: read{product}", f"{size:,}", *_moved(size, reading), *_moved(size, alone)],
        ["update: read and write", f"{2 * size:,}", *_moved(2 * size, updating), *_moved(2 * size, updating_alone)],
        ["both", f"{3 * size:,}", *_moved(3 * size, total), *_moved(3 * size, total_alone)],
        ["both, as steps a second", "", f"{1e6 / total:,.0f}", "", f"{1e6 / total_alone:,.0f}", ""],
        ["whole step, as steps a second", "", f"{1e6 / parts['whole step']:,.0f}", "", "", ""],
    ]
    columns = ["the first layer's weights", "bytes", "µs", "GB/s", "µs for the bytes alone", "GB/s alone"]
    return {"kind": "table", "title": "Memory that a step has to move", "columns": columns, "rows": rows}


def _first(parts: Microseconds, start: str, end: str) -> float:
    return next(value for name, value in parts.items() if name.startswith(start) and name.endswith(end))


def _moved(count: int, microseconds: float) -> tuple[str, str]:
    return f"{microseconds:.2f}", f"{count / microseconds / 1e3:.1f}"
