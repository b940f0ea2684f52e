"""A sweep as data: from words, from a file, and back."""

import sys
from pathlib import Path

import pytest

from trainlab.errors import InputError
from trainlab.experiments import Config, load_preset
from trainlab.experiments.cores import CORES_VARIABLE
from trainlab.experiments.sweep import Options, Range, Sweep, build_sweep, parse_budget

FILE = """
preset = "mnist-fast"
seeds = 3
jobs = 2
search = "random"
trials = 4
budget = "90s"

[vary]
lr = "log:1e-3..1"
hidden = ["64x32", 16]

[settings]
epochs = 5
seed = 7
"""


def test_words_change_a_preset_and_the_test_set_is_left_alone(tiny_file: str) -> None:
    sweep = build_sweep(tiny_file, ["lr=0.1,0.2", "epochs=4", "seed=5"], Options(seeds=3))
    assert sweep.name == "tiny"
    assert sweep.seeds == (5, 6, 7)
    config = sweep.config({"lr": 0.2}, 6)
    expected = load_preset(tiny_file).config.override(["lr=0.2", "epochs=4", "seed=6", "evaluate_test=false"])
    assert config == expected


def test_nothing_varied_is_one_point_over_seeds(tiny_file: str) -> None:
    assert build_sweep(tiny_file, [], Options(seeds=3)).known_points() == [{}]


def test_a_file_says_the_same_and_words_come_after_it(tmp_path: Path) -> None:
    path = tmp_path / "search.toml"
    path.write_text(FILE)
    sweep = build_sweep(str(path))
    words = ["lr=log:1e-3..1", "hidden=64x32,16", "epochs=5", "seed=7"]
    assert sweep == build_sweep("mnist-fast", words, Options(3, 2, "random", 4, 90.0))
    changed = build_sweep(str(path), ["lr=0.1", "epochs=1..3"], Options(jobs=1))
    assert changed.base.lr == 0.1
    assert changed.space["epochs"] == Range(1, 3, is_whole=True)
    assert (changed.jobs, changed.trials) == (1, 4)


def test_what_is_written_reads_back(tmp_path: Path, tiny_file: str) -> None:
    words = ["lr=log:1e-3..1", "hidden=64x32,16", "augment=none,crop+flip", "nesterov=true", "momentum=0.5,0.9"]
    sweep = build_sweep(
        tiny_file, words, Options(2, 2, "tpe", 5, 90.0, search_seed=3, prune="halving", tensorboard=True)
    )
    (tmp_path / "sweep.toml").write_text(sweep.to_toml())
    assert build_sweep(str(tmp_path / "sweep.toml")) == sweep


def test_a_preset_beside_the_file_is_found(tmp_path: Path, tiny_file: str) -> None:
    (tmp_path / "mine.toml").write_text("lr = 0.7\n")
    (tmp_path / "s.toml").write_text('preset = "mine.toml"\nseeds = 2\n')
    assert build_sweep(str(tmp_path / "s.toml")).base.lr == 0.7


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("seeds = 2\nlr = 0.1\n", r"s.toml: unknown key of a sweep 'lr'.*put lr there"),
        ("sedes = 2\nseeds = 2\n", "did you mean 'seeds'"),
        ("seeds = true\n", "seeds = True does not fit"),
        ("tensorboard = 1\n", "tensorboard = 1 does not fit: it is true or false"),
        ("seeds = 0\n", "seeds = 0 does not fit: it is a whole number from 1"),
        ("vary = 3\n", r"vary is a table: write \[vary\]"),
        ('search = "gird"\n', "unknown search 'gird'; did you mean 'grid'"),
        ('prune = "medain"\n', "unknown way to prune 'medain'; did you mean 'median'"),
        ("prune = true\n", "unknown way to prune 'True'"),
        ("budget = 30\n", "budget = 30 is not a time"),
        ("[vary]\nlr = []\n", "lr has no value to try"),
        ("[vary]\nlr = [0.1, 0.1]\n", "lr has the value 0.1 twice"),
        ("[vary]\nlr = [0.1]\n[settings]\nlr = 0.2\n", "lr is both fixed and varied"),
        ("[settings]\nlr = -1\n[vary]\n", "lr = -1 does not fit"),
    ],
)
def test_files_that_are_wrong_are_named(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "s.toml").write_text(text)
    with pytest.raises(InputError, match=rf"(?s)s\.toml: .*{message}" if "s.toml" not in message else message):
        build_sweep(str(tmp_path / "s.toml"))


