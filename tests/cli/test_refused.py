"""What the machine refuses is one message, whatever the verb; what is a bug keeps its traceback."""

import errno
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import Command

LONG = 300 * "x"
"""Longer than a name may be in any file system."""


def let_every_verb_raise(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def refuse(*words: Any, **settings: Any) -> None:
        raise error

    monkeypatch.setattr("trainlab.cli.cli.main", refuse)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (MemoryError("Unable to allocate 74.5 GiB for an array"), "(Unable to allocate 74.5 GiB for an array)"),
        (MemoryError(), "(Python could not get any more)"),
    ],
)
def test_too_little_memory_is_a_run_that_failed(
    trainlab: Command, monkeypatch: pytest.MonkeyPatch, error: MemoryError, told: str
) -> None:
    let_every_verb_raise(monkeypatch, error)
    done = trainlab("list")
    assert done.status == 1
    assert done.err == (
        f"trainlab: out of memory {told}. A smaller network (hidden), a smaller batch_size, smaller pictures (size) or "
        "fewer images (subset) need less.\n"
    )


LIMITED = """import resource
from trainlab.cli import main
resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
main()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not keep the limit")
def test_a_network_that_is_too_large_for_the_memory(tmp_path: Path) -> None:
    words = ["train", "mnist-mlp", "hidden=20000x40000", "subset=200", "epochs=1"]
    done = subprocess.run([sys.executable, "-c", LIMITED, *words], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("trainlab: out of memory (Unable to allocate 5.96 GiB for an array with shape ")
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "words",
    [
        ["show", f"{LONG}.toml"],
        ["train", "mnist-mlp", "--run", LONG],
        ["evaluate", LONG],
        ["resume", LONG],
        ["compare", LONG],
        ["export", LONG, "--to", "csv"],
        ["data", "import", LONG],
        ["data", "verify", "mnist", "--data-dir", LONG],
    ],
)
def test_a_path_that_the_system_refuses_is_one_message(trainlab: Command, tmp_path: Path, words: list[str]) -> None:
    done = trainlab(*words)
    assert done.status == 2
    assert LONG in done.err
    assert "(File name too long)" in done.err
    assert done.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            PermissionError(errno.EACCES, "Permission denied", "theirs/run"),
            "theirs/run: cannot be used (Permission denied). Check the path and its permissions.",
        ),
        (
            OSError(errno.EIO, "Input/output error"),
            "the operating system reports an error (Input/output error). `trainlab --debug …` shows where.",
        ),
        (OSError(), "the operating system reports an error (OSError). `trainlab --debug …` shows where."),
    ],
)
def test_an_error_of_the_system_names_what_it_is_about(
    trainlab: Command, monkeypatch: pytest.MonkeyPatch, error: OSError, message: str
) -> None:
    let_every_verb_raise(monkeypatch, error)
    assert trainlab("list") == (2, "", f"trainlab: {message}\n")


def test_debug_shows_where_the_system_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from trainlab.cli import main
    from trainlab.errors import InputError

    error = OSError(errno.EIO, "Input/output error")
    let_every_verb_raise(monkeypatch, error)
    with pytest.raises(InputError) as caught:
        main(["--debug", "list"])
    assert caught.value.__cause__ is error


@pytest.mark.parametrize("error", [TypeError("a bug"), KeyError("a bug"), RecursionError("a bug")])
def test_a_bug_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    from trainlab.cli import main

    let_every_verb_raise(monkeypatch, error)
    with pytest.raises(type(error), match="a bug"):
        main(["list"])


def test_a_reader_that_closes_the_pipe_is_told_nothing() -> None:
    from trainlab.cli.refused import refusals_explained

    with pytest.raises(BrokenPipeError), refusals_explained():
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")
    program = "import sys; from trainlab.cli import main; sys.stdin.read(); main()"
    words = [sys.executable, "-c", program, "show", "mnist-mlp"]
    writer = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert writer.stdout is not None
    writer.stdout.close()
    writer.stdout = None
    _, err = writer.communicate(timeout=60)
    assert err == b""
