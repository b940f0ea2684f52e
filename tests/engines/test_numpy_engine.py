"""The NumPy engine: the same training as PyTorch's, and everything that a resume needs."""

import numpy as np
import pytest
import torch

from trainlab.data import Batch
from trainlab.engines import NumpyEngine
from trainlab.models import lenet, mlp
from trainlab.nn import CrossEntropyLoss, Loss, MSELoss, Sequential
from trainlab.nn.blas import thread_count
from trainlab.nn.parallel import WORTH_SHARING, in_shares
from trainlab.optim import SGD, Adam, Optimizer


def network(dropout: float = 0.0) -> Sequential:
    return mlp(12, [8], 3, dropout=dropout, rng=np.random.default_rng(0))


def batch(size: int = 5, seed: int = 1) -> Batch:
    rng = np.random.default_rng(seed)
    return Batch(rng.random((size, 1, 3, 4), dtype=np.float32), rng.integers(0, 3, size, dtype=np.uint8))


def engine(dropout: float = 0.0, clip_norm: float = 0.0) -> NumpyEngine:
    model = network(dropout)
    return NumpyEngine(model, CrossEntropyLoss(), Adam(model.parameters(), 0.01), seed=3, clip_norm=clip_norm)


@pytest.mark.parametrize("size", [1, 5, 64])
@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_twenty_steps_are_pytorch_s_twenty_steps(size: int, momentum: float) -> None:
    model = network()
    twin = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(12, 8), torch.nn.ReLU(), torch.nn.Linear(8, 3))
    twin.load_state_dict({name: torch.from_numpy(array) for name, array in model.state_dict().items()})
    ours = NumpyEngine(model, CrossEntropyLoss(), SGD(model.parameters(), 0.1, momentum))
    theirs = torch.optim.SGD(twin.parameters(), 0.1, momentum)
    for step in range(20):
        one = batch(size, seed=step)
        result = ours.train_step(one)
        theirs.zero_grad()
        scores = twin(torch.from_numpy(one.images))
        labels = torch.from_numpy(one.labels).long()
        loss = torch.nn.functional.cross_entropy(scores, labels)
        loss.backward()  # type: ignore[no-untyped-call]
        theirs.step()
        assert result.loss == pytest.approx(loss.item(), rel=1e-5)
        assert result.correct == int((scores.argmax(1) == labels).sum())
        assert result.size == size


def test_evaluation_changes_nothing_and_drops_nothing() -> None:
    one = engine(dropout=0.5)
    before = one.state()
    assert one.eval_step(batch()) == one.eval_step(batch())
    after = one.state()
    for part in ("model", "optimizer"):
        for name, array in getattr(before, part).items():
            np.testing.assert_array_equal(array, getattr(after, part)[name])


def test_training_goes_on_in_training_mode_after_an_evaluation() -> None:
    straight, interleaved = engine(dropout=0.5), engine(dropout=0.5)
    for step in range(4):
        interleaved.eval_step(batch())
        assert straight.train_step(batch(seed=step)) == interleaved.train_step(batch(seed=step))


def test_batches_are_left_as_they_were() -> None:
    one = batch()
    images, labels = one.images.copy(), one.labels.copy()
    engine(dropout=0.5).train_step(one)
    np.testing.assert_array_equal(one.images, images)
    np.testing.assert_array_equal(one.labels, labels)


@pytest.mark.parametrize("stop", [1, 4])
def test_a_state_goes_on_bit_for_bit_dropout_included(stop: int) -> None:
    whole = engine(dropout=0.5)
    losses = [whole.train_step(batch(seed=step)).loss for step in range(8)]

    first = engine(dropout=0.5)
    for step in range(stop):
        first.train_step(batch(seed=step))
    second = engine(dropout=0.5)
    second.load_state(first.state())
    assert [second.train_step(batch(seed=step)).loss for step in range(stop, 8)] == losses[stop:]
    for name, array in whole.state().model.items():
        np.testing.assert_array_equal(array, second.state().model[name])


def test_a_state_is_a_copy() -> None:
    one = engine()
    one.train_step(batch())
    before = one.state().model["1.weight"].copy()
    state = one.state()
    one.train_step(batch())
    np.testing.assert_array_equal(state.model["1.weight"], before)


