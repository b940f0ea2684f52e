"""Published experiments as files."""

import math
from dataclasses import replace
from pathlib import Path

import pytest

from trainlab.errors import InputError
from trainlab.experiments import load_preset, study_names
from trainlab.experiments.reproduction import load_study, scaled
from trainlab.experiments.sweep import Options

STUDY = """
preset = "mnist-fast"
title = "Ours"
seeds = 2

[[points]]
lr = 0.1
published = { validation_accuracy = 0.97, train_loss = 1 }

[[points]]
lr = 0.2
split = 0.2

[[claims]]
says = "faster is better"
figure = "validation_accuracy"
more = { split = 0.2 }
less = { lr = 0.1 }

[[claims]]
says = { en = "it rises", zh-TW = "上升" }
figure = "late_rise_of_loss"
more = { lr = 0.2 }
"""


def written(folder: Path, text: str) -> str:
    path = folder / "study.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_a_file_is_a_sweep_with_what_was_published(tmp_path: Path) -> None:
    study = load_study(written(tmp_path, STUDY))
    usual = load_preset("mnist-fast").config.split
    assert study.points == ({"lr": 0.1, "split": usual}, {"lr": 0.2, "split": 0.2})
    assert study.published == ({"validation_accuracy": 0.97, "train_loss": 1.0}, {})
    assert [(claim.more, claim.less) for claim in study.claims] == [(1, 0), (1, None)]
    assert study.claims[0].says == {"en": "faster is better", "zh-TW": "faster is better"}
    sweep = study.sweep(Options(jobs=1), ("epochs=3",))
    assert sweep.known_points() == list(study.points)
    assert (sweep.base.epochs, sweep.seeds, sweep.search) == (3, (0, 1), "list")


def test_what_is_written_beside_the_runs_reads_back_without_the_preset(tmp_path: Path) -> None:
    study = replace(load_study(written(tmp_path, STUDY)), scale=0.5)
    again = load_study(written(tmp_path, study.to_toml()))
    assert replace(again, path=study.path, values=study.values) == study


@pytest.mark.parametrize("name", study_names())
def test_every_experiment_of_ours_is_whole(name: str) -> None:
    study = load_study(name)
    sweep = study.sweep(Options())
    assert [sweep.config(point, 0) for point in sweep.check_points()]
    assert not sweep.base.evaluate_test
    assert all(set(claim.says) == {"en", "zh-TW"} for claim in study.claims)
    assert replace(load_study(name), values={}) == replace(study, values={})


def test_the_lab_reports_tables_are_there() -> None:
    mnist, cifar = load_study("lab1-mnist"), load_study("lab1-cifar10")
    assert (len(mnist.points), len(mnist.claims)) == (4, 5)
    assert (len(cifar.points), len(cifar.claims)) == (6, 5)
    assert mnist.published[1] == {
        "train_loss": 0.2695,
        "train_accuracy": 0.974,
        "validation_loss": 0.336,
        "validation_accuracy": 0.9676,
    }
    assert cifar.published[0]["validation_accuracy"] == 0.9208
    assert len({tuple(point.items()) for point in cifar.points}) == 6


def test_there_are_as_many_jobs_as_cores_leave_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("reproduction.study", "sweep.reading"):
        monkeypatch.setattr(f"trainlab.experiments.{module}.available_cores", lambda: 8)
    mnist, cifar = load_study("lab1-mnist"), load_study("lab1-cifar10")
    assert [(s.jobs, s.cores_per_job) for s in (mnist.sweep(Options()), mnist.sweep(Options(seeds=1)))] == [
        (8, 1),
        (4, 1),
    ]
    assert (cifar.sweep(Options()).jobs, cifar.sweep(Options()).cores_per_job) == (1, 8)
    assert cifar.sweep(Options(jobs=2)).cores_per_job == 4


def test_a_smaller_scale_does_that_share_of_the_work() -> None:
    cifar = load_preset("cifar10-lab1").config
    for scale in (0.5, 0.1, 0.02, 0.003):
        short = scaled([cifar], 50_000, scale)
        done = short["epochs"] * short["subset"] / (cifar.epochs * 50_000)
        assert done == pytest.approx(scale, rel=0.01)
        assert short["epochs"] == 5 * short["step_every"], "there are four drops, as there were"
    assert scaled([cifar], 50_000, 1) == {}
    lab1 = scaled([load_preset("mnist-lab1").config], 60_000, 0.01)
    assert lab1["epochs"] * lab1["subset"] == pytest.approx(0.01 * 600_000, rel=0.01)


