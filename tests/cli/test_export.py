"""``trainlab export``."""

import csv
import io
import re
import shutil
import sys
from pathlib import Path

import pytest

from tests.cli.command import Command
from trainlab.experiments import Config, RunFolder, train


@pytest.fixture(scope="module")
def trained(tiny_mnist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    config = Config(hidden=(16,), lr=0.5, batch_size=50, epochs=2, data_dir=str(tiny_mnist))
    return train(config, tmp_path_factory.mktemp("runs") / "tiny-1", "tiny").run.path


@pytest.fixture
def run(trained: Path, tmp_path: Path) -> str:
    """A copy that a test may change."""
    return str(shutil.copytree(trained, tmp_path / "run"))


def test_the_table_holds_the_exact_figures_of_every_epoch(trainlab: Command, run: str) -> None:
    done = trainlab("export", run, "--to", "csv")
    assert (done.status, done.err) == (0, "")
    rows = list(csv.DictReader(io.StringIO(done.out)))
    epochs = RunFolder.open(Path(run)).read_metrics()
    assert [int(row["epoch"]) for row in rows] == [1, 2]
    for row, epoch in zip(rows, epochs, strict=True):
        for part in ("train", "validation"):
            for figure in ("loss", "accuracy"):
                assert float(row[f"{part}_{figure}"]) == epoch[part][figure]
        assert float(row["learning_rate"]) == epoch["learning_rate"]


def test_a_file_gets_what_standard_output_would(trainlab: Command, run: str) -> None:
    printed = trainlab("export", run, "--to", "csv").out
    assert trainlab("export", run, "--to", "csv", "--output", "new/epochs.csv").status == 0
    assert Path("new/epochs.csv").read_text() == printed


def test_nothing_is_overwritten(trainlab: Command, run: str) -> None:
    Path("epochs.csv").write_text("mine")
    done = trainlab("export", run, "--to", "csv", "--output", "epochs.csv")
    assert done.status == 2
    assert "epochs.csv exists already, and is not overwritten" in done.err
    assert Path("epochs.csv").read_text() == "mine"


def test_an_unknown_format_gets_the_nearest_right_one(trainlab: Command, run: str) -> None:
    done = trainlab("export", run, "--to", "cvs")
    assert done.status == 2
    assert "unknown export format 'cvs'; did you mean 'csv'?" in done.err


@pytest.mark.parametrize("target", ["csv", "tensorboard", "mlflow", "onnx"])
def test_a_run_without_a_finished_epoch_is_refused(trainlab: Command, run: str, target: str) -> None:
    Path(run, "metrics.jsonl").unlink()
    Path(run, "checkpoints", "best.safetensors").unlink()
    done = trainlab("export", run, "--to", target)
    assert done.status == 2
    assert "no epoch was finished" in done.err
    assert done.out == ""


def test_what_is_no_run_is_refused(trainlab: Command) -> None:
    done = trainlab("export", "runs/none", "--to", "csv")
    assert done.status == 2
    assert "runs/none is not a folder" in done.err


def test_event_files_come_to_lie_in_the_run(trainlab: Command, run: str) -> None:
    done = trainlab("export", run, "--to", "tensorboard")
    assert done.status == 0, done.err
    assert list(Path(run, "tensorboard").glob("events.out.tfevents.*"))
    again = trainlab("export", run, "--to", "tensorboard")
    assert again.status == 2
    assert "tensorboard exists already, and is not overwritten" in again.err
    assert trainlab("export", run, "--to", "tensorboard", "--output", "elsewhere").status == 0


def test_a_network_comes_with_a_card_and_how_exact_it_is(trainlab: Command, run: str) -> None:
    done = trainlab("export", run, "--to", "onnx")
    assert done.status == 0, done.err
    assert re.search(r"on 60 validation images: probabilities differ by at most \de-0[5-9]", done.out)
    assert Path(run, "onnx", "model.onnx").stat().st_size > 50_000
    assert Path(run, "onnx", "README.md").read_text().startswith("---\n")
    again = trainlab("export", run, "--to", "onnx")
    assert again.status == 2
    assert "onnx exists already, and is not overwritten" in again.err


def test_a_network_that_is_not_the_same_ends_with_status_1_and_no_file(
    trainlab: Command, run: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from trainlab.export.onnx.graph import OnnxGraph

    monkeypatch.setattr(OnnxGraph, "relu", OnnxGraph.sigmoid)
    done = trainlab("export", run, "--to", "onnx", "--output", "network")
    assert done.status == 1
    assert "the exported network differs from the trained one" in done.err
    assert not Path("network").exists()


def test_a_store_of_mlflow_is_added_to(trainlab: Command, run: str) -> None:
    done = trainlab("export", run, "--to", "mlflow", "--output", "store")
    assert done.status == 0, done.err
    assert f"of experiment mnist in {Path('store').absolute().as_uri()}" in done.out
    assert "MLFLOW_ALLOW_FILE_STORE=true mlflow ui --backend-store-uri file:" in done.out
    again = trainlab("export", run, "--to", "mlflow", "--output", "store")
    assert again.status == 2
    assert "already, as run" in again.err


@pytest.mark.parametrize(
    ("target", "package", "command"),
    [
        ("tensorboard", "tensorboardX", "pip install 'trainlab[track]'"),
        ("mlflow", "mlflow", "pip install mlflow"),
        ("onnx", "onnx", "pip install 'trainlab[export]'"),
        ("onnx", "onnxruntime", "pip install 'trainlab[export]'"),
    ],
)
def test_a_missing_package_is_named_with_the_command(
    trainlab: Command, run: str, monkeypatch: pytest.MonkeyPatch, target: str, package: str, command: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    done = trainlab("export", run, "--to", target, "--output", "there")
    assert done.status == 2
    assert f"needs {package}, which is not installed here: {command}" in done.err
    assert not Path("there").exists()
