"""A run as a run of MLflow: settings, the figures of every epoch, and the files that describe it.

MLflow is the user's own installation; the tests read with version 3.17 what was written with it.
"""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

from trainlab.errors import InputError
from trainlab.experiments import RunFolder
from trainlab.experiments.settings import value_text
from trainlab.export.table import finished_epochs, flat
from trainlab.extras import optional_package

DIGEST_TAG = "trainlab.digest"
STATUS = {"finished": "FINISHED", "diverged": "FAILED", "interrupted": "KILLED"}
ARTIFACTS = ("config.toml", "environment.json", "metrics.jsonl", "summary.json", "curves.png", "log.txt")
FILE_STORE = "MLFLOW_ALLOW_FILE_STORE"
"""Without it, MLflow from 3.13 on refuses stores that are folders."""
BATCH = 1000
"""Figures that MLflow takes at once."""


class StoredRun(NamedTuple):
    """Where a run went."""

    store: str
    experiment: str
    run_id: str


def write_to_mlflow(run: RunFolder, output: str | None) -> StoredRun:
    """Add a run to a store of MLflow; the experiment is called like the data set.

    Args:
        output: the store: a folder, a file that ends in .db (SQLite) or an address such as http://localhost:5000; None
            takes MLflow's own default, MLFLOW_TRACKING_URI.

    Raises InputError when MLflow is missing or refuses, no epoch was finished, or the store has this very run already.
    """
    mlflow = optional_package("mlflow", "an export to MLflow", "pip install mlflow")
    epochs = finished_epochs(run)
    store = mlflow.get_tracking_uri() if output is None else store_address(output)
    with _file_store_allowed(store):
        try:
            return _add(mlflow, run, epochs, store)
        except (mlflow.exceptions.MlflowException, OSError) as error:
            raise InputError(f"MLflow cannot write to {store}: {error}") from error
        except ModuleNotFoundError as error:  # mlflow-skinny cannot write databases
            raise InputError(f"MLflow needs {error.name} for {store}: pip install mlflow") from error


def store_address(output: str) -> str:
    """What MLflow calls a store.

    >>> store_address("http://localhost:5000")
    'http://localhost:5000'
    >>> store_address("/tmp/mlflow.db"), store_address("/tmp/mlruns")
    ('sqlite:////tmp/mlflow.db', 'file:///tmp/mlruns')
    """
    if "://" in output:
        return output
    path = Path(output).absolute()
    return f"sqlite:///{path}" if path.suffix == ".db" else path.as_uri()


def _add(mlflow: Any, run: RunFolder, epochs: list[dict[str, Any]], store: str) -> StoredRun:
    client = mlflow.MlflowClient(tracking_uri=store)
    experiment = client.get_experiment_by_name(run.config.dataset)
    experiment_id = experiment.experiment_id if experiment else client.create_experiment(run.config.dataset)
    digest = _digest(run)
    same = client.search_runs([experiment_id], f"tags.`{DIGEST_TAG}` = '{digest}'")
    if same:
        raise InputError(
            f"{store} has {run.path} already, as run {same[0].info.run_id}. Delete it there to add it again."
        )

    started = round(1000 * (run.path / "environment.json").stat().st_mtime)
    run_id = client.create_run(experiment_id, start_time=started, run_name=run.path.name).info.run_id
    summary = run.read_summary() or {}
    metrics = list(_metrics(mlflow, epochs, summary, started))
    parameters = [mlflow.entities.Param(key, value_text(value)) for key, value in asdict(run.config).items()]
    client.log_batch(run_id, params=parameters)
    for first in range(0, len(metrics), BATCH):
        client.log_batch(run_id, metrics=metrics[first : first + BATCH])
    for name in ARTIFACTS:
        if (run.path / name).exists():
            client.log_artifact(run_id, str(run.path / name))
    client.set_terminated(run_id, STATUS.get(summary.get("status", ""), "KILLED"), metrics[-1].timestamp)
    client.set_tag(run_id, DIGEST_TAG, digest)  # last: a run that was cut off may be added again
    return StoredRun(store, run.config.dataset, run_id)


def _metrics(mlflow: Any, epochs: list[dict[str, Any]], summary: dict[str, Any], started: int) -> Iterator[Any]:
    """Every figure with its time in milliseconds and its training step."""
    time, step = float(started), 0
    for epoch in epochs:
        figures = dict(flat(epoch))
        step = figures.pop("step")
        time += 1000 * figures["seconds"]
        for key, value in figures.items():
            if value is not None:
                yield mlflow.entities.Metric(key, value, round(time), step)
    for key, value in flat({"test": summary.get("test")}):
        if value is not None:
            yield mlflow.entities.Metric(key, value, round(time), step)


def _digest(run: RunFolder) -> str:
    """Of the settings and the figures: what makes a run this very run."""
    content = (run.path / "config.toml").read_bytes() + (run.path / "metrics.jsonl").read_bytes()
    return hashlib.sha256(content).hexdigest()


@contextmanager
def _file_store_allowed(store: str) -> Iterator[None]:
    """Who names a folder wants one: the environment variable is set inside a ``with`` block."""
    if not store.startswith("file:") or FILE_STORE in os.environ:
        yield
        return
    os.environ[FILE_STORE] = "true"
    try:
        yield
    finally:
        del os.environ[FILE_STORE]