@pytest.mark.parametrize(
    ("scale", "message"),
    [
        (0, "above 0 and at most 1"),
        (1.5, "--scale 1.5 does not fit"),
        (float("nan"), "--scale nan does not fit"),
        (1e-5, r"--scale 1e-05 would leave 5 images for 5 epochs, which says nothing. Take --scale 0.00029 or more"),
        (2.5e-4, r"leave 113 of 125 images to train on, fewer than one batch of batch_size = 128. Take --scale 0.0002"),
    ],
)
def test_scales_that_do_not_fit(scale: float, message: str) -> None:
    with pytest.raises(InputError, match=message):
        scaled([load_preset("cifar10-lab1").config], 50_000, scale)


@pytest.mark.parametrize("split", [0.1, 0.2, 5000])
def test_the_scale_that_is_named_is_the_smallest_round_one_that_leaves_a_batch(split: float) -> None:
    words = [f"split={split}"]
    points = [load_preset("cifar10-lab1").config.override([f"batch_size={size}", *words]) for size in (32, 256)]
    with pytest.raises(
        InputError, match=r"to train on, fewer than one batch of batch_size = \d+. Take --scale \S+ or"
    ) as raised:
        scaled(points, 50_000, 0.0004)
    least = float(str(raised.value).split("--scale ")[2].split(" ")[0])
    subset = scaled(points, 50_000, least)["subset"]
    assert subset - (split if split > 1 else round(split * subset)) >= 256
    below = least - 10 ** (math.floor(math.log10(least)) - 1)  # one less in the second digit
    with pytest.raises(InputError, match=f"Take --scale {least:g} or more"):
        scaled(points, 50_000, below)


def test_what_is_set_by_hand_is_not_shortened() -> None:
    config = load_preset("mnist-lab1").config.override(["subset=50"])
    assert scaled([config], 60_000, 0.1, ["subset"]) == {"epochs": 3}


def test_milestones_are_not_shortened() -> None:
    config = load_preset("mnist-fast").config.override(["schedule=multi_step", "milestones=[5]"])
    with pytest.raises(InputError, match="cannot shorten schedule = multi_step"):
        scaled([config], 60_000, 0.1)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("train_loss = 1 ", "test_loss = 1 ", r"study.toml: unknown published figure 'test_loss'.*train_loss"),
        ("train_loss = 1 ", "train_loss = '1' ", r"published train_loss = '1' is not a number"),
        ("published = {", "published = 3 # {", r"published is a table of figures"),
        ('figure = "late_rise_of_loss"', 'figure = "late_rise"', r"claim 2: unknown figure 'late_rise'.*late_rise_of"),
        ("less = { lr = 0.1 }", "less = { lr = 0.3 }", r"claim 1: no point has lr=0.3 \(less\). The points: lr=0.1"),
        ("less = { lr = 0.1 }", "less = 3", r"claim 1: less names a point by its settings"),
        ("less = { lr = 0.1 }", "less = { lr = 0.2 }", r"claim 1 compares a point with itself"),
        ("less = { lr = 0.1 }", "fewer = { lr = 0.1 }", r"claim 1: unknown key of a claim 'fewer'"),
        ('figure = "validation_accuracy"', "", r"claim 1 has no figure"),
        ('says = "faster is better"', "says = 3", r"claim 1: says is a text, or one for each language"),
        ('title = "Ours"', "title = 3", r"title is a text, got 3"),
        ('title = "Ours"', "scale = 0", r"scale = 0 does not fit"),
        ('title = "Ours"', 'language = "zh"', r"unknown language 'zh'; did you mean 'zh-TW'"),
        ('title = "Ours"', 'titel = "Ours"', r"unknown key of a sweep 'titel'"),
        ('title = "Ours"', "claims = 3", r"study.toml is not valid TOML|claims is a list"),
    ],
)
def test_files_that_do_not_fit(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in STUDY
    with pytest.raises(InputError, match=message):
        load_study(written(tmp_path, STUDY.replace(old, new)))


def test_other_things_that_do_not_fit(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"unknown reproduction 'lab1-mnst'; did you mean 'lab1-mnist'"):
        load_study("lab1-mnst")
    with pytest.raises(InputError, match=r"missing.toml cannot be read"):
        load_study(str(tmp_path / "missing.toml"))
    with pytest.raises(InputError, match=r"a reproduction lists its points"):
        load_study(written(tmp_path, 'preset = "mnist-fast"'))
    with pytest.raises(InputError, match=r"claims is a list of tables"):
        load_study(written(tmp_path, "claims = 3\n[[points]]\nlr = 0.1"))
    study = load_study("lab1-mnist")
    with pytest.raises(InputError, match=r"lr is what the experiment varies"):
        study.sweep(Options(), ("lr=0.3",))
    with pytest.raises(InputError, match=r"epochs is given several values, but what a reproduction varies is fixed"):
        study.sweep(Options(), ("epochs=1,2",))
    with pytest.raises(InputError, match=r"seeds = 0 does not fit"):
        study.sweep(Options(seeds=0))
