"""`trainlab train` and `resume` in two processes: one run folder, one report, one message, whatever happens."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests import processes
from tests.cli import signalled_run
from tests.cli.command import Done
from trainlab.experiments import Config, Result, RunFolder, resume, train
from trainlab.training import Event, StepEnded

SETTINGS = """engine = "torch"
precision = "fp32"
hidden = [16]
dropout = 0.2
optimizer = "adam"
lr = 0.02
schedule = "one_cycle"
batch_size = 53
epochs = 3
checkpoint_steps = 4
"""
"""540 training images: 11 steps an epoch, the last one with 10 images."""


@pytest.fixture
def folders(tiny_mnist: Path, tmp_path: Path) -> list[Path]:
    """A folder for each process to run in, with the settings of a run of a moment."""
    made = [tmp_path / "first", tmp_path / "second"]
    for folder in made:
        folder.mkdir()
        (folder / "tiny.toml").write_text(f"{SETTINGS}data_dir = '{tiny_mnist}'\n")
    return made


@pytest.fixture(scope="module")
def whole(tiny_mnist: Path, tmp_path_factory: pytest.TempPathFactory) -> Result:
    """The run of one process, that nothing stopped."""
    return train(configuration(tiny_mnist), tmp_path_factory.mktemp("runs") / "whole", "whole")


def configuration(data_dir: Path) -> Config:
    return Config().override([*SETTINGS.replace(" ", "").splitlines(), f"data_dir={data_dir}"])


def trainlab(folders: list[Path], *words: str, sent: tuple[str, int, int] = ("SIGTERM", -1, 0)) -> list[Done]:
    """The command line in a process for each folder; ``sent`` is a signal, who sends it to itself, and when."""
    arguments = [*map(str, sent), *words, "--progress", "none"]
    return processes.run(str(signalled_run.__file__), arguments, folders)


def assert_alike(run: Path, whole: Result) -> None:
    """The figures and weights of two runs are equal within rounding."""
    one, other = RunFolder.open(run), whole.run
    for line, expected in zip(one.read_metrics(), other.read_metrics(), strict=True):
        for part in ("train", "validation"):
            assert line[part] == pytest.approx(expected[part], abs=1e-4)
    weights: Any = one.checkpoints.load_latest()[0].engine.model
    for name, array in other.checkpoints.load_latest()[0].engine.model.items():
        np.testing.assert_allclose(weights[name], array, atol=1e-3)
    summary = one.read_summary()
    assert summary is not None
    assert summary["test"] == pytest.approx(whole.summary["test"], abs=1e-4)


@pytest.mark.parametrize("sender", [0, 1])
def test_a_polite_signal_to_one_stops_both_and_one_process_goes_on(
    folders: list[Path], whole: Result, sender: int
) -> None:
    first, second = trainlab(folders, "train", "tiny.toml", "--run", "stopped", sent=("SIGTERM", sender, 14))
    assert first.status == 130, first.err
    assert first.out.count("go on with:  trainlab resume stopped") == 1
    assert first.err == ("stopping after this step (Ctrl-C again to stop at once) …\n" if sender == 0 else "")
    assert second == (0, "", "")
    assert [path.name for path in folders[1].iterdir()] == ["tiny.toml"]  # it has written nothing
    stopped = RunFolder.open(folders[0] / "stopped")
    summary = stopped.read_summary()
    assert summary is not None
    assert (summary["status"], summary["steps"]) == ("interrupted", 15)  # the wish travels with the next step
    assert stopped.checkpoints.load_latest()[0].training.step == 15
    assert stopped.processes == 2

    resumed = resume(stopped.path)
    assert resumed is not None
    assert resumed.outcome.status == "finished"
    assert_alike(stopped.path, whole)


def test_two_processes_go_on_with_the_run_of_one(
    tiny_mnist: Path, folders: list[Path], whole: Result, tmp_path: Path
) -> None:
    """Started by torchrun itself: by its module, since its command may not be on the path."""
    trainers: list[Any] = []

    def stop(event: Event) -> None:
        if isinstance(event, StepEnded) and event.step == 14:
            trainers[0].request_stop()

    run = tmp_path / "stopped"
    train(configuration(tiny_mnist), run, "stopped", listeners=[stop], on_start=trainers.append)
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    done = subprocess.run(
        [*torchrun, "-m", "trainlab", "resume", str(run)],
        capture_output=True,
        text=True,
        cwd=folders[1],
        timeout=240,
        env=processes.environment(),
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("try next") == 1
    assert done.stderr.count("epoch 3/3") == 1
    assert_alike(run, whole)


def test_when_one_is_killed_the_other_says_so_and_the_run_can_go_on(folders: list[Path], whole: Result) -> None:
    started = processes.start(
        str(signalled_run.__file__),
        ["SIGKILL", "1", "14", "train", "tiny.toml", "--run", "left", "--progress", "none"],
        folders,
    )
    assert started[1].finish().status == -9
    first, _ = processes.finish(started, timeout=60)  # long before the 120 seconds that a step waits here
    assert first.status == 1
    assert first.err.startswith("trainlab: rank 1 does not answer, so rank 0 stops as well (")
    assert first.err.endswith("go on with `trainlab resume left`.\n")
    assert first.err.count("\n") == 1  # no traceback
    left = RunFolder.open(folders[0] / "left")
    assert left.read_summary() is None
    assert left.checkpoints.load_latest()[0].training.step == 12
    assert resume(left.path) is not None
    assert_alike(left.path, whole)


def test_when_the_first_is_killed_the_other_says_so(folders: list[Path]) -> None:
    first, second = trainlab(folders, "train", "tiny.toml", "--run", "left", sent=("SIGKILL", 0, 14))
    assert first.status == -9
    assert second.status == 1
    assert second.err.startswith("trainlab: rank 0 does not answer, so rank 1 stops as well (")
    assert second.err.count("\n") == 1


def test_an_error_of_both_is_one_message(folders: list[Path]) -> None:
    first, second = trainlab(folders, "train", "tiny.toml", "engine=numpy", "precision=auto")
    assert first.status == 2
    assert first.err.startswith("trainlab: engine = numpy computes in one process, and there are 2.")
    assert first.err.count("\n") == 1
    assert second == (0, "", "")
    assert not (folders[0] / "runs").exists()


def test_an_error_of_one_names_its_rank(folders: list[Path]) -> None:
    (folders[1] / "tiny.toml").write_text(SETTINGS + "data_dir = 'nowhere'\n")
    first, second = trainlab(folders, "train", "tiny.toml")
    assert first == (0, "", "")
    assert second.status == 2
    assert second.err.startswith("trainlab: rank 1: ")
    assert "nowhere" in second.err
    assert not (folders[0] / "runs").exists()


def test_one_process_never_loads_torch_for_numpy(tiny_mnist: Path, tmp_path: Path) -> None:
    program = "import sys; from trainlab.cli import main\ntry: main()\nfinally: print('torch' in sys.modules)"
    words = ["train", "mnist-mlp", "hidden=[4]", "epochs=1", f"data_dir={tiny_mnist}", "--progress", "none"]
    done = subprocess.run(
        [sys.executable, "-c", program, *words],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=120,
        env=processes.environment(),
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "False"
    assert json.loads((tmp_path / "runs/mnist-mlp-1/environment.json").read_text())["processes"] == 1
