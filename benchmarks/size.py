"""How much is measured."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Size:
    """The amounts of one benchmark run; the defaults are those of published figures."""

    rounds: int = 7
    """Interleaved rounds, or repetitions of a whole run."""
    seconds: float = 1.0
    """How long each contender runs in a round."""
    steps: int = 15
    """How many training steps a contender takes in a round where one takes seconds."""
    starts: int = 11
    """Process starts of each command in `startup`."""
    seeds: int = 3
    """Repetitions of an experiment whose result is an accuracy."""
    overrides: tuple[str, ...] = ()
    """Settings of presets to change, so that a trial takes a moment."""


QUICK = Size(rounds=2, seconds=0.05, steps=1, starts=2, seeds=1, overrides=("epochs=1",))
