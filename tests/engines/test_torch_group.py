"""Two processes train what one would: the same steps, the same figures in both, and one that dies is noticed."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests import processes
from tests.engines import group_steps, silent_process
from trainlab.engines import Group
from trainlab.engines.torch_group import TorchGroup
from trainlab.engines.torch_hardware import choose_device
from trainlab.errors import InputError
from trainlab.experiments import Config, open_group
from trainlab.experiments.assemble import build_engine
from trainlab.experiments.thread_count import thread_count

Told = dict[str, Any]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> list[Told]:
    """What two processes computed."""
    folder = tmp_path_factory.mktemp("told")
    for ended in processes.run(str(group_steps.__file__), [str(folder)], [folder, folder]):
        assert ended == (0, "", "")
    return [json.loads((folder / f"{rank}.json").read_text()) for rank in range(2)]


@pytest.mark.parametrize("name", group_steps.MLP)
def test_two_processes_take_the_steps_of_one(both: list[Told], name: str) -> None:
    """Also where the batch size is odd, where a batch has one image for two processes, and with dropout."""
    one = group_steps.train(Group(), group_steps.MLP[name], (1, 4, 3), group_steps.STEPS)
    for told in both:
        two = told["mlp"][name]
        np.testing.assert_allclose(two["steps"], one["steps"], rtol=1e-5)
        np.testing.assert_allclose(two["evaluation"], one["evaluation"], rtol=1e-5)
        for weight, values in one["weights"].items():
            np.testing.assert_allclose(two["weights"][weight], values, atol=1e-5, err_msg=weight)


@pytest.mark.parametrize("which", ["mlp", "one step", "more steps"])
def test_figures_and_weights_are_the_same_in_both(both: list[Told], which: str) -> None:
    first, second = (told[which] for told in both)
    if which != "mlp":  # a process without an image in the last batch does not count it; nothing reads the counter
        for told in (first, second):
            told["weights"] = {key: value for key, value in told["weights"].items() if "num_batches" not in key}
    assert first == second


def test_batchnorm_keeps_the_mean_of_the_statistics_of_both(both: list[Told]) -> None:
    """The first layer's: later ones see images that were normalized with the statistics of each part."""
    one, two = group_steps.convnet(Group(), 1)["weights"], both[0]["one step"]["weights"]
    name = next(name for name in one if name.endswith("running_mean"))
    np.testing.assert_allclose(two[name], one[name], atol=1e-6)
    assert np.abs(one[name]).max() > 1e-3


def test_an_error_of_both_is_reported_by_the_first(both: list[Told]) -> None:
    assert [told["errors"]["both"] for told in both] == [
        ["InputError", "bad data in 0"],
        ["ReportedElsewhere", "bad data in 0"],
    ]
    assert [told["errors"]["first"] for told in both] == [
        ["InputError", "bad data in 0"],
        ["ReportedElsewhere", "bad data in 0"],
    ]


def test_an_error_of_the_second_alone_is_reported_by_it(both: list[Told]) -> None:
    assert [told["errors"]["second"] for told in both] == [
        ["ReportedElsewhere", "bad data in 1"],
        ["InputError", "rank 1: bad data in 1"],
    ]


def test_what_the_first_found_is_handed_on(both: list[Told]) -> None:
    assert [told["errors"]["none"] for told in both] == [["", "from 0"]] * 2


def test_the_wish_of_one_stops_both_after_the_same_step(both: list[Told]) -> None:
    assert [told["stopping"] for told in both] == [[False, True]] * 2


def test_a_process_that_does_not_answer_is_given_up(tmp_path: Path) -> None:
    started = processes.start(str(silent_process.__file__), [], [tmp_path, tmp_path], TRAINLAB_STEP_TIMEOUT="2")
    try:
        status, out, err = started[0].finish()
    finally:
        for process in started:
            process.kill()
    assert (status, err) == (1, "")
    assert out.startswith("rank 1 does not answer, so rank 0 stops as well (Operation timed out)")
    assert "set TRAINLAB_STEP_TIMEOUT to more than 2 seconds" in out


# ------------------------------------------------------------ one process, as ever


