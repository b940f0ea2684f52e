"""``trainlab lr-find`` as a user types it."""

import shlex
from pathlib import Path

import pytest

from tests.cli.command import Command
from trainlab.cli.lr_find import _as_one_value


def test_it_draws_a_curve_says_how_sure_it_is_and_what_to_compare(trainlab: Command, tiny: str) -> None:
    done = trainlab("lr-find", tiny, "optimizer=adam", "--high", "1e3")
    assert done.status == 0, done.err
    for words in ("seed 2: ", "Try a learning rate near ", "The 3 seeds ", "curve    lr-tiny-1.png"):
        assert words in done.out
    assert f"compare  trainlab sweep {tiny} optimizer=adam lr=" in done.out
    assert Path("lr-tiny-1.png").read_bytes().startswith(b"\x89PNG")
    assert "lr-tiny-2.png" in trainlab("lr-find", tiny, "--seeds", "1").out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["mnst-fast"], "did you mean 'mnist-fast'?"),
        (["tiny.toml", "bach_size=3"], "did you mean 'batch_size'?"),
        (["tiny.toml", "--low", "1", "--high", "0.1"], "the range from 1 to 0.1 does not fit"),
        (["tiny.toml", "--steps", "3"], "3 steps are too few"),
        (["tiny.toml", "--seeds", "0"], "0 is not in the range"),
        (["tiny.toml", "--out", "tiny.toml"], "tiny.toml exists already and is not overwritten"),
        (["tiny.toml", "--out", "curve.svg"], "curve.svg: the curve is drawn as PNG"),
    ],
)
def test_bad_input_is_one_message(trainlab: Command, tiny: str, tmp_path: Path, words: list[str], message: str) -> None:
    before = sorted(tmp_path.rglob("*"))
    done = trainlab("lr-find", *words)
    assert done.status == 2
    assert message in done.err
    assert "Traceback" not in done.err
    assert sorted(tmp_path.rglob("*")) == before


def test_the_sweep_that_it_proposes_can_be_typed(trainlab: Command, tiny: str, tiny_mnist: Path) -> None:
    done = trainlab("lr-find", tiny, "hidden=[8, 4]", f"data_dir={tiny_mnist}", "--seeds", "1")
    (proposed,) = (line for line in done.out.splitlines() if line.startswith("compare  trainlab "))
    assert "'hidden=[8, 4]'" in proposed
    assert trainlab(*shlex.split(proposed)[2:], "--dry-run").status == 0
    assert _as_one_value("dataset=folder:pets,size=16") == "dataset='folder:pets,size=16'"
