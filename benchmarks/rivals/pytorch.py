"""PyTorch in eager mode: bare, doing all that our step does, and as people write it."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from benchmarks.problem import Problem
from benchmarks.rivals import import_rival
from benchmarks.rounds import CORES, Batches, Contender, stepwise


@contextmanager
def torch_threads(count: int) -> Iterator[None]:
    torch = import_rival("torch")
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def network(problem: Problem) -> Any:
    """``Sequential(Flatten, Linear, ReLU, Linear)`` with the problem's initial weights."""
    torch = import_rival("torch")
    layers = torch.nn
    model = layers.Sequential(layers.Flatten(), layers.Linear(784, 128), layers.ReLU(), layers.Linear(128, 10))
    model.load_state_dict({name: torch.from_numpy(weight.copy()) for name, weight in problem.weights.items()})
    return model


def tensors(problem: Problem) -> Batches:
    """The problem's batches as float tensors, cut beforehand."""
    torch = import_rival("torch")
    return [(torch.from_numpy(images), torch.from_numpy(labels)) for images, labels in problem.batches()]


def training_step(problem: Problem, model: Any) -> Callable[[Any, Any], Any]:
    """The five lines of every PyTorch tutorial."""
    torch = import_rival("torch")
    optimizer = torch.optim.SGD(model.parameters(), lr=problem.config.lr)
    criterion = torch.nn.CrossEntropyLoss()

    def step(images: Any, labels: Any) -> Any:
        optimizer.zero_grad()
        loss = criterion(model(images), labels)
        loss.backward()
        optimizer.step()
        return loss.detach()

    return step


def bare(problem: Problem) -> Contender:
    """Nothing but the training step, on float tensors that lie ready, flat already."""
    flat_model = network(problem)[1:]
    return stepwise(training_step(problem, flat_model), tensors(problem), torch_threads)


def same_work(problem: Problem) -> Contender:
    """Adds up loss and correct predictions in each step, as our `Trainer` and the lab report's loop do."""
    torch = import_rival("torch")
    model = network(problem)[1:]
    optimizer = torch.optim.SGD(model.parameters(), lr=problem.config.lr)
    criterion = torch.nn.CrossEntropyLoss()
    loss_sum, correct = 0.0, 0

    def step(images: Any, labels: Any) -> float:
        nonlocal loss_sum, correct
        optimizer.zero_grad()
        scores = model(images)
        loss = criterion(scores, labels)
        loss.backward()
        optimizer.step()
        mean: float = loss.item()
        loss_sum += mean * len(labels)
        correct += (scores.argmax(dim=1) == labels).sum().item()
        return mean

    return stepwise(step, tensors(problem), torch_threads)


def as_written(problem: Problem) -> Contender:
    """A shuffling ``DataLoader`` over a ``TensorDataset`` of float images, and PyTorch's own choice of threads."""
    torch = import_rival("torch")
    step = training_step(problem, network(problem))
    shape = problem.data.dataset.image_shape
    dataset = torch.utils.data.TensorDataset(
        torch.from_numpy(problem.images.reshape(-1, *shape)), torch.from_numpy(problem.labels)
    )
    loader = torch.utils.data.DataLoader(dataset, batch_size=problem.config.batch_size, shuffle=True)
    in_order = stepwise(step, tensors(problem), torch_threads)

    def run(steps: int) -> int:
        epochs = itertools.chain.from_iterable(itertools.repeat(loader))
        for images, labels in itertools.islice(epochs, steps):
            step(images, labels)
        return steps

    threads: Sequence[int] = [min(CORES, torch.get_num_threads())]
    return Contender(run, in_order.sample, torch_threads, threads)