@pytest.mark.parametrize("environment", [{}, {"WORLD_SIZE": "1", "RANK": "0"}, {"RANK": "0"}])
def test_without_others_there_is_no_group(environment: dict[str, str]) -> None:
    assert type(open_group(environment)) is Group
    build_engine(Config.from_mapping({"engine": "torch"}), (1, 4, 3), 3)
    assert not torch.distributed.is_initialized()


def test_a_group_of_one_agrees_with_itself() -> None:
    group = Group()
    assert group.agreed(lambda: 1) == group.from_first(lambda: 1) == 1
    assert group.totals([1.5, 2]) == [1.5, 2]
    assert not group.is_stopping
    group.request_stop()
    assert group.is_stopping


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"WORLD_SIZE": "2"}, "RANK is '' in the environment"),
        ({"WORLD_SIZE": "two", "RANK": "0"}, "WORLD_SIZE is 'two' in the environment"),
        ({"WORLD_SIZE": "2", "RANK": "0", "LOCAL_RANK": "-1"}, "LOCAL_RANK is '-1'"),
    ],
)
def test_an_environment_that_torchrun_did_not_make(environment: dict[str, str], message: str) -> None:
    with pytest.raises(InputError, match=f"{message}.*Start them with torchrun, or unset WORLD_SIZE and RANK"):
        open_group(environment)


def test_a_missing_torch_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "trainlab.experiments.assemble_torch", raising=False)
    with pytest.raises(InputError, match=r"pip install 'trainlab\[torch\]'"):
        open_group({"WORLD_SIZE": "2", "RANK": "0"})


# ------------------------------------------------------------ what the processes of a machine share


class Third(Group):
    """Of four processes on this machine, and four on another."""

    rank, size, local_rank, local_size = 2, 8, 2, 4


def test_each_process_has_a_gpu_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 4)
    assert choose_device("auto", Third()) == choose_device("cuda", Third()) == torch.device("cuda:2")
    assert choose_device("cuda", Group()) == torch.device("cuda")
    assert choose_device("cpu", Third()) == torch.device("cpu")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 3)
    with pytest.raises(InputError, match="4 processes do not fit: this machine has 3 GPUs"):
        choose_device("auto", Third())


def test_apple_s_gpu_is_for_one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert choose_device("auto", Third()) == torch.device("cpu")
    with pytest.raises(InputError, match="device = mps computes in one process only"):
        choose_device("mps", Third())


def test_the_cores_are_divided(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda process: range(12), raising=False)
    config = Config.from_mapping({"batch_size": 800})
    assert thread_count(config, 10**9) == 12
    assert thread_count(config, 10**9, Third()) == 3  # four processes share 12 cores
    assert thread_count(config, 10**6 // 3 + 1, Third()) == 1  # 100 images for each of eight
    assert thread_count(config.override(["threads=5"]), 10**9, Third()) == 5
    monkeypatch.setattr("os.sched_getaffinity", lambda process: range(2), raising=False)
    assert thread_count(config, 10**9, Third()) == 1


def test_the_numpy_engine_computes_in_one_process() -> None:
    with pytest.raises(InputError, match=r"engine = numpy computes in one process, and there are 8. Add engine=torch"):
        build_engine(Config(), (1, 4, 3), 3, group=Third())


def test_a_torch_group_takes_what_torchrun_says(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr("torch.distributed.init_process_group", lambda *backend: asked.extend(backend))
    monkeypatch.setattr("atexit.register", asked.append)
    told = {"RANK": "5", "WORLD_SIZE": "8", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "4"}
    group = TorchGroup(told)
    assert (group.rank, group.size, group.local_rank, group.local_size) == (5, 8, 1, 4)
    assert group.part == (5, 8)
    assert not group.is_first
    assert asked[0] == ("cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo")


def test_processes_that_do_not_meet(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(backend: str) -> None:
        raise RuntimeError("[c10d] The client socket has timed out. More advice follows.")

    monkeypatch.setattr("torch.distributed.init_process_group", nobody)
    told = {
        "RANK": "0", "WORLD_SIZE": "2", "LOCAL_RANK": "0", "LOCAL_WORLD_SIZE": "2",
        "MASTER_ADDR": "10.0.0.9", "MASTER_PORT": "29500",
    }  # fmt: skip
    with pytest.raises(InputError, match=r"cannot meet at 10.0.0.9:29500: \[c10d\] The client socket has timed out$"):
        TorchGroup(told)
