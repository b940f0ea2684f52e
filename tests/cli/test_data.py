"""``trainlab data``: what is here, what can be fetched, what somebody has."""

from pathlib import Path

import pytest

from tests.cli.command import Command
from tests.data.picture_files import write_pets
from tests.data.small_cifar import packed, use_small_cifar
from trainlab.data import load


def test_data_list_says_what_is_here(trainlab: Command) -> None:
    out = trainlab("data", "list").out
    assert "in the package" in out
    for name in ("fashion-mnist", "cifar-10", "cifar-100"):
        assert f"not here: trainlab data get {name}" in out
    assert "50,000 + 10,000 images  100 classes" in out


def test_data_list_of_a_folder_that_is_not_there(trainlab: Command) -> None:
    done = trainlab("data", "list", "--data-dir", "nowhere")
    assert (done.status, done.out) == (2, "")
    assert done.err == (
        "trainlab: --data-dir nowhere: there is no such folder. Check the path, or leave --data-dir out.\n"
    )
    assert trainlab("data", "list", "--data-dir", ".").status == 0


def test_data_verify_checks_every_file(trainlab: Command) -> None:
    done = trainlab("data", "verify", "mnist")
    assert done.status == 0
    assert done.out.count("ok  ") == 4
    missing = trainlab("data", "verify", "fashion-mnist")
    assert missing.status == 1
    assert missing.out.count("BAD") == 4


def test_data_get_of_what_is_bundled_downloads_nothing(trainlab: Command) -> None:
    done = trainlab("data", "get", "mnist")
    assert done.status == 0
    assert "mnist is in" in done.out


def test_data_import_recognises_files_by_content(trainlab: Command, tmp_path: Path) -> None:
    found = load("mnist", "test")
    strange = tmp_path / "box"
    strange.mkdir()
    from trainlab.data import describe

    bundled = describe("mnist").bundled
    assert bundled is not None
    (strange / "unnamed").write_bytes((bundled / "t10k-labels-idx1-ubyte.gz").read_bytes())
    done = trainlab("data", "import", "box")
    assert done.status == 0
    assert "mnist: box" in done.out
    assert len(found) == 10_000


def test_data_takes_over_an_archive_of_cifar(
    trainlab: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_small_cifar(monkeypatch)
    name, content = packed("cifar-10", "binary")
    (tmp_path / "box").mkdir()
    (tmp_path / "box" / "unnamed").write_bytes(content)
    done = trainlab("data", "import", "box")
    assert (
        done.out == f"cifar-10: {Path('box', 'unnamed')} → {tmp_path / 'cache' / 'cifar-10' / name} (binary version)\n"
    )
    assert f"10 classes   in {tmp_path / 'cache' / 'cifar-10'}\n" in trainlab("data", "list").out
    done = trainlab("data", "verify", "cifar10")
    assert done.status == 0
    assert done.out.count("ok  ") == 6


def test_data_import_says_what_a_folder_of_pictures_holds(trainlab: Command, tmp_path: Path) -> None:
    write_pets(tmp_path / "pets", cats=10, dogs=6)
    (tmp_path / "pets" / "dog" / "002.png").write_text("spoilt")
    done = trainlab("data", "import", "pets", "--size", "16x24")
    assert done.status == 2
    assert f"1 of 16 files cannot be read as pictures:\n  {Path('dog', '002.png')}: is neither PNG nor JPEG" in done.err
    done = trainlab("data", "import", "pets", "--size", "16x24", "--skip-unreadable")
    assert done.status == 0
    lines = done.out.splitlines()
    assert lines[0] == "pictures in pets, 16×24, colour, 2 classes"
    assert [line.split() for line in lines[1:3]] == [
        ["train", "12", "cat", "8,", "dog", "4"],
        ["test", "3", "cat", "2,", "dog", "1"],
    ]
    assert lines[3].startswith("test was drawn from the one folder there is")
    assert lines[4] == f"skipped: {Path('pets', 'dog', '002.png')} is no readable picture"
    assert lines[5] == "use it with dataset=folder:pets,size=16x24,skip_unreadable"
    Path("my pets").mkdir()
    (tmp_path / "pets").rename(tmp_path / "my pets" / "train")
    lines = trainlab("data", "import", "my pets", "--skip-unreadable").out.splitlines()
    assert lines[-2] == "there is no folder test: train with evaluate_test=false"
    assert lines[-1] == "use it with 'dataset=folder:my pets,skip_unreadable'"


@pytest.mark.parametrize("option", ["--size=wide", "--channels=2"])
def test_data_import_refuses_settings_that_cannot_be(trainlab: Command, option: str) -> None:
    done = trainlab("data", "import", ".", option)
    assert done.status == 2
    assert f"{option.removeprefix('--')}: expected" in done.err


def test_data_import_of_nothing(trainlab: Command) -> None:
    done = trainlab("data", "import", "nowhere")
    assert done.status == 2
    assert "there is no such file or folder" in done.err


def test_data_of_an_unknown_name(trainlab: Command) -> None:
    done = trainlab("data", "get", "minst")
    assert done.status == 2
    assert "did you mean 'mnist'?" in done.err
