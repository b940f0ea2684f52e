"""Which curve of a run is worth drawing now, on which axes."""

from collections.abc import Sequence
from dataclasses import dataclass

from trainlab.training.progress.snapshot import Snapshot
from trainlab.training.progress.wording import accuracy_text, loss_text

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Curve:
    """One curve: its name, its latest value in words, and its finite points (x, y) with rising x."""

    name: str
    latest: str
    points: Sequence[Point]
    is_validation: bool
    is_solid: bool = True


@dataclass(frozen=True, slots=True)
class Chart:
    """Curves on common axes; validation comes last, to be drawn on top."""

    title: str
    curves: Sequence[Curve]
    x_name: str
    x_range: tuple[int, int]
    y_range: tuple[float, float]
    y_labels: tuple[str, str]
    """Low, high."""


def chart_of(now: Snapshot) -> Chart | None:
    """Accuracy by epoch, or the running loss as long as fewer than two epochs have ended; None before any step."""
    if len(now.epochs) < 2:
        return _loss_chart(now)
    return _accuracy_chart(now)


def _loss_chart(now: Snapshot) -> Chart | None:
    if len(now.losses) < 2:
        return None
    latest = loss_text(now.losses[-1][1])
    low, high = _range([loss for _, loss in now.losses], least_span=1e-6)
    return Chart(
        title="loss",
        curves=[Curve("last steps", latest, now.losses, is_validation=False)],
        x_name="step",
        x_range=(now.losses[0][0], now.losses[-1][0]),
        y_range=(low, high),
        y_labels=(_short(low), _short(high)),
    )


def _accuracy_chart(now: Snapshot) -> Chart:
    """Without the first fifth of the epochs, whose steep rise would flatten all that follows."""
    shown = now.epochs[len(now.epochs) // 5 :]
    last = shown[-1]
    train = [(epoch.epoch, epoch.train.accuracy) for epoch in shown]
    validation = [(epoch.epoch, epoch.validation.accuracy) for epoch in shown if epoch.validation]
    low, high = _range([accuracy for _, accuracy in train + validation], least_span=0.01)
    curves = [Curve("train", accuracy_text(last.train.accuracy), train, is_validation=False, is_solid=False)]
    if last.validation:
        curves.append(Curve("validation", accuracy_text(last.validation.accuracy), validation, is_validation=True))
    return Chart(
        title="accuracy",
        curves=curves,
        x_name="epoch",
        x_range=(shown[0].epoch, last.epoch),
        y_range=(low, high),
        y_labels=(f"{low:.3f}", f"{high:.3f}"),
    )


def _range(values: Sequence[float], least_span: float) -> tuple[float, float]:
    low, high = min(values), max(values)
    missing = max(0.0, least_span - (high - low))
    return low - missing / 2, high + missing / 2


def _short(loss: float) -> str:
    return f"{loss:.3f}" if 0.01 <= abs(loss) < 100 else f"{loss:.0e}" if loss else "0"
