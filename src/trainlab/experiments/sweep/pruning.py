"""Which runs are not worth going on with: after each epoch, one of Optuna's pruners is asked.

==============  ======================================================================================================
``median``      is this run's best validation accuracy so far below the median of the runs that finished, at the same
                epoch? Asked once five have finished (Golovin et al. 2017, "Google Vizier", section 3.2.2)
``halving``     is it, after 1, 3, 9, 27 … epochs, outside the best third of all that came so far? (Li et al. 2020, "A
                System for Massively Parallel Hyperparameter Tuning")
``hyperband``   the same in groups of points, of which one is judged from epoch 1 on, one from 3, one from 9 …, for
                curves that begin slowly (Li et al. 2018, "Hyperband")
==============  ======================================================================================================

**Only the first seed's run of a point is judged, and only against the first seed's runs of earlier points.** They have
the seed in common, so that they differ by their settings. A point whose first run is pruned is pruned: its other seeds
are not begun. Where it is not, every seed is run to its end, so that each mean in the table is one over all seeds. The
first seed has chosen who goes on, and is a little lucky in those that did.

**Point k is judged by points 0 … k − lag and no others** (`Sweep.lag`: the number of jobs), and does not begin before
their first runs have ended. So what is decided is a function of files that no longer change: whichever job ends first,
and wherever the sweep was killed, the same decision is taken again. (A run that failed has no curve to judge by; where
a resume makes it succeed, later points that had not ended are judged by it as well.)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from trainlab.experiments.sweep.search import import_optuna

if TYPE_CHECKING:
    from trainlab.experiments.training_run import Judge

Prune = Literal["none", "median", "halving", "hyperband"]

REDUCTION = 3
"""Of ``halving`` and ``hyperband``: one of so many goes on, for so many times the epochs. Hyperband's authors advise
3 or 4."""

ENOUGH_FINISHED = 5
"""Of ``median``: so many runs are finished before any is pruned. Optuna's own choice."""

SIMULATED_POINTS = 1000


class Curve(NamedTuple):
    """How a run of another point went."""

    status: str
    """finished, pruned or diverged; failed where nothing is known."""
    accuracies: list[float]
    """On the validation part, after each epoch."""


@dataclass(frozen=True)
class Pruning:
    """All that decides whether a run is pruned. It travels to the run's worker, wherever that is."""

    method: Prune
    epochs: int
    """Of a run that is not pruned."""
    point: int
    earlier: Sequence[Curve]
    """The first runs of points 0, 1, …"""

    def judge(self) -> "Judge":
        """Judges a run after each epoch by its validation accuracies so far: why it is pruned, or "" to go on."""
        earlier = [Curve(*curve) for curve in self.earlier]  # from JSON, they are lists
        if not earlier:
            return lambda accuracies: ""
        study = _new_study(self.method, self.epochs)
        for curve in earlier:
            _add(study, curve)
        for _ in range(len(earlier), self.point):  # of points between, nothing is known
            study.ask()
        trial = study.ask()
        told: list[float] = []

        def judge(accuracies: Sequence[float]) -> str:
            is_behind = False
            for accuracy in accuracies[len(told) :]:
                told.append(accuracy)
                is_behind = _is_pruned(trial, len(told), accuracy) or is_behind
            if not is_behind:
                return ""
            others = "point 0" if len(earlier) == 1 else f"points 0 to {len(earlier) - 1}"
            return (
                f"behind after epoch {len(told)} of {self.epochs}, with validation accuracy {told[-1]:.4f} "
                f"({self.method}, against {others})"
            )

        return judge


def most_saved(method: Prune, points: int, epochs: int, seeds: int, lag: int) -> float:
    """The share of all epochs that pruning saves at most: when each point is worse than all before it.

    The first ``lag`` points are never judged. At least, when each point is better than all before it, nothing is saved.
    """
    study = _new_study(method, epochs)
    judged = min(points, SIMULATED_POINTS) - lag + 1
    saved = 0
    for point in range(judged):
        trial = study.ask()
        for epoch in range(1, epochs):
            if _is_pruned(trial, epoch, 1 - point / judged):
                _tell(study, trial, "pruned")
                saved += epochs * seeds - epoch
                break
        else:
            _tell(study, trial, "finished", 1 - point / judged)
    return saved / (epochs * seeds * min(points, SIMULATED_POINTS))


def _new_study(method: Prune, epochs: int) -> Any:
    optuna = import_optuna(f"--prune {method}")
    pruners = {
        "median": lambda: optuna.pruners.MedianPruner(n_startup_trials=ENOUGH_FINISHED, n_warmup_steps=0),
        "halving": lambda: optuna.pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=REDUCTION),
        "hyperband": lambda: optuna.pruners.HyperbandPruner(
            min_resource=1, max_resource=epochs, reduction_factor=REDUCTION
        ),
    }
    return optuna.create_study(
        study_name="sweep",  # Hyperband draws a point's group by this name and the point's number
        direction="maximize",
        sampler=optuna.samplers.RandomSampler(seed=0),  # proposes nothing here
        pruner=pruners[method](),
    )


def _add(study: Any, curve: Curve) -> None:
    """A run as it went. The pruner is asked each time, since it notes then which accuracies it is to compare."""
    trial = study.ask()
    for epoch, accuracy in enumerate(curve.accuracies, start=1):
        _is_pruned(trial, epoch, accuracy)
    _tell(study, trial, curve.status, max(curve.accuracies, default=0.0))


def _is_pruned(trial: Any, epoch: int, accuracy: float) -> bool:
    trial.report(accuracy, epoch)
    return bool(trial.should_prune())


def _tell(study: Any, trial: Any, status: str, value: float = 0.0) -> None:
    states = import_optuna("--prune").trial.TrialState
    if status == "finished":
        study.tell(trial, value)
    else:
        study.tell(trial, state=states.PRUNED if status == "pruned" else states.FAIL)
