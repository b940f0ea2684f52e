"""``trainlab train`` and ``resume`` as a user types them."""

import json
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.command import Command
from trainlab.experiments import RunFolder, next_run_path


def test_a_run_ends_with_a_table_a_picture_and_what_to_try_next(trainlab: Command, tiny: str) -> None:
    done = trainlab("train", tiny)
    assert done.status == 0, done.err
    assert "epoch 2/2" in done.err
    for words in (
        "loss   accuracy",
        "validation",
        "test",
        "curves   runs",
        "trainlab predict runs",
        "trainlab show runs",
    ):
        assert words in done.out
    run = Path("runs/tiny-1")
    assert (run / "curves.png").read_bytes().startswith(b"\x89PNG")
    assert (run / "curves.svg").read_text().rstrip().endswith("</svg>")
    assert json.loads((run / "summary.json").read_text())["status"] == "finished"
    assert "epoch 2/2" in (run / "log.txt").read_text()


def test_a_word_that_changes_nothing_is_told(trainlab: Command, tiny: str) -> None:
    done = trainlab("train", tiny, "epochs=1", "cutout_size=4", "--progress", "none")
    assert done.status == 0, done.err
    assert done.err == "trainlab: note: cutout_size changes nothing here; it belongs to augment=cutout.\n"
    shown = trainlab("show", tiny, "vit_depth=2")
    assert shown.err == "trainlab: note: vit_depth changes nothing here; it belongs to model=vit.\n"


def test_what_a_file_sets_in_vain_is_told_but_not_what_a_word_leaves_behind(trainlab: Command, tiny: str) -> None:
    Path("mine.toml").write_text(Path(tiny).read_text() + 'step_every = 3\naugment = ["crop"]\ncrop_padding = 2\n')
    shown = trainlab("show", "mine.toml")
    assert shown.err == "trainlab: note: step_every changes nothing here; it belongs to schedule=step.\n"
    assert trainlab("show", "mine.toml", "augment=none", "schedule=step").err == ""
    trained = trainlab("train", "mine.toml", "augment=none", "schedule=step", "epochs=1", "--progress", "none")
    assert (trained.status, trained.err) == (0, "")
    assert trainlab("show", "runs/mine-1").err == ""


def test_runs_are_numbered_and_can_be_named(trainlab: Command, tiny: str) -> None:
    for _ in range(2):
        trainlab("train", tiny, "epochs=1", "--progress", "none")
    trainlab("train", tiny, "epochs=1", "--run", "mine/first", "--progress", "none")
    assert {path.parent.name for path in Path().glob("*/*/summary.json")} == {"tiny-1", "tiny-2", "first"}


def test_a_number_that_is_taken_while_the_data_is_read_is_passed_over(
    trainlab: Command, tiny: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainlab("train", tiny, "epochs=1", "--progress", "none")
    numbers = iter([Path("runs/tiny-1")])  # as if it had not been there a moment ago
    monkeypatch.setattr(
        "trainlab.experiments.next_run_path", lambda *words: next(numbers, None) or next_run_path(*words)
    )
    done = trainlab("train", tiny, "epochs=1", "--progress", "none")
    assert (done.status, done.err) == (0, "")
    assert "folder   runs/tiny-2\n" in done.out
    taken = trainlab("train", tiny, "--run", "runs/tiny-1")
    assert taken.status == 2
    assert "runs/tiny-1 exists already" in taken.err
    assert {path.name for path in Path("runs").iterdir()} == {"tiny-1", "tiny-2"}


def test_a_number_that_is_never_free_is_refused(trainlab: Command, tiny: str) -> None:
    Path("runs").mkdir()
    Path("runs/tiny-1").symlink_to("nowhere")
    done = trainlab("train", tiny)
    assert done.status == 2
    assert "runs/tiny-1 exists already" in done.err


def test_no_progress_is_silence_until_the_table(trainlab: Command, tiny: str) -> None:
    done = trainlab("train", tiny, "--progress", "none")
    assert done.err == ""


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["mnst-mlp"], "unknown preset 'mnst-mlp'; did you mean 'mnist-mlp'?"),
        (["mnist-mlp", "lr=0"], "lr = 0 does not fit"),
        (["mnist-mlp", "bach_size=3"], "did you mean 'batch_size'?"),
        (["mnist-mlp", "batch_size=60000"], "batch_size=60000: expected 1 to 54000"),
        (["mnist-mlp", "split=70000"], "split = 70000 does not fit: expected a share strictly between 0 and 1"),
        (["missing.toml"], "missing.toml cannot be read"),
        (["mnist-mlp", "--run", "."], "exists already"),
        (["fashion-mnist-mlp", "data_dir=nowhere"], "no such folder"),
        (["fashion-mnist-mlp"], "Put train-images-idx3-ubyte.gz and train-labels-idx1-ubyte.gz into"),
        (["mnist-mlp", "--progress", "loud"], "'loud' is not one of"),
        ([], "Missing argument 'PRESET'"),
    ],
)
def test_bad_input_is_one_message_status_2_and_nothing_written(
    trainlab: Command, tmp_path: Path, words: list[str], message: str
) -> None:
    done = trainlab("train", *words)
    assert done.status == 2
    assert message in done.err
    assert "Traceback" not in done.err
    assert done.out == ""
    assert list(tmp_path.iterdir()) == []


