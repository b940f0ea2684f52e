"""What `NetworkClassifier` promises besides scikit-learn's own checks."""

import pickle
from typing import Any

import numpy as np
import pandas
import pytest
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.datasets import load_digits, load_iris
from sklearn.exceptions import NotFittedError
from sklearn.preprocessing import StandardScaler
from sklearn.utils import resample

from trainlab.engines import NumpyEngine
from trainlab.errors import InputError, RunFailed
from trainlab.experiments import Config
from trainlab.experiments.assemble import build_numpy_engine
from trainlab.sklearn import NetworkClassifier

X, Y = load_iris(return_X_y=True)
X = StandardScaler().fit_transform(X)
NAMES = np.array(["setosa", "versicolor", "virginica"])
ENGINES = ["numpy", "torch"]

both_engines = pytest.mark.parametrize("engine", ENGINES)


def small(**parameters: Any) -> NetworkClassifier:
    return NetworkClassifier(**({"hidden": 8, "epochs": 5, "random_state": 0} | parameters))


def same(one: NetworkClassifier, other: NetworkClassifier) -> bool:
    return bool(np.array_equal(one.predict_proba(X), other.predict_proba(X)))


@both_engines
def test_it_learns_and_tells_how_it_went(engine: str) -> None:
    classifier = NetworkClassifier(engine=engine, random_state=0).fit(X, NAMES[Y])
    assert classifier.score(X, NAMES[Y]) > 0.96
    assert classifier.classes_.tolist() == NAMES.tolist()
    assert classifier.n_iter_ == len(classifier.loss_curve_) == 100
    assert classifier.loss_curve_[-1] < 0.1 * classifier.loss_curve_[0]
    assert classifier.validation_scores_ is None


def test_the_two_engines_give_the_same_probabilities() -> None:
    ours, theirs = (small(engine=engine, optimizer="sgd", lr=0.1, momentum=0.9).fit(X, Y) for engine in ENGINES)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), rtol=1e-10)
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-10)


def test_an_int_as_random_state_is_the_seed_of_a_run() -> None:
    engine = NetworkClassifier(hidden=8, random_state=7, lr=1e-300).fit(X, Y)._network.engine
    expected = build_numpy_engine(Config(hidden=(8,), seed=7), (1, 1, 4), 3, np.float64).model.state_dict()
    assert isinstance(engine, NumpyEngine)
    np.testing.assert_array_equal(engine.model.state_dict()["1.weight"], expected["1.weight"])


@both_engines
def test_random_state_decides_everything(engine: str) -> None:
    assert same(small(engine=engine, dropout=0.2).fit(X, Y), small(engine=engine, dropout=0.2).fit(X, Y))
    assert not same(small(engine=engine).fit(X, Y), small(engine=engine, random_state=1).fit(X, Y))
    drawn = [small(engine=engine, random_state=np.random.RandomState(3)).fit(X, Y) for _ in range(2)]
    assert same(*drawn)
    assert not same(*(small(engine=engine, random_state=None).fit(X, Y) for _ in range(2)))


@both_engines
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_floats_keep_their_type(engine: str, dtype: Any) -> None:
    assert small(engine=engine).fit(X.astype(dtype), Y).predict_proba(X.astype(np.float32)).dtype == dtype


def test_names_of_features_are_kept_and_checked() -> None:
    table = pandas.DataFrame(X, columns=["a", "b", "c", "d"])
    classifier = small().fit(table, pandas.Series(NAMES[Y]))
    assert classifier.feature_names_in_.tolist() == ["a", "b", "c", "d"]
    assert classifier.n_features_in_ == 4
    with pytest.raises(ValueError, match="feature names should match"):
        classifier.predict(table[["b", "a", "c", "d"]])


# ---------------------------------------------------------------- weights


@both_engines
@pytest.mark.parametrize("loss", ["cross_entropy", "mse"])
def test_whole_numbers_as_weights_repeat_samples(engine: str, loss: str) -> None:
    weights = np.random.default_rng(0).integers(0, 4, len(Y))
    parameters = {"engine": engine, "loss": loss, "batch_size": 1000, "epochs": 20}
    weighted = small(**parameters).fit(X, Y, sample_weight=7.5 * weights)
    repeated = small(**parameters).fit(X.repeat(weights, axis=0), Y.repeat(weights))
    np.testing.assert_allclose(weighted.predict_proba(X), repeated.predict_proba(X), rtol=1e-9)
    np.testing.assert_allclose(weighted.loss_curve_, repeated.loss_curve_, rtol=1e-9)


