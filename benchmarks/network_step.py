"""How fast is a whole training step of a convolutional network on NumPy? Time, losses, memory and roofline.

``python -m benchmarks.network_step resnet18 trainlab 2`` takes two steps and ends: for its peak memory.
"""

import statistics
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np
from numpy.typing import NDArray

from benchmarks.figures import Comparison, Result, Table, Target, spread
from benchmarks.markdown import with_spread
from benchmarks.memory import peak_of
from benchmarks.own_process import in_own_process
from benchmarks.rivals import import_rival
from benchmarks.rivals.pytorch import torch_threads
from benchmarks.roofline import THREADS, measure_roofline
from benchmarks.rounds import Contender, Numbers, compare
from benchmarks.size import Size
from benchmarks.whole_batch import WHOLE_BATCH, in_whole_batches
from trainlab.data import Batch
from trainlab.engines import NumpyEngine
from trainlab.models import build
from trainlab.nn import CrossEntropyLoss, Sequential
from trainlab.nn.parallel import thread_limit
from trainlab.optim import SGD
from trainlab.randomness import generator

BATCH = 128
BATCHES = 10
"""Of different images; the losses of as many steps are compared before anything is timed."""
MOMENTUM = 0.9
TOLERANCE = 1e-4
OURS = "trainlab, NumPy engine"
CHANNELS_FIRST = "PyTorch fp32, channels first"
CHANNELS_LAST = "PyTorch fp32, channels last"


@dataclass(frozen=True)
class Network:
    """One network to measure, with ten classes.

    Args:
        lr: of the optimizer. What rounding changes grows from step to step, the faster the higher the rate: at 0.01 the
            losses of PyTorch's own two layouts are 1e-3 apart after ten steps of ResNet-18.
        steps: of each contender in a round; 0 takes as many as fill its seconds.
        targets: rivals by name, with what was promised of each.
    """

    title: str
    name: str
    image_shape: tuple[int, int, int]
    lr: float
    steps: int
    targets: Mapping[str, Target]


NETWORKS = {
    "lenet": Network(
        "LeNet on images of MNIST's shape",
        "lenet",
        (1, 28, 28),
        0.01,
        0,
        {
            CHANNELS_FIRST: {"at_least": 0.77, "aim": 1.11},
            CHANNELS_LAST: {"at_least": 0.77, "aim": 1.11},
            **{name: {"at_least": 3, "aim": 6} for name in WHOLE_BATCH},
        },
    ),
    "resnet18": Network(
        "ResNet-18 on images of CIFAR-10's shape",
        "resnet18",
        (3, 32, 32),
        1e-4,
        2,
        {CHANNELS_FIRST: {"at_least": 0.67, "aim": 0.91}, CHANNELS_LAST: {"at_least": 0.45, "aim": 0.67}},
    ),
}


@dataclass(frozen=True)
class Problem:
    """What all contenders begin with; what images show changes neither the work nor its time."""

    network: Network
    batch: int = BATCH

    def model(self) -> Sequential:
        """trainlab's, with the initial weights."""
        return build(self.network.name, 10, self.network.image_shape, generator(0, "benchmark weights"), np.float32)

    @cached_property
    def batches(self) -> list[tuple[NDArray[np.float32], NDArray[np.int64]]]:
        draw = generator(0, "benchmark images")
        shape = (self.batch, *self.network.image_shape)
        return [(draw.standard_normal(shape, np.float32), draw.integers(0, 10, self.batch)) for _ in range(BATCHES)]


def measure(size: Size, network: str, problem: Problem | None = None) -> Result:
    """Race the NumPy engine against the rivals, then look at its memory and its layers."""
    problem = problem or Problem(NETWORKS[network])
    losses: dict[str, Numbers] = {}
    makers = {name: partial(_noted, losses, problem, name) for name in problem.network.targets}
    comparison = compare(
        f"{problem.network.title}, batch size {problem.batch}",
        "images/s",
        (OURS, _noted(losses, problem, OURS)),
        makers,
        problem.network.targets,
        size.rounds,
        size.seconds,
    )
    peaks = _peaks(network, [OURS, CHANNELS_FIRST, CHANNELS_LAST], min(size.rounds, 3))
    roofline = measure_roofline(
        make_engine(problem.model(), problem.network.lr), problem.batches, max(2, min(size.rounds, 5))
    )
    return {
        "question": f"How fast is a whole training step of {network} on NumPy? "
        f"(SGD at rate {problem.network.lr:g}, batch size {problem.batch}, float32, {THREADS} threads each)",
        "parts": [comparison, _time_table(comparison), _loss_table(losses), _peak_table(peaks), roofline.table()],
        "notes": [
            "One step is zero_grad, forward, loss, backward and update on images that lie ready as floats; trainlab "
            "also counts correct predictions. All contenders run in turn, PyTorch in processes of its own; the NumPy "
            "rivals have trainlab's engine, and its layers but for convolutions.",
            f"Before timing, the losses of {BATCHES} steps from the same weights had to agree within {TOLERANCE:g} "
            "(relative).",
            "Peak memory: the largest resident memory of a process of its own that takes two steps, and of one that "
            "only builds the network, imports included; 1 MB = 10⁶ bytes.",
            *roofline.notes(),
        ],
        "raw": {"losses": {name: list(map(float, one)) for name, one in losses.items()}, "peak MB": peaks},
    }


# ---------------------------------------------------------------- the contenders


