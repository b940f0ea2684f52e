"""A worker that kills its own process around the moment at which its run is pruned: nothing is flushed, nobody is told.

Usage: python killed_judge.py MOMENT < REQUEST

``decided``: the judge has answered, and the trainer does not know it yet. ``told``: it has ended the run, whose figures
are not written yet. ``written``: they are, and the coordinator has not been told.
"""

import os
import signal
import sys
from collections.abc import Sequence

from trainlab.experiments.sweep import worker
from trainlab.experiments.sweep.worker import Request, Teller, Watch
from trainlab.training import Event, RunEnded


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class LastTeller(Teller):
    def __call__(self, event: Event) -> None:
        if isinstance(event, RunEnded) and event.status == "pruned":
            die()


def main() -> None:
    moment = sys.argv[1]
    request = Request.from_line(sys.stdin.buffer.readline())
    assert request.pruning is not None
    judge = request.pruning.judge()

    def last(accuracies: Sequence[float]) -> str:
        if judge(accuracies):
            die()
        return ""

    if moment == "decided":
        object.__setattr__(request.pruning, "judge", lambda: last)
    teller = (LastTeller if moment == "told" else Teller)(lambda line: None)
    worker.run(request, Watch(), teller)
    die()


if __name__ == "__main__":
    main()
