"""Sweeps on a Ray cluster: a lost node, a killed worker and coordinator lose nothing; what is missing is named."""

import contextlib
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.experiments.sweep.jobs import Held, job_processes, kill, run_under_way
from tests.experiments.sweep.whole_sweep import PATIENCE, assert_whole, start, wait_for
from tests.processes import environment
from trainlab.errors import InputError
from trainlab.experiments.sweep import Sweep, SweepFolder
from trainlab.experiments.sweep.executors.ray import RayCluster, check_address


@contextlib.contextmanager
def two_nodes() -> Iterator["subprocess.Popen[str]"]:
    """A cluster of two nodes with one core each."""
    script = str(Path(__file__).with_name("ray_nodes.py"))
    process = subprocess.Popen(
        [sys.executable, script],
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(PATIENCE)


@pytest.mark.timeout(900)  # Ray starts a dozen processes; 250 seconds were measured while others kept both cores busy
def test_a_killed_worker_coordinator_and_node_leave_the_table_of_a_local_sweep(
    slow_sweep: Sweep, slow_whole: SweepFolder, tmp_path: Path
) -> None:
    folder = SweepFolder.create(tmp_path / "sweep", slow_sweep)
    with two_nodes() as nodes:
        assert nodes.stdin is not None
        assert nodes.stdout is not None
        where = ("--executor", "ray", "--address", nodes.stdout.readline().strip())

        with start(folder.path, *where) as process:
            found = None
            while found is None:
                assert process.poll() is None, process.communicate()
                found = run_under_way(folder)
            key, processes = found
            kill(processes.job)  # the worker of Ray; the run itself saves
            (other,) = (one for one in folder.runs() if one != key)
            with Held(folder) as first:
                wait_for(
                    lambda: (
                        (first.hold(other) and job_processes(folder.path, key, 2) is not None)
                        or process.poll() is not None
                    )
                )
                process.kill()
            _, err = process.communicate()
        assert "its Ray worker was killed; it goes on from its last checkpoint" in err
        assert "(raylet)" not in err

        with start(folder.path, *where) as process:  # at once: runs of the first coordinator may still save
            with Held(folder) as new:
                old = (processes.worker, *first.held.values())
                wait_for(lambda: new.hold(*folder.runs(), but=old) or process.poll() is not None)
                nodes.stdin.write("remove\n")
                nodes.stdin.flush()
                assert nodes.stdout.readline() == "removed\n"
            out, err = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, (out, err)
        assert "; it goes on from its last checkpoint" in err
    assert_whole(folder.path, slow_whole)


@contextlib.contextmanager
def answering(answer: bytes) -> Iterator[str]:
    """The address of a server that gives one answer."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(100)
                connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        thread.join()


def test_an_address_where_nothing_listens_is_one_message() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(InputError, match=rf"the Ray cluster at 127.0.0.1:{port} cannot be reached: .*refused"):
        check_address(f"127.0.0.1:{port}")


def test_what_answers_as_something_else_is_not_taken_for_ray() -> None:
    refused = pytest.raises(InputError, match="what answers there is not Ray")
    with answering(b"HTTP/1.1 400 Bad Request\r\n\r\n") as address, refused:
        check_address(address)
    with answering(bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])) as address:
        check_address(address)


@pytest.mark.parametrize("address", ["somewhere", "10.0.0.1:", ":6379", "ray://10.0.0.1:10001"])
def test_what_is_no_address_says_what_one_looks_like(address: str) -> None:
    with pytest.raises(InputError, match=r"does not fit: it is HOST:PORT of the cluster's head, such as 10.0.0.1:6379"):
        check_address(address)


def test_without_ray_its_installation_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(
        InputError, match=r"--executor ray needs ray, which is not installed here: pip install 'trainlab\[ray\]'"
    ):
        RayCluster("", 1, 1)
