"""A run that kills its own process at a given moment, as a power cut would: no handler runs, nothing is flushed.

Usage: python killed_run.py DATA_DIR RUN_DIR EVENT NUMBER
"""

import os
import signal
import sys
from pathlib import Path

from trainlab import atomic
from trainlab.experiments import Config, train
from trainlab.training import EpochEnded, Event, StepEnded

SETTINGS = [
    "hidden=[16]",
    "dropout=0.2",
    "optimizer=adam",
    "lr=0.02",
    "schedule=one_cycle",
    "batch_size=50",
    "epochs=3",
    "checkpoint_steps=4",
]
"""540 training images: 11 steps an epoch."""


def configuration(data_dir: Path) -> Config:
    return Config().override([*SETTINGS, f"data_dir={data_dir}"])


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    data_dir, run, moment, number = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])

    def listener(event: Event) -> None:
        if isinstance(event, StepEnded) and moment == "step" and event.step == number:
            die()
        if isinstance(event, EpochEnded) and moment == "epoch" and event.epoch == number:
            die()

    if moment in ("step-", "best"):  # such a checkpoint is written but does not have its name yet
        publish, left = atomic.publish, [number]

        def publish_or_die(temporary: Path, path: Path) -> None:
            if path.name.startswith(moment):
                left[0] -= 1
                if left[0] == 0:
                    die()
            publish(temporary, path)

        atomic.publish = publish_or_die
    train(configuration(data_dir), run, "killed", listeners=[listener])


if __name__ == "__main__":
    main()
