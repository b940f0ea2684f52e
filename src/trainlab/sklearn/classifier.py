"""The estimator: scikit-learn's conventions on the outside, trainlab's engines and training loop inside."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from trainlab.data import split
from trainlab.errors import InputError
from trainlab.experiments import Config
from trainlab.nn import Array
from trainlab.sklearn.network import Network, Samples
from trainlab.sklearn.parameters import check_continues, configuration, sample_shape

DTYPES = [np.float64, np.float32]


class NetworkClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """A neural network that classifies the rows of X, by `trainlab.nn` or by PyTorch.

    X (N, F) of float32 is trained in float32, in half the time and memory; everything else in float64. Features should
    have about the same size: put a ``StandardScaler`` in front, or divide bytes by 255.

    Args:
        hidden: width of each hidden layer; more and wider layers learn more, take longer and overfit sooner.
        model: "mlp"; "lenet", "convnet", "resnet18" and "resnet34", which read images; with engine="torch" also
            "fastnet".
        image_shape: (channels, height, width) of the image in a row of X, for all models but "mlp".
        activation: "relu", "leaky_relu", "gelu", "tanh" or "sigmoid".
        dropout: probability in [0, 1) of dropping a hidden unit in a training step; more overfits less.
        engine: "numpy", or "torch" for PyTorch, with the same initial weights and losses for an mlp.
        device: of engine="torch": "auto", "cpu", "cuda" or "mps".
        loss: "cross_entropy", or "mse" against one-hot rows.
        label_smoothing: share in [0, 1) of the target spread over all classes.
        optimizer: "adam", "adamw", "sgd" or "muon".
        lr: learning rate above 0. Too small learns slowly, too large oscillates or diverges.
        momentum: share in [0, 1) of the last step that is kept, of "sgd" and "muon".
        weight_decay: pull of every weight towards 0, at least 0.
        batch_size: samples a step; where there are fewer, all of them.
        epochs: passes over the training data in `fit`.
        schedule: learning rate over time: "constant", "linear", "cosine", "one_cycle", "step" or "multi_step".
        patience: stop after so many epochs without a better accuracy on samples set aside, and take the weights of the
            best epoch; 0 sets none aside and trains all epochs.
        validation_fraction: share in (0, 1) of the samples of each class, or their number, to set aside for patience.
        warm_start: `fit` begins with the weights that the last fit ended with, instead of new ones.
        random_state: seed of weights, order, dropout and validation part; an int makes `fit` repeatable bit for bit.
        threads: for matrix products; 0 takes as many as have enough to do.
        verbose: show progress on standard error.
        settings: a dict of the rest of `experiments.Config` that applies to arrays, such as ``{"beta2": 0.99}``.

    Attributes:
        classes_: (K,) the labels, sorted; columns of `predict_proba` are in this order.
        loss_curve_: mean training loss of each epoch.
        validation_scores_: accuracy of each epoch on the samples set aside; None without patience.
        n_iter_: epochs trained, those before a warm start included.
        n_features_in_, feature_names_in_: what X looked like; the names only where X has some, all of them texts.

    A sample of weight w counts as w samples do, in the loss of its batch and in accuracies; weight 0 leaves it out.

    Raises `InputError`, a ValueError, in `fit` for parameters that do not fit, and `RunFailed` for a loss that is no
    longer a finite number.

    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> classifier = NetworkClassifier(hidden=(16,), lr=0.01, random_state=0).fit(X, y)
    >>> classifier.score(X, y) > 0.95
    True
    """

    classes_: NDArray[Any]
    loss_curve_: list[float]
    validation_scores_: list[float] | None
    n_iter_: int
    _network: Network

    def __init__(
        self,
        hidden: int | Sequence[int] = (128,),
        *,
        model: str = "mlp",
        image_shape: tuple[int, int, int] | None = None,
        activation: str = "relu",
        dropout: float = 0.0,
        engine: str = "numpy",
        device: str = "auto",
        loss: str = "cross_entropy",
        label_smoothing: float = 0.0,
        optimizer: str = "adam",
        lr: float = 0.003,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        batch_size: int = 64,
        epochs: int = 100,
        schedule: str = "constant",
        patience: int = 0,
        validation_fraction: float | int = 0.1,
        warm_start: bool = False,
        random_state: int | np.random.RandomState | None = None,
        threads: int = 0,
        verbose: bool = False,
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        self.hidden = hidden
        self.model = model
        self.image_shape = image_shape
        self.activation = activation
        self.dropout = dropout
        self.engine = engine
        self.device = device
        self.loss = loss
        self.label_smoothing = label_smoothing
        self.optimizer = optimizer
        self.lr = lr
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.epochs = epochs
        self.schedule = schedule
        self.patience = patience
        self.validation_fraction = validation_fraction
        self.warm_start = warm_start
        self.random_state = random_state
        self.threads = threads
        self.verbose = verbose
        self.settings = settings

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train from new weights, or with ``warm_start`` from those of the last fit.

        Args:
            X: (N, F) numbers.
            y: (N,) labels: integers, texts or booleans.
            sample_weight: (N,) how much each sample counts, at least 0; None: all alike.
        """
        config = configuration(self.get_params(deep=False), _seed(self.random_state))
        before: Network | None = getattr(self, "_network", None) if self.warm_start else None
        samples, targets, weights = self._checked(X, y, sample_weight, reset=before is None)
        classes = np.unique(targets)
        if before is not None and not np.array_equal(classes, self.classes_):
            raise InputError(
                f"warm_start goes on with the classes {_listed(self.classes_)}, and y has {_listed(classes)}. "
                "Set warm_start=False to begin anew."
            )
        shape = sample_shape(config.model, self.image_shape, samples.shape[1])
        data = Samples(samples, np.searchsorted(classes, targets), weights).that_count()
        network = Network(config, shape, len(classes), samples.dtype.type, data.inputs)
        if before is not None:
            network.begin_from(before)
        train, validation = data, None
        if config.patience:
            train, validation = _set_aside(data, self.validation_fraction, config)
        records = network.train(train, validation, config, self.verbose)
        curve = [record.train.loss for record in records]
        scores = [record.validation.accuracy for record in records if record.validation is not None]
        if before is not None:
            curve = self.loss_curve_ + curve
            scores = (self.validation_scores_ or []) + scores
        self.classes_, self._network = classes, network
        self.loss_curve_, self.n_iter_ = curve, len(curve)
        self.validation_scores_ = scores or None
        return self

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:
        """Train one pass over some of the data, from where the last pass ended, the optimizer's memory included.

        Args:
            X, y, sample_weight: as for `fit`.
            classes: all labels that will ever come; needed in the first call, and the same or None in later ones.

        Raises:
            InputError: no classes in the first call or others later, a label that is none of them, or a parameter that
                needs to know how many passes will come (schedule, patience) or has changed (all but lr, batch_size).
        """
        config = configuration(self.get_params(deep=False), _seed(self.random_state))
        if config.schedule != "constant" or config.warm_up or config.patience:
            raise InputError(
                "partial_fit does not know how many passes will come: it needs schedule='constant', patience=0 and no "
                "warm_up. Change lr between two calls instead."
            )
        network: Network | None = getattr(self, "_network", None)
        if network is None and classes is None:
            raise InputError("the first call of partial_fit needs classes: all labels that will ever come.")
        known = self.classes_ if classes is None else np.unique(classes)
        if network is not None and not np.array_equal(known, self.classes_):
            raise InputError(f"classes were {_listed(self.classes_)} in an earlier call, and are {_listed(known)} now.")
        samples, targets, weights = self._checked(X, y, sample_weight, reset=network is None)
        data = Samples(samples, _numbered(targets, known), weights).that_count()
        curve = [] if network is None else self.loss_curve_
        if network is None:
            shape = sample_shape(config.model, self.image_shape, samples.shape[1])
            network = Network(config, shape, len(known), samples.dtype.type, data.inputs)
            self.validation_scores_ = None
        config = replace(config, epochs=1, seed=network.config.seed)
        check_continues(network.config, config)
        (record,) = network.train(data, None, config, self.verbose)
        self.classes_, self._network = known, network
        self.loss_curve_, self.n_iter_ = [*curve, record.train.loss], len(curve) + 1
        return self

    def predict(self, X: Any) -> NDArray[Any]:
        """The most probable label of each row, (N,)."""
        numbers = self.predict_proba(X).argmax(axis=1)
        labels: NDArray[Any] = self.classes_[numbers]
        return labels

    def predict_proba(self, X: Any) -> Array:
        """The probability of each class, (N, K), columns in the order of ``classes_``."""
        check_is_fitted(self)
        network: Network = self._network
        samples = validate_data(self, X, dtype=DTYPES, order="C", reset=False)
        return network.probabilities(samples)

    def _checked(self, X: Any, y: Any, sample_weight: Any, reset: bool) -> tuple[Array, NDArray[Any], Array | None]:
        """X in floating point, y in one axis, and weights with mean 1."""
        samples, targets = validate_data(self, X, y, dtype=DTYPES, order="C", reset=reset)
        check_classification_targets(targets)
        if sample_weight is None:
            return samples, targets, None
        weights = _check_sample_weight(sample_weight, samples, dtype=np.float64, ensure_non_negative=True)
        if not weights.any():
            raise InputError("sample_weight: all weights are zero; at least one sample must count.")
        return samples, targets, (weights / weights.mean()).astype(samples.dtype)


