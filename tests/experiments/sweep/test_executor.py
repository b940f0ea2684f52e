"""Which executor a sweep has, what a node refuses, and what passes between coordinator and jobs."""

import sys
from pathlib import Path

import pytest

from trainlab.errors import InputError
from trainlab.experiments.sweep import Executor, Options, SweepFolder, build_sweep
from trainlab.experiments.sweep.executors.node import LOCK, Ended, Job, run_worker
from trainlab.experiments.sweep.executors.slurm import SlurmCluster
from trainlab.lock import locked


def test_an_address_means_ray_and_options_of_slurm_mean_slurm() -> None:
    assert Executor.of(None) is None
    assert Executor.of(None, "auto") == Executor("ray", "auto")
    assert Executor.of(None, None, {"partition": "short"}) == Executor("slurm", "", {"partition": "short"})
    assert Executor.of("local") == Executor()


@pytest.mark.parametrize(
    ("name", "address", "slurm", "message"),
    [
        ("local", "auto", {}, "an address belongs to --executor ray, and this is local"),
        ("ray", "auto", {"partition": "short"}, "--slurm belongs to --executor slurm, and this is ray"),
        ("rya", "", {}, "unknown executor 'rya'; did you mean 'ray'?"),
    ],
)
def test_what_does_not_go_together_is_named(name: str, address: str, slurm: dict[str, str], message: str) -> None:
    with pytest.raises(InputError) as raised:
        Executor.of(name, address, slurm)
    assert message in str(raised.value)


def test_a_sweep_keeps_its_executor_in_its_file(tiny_file: str, tmp_path: Path) -> None:
    for executor in (Executor(), Executor("ray", "10.0.0.1:6379"), Executor("slurm", "", {"gpus-per-node": "1"})):
        sweep = build_sweep(tiny_file, ["lr=0.1,0.5"], Options(executor=executor))
        folder = SweepFolder.create(tmp_path / executor.name, sweep)
        assert SweepFolder.open(folder.path).sweep == sweep
        again = build_sweep(str(folder.path / "sweep.toml"), options=Options(executor=Executor()))
        assert again.executor == Executor()  # what is said goes before what stands in the file
    assert "executor" not in (tmp_path / "local" / "sweep.toml").read_text()


def job(folder: Path) -> Job:
    return Job(str(folder), "point-000-seed-0.1", b"no request\n", str(folder), {})


def test_a_node_that_does_not_see_the_folder_says_so(tmp_path: Path) -> None:
    ended = run_worker(job(tmp_path / "elsewhere"))
    assert ended.status == 1
    assert "does not see" in ended.failure
    assert "must lie on a file system that all nodes share" in ended.failure


def test_a_node_to_which_the_lock_does_not_show_begins_nothing(tmp_path: Path) -> None:
    (tmp_path / LOCK).touch()
    ended = run_worker(job(tmp_path))
    assert "does not show. Without shared locks two nodes might write one run" in ended.failure
    assert not job(tmp_path).messages.exists()


def test_a_worker_that_fails_at_once_is_told(tmp_path: Path) -> None:
    with locked(tmp_path / LOCK):
        assert run_worker(job(tmp_path)) == Ended(1)
    assert "JSONDecodeError" in job(tmp_path).errors.read_text()


def test_without_submitit_its_installation_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "submitit", None)
    with pytest.raises(InputError, match=r"pip install 'trainlab\[slurm\]'"):
        SlurmCluster(tmp_path, 1, {})
