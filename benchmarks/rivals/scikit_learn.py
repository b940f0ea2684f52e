"""scikit-learn's ``MLPClassifier`` with plain SGD."""

import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np

from benchmarks.problem import CLASSES, Problem
from benchmarks.rivals import import_rival
from benchmarks.rounds import Contender, Numbers


def partial_fit(problem: Problem) -> Contender:
    """Its best: float32, no shuffling, no set-up within the measured time."""
    classifier = _classifier(problem, shuffle=False)

    def pass_over(images: Any, labels: Any) -> None:
        classifier.partial_fit(images, labels)

    return _contender(problem, classifier, pass_over)


def fit(problem: Problem) -> Contender:
    """As people write it: ``fit`` for one pass, which shuffles."""
    classifier = _classifier(problem, shuffle=True)
    too_few_passes = import_rival("sklearn.exceptions").ConvergenceWarning

    def pass_over(images: Any, labels: Any) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", too_few_passes)
            classifier.fit(images, labels)

    return _contender(problem, _classifier(problem, shuffle=False), pass_over)


def _contender(problem: Problem, sampled: Any, pass_over: Any) -> Contender:
    size = problem.config.batch_size

    def run(steps: int) -> int:
        done = 0
        while done < steps:
            images = min((steps - done) * size, len(problem.images) // size * size)
            pass_over(problem.images[:images], problem.labels[:images])
            done += images // size
        return done

    def sample() -> Numbers:
        return losses_of(sampled, problem.first_batches())

    limits = import_rival("threadpoolctl").threadpool_limits
    return Contender(run, sample, lambda threads: limits(limits=threads, user_api="blas"))


def losses_of(classifier: Any, batches: Iterable[tuple[Any, Any]]) -> Numbers:
    """What an `MLPClassifier` has for a loss in each of its next steps."""
    losses = []
    for images, labels in batches:
        classifier.partial_fit(images, labels)
        losses.append(classifier.loss_)
    return np.array(losses)


def _classifier(problem: Problem, shuffle: bool) -> Any:
    """A network of our shape, with our initial weights where it was told all classes already."""
    classifier = import_rival("sklearn.neural_network").MLPClassifier(
        hidden_layer_sizes=(128,),
        solver="sgd",
        alpha=0.0,
        batch_size=problem.config.batch_size,
        learning_rate_init=problem.config.lr,
        momentum=0.0,
        max_iter=1,
        shuffle=shuffle,
        random_state=0,
    )
    size = problem.config.batch_size
    classifier.partial_fit(problem.images[:size], problem.labels[:size], classes=np.arange(CLASSES))
    for layer, position in enumerate(("1", "3")):
        classifier.coefs_[layer][...] = problem.weights[f"{position}.weight"].T
        classifier.intercepts_[layer][...] = problem.weights[f"{position}.bias"]
    return classifier