def _seed(random_state: int | np.random.RandomState | None) -> int:
    """An int is the seed itself, so that it gives the weights that ``trainlab train seed=…`` gives."""
    if isinstance(random_state, int | np.integer):
        return int(random_state)
    return int(check_random_state(random_state).randint(2**32, dtype=np.int64))


def _set_aside(data: Samples, validation_fraction: float | int, config: Config) -> tuple[Samples, Samples]:
    """What trains and what validates. Raises InputError for a share or number that leaves nothing in one of them."""
    parts = split(data.labels, validation_fraction, config.seed, config.stratified, called="validation_fraction")
    return data.at(parts.train), data.at(parts.validation)


def _numbered(targets: NDArray[Any], classes: NDArray[Any]) -> NDArray[np.int64]:
    """The position of each label in ``classes``. Raises InputError for one that is not there."""
    strange = np.setdiff1d(targets, classes)
    if len(strange):
        raise InputError(f"y has labels that are not in classes: {_listed(strange)}. Known are {_listed(classes)}.")
    return np.searchsorted(classes, targets)


def _listed(labels: NDArray[Any]) -> str:
    """A few labels for a message."""
    shown = ", ".join(map(str, labels[:10].tolist()))
    return f"[{shown}{', …' if len(labels) > 10 else ''}]"
