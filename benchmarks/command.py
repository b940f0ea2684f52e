"""The `trainlab` command as a user starts it."""

import shutil
import sysconfig
from collections.abc import Sequence

from trainlab.errors import RunFailed


def trainlab_command() -> list[str]:
    """The installed script. Raises RunFailed where there is none."""
    script = shutil.which("trainlab", path=sysconfig.get_path("scripts"))
    if script is None:
        raise RunFailed("the command `trainlab` is not beside this Python; install the package with `pip install .`")
    return [script]


def check_status(command: Sequence[str], status: int, output: str) -> None:
    """Raises RunFailed with the last line of the output when a command failed."""
    if status != 0:
        last = output.strip().splitlines()[-1:] or ["it said nothing"]
        raise RunFailed(f"`{' '.join(command)}` ended with status {status}: {last[0]}")
