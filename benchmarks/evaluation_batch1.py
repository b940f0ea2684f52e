"""How many images a second one by one, without training: against PyTorch in ``inference_mode``."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np

from benchmarks.figures import Result, Target
from benchmarks.problem import Problem, make_problem
from benchmarks.rivals import import_rival
from benchmarks.rivals.pytorch import network, tensors, torch_threads
from benchmarks.rounds import CORES, SAMPLED_STEPS, Contender, Numbers, compare, stepwise
from benchmarks.size import Size
from trainlab.data import Loader
from trainlab.nn.blas import thread_limit
from trainlab.training import evaluate

TARGET: Target = {"at_least": 1.5, "aim": 2.5}
BARE = "PyTorch eager, inference_mode"


def measure(size: Size) -> Result:
    """Two races: the forward pass alone, and with loss and accuracy added up."""
    problem = make_problem(batch_size=1)
    forward = compare(
        "Forward pass only",
        "images/s",
        ("trainlab, model.forward", trainlab_forward(problem)),
        {BARE: partial(torch_forward, problem)},
        {BARE: TARGET},
        size.rounds,
        size.seconds,
    )
    evaluation = compare(
        "With loss and accuracy",
        "images/s",
        ("trainlab, evaluate with Loader", trainlab_evaluation(problem)),
        {
            BARE: partial(torch_evaluation, problem),
            "PyTorch eager, as people write it: no_grad, DataLoader": partial(torch_as_written, problem),
        },
        {BARE: TARGET},
        size.rounds,
        size.seconds,
    )
    return {
        "question": "How many images a second in evaluation at batch size 1? (784-128-10, float32)",
        "parts": [forward, evaluation],
        "notes": [
            "Forward only: both get float arrays that lie ready. With loss and accuracy: trainlab's Loader converts "
            "bytes, its rival gets float tensors that lie ready, except with DataLoader.",
            "Before timing, the first five outputs (or losses) from the same weights had to agree.",
        ],
    }


def trainlab_forward(problem: Problem) -> Contender:
    model = problem.engine().model.eval()
    shape = problem.data.dataset.image_shape
    batches = [(images.reshape(-1, *shape), labels) for images, labels in problem.batches()]
    return stepwise(lambda images, labels: model.forward(images), batches, thread_limit, [problem.threads])


def trainlab_evaluation(problem: Problem) -> Contender:
    engine = problem.engine()
    data = problem.data

    def loader(images: int) -> Loader:
        return Loader(data.dataset, data.split.train[:images], 1, data.transform, seed=0, shuffle=False)

    def run(steps: int) -> int:
        images = min(steps, len(data.split.train))
        evaluate(engine, loader(images).epoch(0))
        return images

    def sample() -> Numbers:
        return np.array([engine.eval_step(batch).loss for batch in loader(SAMPLED_STEPS).epoch(0)])

    return Contender(run, sample, thread_limit, [problem.threads])


@contextmanager
def inference_threads(count: int) -> Iterator[None]:
    """PyTorch without any bookkeeping for gradients, on so many threads."""
    with torch_threads(count), import_rival("torch").inference_mode():
        yield


def torch_forward(problem: Problem) -> Contender:
    model = network(problem)[1:].eval()
    contender = stepwise(lambda images, labels: model(images), tensors(problem), inference_threads)
    return _sampled_without_gradients(contender)


def torch_evaluation(problem: Problem) -> Contender:
    step = _evaluation_step(network(problem)[1:].eval())
    return _sampled_without_gradients(stepwise(step, tensors(problem), inference_threads))


def torch_as_written(problem: Problem) -> Contender:
    torch = import_rival("torch")
    step = _evaluation_step(network(problem).eval())
    images = torch.from_numpy(problem.images.reshape(-1, *problem.data.dataset.image_shape))
    dataset = torch.utils.data.TensorDataset(images, torch.from_numpy(problem.labels))
    loader = torch.utils.data.DataLoader(dataset, batch_size=1)

    def run(steps: int) -> int:
        with torch.no_grad():
            for images, labels in itertools.islice(loader, steps):
                step(images, labels)
        return min(steps, len(loader))

    in_order = _sampled_without_gradients(stepwise(step, tensors(problem), inference_threads))
    return Contender(run, in_order.sample, torch_threads, [min(CORES, torch.get_num_threads())])


def _evaluation_step(model: Any) -> Any:
    """Adds up loss and correct predictions; returns the loss of the batch."""
    criterion = import_rival("torch").nn.CrossEntropyLoss()
    loss_sum, correct = 0.0, 0

    def step(images: Any, labels: Any) -> float:
        nonlocal loss_sum, correct
        scores = model(images)
        loss: float = criterion(scores, labels).item()
        loss_sum += loss * len(labels)
        correct += (scores.argmax(dim=1) == labels).sum().item()
        return loss

    return step


def _sampled_without_gradients(contender: Contender) -> Contender:
    def sample() -> Numbers:
        with import_rival("torch").no_grad():
            return contender.sample()

    return Contender(contender.run, sample, contender.use_threads, contender.thread_counts)
