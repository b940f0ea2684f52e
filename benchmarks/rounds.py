"""Contenders that run in turn, round after round, so that a slow moment of the machine meets all of them alike."""

import gc
import itertools
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.figures import Comparison, Missing, Series, Target
from trainlab.experiments.cores import available_cores

SAMPLED_STEPS = 5
WARM_UP_STEPS = 3
CORES = available_cores()
THREAD_COUNTS = (1, 2) if CORES > 1 else (1,)

Batches = Sequence[tuple[Any, Any]]
Numbers = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Contender:
    """One way of doing the work.

    Args:
        run: does about so many steps (or images, whatever is counted) and returns how many it did.
        sample: called once before any run; numbers of the first steps, by which contenders are compared.
        use_threads: lets the library compute with so many threads inside a ``with`` block.
        thread_counts: tried in a short round before the others; the fastest is kept.
        tolerance: how far, relatively, its sample may be from ours; a tenth of it absolutely. Rounding decides.
        per_round: steps of each round; 0 takes as many as fill its seconds, which suits steps that take less.
    """

    run: Callable[[int], int]
    sample: Callable[[], Numbers]
    use_threads: Callable[[int], AbstractContextManager[object]]
    thread_counts: Sequence[int] = THREAD_COUNTS
    tolerance: float = 1e-3
    per_round: int = 0


Makers = Mapping[str, Callable[[], Contender]]


def stepwise(
    step: Callable[[Any, Any], Any],
    batches: Batches,
    use_threads: Callable[[int], AbstractContextManager[object]],
    thread_counts: Sequence[int] = THREAD_COUNTS,
) -> Contender:
    """A contender whose ``step(images, labels)`` returns a number (or array), run over batches again and again."""
    stream = itertools.cycle(batches)

    def run(steps: int) -> int:
        for images, labels in itertools.islice(stream, steps):
            step(images, labels)
        return steps

    def sample() -> Numbers:
        taken = itertools.islice(stream, SAMPLED_STEPS)
        return np.concatenate([np.ravel(np.asarray(step(images, labels))) for images, labels in taken])

    return Contender(run, sample, use_threads, thread_counts)


def compare(
    title: str,
    unit: str,
    ours: tuple[str, Contender],
    makers: Makers,
    targets: Mapping[str, Target],
    rounds: int,
    seconds: float,
) -> Comparison:
    """Race trainlab against all rivals that can take part; each target is for the rival of that name."""
    our_name, our_contender = ours
    rivals, missing = admit(our_contender, makers)
    series = race({our_name: our_contender, **rivals}, rounds, seconds)
    for one in series:
        if one["name"] in targets:
            one["target"] = targets[one["name"]]
    return {
        "kind": "comparison",
        "title": title,
        "unit": unit,
        "ours": series[0],
        "rivals": series[1:],
        "missing": missing,
    }


def admit(ours: Contender, makers: Makers) -> tuple[dict[str, Contender], list[Missing]]:
    """Make the rivals. One that cannot run here, or computes something else than we do, is left out with the reason."""
    expected = ours.sample()
    admitted: dict[str, Contender] = {}
    missing: list[Missing] = []
    for name, make in makers.items():
        try:
            rival = make()
            got = rival.sample()
        except Exception as error:  # whatever one rival lacks here must not stop the others
            missing.append({"name": name, "reason": in_one_line(error)})
            continue
        if agree(got, expected, rival.tolerance):
            admitted[name] = rival
        else:
            reason = f"computes something else: its first steps gave {got[:3].round(4)}, ours {expected[:3].round(4)}"
            missing.append({"name": name, "reason": reason})
    return admitted, missing


def agree(got: Numbers, expected: Numbers, tolerance: float) -> bool:
    """Whether two samples are of the same computation, up to rounding."""
    return got.shape == expected.shape and np.allclose(got, expected, rtol=tolerance, atol=tolerance / 10)


def race(contenders: Mapping[str, Contender], rounds: int, seconds: float) -> list[Series]:
    """Steps a second of each contender in each round: A B C, A B C, …"""
    settled = {name: _settle(contender, seconds) for name, contender in contenders.items()}
    series: list[Series] = [{"name": name, "threads": threads, "values": []} for name, (threads, _) in settled.items()]
    gc.collect()
    gc.freeze()  # what the rivals imported should not slow down anybody's garbage collection
    try:
        for _ in range(rounds):
            for one in series:
                threads, steps = settled[one["name"]]
                one["values"].append(speed(contenders[one["name"]], threads, steps))
    finally:
        gc.unfreeze()
    return series


def _settle(contender: Contender, seconds: float) -> tuple[int, int]:
    """The best number of threads, and the steps of a round."""
    if contender.per_round and len(contender.thread_counts) == 1:
        warm_up(contender, contender.thread_counts[0])
        return contender.thread_counts[0], contender.per_round
    speeds = {threads: _rough_speed(contender, threads, seconds / 4) for threads in contender.thread_counts}
    threads, rough_speed = max(speeds.items(), key=lambda item: item[1])
    return threads, contender.per_round or max(1, round(rough_speed * seconds))


def _rough_speed(contender: Contender, threads: int, seconds: float) -> float:
    """Speed over about so many seconds."""
    warm_up(contender, threads)
    steps = 1
    while True:
        started = time.perf_counter()
        measured = speed(contender, threads, steps)
        if time.perf_counter() - started >= seconds:
            return measured
        steps *= 2


def warm_up(contender: Contender, threads: int) -> None:
    """A few steps, in which a library may compile what it runs."""
    speed(contender, threads, WARM_UP_STEPS)


def speed(contender: Contender, threads: int, steps: int) -> float:
    """Steps a second of one run of about so many steps."""
    with contender.use_threads(threads):
        started = time.perf_counter()
        done = contender.run(steps)
        return done / (time.perf_counter() - started)


def in_one_line(error: Exception) -> str:
    """The first line of an exception's message, for a table."""
    lines = str(error).strip().splitlines()
    message = lines[0] if lines else "no message"
    return message if isinstance(error, ImportError) else f"{type(error).__name__}: {message}"
