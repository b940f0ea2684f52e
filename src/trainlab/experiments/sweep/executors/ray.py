"""Jobs as tasks of Ray Core. Ray finds free cores and tells how each task ended; nothing else passes through it.

Ray's own retries are switched off, since the coordinator restarts what was lost, from its last checkpoint.
"""

import contextlib
import os
import signal
import socket
import threading
from typing import Any

from trainlab.errors import InputError
from trainlab.experiments.sweep.executors.node import Ended, Job, run_worker
from trainlab.experiments.sweep.worker import FAILED
from trainlab.extras import optional_package

CONNECT_SECONDS = 10.0
HTTP2_GREETING = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
"""What a gRPC client says first, with empty settings (RFC 9113, section 3.4); a server answers with its own."""


class RayCluster:
    """A Ray cluster, or Ray on this machine alone.

    Args:
        address: of a cluster that this machine is a node of, ``HOST:PORT`` or ``auto``; else RAY_ADDRESS; else Ray is
            started here, with the cores that ``jobs`` need, and ends with us.
        jobs: at a time.
        cores_per_job: that Ray keeps free for each.

    Raises InputError when Ray is missing, the cluster cannot be reached, or no node of it has so many cores.
    """

    def __init__(self, address: str, jobs: int, cores_per_job: int) -> None:
        os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
        os.environ["RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO"] = (
            "0"  # a job sees the GPUs of its node, as it does without Ray
        )
        self._ray = ray = optional_package("ray", "--executor ray", "pip install 'trainlab[ray]'")
        address = address or os.environ.get("RAY_ADDRESS", "") or "local"
        here: dict[str, Any] = (
            {"num_cpus": jobs * cores_per_job, "include_dashboard": False} if address == "local" else {}
        )
        if address not in ("local", "auto"):
            check_address(address)
        _connect(ray, address, here)
        ray._private.worker.print_to_stdstream = lambda *_, **__: None  # news of dead workers, which we tell ourselves
        largest = max((node["Resources"].get("CPU", 0) for node in ray.nodes() if node["Alive"]), default=0)
        if largest < cores_per_job:
            ray.shutdown()
            raise InputError(
                f"a job takes {cores_per_job} cores, and the largest node of this Ray cluster has {largest:g}. "
                f"Give --cores-per-job {max(1, int(largest))}, or add a node."
            )
        self._run_worker = ray.remote(num_cpus=cores_per_job, max_retries=0)(run_worker)

    def submit(self, job: Job) -> Any:
        return self._run_worker.options(name=job.name).remote(job)

    def ended(self, handle: Any) -> Ended | None:
        exceptions = self._ray.exceptions
        ready, _ = self._ray.wait([handle], timeout=0)
        if not ready:
            return None
        try:
            ended: Ended = self._ray.get(handle)
            return ended
        except exceptions.RayTaskError as error:
            return Ended(FAILED, f"its Ray task failed: {str(error.cause).partition(chr(10))[0]}")
        except exceptions.TaskCancelledError:
            return Ended(-9)
        except exceptions.OutOfMemoryError:
            return Ended(FAILED, cause="Ray ended it because its node was short of memory")
        except exceptions.WorkerCrashedError:
            return Ended(FAILED, cause="its Ray worker was killed")
        except exceptions.RayError as error:
            return Ended(FAILED, cause=f"its node vanished ({type(error).__name__})")

    def kill(self, handle: Any) -> None:
        with contextlib.suppress(self._ray.exceptions.RayError, ValueError):
            self._ray.cancel(handle, force=True)

    def close(self) -> None:
        self._ray.shutdown()


def _connect(ray: Any, address: str, here: dict[str, Any]) -> None:
    """Be a driver of the cluster, or start one; a machine that is busy may need a second try for that."""
    polite_kill = signal.getsignal(signal.SIGTERM)
    for tries_left in (1, 0):
        try:
            ray.init(address=address, log_to_driver=False, logging_level="ERROR", **here)
            break
        except Exception as error:  # Ray gives up on its own start with a plain Exception
            ray.shutdown()
            if not (here and tries_left):
                raise _unreachable(address, str(error).partition("\n")[0]) from error
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, polite_kill)  # Ray has put its own handler there


def check_address(address: str) -> None:
    """Raises InputError within seconds when nothing answers there as Ray does; Ray itself would try for two minutes."""
    host, separator, port = address.rpartition(":")
    if not separator or not host or not port.isdigit() or "://" in host:
        raise InputError(
            f"address = {address} does not fit: it is HOST:PORT of the cluster's head, such as 10.0.0.1:6379, or auto. "
            "This machine must be a node of the cluster (`ray start --address HOST:PORT`)."
        )
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=CONNECT_SECONDS) as connection:
            if os.environ.get("RAY_USE_TLS", "0") != "0":
                return
            connection.sendall(HTTP2_GREETING)
            answer = connection.recv(9)
    except (OSError, OverflowError) as error:
        raise _unreachable(address, str(error)) from error
    if len(answer) < 9 or answer[3] != 4:  # the type of a frame with settings
        raise _unreachable(address, "what answers there is not Ray")


def _unreachable(address: str, reason: str) -> InputError:
    return InputError(
        f"the Ray cluster at {address} cannot be reached: {reason}. Is it up (`ray start --head`), and is this machine "
        "one of its nodes? Without --address and RAY_ADDRESS, Ray is started on this machine."
    )
