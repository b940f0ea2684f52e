"""``trainlab compare``."""

import csv
import io
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tests.cli.command import Command
from tests.cli.tiny_runs import train_two_rates
from trainlab.experiments import Config, train


@pytest.fixture(scope="module")
def measured(tiny_mnist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two settings, three seeds each."""
    return train_two_rates(tiny_mnist, tmp_path_factory.mktemp("compare"), seeds=3)


@pytest.fixture
def runs(trainlab: Command, measured: Path) -> str:
    """The same, as a folder beside a command's."""
    Path("runs").symlink_to(measured, target_is_directory=True)
    return "runs"


def test_a_table_and_what_it_means(trainlab: Command, runs: str) -> None:
    done = trainlab("compare", runs)
    assert done.status == 0
    header, best, worse, *_ = done.out.splitlines()
    assert header.split()[:2] == ["lr", "n"]
    assert best.split()[:2] == ["0.5", "3"]
    assert worse.split()[:2] == ["0.01", "3"]
    assert "lr=0.5 is " in done.out
    assert "above lr=0.01 (p " in done.out
    assert "test accuracy of lr=0.5, which validation chose: " in done.out


def test_json_and_csv_hold_the_same_figures(trainlab: Command, runs: str) -> None:
    found = json.loads(trainlab("compare", runs, "--json").out)
    rows = list(csv.DictReader(io.StringIO(trainlab("compare", runs, "--csv").out)))
    assert [row["lr"] for row in rows] == ["0.5", "0.01"]
    for row, setting in zip(rows, found["settings"], strict=True):
        assert float(row["validation_accuracy_mean"]) == setting["validation_accuracy"]["mean"]
        assert float(row["train_loss_std"]) == setting["train_loss"]["std"]
        assert setting["seeds"] == [0, 1, 2]
    assert found["best_minus_others"][0]["paired"]
    assert trainlab("compare", runs, "--json").out == trainlab("compare", runs, "--json").out


def test_main_effects_are_told_where_several_settings_differ(
    trainlab: Command, tiny_mnist: Path, tmp_path: Path
) -> None:
    base = Config(hidden=(8,), batch_size=100, epochs=1, data_dir=str(tiny_mnist))
    for lr in (0.5, 0.01):
        for momentum in (0.0, 0.5):
            train(replace(base, lr=lr, momentum=momentum), tmp_path / f"grid/{lr}-{momentum}", "tiny")
    done = trainlab("compare", "grid")
    assert "validation accuracy, mean over the other settings" in done.out
    effects = json.loads(trainlab("compare", "grid", "--json").out)["main_effects"]
    assert sorted(effect["name"] for effect in effects) == ["lr", "momentum"]
    for effect in effects:
        line = next(line for line in done.out.splitlines() if line.startswith(f"{effect['name']} ") and ": " in line)
        assert all(f"{level['value']}: {level['mean']:.4f}" in line for level in effect["levels"])
    (tmp_path / "grid/0.01-0.5/summary.json").unlink()
    assert "without 1 that no other one matches" in trainlab("compare", "grid").out


def test_shares_of_the_variance_are_told_where_points_are_no_grid(
    trainlab: Command, tiny_mnist: Path, tmp_path: Path
) -> None:
    base = Config(hidden=(8,), batch_size=100, epochs=1, data_dir=str(tiny_mnist))
    for number in range(1, 13):
        config = replace(base, lr=0.002 * 1.8**number, momentum=0.07 * number * 5 % 0.8)
        train(config, tmp_path / f"search/{number}", "tiny")
    done = trainlab("compare", "search")
    assert "share of the variance of validation accuracy that each explains by itself, over 12 settings" in done.out
    found = json.loads(trainlab("compare", "search", "--json").out)["importance"]
    assert sorted(one["name"] for one in found) == ["lr", "momentum"]
    for one in found:
        assert f"{one['name']:20}{one['share']:.2f}  ({one['low']:.2f} … {one['high']:.2f})" in done.out


def test_single_runs_conclude_nothing(trainlab: Command, runs: str) -> None:
    done = trainlab("compare", "runs/0.5-0", "runs/0.01-0", "--metric", "validation_loss", "--epoch", "last")
    assert "nothing can be concluded" in done.out
    assert "figures of each run's last epoch" in done.out
    assert "warning: lr=0.5: 1 seed only" in done.out


def test_a_comparison_in_chinese(trainlab: Command, runs: str) -> None:
    done = trainlab("compare", runs, "--lang", "zh-TW")
    assert done.status == 0
    header, best, *_ = done.out.splitlines()
    assert header.split()[:3] == ["lr", "n", "驗證準確率"]
    assert best.split()[:2] == ["0.5", "3"]
    assert "取每次訓練最佳 epoch 的數值" in done.out
    assert "lr=0.5 比 lr=0.01 高" in done.out
    assert "lr=0.5（由驗證結果選出）的測試準確率" in done.out
    english = trainlab("compare", runs).out
    assert not set(english.splitlines()) & set(done.out.splitlines()) - {"", *(best, done.out.splitlines()[2])}
    found = json.loads(trainlab("compare", runs, "--lang", "zh-TW", "--json").out)
    assert "個百分點" in found["sentences"][0]


def test_a_narrow_terminal_shows_whole_words(
    trainlab: Command, tiny_mnist: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = Config(hidden=(16,), batch_size=50, epochs=1, data_dir=str(tiny_mnist), momentum=0.9)
    for lr, momentum in ((0.02, 0.9), (0.1, 0.5)):
        for seed in (0, 1):
            run = tmp_path / "both" / f"{lr}-{seed}"
            train(replace(base, lr=lr, momentum=momentum, seed=seed), run, "tiny")
    for columns, is_shown in ((80, False), (120, True)):
        monkeypatch.setenv("COLUMNS", str(columns))
        told = trainlab("compare", "both").out
        header = told.splitlines()[0].split()
        assert header[:3] == ["lr", "momentum", "n"]
        assert ("no room here for seconds: see --csv" in told) == (not is_shown)
        assert ("seconds" in header) == is_shown


def test_a_picture_of_the_curves(trainlab: Command, runs: str) -> None:
    for name, beginning in (("bands.png", b"\x89PNG"), ("bands.svg", b"<?xml")):
        assert trainlab("compare", runs, "--plot", name).status == 0
        drawn = Path(name).read_bytes()
        assert drawn.startswith(beginning)
        trainlab("compare", runs, "--plot", name)
        assert Path(name).read_bytes() == drawn


def test_a_picture_speaks_the_language_where_there_is_a_font_for_it(
    trainlab: Command, runs: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("compare", runs, "--lang", "zh-TW", "--plot")
    module = "trainlab.report.seed_bands.east_asian_fonts"
    monkeypatch.setattr(module, lambda: ["Noto Sans CJK TC"])
    chinese = trainlab(*words, "chinese.svg")
    assert (chinese.status, chinese.err) == (0, "")
    drawn = Path("chinese.svg").read_text(encoding="utf-8")  # matplotlib writes each text into it as a comment
    for text in (
        "驗證準確率與損失：各種子的平均 ± 標準差",
        "最好的排在最前面",
        "準確率",
        "損失",
        "lr=0.5    最佳 epoch 0.",
    ):
        assert f"<!-- {text}" in drawn
    assert not re.search("<!-- (accuracy|loss|best)", drawn)

    monkeypatch.setattr(module, list)
    english = trainlab(*words, "english.svg")
    assert english.status == 0
    assert "這台機器沒有中文字型" in english.err
    assert trainlab("compare", runs, "--plot", "plain.svg").err == ""
    assert Path("english.svg").read_bytes() == Path("plain.svg").read_bytes()


@pytest.mark.parametrize(("name", "line"), [("summary.json", ""), ("metrics.jsonl", ", line 2,")])
def test_a_damaged_file_is_named(trainlab: Command, measured: Path, name: str, line: str) -> None:
    shutil.copytree(measured, "copies")
    path = Path("copies/0.5-1") / name
    path.write_bytes(path.read_bytes()[:-20])
    done = trainlab("compare", "copies")
    assert done.status == 2
    assert done.err.startswith(f"trainlab: {path}{line} is damaged (")
    assert len(done.err.splitlines()) == 1


def test_the_line_that_a_killed_run_was_writing_does_not_count(trainlab: Command, measured: Path) -> None:
    shutil.copytree(measured, "copies")
    killed = Path("copies/0.5-1")
    (killed / "summary.json").unlink()
    metrics = killed / "metrics.jsonl"
    whole, half = metrics.read_bytes(), b'{"epoch": 99, "step": 1, "tra'
    before = trainlab("compare", "copies", "--json")
    metrics.write_bytes(whole + half)
    after = trainlab("compare", "copies", "--json")
    assert before.status == after.status == 0
    assert before.out == after.out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["runs/0.5-0"], "compare needs at least two runs, got 1"),
        (["nowhere", "runs"], "nowhere is not a folder"),
        (["runs", "--lang", "zh"], "unknown language 'zh'; did you mean 'zh-TW'?"),
        (["runs", "--metric", "test_accuracy"], "unknown metric 'test_accuracy'"),
        (["runs", "--json", "--csv"], "--json and --csv exclude each other"),
        (["runs", "--plot", "bands.gif"], "bands.gif is no picture that can be drawn"),
    ],
)
def test_what_cannot_be_compared_is_refused(trainlab: Command, runs: str, words: list[str], message: str) -> None:
    done = trainlab("compare", *words)
    assert done.status == 2
    assert message in done.err
    assert done.out == ""