@pytest.mark.parametrize(
    ("words", "options", "message"),
    [
        (["seed=1,2"], Options(), "--seeds 5 runs every point with five seeds"),
        (["evaluate_test=true"], Options(), "never reads the test set"),
        (["evaluate_test=true,false"], Options(), "never reads the test set"),
        (["lr=0.1,0.2"], Options(trials=3), "a grid has as many points as it has"),
        (["lr=0.1,0.2"], Options(search="random"), "--search random needs the number of points"),
        ([], Options(search="random", trials=3), "has nothing to vary"),
        (["seed=4294967295"], Options(seeds=2), "seed = 4294967295 does not fit: 2 seeds count up"),
        (["nesterov=true"], Options(), "nesterov = true needs a momentum"),
        (["lr=0.1,0.2", "epochs=1"], Options(prune="median"), "--prune median ends runs between two epochs, and these"),
        (["lr=0.1,0.2", "epochs=2,4"], Options(prune="halving"), "--prune halving compares runs after the same epoch"),
        (["lr=0.1"], Options(prune="hyperband"), "--prune hyperband ends runs whose settings .* nothing is varied"),
    ],
)
def test_sweeps_that_make_no_sense(tiny_file: str, words: list[str], options: Options, message: str) -> None:
    with pytest.raises(InputError, match=message):
        build_sweep(tiny_file, words, options)


def test_every_point_is_looked_at(tiny_file: str) -> None:
    sweep = build_sweep(tiny_file, ["optimizer=sgd,adam", "momentum=0,0.9"])
    with pytest.raises(InputError, match=r"point 4 of 4, optimizer=adam momentum=0.9: momentum and nesterov belong"):
        sweep.check_points()


def test_a_setting_that_is_wrong_until_it_is_varied_is_no_matter(tiny_file: str) -> None:
    sweep = build_sweep(tiny_file, ["nesterov=true", "momentum=0.5,0.9"])
    assert len(sweep.check_points()) == 2


def test_a_word_undoes_the_pruning_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text('prune = "median"\n[vary]\nlr = [0.1, 0.2]\n[settings]\nepochs = 3\n')
    assert build_sweep(str(tmp_path / "s.toml")).prune == "median"
    assert build_sweep(str(tmp_path / "s.toml"), [], Options(prune="none")).prune == "none"


def test_pruning_without_optuna_is_refused_before_anything_begins(
    tiny_file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(InputError, match=r"--prune median needs optuna, .*: pip install 'trainlab\[sweep\]'"):
        build_sweep(tiny_file, ["lr=0.1,0.2"], Options(prune="median"))


def test_jobs_share_the_cores(tiny_file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CORES_VARIABLE, "8")

    def cores(jobs: int) -> int:
        sweep: Sweep = build_sweep(tiny_file, [], Options(jobs=jobs))
        return sweep.cores_per_job

    assert [cores(jobs) for jobs in (1, 2, 3, 8, 100)] == [8, 4, 2, 1, 1]


@pytest.mark.parametrize("text", ["", "30", "m", "-3m", "3 weeks", "0s", "1e3s"])
def test_a_budget_has_a_number_and_a_unit(text: str) -> None:
    with pytest.raises(InputError, match=r"is not a time\. Write a number and its unit"):
        parse_budget(text)


def test_a_sweep_file_given_to_train_is_told_apart(tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text(FILE)
    with pytest.raises(InputError, match=r"describes a sweep, not a single run\. Run it with `trainlab sweep"):
        load_preset(str(tmp_path / "s.toml"))
    assert "vary" not in Config.__dataclass_fields__


LISTED = """
preset = "mnist-fast"

[[points]]
lr = 0.01

[[points]]
lr = 0.1
split = 0.2
"""


def test_listed_points_have_the_preset_where_they_say_nothing(tmp_path: Path) -> None:
    path = tmp_path / "list.toml"
    path.write_text(LISTED)
    sweep = build_sweep(str(path), ["epochs=2"], Options(seeds=2))
    usual = load_preset("mnist-fast").config.split
    assert sweep.known_points() == [{"lr": 0.01, "split": usual}, {"lr": 0.1, "split": 0.2}]
    assert (sweep.search, sweep.config(sweep.known_points()[1], 0).epochs) == ("list", 2)
    (tmp_path / "sweep.toml").write_text(sweep.to_toml())
    assert build_sweep(str(tmp_path / "sweep.toml")) == sweep


@pytest.mark.parametrize(
    ("text", "words", "message"),
    [
        (LISTED + "[vary]\nepochs = [1, 2]", [], r"epochs is varied, and the points are listed already"),
        (LISTED, ["lr=0.1"], r"lr is both fixed and varied"),
        ('search = "random"\n' + LISTED, [], r"search = random finds its points itself"),
        ('search = "list"\nseeds = 2', [], r"search = list needs the points: write \[\[points\]\]"),
        (LISTED + "[[points]]\nlr = 0.1\nsplit = 0.2", [], r"point 3, lr=0.1 split=0.2, is point 2 again"),
        ("points = 3", [], r"points is a list of tables"),
        ("[[points]]\nlearning_rate = 0.1", [], r"unknown setting 'learning_rate'; did you mean 'lr'"),
        ("trials = 3\n" + LISTED, [], r"a list has as many points as it has"),
    ],
)
def test_lists_of_points_that_do_not_fit(tmp_path: Path, text: str, words: list[str], message: str) -> None:
    path = tmp_path / "list.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        build_sweep(str(path), words)