def test_a_state_of_another_network_names_every_mismatch() -> None:
    other = NumpyEngine(mlp(12, [9], 3, rng=np.random.default_rng(0)), CrossEntropyLoss(), _sgd(network()))
    with pytest.raises(ValueError, match=r"(?s)1.weight: shape \(9, 12\), expected \(8, 12\).*1.bias.*3.weight"):
        engine().load_state(other.state())


def test_clipping_bounds_the_change_of_a_plain_sgd_step() -> None:
    model = network()
    one = NumpyEngine(model, CrossEntropyLoss(), SGD(model.parameters(), lr=1.0), clip_norm=0.01)
    before = np.concatenate([array.ravel() for array in model.state_dict().values()])
    one.train_step(batch())
    after = np.concatenate([array.ravel() for array in model.state_dict().values()])
    assert np.linalg.norm(after - before) == pytest.approx(0.01, rel=1e-3)


def test_mean_squared_error_is_taken_against_one_hot_targets() -> None:
    model = network()
    one = NumpyEngine(model, MSELoss(), _sgd(model))
    scores = model.forward(batch().images)
    expected = np.mean((scores - np.eye(3, dtype=np.float32)[batch().labels]) ** 2)
    assert one.eval_step(batch()).loss == pytest.approx(float(expected), rel=1e-6)


@pytest.mark.parametrize(
    "loss",
    [CrossEntropyLoss(), CrossEntropyLoss(label_smoothing=0.1), MSELoss()],
    ids=["cross-entropy", "smoothed", "squares"],
)
def test_the_loss_is_taken_against_targets_and_accuracy_against_labels(loss: Loss) -> None:
    model, plain = network(), batch(16)
    one = NumpyEngine(model, loss, _sgd(model))
    targets = np.random.default_rng(2).dirichlet([1, 1, 1], 16).astype(np.float32)
    mixed = plain._replace(targets=targets)
    scores = model.forward(mixed.images)
    for result in (one.eval_step(mixed), one.train_step(mixed)):
        assert result.loss == pytest.approx(loss.forward(scores, targets), rel=1e-5)
        assert result.correct == (scores.argmax(axis=1) == plain.labels).sum()


@pytest.mark.parametrize("loss", [CrossEntropyLoss(label_smoothing=0.1), MSELoss()], ids=["cross-entropy", "squares"])
def test_an_image_of_weight_2_counts_as_two(loss: Loss) -> None:
    plain, weights = batch(4), np.array([2, 1, 0, 3], np.float32)
    repeated = Batch(plain.images.repeat([2, 1, 0, 3], axis=0), plain.labels.repeat([2, 1, 0, 3]))
    engines = []
    for of in (plain._replace(weights=weights), repeated):
        model = network()
        one = NumpyEngine(model, loss, SGD(model.parameters(), lr=0.1))
        engines.append((one, [one.eval_step(of), one.train_step(of), one.train_step(of)]))
    (ours, told), (theirs, expected) = engines
    assert [result.loss for result in told] == pytest.approx([result.loss for result in expected], rel=1e-5)
    assert [result[1:] for result in told] == [result[1:] for result in expected]
    for name, array in ours.state().model.items():
        np.testing.assert_allclose(array, theirs.state().model[name], rtol=1e-4, atol=1e-6)


def test_predictions_are_probabilities() -> None:
    probabilities = engine().predict(batch().images)
    assert probabilities.shape == (5, 3)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-6)


def _sgd(model: Sequential) -> Optimizer:
    return SGD(model.parameters(), lr=0.1)


def test_a_network_with_convolutions_shares_batches_and_leaves_products_one_thread() -> None:
    """The threads of BLAS would go on holding the cores that the shares of the next layer need."""
    rng = np.random.default_rng(0)
    networks: dict[str, Sequential] = {"mlp": mlp(784, [8], 10, rng=rng), "lenet": lenet(10, 1, 28, 28, rng=rng)}
    seen: dict[str, tuple[int, ...]] = {}
    for name, model in networks.items():
        engine = NumpyEngine(model, CrossEntropyLoss(), SGD(model.parameters(), 0.1))
        with engine.thread_limit(3):
            seen[name] = thread_count(), len(in_shares(lambda share: share, 7, WORTH_SHARING))
        with engine.thread_limit(7):
            seen[name] += (len(in_shares(lambda share: share, 7, WORTH_SHARING)),)
    assert seen == {"mlp": (3, 4, 7), "lenet": (1, 4, 7)}