def test_debug_shows_the_traceback(trainlab: Command) -> None:
    from trainlab.cli import main
    from trainlab.errors import InputError

    with pytest.raises(InputError):
        main(["--debug", "train", "mnst-mlp"])


def test_a_diverging_run_says_so_and_ends_with_status_1(trainlab: Command, tiny: str) -> None:
    done = trainlab("train", tiny, "lr=1e30")
    assert done.status == 1
    assert "the run diverged: the training loss became nan in step" in done.err
    assert "try lr=1e+29" in done.err


def test_a_finished_run_is_not_resumed(trainlab: Command, tiny: str) -> None:
    trainlab("train", tiny)
    done = trainlab("resume", "runs/tiny-1")
    assert (done.status, done.out[:36]) == (0, "runs/tiny-1 has finished already. It")


def test_resuming_what_is_no_run(trainlab: Command) -> None:
    done = trainlab("resume", "nothing")
    assert done.status == 2
    assert "nothing is not a folder" in done.err


def test_ctrl_c_saves_and_the_printed_command_goes_on(trainlab: Command, tiny: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "trainlab", "train", tiny, "epochs=60", "--run", "stopped"]
    running = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE)
    deadline = time.monotonic() + 60
    while not (tmp_path / "stopped/metrics.jsonl").exists():
        assert time.monotonic() < deadline
        time.sleep(0.005)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=60)
    assert running.returncode == 130, err
    assert b"stopping after this step" in err
    assert b"go on with:  trainlab resume stopped" in out
    assert json.loads((tmp_path / "stopped/summary.json").read_text())["status"] == "interrupted"

    done = trainlab("resume", "stopped")
    assert done.status == 0, done.err
    assert "epoch 60/60" in done.err


def test_event_files_are_written_on_request_and_by_a_resumed_run(
    trainlab: Command, tiny: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = trainlab("train", tiny, "--tensorboard", "--run", "kept")
    assert done.status == 0, done.err
    assert "watch it with:  tensorboard --logdir ." in done.err
    events = Path("kept/tensorboard")
    assert len(list(events.iterdir())) == 1
    Path("kept/summary.json").unlink()  # as if it had been killed at its very end
    assert trainlab("resume", "kept").status == 0
    assert len(list(events.iterdir())) == 2
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    done = trainlab("train", tiny, "--tensorboard", "--run", "other")
    assert done.status == 2
    assert "pip install 'trainlab[track]'" in done.err
    assert not Path("other").exists()


def test_what_to_type_next_can_be_typed(trainlab: Command, tiny: str) -> None:
    done = trainlab("train", tiny, "--run", "my <b>run", "--progress", "none")
    assert done.status == 0, done.err
    assert "trainlab predict 'my <b>run' IMAGE.png   what it sees" in done.out
    assert "trainlab evaluate 'my <b>run'" in trainlab("resume", "my <b>run").out


def test_another_rate_is_tried_with_all_that_was_typed(trainlab: Command, tiny: str, tiny_mnist: Path) -> None:
    words = ["epochs=1", "hidden=[8, 8]", "lr=0.2", f"data_dir={tiny_mnist}"]
    done = trainlab("train", tiny, *words, "--run", "first", "--progress", "none")
    kept = shlex.join(["trainlab", "train", tiny, words[0], words[1], words[3], "lr=0.02"])
    assert f"\n  {kept}   change any setting" in done.out
    again = trainlab(*shlex.split(kept)[1:], "--run", "second", "--progress", "none")
    assert again.status == 0, again.err
    first, second = (RunFolder.open(Path(name)).config for name in ("first", "second"))
    assert second.differences(first) == {"lr": 0.02}


def test_another_rate_is_tried_with_all_that_a_resumed_run_was_started_with(trainlab: Command, tiny: str) -> None:
    trainlab("train", tiny, "epochs=1", "--run", "my run", "--progress", "none")
    Path("my run/summary.json").unlink()  # as if it had been killed at its very end
    done = trainlab("resume", "my run", "--progress", "none")
    assert "\n  trainlab train 'my run/config.toml' lr=0.05   change any setting" in done.out
    assert trainlab("train", "my run/config.toml", "lr=0.05", "--run", "again", "--progress", "none").status == 0
