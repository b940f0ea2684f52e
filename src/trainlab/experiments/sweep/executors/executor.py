"""Which executor computes the runs of a sweep, as data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from trainlab.errors import InputError
from trainlab.spelling import unknown_name

if TYPE_CHECKING:
    from trainlab.experiments.sweep.executors.workers import Workers

ExecutorName = Literal["local", "ray", "slurm"]


@dataclass(frozen=True)
class Executor:
    """Where the runs of a sweep are computed. It changes no figure, as long as the cores of a job stay the same."""

    name: ExecutorName = "local"
    address: str = ""
    """Of a Ray cluster: ``HOST:PORT`` or ``auto``. Without one, RAY_ADDRESS, or Ray on this machine alone."""
    slurm: Mapping[str, str] = field(default_factory=dict)
    """Options of sbatch by their long names, such as ``partition``; ``cluster=local`` tries jobs out here."""

    @classmethod
    def of(
        cls, name: str | None, address: str | None = None, slurm: Mapping[str, object] | None = None
    ) -> "Executor | None":
        """From what was said, where an address alone means Ray and options of Slurm mean Slurm; None if nothing was."""
        name = name or ("ray" if address else "slurm" if slurm else None)
        if name is None:
            return None
        if name not in get_args(ExecutorName):
            raise unknown_name("executor", name, get_args(ExecutorName))
        if address and name != "ray":
            raise InputError(f"an address belongs to --executor ray, and this is {name}. Leave one of the two out.")
        if slurm and name != "slurm":
            raise InputError(f"--slurm belongs to --executor slurm, and this is {name}. Leave one of the two out.")
        options = {key: str(value) for key, value in (slurm or {}).items()}
        return cls(name, address or "", options)  # type: ignore[arg-type]

    def __str__(self) -> str:
        if self.name == "local":
            return "processes of this machine"
        if self.name == "ray":
            return f"Ray at {self.address}" if self.address else "Ray (RAY_ADDRESS, else on this machine)"
        return "Slurm jobs" + "".join(f", {key}={value}" for key, value in self.slurm.items())

    @property
    def is_elsewhere(self) -> bool:
        """Whether jobs may run on other machines than this one."""
        return self.name != "local"


HERE = Executor()


def make_workers(executor: Executor, path: Path, jobs: int, cores_per_job: int) -> "Workers":
    """Workers for the sweep in ``path``. Raises InputError when the cluster cannot be reached."""
    if executor.name == "local":
        from trainlab.experiments.sweep.executors.local import LocalWorkers

        return LocalWorkers(cores_per_job, path / "errors.log")
    from trainlab.experiments.sweep.executors.cluster import Cluster, ClusterWorkers

    cluster: Cluster
    if executor.name == "ray":
        from trainlab.experiments.sweep.executors.ray import RayCluster

        cluster = RayCluster(executor.address, jobs, cores_per_job)
    else:
        from trainlab.experiments.sweep.executors.slurm import SlurmCluster

        cluster = SlurmCluster(path, cores_per_job, executor.slurm)
    return ClusterWorkers(cluster, path, cores_per_job)
