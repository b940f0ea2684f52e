"""What the READMEs tell people to type works, and both languages tell the same."""

import doctest
import re
import shlex
from pathlib import Path

import numpy as np
import pytest

from tests.cli.command import command
from tests.cli.test_verbs import save_digit
from tests.data.small_cifar import use_small_cifar, write_unpacked
from tests.tiny_mnist import write_tiny_mnist

ROOT = Path(__file__).parents[1]
READMES = ["README.md", "README.zh-TW.md"]
SET_UP = ("make ", "git ", "cd ", "python3 ", "pip ", "torchrun ", "trainlab data get ", ".venv", "#")  # or network
SMALLER = ["epochs=1", "batch_size=50", "split=20", "hidden=8x8x8"]
"""What a CIFAR-10 of 200 images needs for the commands that train on it."""


def blocks(readme: str, language: str) -> list[str]:
    """The fenced blocks of one language, in order."""
    return re.findall(
        rf"^```{language}\n(.*?)^```", (ROOT / readme).read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )


def commands(readme: str) -> list[list[str]]:
    """Every line of the shell blocks that is not set-up, as words."""
    lines = "".join(blocks(readme, "sh")).splitlines()
    return [shlex.split(line, comments=True) for line in lines if line.strip() and not line.startswith(SET_UP)]


@pytest.mark.timeout(900)
def test_the_shell_commands_work_in_order(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As they are typed, on 1,000 images of MNIST and 200 of CIFAR-10."""
    monkeypatch.chdir(tmp_path)
    use_small_cifar(monkeypatch)
    write_unpacked(tmp_path / "data", "cifar-10", "python")
    write_tiny_mnist(tmp_path / "data" / "mnist", train=1000)
    monkeypatch.setenv("TRAINLAB_DATA", str(tmp_path / "data"))
    save_digit(tmp_path / "seven.png", 0)
    found = commands("README.md")
    assert len(found) >= 5
    for program, *words in found:
        assert program == "trainlab"
        is_long = words[0] == "train" and words[1].startswith("cifar10")
        smaller = SMALLER if is_long else ["--scale", "0.001", "--seeds", "2"] if words[0] == "reproduce" else []
        done = command(capsys, *words, *smaller)
        assert done.status == 0, (words, done.err)


@pytest.mark.parametrize("readme", READMES)
def test_the_python_blocks_print_what_they_say(readme: str) -> None:
    text = "\n".join(blocks(readme, "python"))
    test = doctest.DocTestParser().get_doctest(text, {"np": np}, readme, readme, 0)
    assert test.examples
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    assert runner.run(test).failed == 0


def test_both_languages_show_the_same_commands_and_figures() -> None:
    english, chinese = READMES
    assert commands(english) == commands(chinese)
    assert blocks(english, "python") == blocks(chinese, "python")
    figures = [re.findall(r"\d[\d,.]*\d", (ROOT / readme).read_text(encoding="utf-8")) for readme in READMES]
    assert sorted(set(figures[0])) == sorted(set(figures[1]))


@pytest.mark.parametrize("readme", READMES)
def test_every_linked_file_exists(readme: str) -> None:
    targets = re.findall(r"\]\(([^)#]+)\)", (ROOT / readme).read_text(encoding="utf-8"))
    assert targets
    missing = [target for target in targets if not target.startswith("http") and not (ROOT / target).exists()]
    assert missing == []