def test_a_class_without_weight_is_known_but_not_learned() -> None:
    for classifier in (small(lr=0.1).fit(X, Y, Y < 2), small(lr=0.1).partial_fit(X, Y, [0, 1, 2], Y < 2)):
        assert classifier.classes_.tolist() == [0, 1, 2]
    assert 2 not in small(lr=0.1, epochs=50).fit(X, Y, Y < 2).predict(X[Y < 2])


# ---------------------------------------------------------------- early stopping


def noisy(seed: int = 0) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Labels that a network can learn by heart but not predict."""
    rng = np.random.default_rng(seed)
    return rng.standard_normal((120, 5)), rng.integers(0, 2, 120)


@both_engines
def test_patience_stops_and_takes_the_best_epoch_s_weights(engine: str) -> None:
    samples, labels = noisy()
    settings = {"engine": engine, "hidden": 32, "lr": 0.01, "validation_fraction": 0.3}
    stopped = small(patience=4, epochs=200, **settings).fit(samples, labels)
    scores = stopped.validation_scores_
    assert scores is not None
    best = int(np.argmax(scores))
    assert len(scores) == stopped.n_iter_ == best + 1 + 4 < 200
    until_best = small(patience=4, epochs=best + 1, **settings).fit(samples, labels)
    np.testing.assert_array_equal(stopped.predict_proba(samples), until_best.predict_proba(samples))


def test_the_last_epoch_s_weights_are_taken_where_that_is_wanted() -> None:
    samples, labels = noisy()
    settings = {"hidden": 32, "lr": 0.01, "validation_fraction": 0.3}
    last = small(patience=4, epochs=200, settings={"keep": "last"}, **settings).fit(samples, labels)
    best = small(patience=4, epochs=200, **settings).fit(samples, labels)
    assert last.n_iter_ == best.n_iter_
    until_last = small(patience=4, epochs=last.n_iter_, settings={"keep": "last"}, **settings).fit(samples, labels)
    np.testing.assert_array_equal(last.predict_proba(samples), until_last.predict_proba(samples))
    assert not np.array_equal(last.predict_proba(samples), best.predict_proba(samples))


def test_validation_samples_are_not_trained_on() -> None:
    """Labels of pure noise are learned by heart where they are trained on, and only there."""
    samples, labels = noisy()
    classifier = small(hidden=256, lr=0.01, epochs=1000, patience=1000, validation_fraction=0.3).fit(samples, labels)
    assert classifier.loss_curve_[-1] < 0.01
    assert classifier.validation_scores_ is not None
    assert classifier.validation_scores_[-1] < 0.8


# ---------------------------------------------------------------- going on


def test_warm_start_begins_with_the_weights_that_are_there() -> None:
    classifier = small(warm_start=True).fit(X, Y)
    first = classifier.loss_curve_
    classifier.fit(X, Y)
    assert classifier.loss_curve_[:5] == first
    assert classifier.n_iter_ == len(classifier.loss_curve_) == 10
    assert classifier.loss_curve_[5] < first[-1]
    assert small().fit(X, Y).fit(X, Y).loss_curve_ == first


def test_warm_start_keeps_its_classes_and_its_shape() -> None:
    classifier = small(warm_start=True).fit(X, Y)
    with pytest.raises(InputError, match=r"the classes \[0, 1, 2\], and y has \[0, 1\]. Set warm_start=False"):
        classifier.fit(X[Y < 2], Y[Y < 2])
    with pytest.raises(InputError, match=r"(?s)weights of the same network, but .*1.weight: shape \(8, 4\), exp"):
        classifier.set_params(hidden=9).fit(X, Y)


@both_engines
def test_passes_of_partial_fit_are_the_epochs_of_fit(engine: str) -> None:
    whole = small(engine=engine, dropout=0.1).fit(X, Y)
    passes = small(engine=engine, dropout=0.1)
    for _ in range(5):
        passes.partial_fit(X, Y, classes=[0, 1, 2])
    assert same(whole, passes)
    assert passes.loss_curve_ == whole.loss_curve_
    assert passes.n_iter_ == 5


@both_engines
@pytest.mark.parametrize("travel", [lambda one: pickle.loads(pickle.dumps(one))])
def test_a_pickle_predicts_and_trains_on_bit_for_bit(engine: str, travel: Any) -> None:
    here = small(engine=engine, dropout=0.1).fit(X, Y)
    there = travel(here)
    assert same(here, there)
    assert same(here.partial_fit(X, Y), there.partial_fit(X, Y))
    assert not same(here, travel(here).partial_fit(X, Y))


def test_partial_fit_refuses_what_it_cannot_know() -> None:
    with pytest.raises(InputError, match="the first call of partial_fit needs classes"):
        small().partial_fit(X, Y)
    for parameters in ({"schedule": "cosine"}, {"patience": 3}, {"settings": {"warm_up": 1}}):
        with pytest.raises(InputError, match="partial_fit does not know how many passes will come"):
            small(**parameters).partial_fit(X, Y, classes=[0, 1, 2])
    classifier = small().partial_fit(X, NAMES[Y], classes=NAMES)
    with pytest.raises(InputError, match=r"classes were \[setosa, .* in an earlier call, and are \[setosa\] now"):
        classifier.partial_fit(X, NAMES[Y], classes=NAMES[:1])
    with pytest.raises(InputError, match=r"labels that are not in classes: \[lily\]. Known are \[setosa, versicolor"):
        classifier.partial_fit(X[:1], ["lily"])
    with pytest.raises(InputError, match=r"hidden was \(8,\) when training began and is \(9,\) now"):
        classifier.set_params(hidden=9).partial_fit(X, NAMES[Y])
    classifier.set_params(hidden=8, lr=0.1, batch_size=10).partial_fit(X, NAMES[Y])
    assert classifier.n_iter_ == 2


def test_a_fit_that_fails_leaves_the_one_before_in_place() -> None:
    classifier = small().fit(X, Y)
    expected = classifier.predict_proba(X)
    with pytest.raises(RunFailed, match=r"loss became (nan|inf).*StandardScaler in front, or lower lr = 1e\+300"):
        classifier.set_params(lr=1e300, optimizer="sgd").fit(X, Y)
    np.testing.assert_array_equal(classifier.predict_proba(X), expected)


# ---------------------------------------------------------------- the rest


def test_a_clone_is_untrained() -> None:
    classifier = small(settings={"beta2": 0.99}).fit(X, Y)
    copy = clone(classifier)
    assert copy.get_params() == classifier.get_params()
    with pytest.raises(NotFittedError):
        copy.predict(X)


def test_verbose_shows_progress(capsys: pytest.CaptureFixture[str]) -> None:
    small(epochs=2, verbose=True).fit(X, Y)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("NetworkClassifier: 67 parameters, 150 training images, batch size 64")
    assert lines[1].startswith("epoch 1/2  train loss ")
    assert "valid" not in lines[1]
    small(epochs=2, verbose=True, patience=2).fit(X, Y)
    assert "valid loss" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("model", "engine"), [("lenet", "numpy"), ("lenet", "torch"), ("convnet", "numpy"), ("convnet", "torch")]
)
def test_rows_are_read_as_images(model: str, engine: str) -> None:
    digits, labels = load_digits(return_X_y=True)
    images = np.kron((digits / 16).reshape(-1, 8, 8), np.ones((2, 2))).astype(np.float32)  # 16 × 16, twice as large
    rows, labels = resample(images.reshape(len(images), -1), labels, n_samples=400, replace=False, random_state=0)
    classifier = NetworkClassifier(
        model=model, engine=engine, image_shape=(1, 16, 16), epochs=12, batch_size=32, random_state=0
    )
    assert classifier.fit(rows, labels).score(rows, labels) > 0.8
    again = pickle.loads(pickle.dumps(classifier))
    np.testing.assert_array_equal(again.predict_proba(rows), classifier.predict_proba(rows))
