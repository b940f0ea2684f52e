"""`trainlab` in a process of a group, in which one process sends itself a signal after a given step.

Usage: python signalled_run.py SIGNAL RANK STEP WORD…, with torchrun's environment.
"""

import importlib
import os
import signal
import sys

from trainlab.cli import main
from trainlab.training import Event, StepEnded, Trainer


def arm(number: int, rank: int, step: int) -> None:
    """Let the process of this rank send itself the signal when it has taken so many steps."""
    verbs = importlib.import_module("trainlab.cli.train")
    handle_signals = verbs.stop_on_signals

    def on_start(trainer: Trainer) -> None:
        handle_signals(trainer)

        def listener(event: Event) -> None:
            if isinstance(event, StepEnded) and event.step == step and trainer.group.rank == rank:
                os.kill(os.getpid(), number)

        trainer.listeners = [*trainer.listeners, listener]

    vars(verbs)["stop_on_signals"] = on_start


if __name__ == "__main__":
    arm(getattr(signal, sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
    main(sys.argv[4:])
