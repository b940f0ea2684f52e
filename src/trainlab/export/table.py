"""The figures of every epoch as a table, for a spreadsheet or another program."""

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any

from trainlab.errors import InputError
from trainlab.experiments import RunFolder


def metrics_as_csv(run: RunFolder) -> str:
    """The lines of ``metrics.jsonl`` as CSV, an epoch a row; a figure in a group becomes ``group_figure``.

    Numbers are written so that reading them gives the same floats back.

    Raises InputError when no epoch was finished.
    """
    rows = [dict(flat(epoch)) for epoch in finished_epochs(run)]
    file = io.StringIO()
    writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue()


def finished_epochs(run: RunFolder) -> list[dict[str, Any]]:
    """The figures of each epoch. Raises InputError when there is none."""
    epochs = run.read_metrics()
    if not epochs:
        raise InputError(
            f"{run.path} has nothing to export: no epoch was finished. Go on with `trainlab resume {run.path}`."
        )
    return epochs


def flat(figures: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Names and numbers without groups.

    >>> list(flat({"epoch": 1, "train": {"loss": 0.5}}))
    [('epoch', 1), ('train_loss', 0.5)]
    """
    for name, value in figures.items():
        if isinstance(value, Mapping):
            yield from ((f"{name}_{inner}", number) for inner, number in value.items())
        else:
            yield name, value
