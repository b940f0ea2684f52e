"""Which runs are pruned: Optuna's decisions, from the curves of earlier points and nothing else."""

import math
import sys
from collections.abc import Sequence
from typing import get_args

import optuna
import pytest

from trainlab.errors import InputError
from trainlab.experiments.sweep import Sweep
from trainlab.experiments.sweep.pruning import Curve, Prune, Pruning, most_saved
from trainlab.experiments.sweep.worker import Request
from trainlab.randomness import generator

METHODS: list[Prune] = [method for method in get_args(Prune) if method != "none"]
EPOCHS = 10


def curves(points: int, seed: int) -> list[list[float]]:
    """Rising ones, whose order changes on the way."""
    rng = generator(seed, "curves")
    return [
        [float(top * (1 - math.exp(-epoch / slowness)) + noise) for epoch, noise in enumerate(noises, start=1)]
        for top, slowness, noises in zip(
            rng.uniform(0.5, 1, points),
            rng.uniform(0.5, 5, points),
            rng.normal(0, 0.02, (points, EPOCHS)),
            strict=True,
        )
    ]


def pruner_of(method: Prune) -> optuna.pruners.BasePruner:
    if method == "median":
        return optuna.pruners.MedianPruner()
    if method == "halving":
        return optuna.pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=3)
    return optuna.pruners.HyperbandPruner(min_resource=1, max_resource=EPOCHS, reduction_factor=3)


def optunas_own(method: Prune, points: Sequence[Sequence[float]]) -> list[int]:
    """After how many epochs each point ends in a study of Optuna's, one after the other."""
    study = optuna.create_study(study_name="sweep", direction="maximize", pruner=pruner_of(method))
    ends = []
    for curve in points:
        trial = study.ask()
        for epoch, accuracy in enumerate(curve, start=1):
            trial.report(accuracy, epoch)
            if epoch < EPOCHS and trial.should_prune():
                study.tell(trial, state=optuna.trial.TrialState.PRUNED)
                break
        else:
            study.tell(trial, max(curve))
        ends.append(epoch)
    return ends


def end(pruning: Pruning, curve: Sequence[float]) -> int:
    """After how many epochs a run ends."""
    judge = pruning.judge()
    return next((epochs for epochs in range(1, len(curve)) if judge(curve[:epochs])), len(curve))


def all_ends(method: Prune, points: Sequence[list[float]], lag: int) -> list[int]:
    earlier: list[Curve] = []
    for number, curve in enumerate(points):
        known = earlier[: max(0, number - lag + 1)]
        epochs = end(Pruning(method, len(curve), number, known), curve)
        earlier.append(Curve("finished" if epochs == len(curve) else "pruned", curve[:epochs]))
    return [len(curve.accuracies) for curve in earlier]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("method", METHODS)
def test_a_run_ends_where_it_would_in_a_study_of_optuna_s(method: Prune, seed: int) -> None:
    points = curves(25, seed)
    ends = all_ends(method, points, lag=1)
    assert ends == optunas_own(method, points)
    assert len(set(ends)) > 1, "all alike would show nothing"


@pytest.mark.parametrize("method", METHODS)
def test_so_many_points_as_there_are_jobs_are_judged_by_nobody(method: Prune) -> None:
    falling = [[0.9 - 0.01 * number] * EPOCHS for number in range(30)]
    for lag in (1, 3):
        ends = all_ends(method, falling, lag)
        assert ends[:lag] == [EPOCHS] * lag
        assert min(ends) == 1


@pytest.mark.parametrize("method", METHODS)
def test_a_run_that_is_better_than_all_before_it_is_never_pruned(method: Prune) -> None:
    rising = [[0.1 + 0.01 * number] * EPOCHS for number in range(30)]
    assert all_ends(method, rising, lag=1) == [EPOCHS] * 30


