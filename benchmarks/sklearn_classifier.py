"""How fast `NetworkClassifier` fits MNIST, and how accurate it is then, against scikit-learn's ``MLPClassifier``."""

import warnings
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial
from itertools import cycle, islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.figures import Result, Table, ratios, spread
from benchmarks.markdown import number, over_seeds, with_spread
from benchmarks.rivals import import_rival
from benchmarks.rivals.scikit_learn import losses_of
from benchmarks.rounds import SAMPLED_STEPS, Contender, Makers, Numbers, compare
from benchmarks.size import Size
from trainlab.data import load

EPOCHS = 5
SHARED = {"random_state": 0, "batch_size": 128}
HIDDEN, LR = (128,), 0.001
OURS = "trainlab NetworkClassifier, float32"


@dataclass(frozen=True)
class Digits:
    """MNIST as rows of numbers from 0 to 1."""

    train: NDArray[np.floating[Any]]
    train_labels: NDArray[np.int64]
    test: NDArray[np.floating[Any]]
    test_labels: NDArray[np.int64]

    def astype(self, dtype: type[np.floating[Any]]) -> "Digits":
        return Digits(self.train.astype(dtype), self.train_labels, self.test.astype(dtype), self.test_labels)


def read_digits() -> Digits:
    """In float32. Raises InputError where MNIST is not on this machine."""
    parts: list[Any] = []
    for part in (load("mnist", "train"), load("mnist", "test")):
        parts += [part.images.reshape(len(part), -1) / np.float32(255), part.labels.astype(np.int64)]
    return Digits(*parts)


