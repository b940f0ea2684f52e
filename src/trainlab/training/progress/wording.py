"""How numbers and sentences about a run are written, the same on every display."""

import math

from trainlab.training.events import EpochEnded, RunEnded, RunStarted


def loss_text(value: float | None) -> str:
    """Four decimals where that fits, powers of ten elsewhere, words for what is not a number, a dash for none.

    >>> loss_text(0.12034), loss_text(0.0000123), loss_text(123456.0), loss_text(float("nan")), loss_text(None)
    ('0.1203', '1.2e-05', '1.2e+05', 'nan', '-')
    """
    if value is None:
        return "-"
    if not math.isfinite(value) or value == 0 or 1e-3 <= abs(value) < 1e4:
        return f"{value:.4f}"
    return f"{value:.1e}"


def accuracy_text(value: float | None) -> str:
    """A fraction with four decimals, a dash for none.

    >>> accuracy_text(0.96414), accuracy_text(None)
    ('0.9641', '-')
    """
    return "-" if value is None else f"{value:.4f}"


def learning_rate_text(value: float) -> str:
    """Three significant digits.

    >>> learning_rate_text(0.05), learning_rate_text(0.000012345)
    ('0.05', '1.23e-05')
    """
    return f"{value:.3g}"


def pace_text(steps_per_second: float | None) -> str:
    """Iterations (steps) a second.

    >>> pace_text(12345.4), pace_text(2.5), pace_text(0.05), pace_text(None)
    ('12,345 it/s', '2.5 it/s', '0.05 it/s', '- it/s')
    """
    if steps_per_second is None:
        return "- it/s"
    if steps_per_second >= 100:
        return f"{steps_per_second:,.0f} it/s"
    return f"{steps_per_second:.2g} it/s"


def duration_text(seconds: float) -> str:
    """How long something took.

    >>> duration_text(4.23), duration_text(59.97), duration_text(3725)
    ('4.2 s', '1:00', '1:02:05')
    """
    return f"{seconds:.1f} s" if seconds < 59.95 else countdown_text(seconds)


def countdown_text(seconds: float) -> str:
    """Minutes and seconds, with hours and days before them where there are any.

    >>> countdown_text(7), countdown_text(3725), countdown_text(100000)
    ('0:07', '1:02:05', '1 d 3:46:40')
    """
    whole_minutes, rest_seconds = divmod(round(seconds), 60)
    whole_hours, rest_minutes = divmod(whole_minutes, 60)
    days, rest_hours = divmod(whole_hours, 24)
    if not whole_hours:
        return f"{rest_minutes}:{rest_seconds:02}"
    clock = f"{rest_hours}:{rest_minutes:02}:{rest_seconds:02}"
    return f"{days} d {clock}" if days else clock


def count_text(count: int, noun: str) -> str:
    """A number and its noun in the plural unless it is one.

    >>> count_text(1, "epoch"), count_text(1234, "step")
    ('1 epoch', '1,234 steps')
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def headline_parts(run: RunStarted) -> list[str]:
    """What runs, the most important first.

    >>> headline_parts(RunStarted("mnist-mlp", 10, 422, 128, 54000, 6000, 101770, first_step=844, computes_on="cpu"))
    ... # doctest: +NORMALIZE_WHITESPACE
    ['mnist-mlp', '101,770 parameters', '54,000 training and 6,000 validation images', 'batch size 128', 'on cpu',
     'resumed after step 844']
    """
    validation = f" and {run.validation_size:,} validation" if run.validation_size else ""
    parts = [
        run.name,
        f"{run.parameters:,} parameters",
        f"{run.train_size:,} training{validation} images",
        f"batch size {run.batch_size:,}",
    ]
    if run.computes_on:
        parts.append(f"on {run.computes_on}")
    if run.first_step:
        parts.append(f"resumed after step {run.first_step:,}")
    return parts


def outcome_parts(run: RunStarted, ended: RunEnded, best: EpochEnded | None) -> list[str]:
    """How it ended, why (unless all epochs are simply done), how long it took and what the best epoch was.

    >>> run = RunStarted("mnist-mlp", 10, 422, 128, 54000, 6000, 101770, first_step=0)
    >>> outcome_parts(run, RunEnded("diverged", 12, 0, 0.31, "loss became nan at step 12"), best=None)
    ['diverged in epoch 1', 'loss became nan at step 12', '12 steps in 0.3 s']
    """
    if ended.status != "finished":
        parts = [f"{ended.status} in epoch {ended.epoch + 1}", ended.reason]
    elif ended.epoch < run.epochs:
        parts = [f"finished after {ended.epoch} of {count_text(run.epochs, 'epoch')}", ended.reason]
    else:
        parts = [f"finished {count_text(ended.epoch, 'epoch')}"]
    parts.append(f"{count_text(ended.step, 'step')} in {duration_text(ended.seconds)}")
    if best is not None and best.validation is not None:
        accuracy = accuracy_text(best.validation.accuracy)
        parts.append(f"best validation accuracy {accuracy} (epoch {best.epoch})")
    return parts
