"""Runs in a store of MLflow, read with MLflow itself."""

import os
import sys
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from trainlab.errors import InputError
from trainlab.experiments import RunFolder
from trainlab.experiments.settings import value_text
from trainlab.export.mlflow_store import FILE_STORE, StoredRun, write_to_mlflow


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mlflow") / "mlruns"


@pytest.fixture(scope="module")
def stored(run: RunFolder, store: Path) -> StoredRun:
    return write_to_mlflow(run, str(store))


@pytest.fixture
def client(store: Path, monkeypatch: pytest.MonkeyPatch) -> MlflowClient:
    monkeypatch.setenv(FILE_STORE, "true")
    return MlflowClient(tracking_uri=store.as_uri())


def test_the_experiment_is_the_data_set_and_the_run_has_its_name(stored: StoredRun, client: MlflowClient) -> None:
    found = client.get_run(stored.run_id)
    assert client.get_experiment(found.info.experiment_id).name == stored.experiment == "mnist"
    assert found.info.run_name == "tiny-1"
    assert found.info.status == "FINISHED"
    assert found.info.end_time > found.info.start_time


def test_every_setting_is_a_parameter(run: RunFolder, stored: StoredRun, client: MlflowClient) -> None:
    assert client.get_run(stored.run_id).data.params == {
        key: value_text(value) for key, value in vars(run.config).items()
    }


def test_the_figures_of_every_epoch_are_there_exactly(run: RunFolder, stored: StoredRun, client: MlflowClient) -> None:
    def history(key: str) -> list[Any]:
        return [(point.step, point.value) for point in client.get_metric_history(stored.run_id, key)]

    epochs = run.read_metrics()
    for part in ("train", "validation"):
        for figure in ("loss", "accuracy"):
            assert history(f"{part}_{figure}") == [(epoch["step"], epoch[part][figure]) for epoch in epochs]
    assert history("epoch") == [(11, 1), (22, 2)]
    summary = run.read_summary()
    assert summary is not None
    assert history("test_accuracy") == [(22, summary["test"]["accuracy"])]


def test_the_files_that_describe_a_run_are_artifacts(run: RunFolder, stored: StoredRun, client: MlflowClient) -> None:
    names = {file.path for file in client.list_artifacts(stored.run_id)}
    assert names == {"config.toml", "environment.json", "metrics.jsonl", "summary.json", "log.txt"}
    copy = client.download_artifacts(stored.run_id, "config.toml")
    assert Path(copy).read_text() == (run.path / "config.toml").read_text()


def test_a_run_is_stored_once(run: RunFolder, stored: StoredRun, store: Path, client: MlflowClient) -> None:
    with pytest.raises(InputError, match=f"already, as run {stored.run_id}. Delete it there to add it again"):
        write_to_mlflow(run, str(store))
    client.delete_run(stored.run_id)
    again = write_to_mlflow(run, str(store))
    assert again.run_id != stored.run_id
    client.delete_run(again.run_id)
    client.restore_run(stored.run_id)


def test_a_folder_is_allowed_for_the_moment_only(stored: StoredRun) -> None:
    assert FILE_STORE not in os.environ


def test_what_mlflow_refuses_is_one_message(run: RunFolder, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="MLflow cannot write to nonsense://x: "):
        write_to_mlflow(run, "nonsense://x")
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="MLflow cannot write to file:"):
        write_to_mlflow(run, str(tmp_path / "file"))


def test_a_missing_package_is_named_with_the_command(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(InputError, match="an export to MLflow needs mlflow, which is not installed here: pip install"):
        write_to_mlflow(run, None)