def _noted(losses: dict[str, Numbers], problem: Problem, name: str) -> Contender:
    """One of them by name; the losses of its first steps are noted in ``losses``."""
    make = partial(contender, problem, name)
    made = in_own_process(make) if name in (CHANNELS_FIRST, CHANNELS_LAST) else make()

    def sample() -> Numbers:
        losses[name] = made.sample()
        return losses[name]

    return replace(made, sample=sample)


def contender(problem: Problem, name: str) -> Contender:
    """One of them by name; its sample are the losses of its first steps."""
    step, use_threads = make_step(problem, name)
    taken = 0

    def run(images: int) -> int:
        nonlocal taken
        wanted = -(-images // problem.batch)
        for _ in range(wanted):
            step(*problem.batches[taken % BATCHES])
            taken += 1
        return wanted * problem.batch

    def sample() -> Numbers:
        with use_threads(THREADS):
            return np.array([step(*batch) for batch in problem.batches])

    return Contender(run, sample, use_threads, [THREADS], TOLERANCE, problem.network.steps * problem.batch)


Step = Callable[[NDArray[np.float32], NDArray[np.int64]], float]


def make_step(problem: Problem, name: str) -> tuple[Step, Callable[[int], AbstractContextManager[object]]]:
    """A training step that returns the loss, and what limits its threads."""
    if name in (CHANNELS_FIRST, CHANNELS_LAST):
        return _pytorch_step(problem, channels_last=name == CHANNELS_LAST), torch_threads
    model = problem.model()
    if name in WHOLE_BATCH:
        model = in_whole_batches(model, WHOLE_BATCH[name])
    engine = make_engine(model, problem.network.lr)

    def step(images: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
        return engine.train_step(Batch(images, labels)).loss

    return step, thread_limit


def make_engine(model: Sequential, lr: float) -> NumpyEngine:
    return NumpyEngine(model, CrossEntropyLoss(), SGD(model.parameters(), lr, MOMENTUM))


def _pytorch_step(problem: Problem, channels_last: bool) -> Step:
    torch = import_rival("torch")
    networks = import_rival("trainlab.models.torch_models")
    layout = torch.channels_last if channels_last else torch.contiguous_format
    model = networks.build(problem.network.name, 10, problem.network.image_shape, torch.Generator())
    model.load_state_dict({key: torch.from_numpy(array) for key, array in problem.model().state_dict().items()})
    model = model.to(memory_format=layout).train()
    optimizer = torch.optim.SGD(model.parameters(), lr=problem.network.lr, momentum=MOMENTUM)
    criterion = torch.nn.CrossEntropyLoss()

    def step(images: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
        optimizer.zero_grad()
        x = torch.from_numpy(images).contiguous(memory_format=layout)
        loss = criterion(model(x), torch.from_numpy(labels))
        loss.backward()
        optimizer.step()
        return float(loss.detach())

    return step


# ---------------------------------------------------------------- memory


def _peaks(network: str, names: list[str], times: int) -> dict[str, list[list[float]]]:
    """MB of processes that take two steps, and of such that take none, by contender."""

    def peak(name: str, steps: int) -> float:
        return peak_of([sys.executable, "-m", "benchmarks.network_step", network, name, str(steps)])

    return {name: [[peak(name, steps) for _ in range(times)] for steps in (2, 0)] for name in names}


def take_steps(network: str, name: str, steps: int) -> None:
    problem = Problem(NETWORKS[network])
    step, use_threads = make_step(problem, name)
    with use_threads(THREADS):
        for number_ in range(steps):
            step(*problem.batches[number_])


# ---------------------------------------------------------------- the tables


def _time_table(comparison: Comparison) -> Table:
    """Milliseconds of a step, and how many times a rival's time trainlab takes."""
    ours = comparison["ours"]
    rows = []
    for one in (ours, *comparison["rivals"]):
        times = spread([BATCH * 1e3 / speed for speed in one["values"] if speed])
        share = spread([b / a for a, b in zip(ours["values"], one["values"], strict=True) if a and b])
        rows.append([one["name"], with_spread(times), with_spread(share, "×")])
    columns = [comparison["title"], f"ms for {BATCH} images", "trainlab's time, in times of its own"]
    return {"kind": "table", "title": "The same as time", "columns": columns, "rows": rows}


def _loss_table(losses: Mapping[str, Numbers]) -> Table:
    ours = losses[OURS]
    rows = [
        [name, f"{one[0]:.6f}", f"{one[-1]:.6f}", f"{np.abs(one / ours - 1).max():.1e}"] for name, one in losses.items()
    ]
    columns = ["contender", "first loss", f"loss of step {BATCHES}", "largest difference to trainlab, relative"]
    return {"kind": "table", "title": "The same training", "columns": columns, "rows": rows}


def _peak_table(peaks: Mapping[str, list[list[float]]]) -> Table:
    rows = []
    for name, (stepping, built) in peaks.items():
        ratio = statistics.median(peaks[OURS][0]) / statistics.median(stepping)
        rows.append([name, with_spread(spread(stepping)), with_spread(spread(built)), f"{ratio:.2f}×"])
    columns = ["process", "peak MB in two steps", "before the first step", "trainlab's peak, in times of its own"]
    return {"kind": "table", "title": "Peak memory (at most 1.5×, aim 1×)", "columns": columns, "rows": rows}


if __name__ == "__main__":
    take_steps(sys.argv[1], sys.argv[2], int(sys.argv[3]))
