"""The options of `sweep`, `reproduce` and `resume` that say where the runs of a sweep are computed."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from trainlab.errors import InputError

if TYPE_CHECKING:
    from trainlab.experiments.sweep import Executor

_EXECUTOR = click.option(
    "--executor",
    type=click.Choice(["local", "ray", "slurm"]),
    help="Where runs are computed.  [default: as the sweep says, else local]",
)
_ADDRESS = click.option(
    "--address", help="Ray cluster: HOST:PORT or auto.  [default: RAY_ADDRESS, else Ray is started here]"
)
_SLURM = click.option(
    "--slurm", metavar="KEY=VALUE", multiple=True, help="An option of sbatch: partition=short; may be repeated."
)


def executor_options(command: Any) -> Any:
    """Give a command the three options; `read_executor` reads them."""
    return _EXECUTOR(_ADDRESS(_SLURM(command)))


def read_executor(name: str | None, address: str | None, slurm: Sequence[str]) -> "Executor | None":
    """What `executor_options` say; None if nothing. Raises InputError for what does not go together."""
    from trainlab.experiments.sweep import Executor

    for word in slurm:
        if not all(word.partition("=")):
            raise InputError(
                f"--slurm {word} does not fit: write KEY=VALUE, an option of sbatch such as partition=short."
            )
    return Executor.of(name, address, dict(word.split("=", 1) for word in slurm))
