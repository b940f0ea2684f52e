"""A process of a group that stops answering without closing its connections, as a machine without power does."""

import os
import signal

from trainlab.errors import RunFailed
from trainlab.experiments import open_group


def step() -> None:
    group = open_group()
    group.totals([1])
    if group.rank == 1:
        os.kill(os.getpid(), signal.SIGSTOP)
    group.totals([1])


if __name__ == "__main__":
    try:
        step()
    except RunFailed as error:
        print(error)
        raise SystemExit(1) from None