def test_the_median_by_hand() -> None:
    earlier = [Curve("finished", [accuracy, 0.9, 0.9]) for accuracy in (0.1, 0.2, 0.3, 0.4, 0.5)]
    pruning = Pruning("median", 3, 5, earlier)
    assert pruning.judge()([0.29]) == (
        "behind after epoch 1 of 3, with validation accuracy 0.2900 (median, against points 0 to 4)"
    )
    assert pruning.judge()([0.3]) == ""
    assert pruning.judge()([0.5, 0.89])
    assert pruning.judge()([0.95, 0.89]) == ""  # its best so far counts
    pruned = [*earlier, Curve("pruned", [0.0])]
    assert Pruning("median", 3, 6, pruned).judge()([0.29])  # those that finished count, and no others
    assert Pruning("median", 3, 5, [*earlier[1:], Curve("failed", [])]).judge()([0.0]) == ""  # four are not enough


def test_halving_by_hand() -> None:
    earlier = [Curve("pruned", [accuracy]) for accuracy in (0.1, 0.2, 0.3, 0.4, 0.5)]
    pruning = Pruning("halving", 10, 5, earlier)
    assert pruning.judge()([0.39])  # with it there are six, and two of them go on
    assert pruning.judge()([0.4]) == ""
    assert pruning.judge()([0.4, 0.1]) == ""  # asked after 1, 3 and 9 epochs
    assert pruning.judge()([0.4, 0.1, 0.1]) == ""  # nobody else came so far
    diverged = Pruning("halving", 10, 6, [*earlier, Curve("diverged", [0.45, 0.5, 0.6, 0.7])])
    assert diverged.judge()([0.45, 0.1, 0.1])


def test_hyperband_spares_the_beginning_of_some_points() -> None:
    falling = [[0.9 - 0.01 * number] * 30 for number in range(40)]
    assert set(all_ends("hyperband", falling, lag=1)) == {1, 3, 9, 27, 30}


@pytest.mark.parametrize("method", METHODS)
def test_a_resumed_run_is_judged_as_if_it_had_not_stopped(method: Prune) -> None:
    points = curves(20, seed=7)
    pruning = Pruning(method, EPOCHS, 20, [Curve("finished", curve) for curve in points])
    for curve in curves(10, seed=8):
        epochs = end(pruning, curve)
        if epochs < EPOCHS:
            assert pruning.judge()(curve[:epochs])
        assert pruning.judge()(curve[: epochs - 1]) == ""


def test_a_judge_travels_to_its_worker(sweep: Sweep) -> None:
    pruning = Pruning("median", 3, 5, [Curve("finished", [0.1 * number] * 3) for number in range(5)])
    request = Request("run", "lock", "tiny", {}, [], pruning)
    there = Request.from_line(request.to_line())
    assert there.pruning is not None
    assert there.pruning.judge()([0.0]) == pruning.judge()([0.0]) != ""
    assert Request.from_line(Request("run", "lock", "tiny", {}, []).to_line()).pruning is None


def test_at_most_every_point_that_is_judged_ends_after_its_first_epoch() -> None:
    assert most_saved("median", points=16, epochs=9, seeds=1, lag=1) == pytest.approx(11 / 16 * 8 / 9)
    assert most_saved("median", points=16, epochs=9, seeds=3, lag=1) == pytest.approx(11 / 16 * 26 / 27)
    assert most_saved("median", points=16, epochs=9, seeds=1, lag=2) == pytest.approx(10 / 16 * 8 / 9)
    assert most_saved("median", points=5, epochs=9, seeds=1, lag=1) == 0
    assert most_saved("halving", points=16, epochs=9, seeds=1, lag=1) == pytest.approx(15 / 16 * 8 / 9)
    assert most_saved("halving", points=2, epochs=9, seeds=1, lag=4) == 0
    hyperband = most_saved("hyperband", points=16, epochs=9, seeds=1, lag=1)
    assert 0 < hyperband < most_saved("halving", points=16, epochs=9, seeds=1, lag=1)


def test_without_optuna_the_message_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    pruning = Pruning("halving", 3, 1, [Curve("finished", [0.1, 0.2, 0.3])])
    with pytest.raises(InputError, match=r"--prune halving needs optuna.*pip install 'trainlab\[sweep\]'"):
        pruning.judge()