@dataclass
class Fits:
    """One estimator, fitted again and again with seeds 0, 1, …"""

    make: Callable[[int], Any]
    """From the number of epochs."""
    digits: Digits
    fitted: list[Any] = field(default_factory=list)
    """Those that were fitted for as many epochs as are published."""

    def run(self, steps: int) -> int:
        """Fit once, in whole epochs."""
        steps_per_epoch = -(-len(self.digits.train) // SHARED["batch_size"])
        epochs = max(1, round(steps / steps_per_epoch))
        estimator = self.make(epochs).set_params(random_state=len(self.fitted))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", import_rival("sklearn.exceptions").ConvergenceWarning)
            estimator.fit(self.digits.train, self.digits.train_labels)
        if epochs == EPOCHS:
            self.fitted.append(estimator)
        return epochs * steps_per_epoch

    @property
    def steps(self) -> int:
        """Of a whole fit."""
        return -(-len(self.digits.train) // SHARED["batch_size"]) * EPOCHS

    def batches(self) -> list[tuple[NDArray[Any], NDArray[Any]]]:
        """Those of the steps by which the estimators are compared."""
        size = SHARED["batch_size"]
        starts = range(0, len(self.digits.train) - size + 1, size)
        chosen = [slice(start, start + size) for start in islice(cycle(starts), SAMPLED_STEPS)]
        return [(self.digits.train[rows], self.digits.train_labels[rows]) for rows in chosen]

    def accuracies(self) -> list[float]:
        """On the test images, one for each fit."""
        return [float(one.score(self.digits.test, self.digits.test_labels)) for one in self.fitted]


def network(epochs: int, engine: str = "numpy") -> Any:
    classifier = import_rival("trainlab.sklearn").NetworkClassifier
    return classifier(HIDDEN, engine=engine, device="cpu", optimizer="adam", lr=LR, epochs=epochs, **SHARED)


def mlp(epochs: int) -> Any:
    """scikit-learn's, which would stop early without the last three settings, and shrink weights without the first."""
    classifier = import_rival("sklearn.neural_network").MLPClassifier
    return classifier(
        HIDDEN, alpha=0.0, solver="adam", learning_rate_init=LR, max_iter=epochs, n_iter_no_change=10**6, **SHARED
    )


def our_contender(fits: Fits) -> Contender:
    """Chooses its threads itself."""
    threads = fits.make(1).partial_fit(*fits.batches()[0], classes=range(10))._network.threads

    def sample() -> Numbers:
        classifier = fits.make(1)
        for images, labels in fits.batches():
            classifier.partial_fit(images, labels, classes=range(10))
        return np.array(classifier.loss_curve_)

    return Contender(fits.run, sample, lambda threads: nullcontext(), (threads,), per_round=fits.steps)


def their_contender(fits: Fits) -> Contender:
    """With the better of one and two threads."""

    def sample() -> Numbers:
        """From our initial weights, by an Adam that has not seen anything."""
        classifier, weights = fits.make(1), initial_weights(fits)
        classifier.partial_fit(*fits.batches()[0], classes=range(10))
        del classifier._optimizer
        for layer, position in enumerate(("1", "3")):
            classifier.coefs_[layer][...] = weights[f"{position}.weight"].T
            classifier.intercepts_[layer][...] = weights[f"{position}.bias"]
        return losses_of(classifier, fits.batches())

    limits = import_rival("threadpoolctl").threadpool_limits
    return Contender(fits.run, sample, lambda threads: limits(threads, user_api="blas"), per_round=fits.steps)


def initial_weights(fits: Fits) -> dict[str, NDArray[Any]]:
    """Those of a `NetworkClassifier`, before its first step."""
    unmoved = network(1).set_params(lr=1e-300).partial_fit(*fits.batches()[0], classes=range(10))
    weights: dict[str, NDArray[Any]] = unmoved._network.engine.state().model
    return weights


def measure(size: Size) -> Result:
    """Whole fits in turn: each round fits every estimator once, with a seed of its own."""
    single = read_digits()
    double = single.astype(np.float64)
    torch_network = partial(network, engine="torch")
    ours = Fits(network, single)
    rivals = {
        "scikit-learn MLPClassifier, float32: its best": (their_contender, Fits(mlp, single)),
        "scikit-learn MLPClassifier, float64: as people write it": (their_contender, Fits(mlp, double)),
        "trainlab NetworkClassifier, float64": (our_contender, Fits(network, double)),
        "trainlab NetworkClassifier, engine='torch', float32": (our_contender, Fits(torch_network, single)),
    }
    makers: Makers = {name: partial(make, fits) for name, (make, fits) in rivals.items()}
    comparison = compare("Fitting MNIST", "steps/s", (OURS, our_contender(ours)), makers, {}, size.rounds, size.seconds)
    table: Table = {"kind": "table", "title": f"{EPOCHS} epochs", "rows": [], "columns": COLUMNS}
    raw: dict[str, Any] = {}
    every = {OURS: ours} | {name: fits for name, (_, fits) in rivals.items()}
    for series in (comparison["ours"], *comparison["rivals"]):
        name, fits = series["name"], every[series["name"]]
        seconds = spread([fits.steps / speed for speed in series["values"] if speed])
        raw[name] = fits.accuracies()[-size.rounds :]
        ratio = spread(ratios(comparison["ours"], series))
        table["rows"].append(
            [
                name,
                with_spread(seconds),
                number(ratio.median, "×"),
                over_seeds(raw[name]),
                str(len(raw[name])),
            ]
        )
    images = len(single.train)
    return {
        "question": f"How fast does an estimator fit MNIST? (784-128-10, Adam, batch size 128, {EPOCHS} epochs)",
        "parts": [comparison, table],
        "notes": [
            f"Each fit trains all {images:,} images from new weights; setting up and checking X included. "
            "MLPClassifier has alpha=0 and may not stop early, so that both take the same steps.",
            "Test accuracy: mean ± standard deviation over the rounds, a seed each; nothing was chosen by it.",
            "Threads: MLPClassifier at the faster of 1 and 2 in a short round before; trainlab chooses alone.",
            "Before timing, the losses of the first five steps of Adam from the same weights had to agree.",
        ],
        "raw": {"test accuracy": raw},
    }


COLUMNS = ["what", "seconds, median (min–max)", "times ours", "test accuracy", "n"]
