"""What a coordinator asks of workers, and what they tell it."""

import contextlib
import json
from typing import Any, NamedTuple, Protocol

from trainlab.experiments.sweep.folder import RunKey
from trainlab.experiments.sweep.worker import Request


class Message(NamedTuple):
    """What a worker says; `values` is None when it has ended."""

    key: RunKey
    values: dict[str, Any] | None
    status: int = 0
    """Of a worker that has ended: the exit status of its process, below 0 the signal that killed it."""
    cause: str = ""
    """What else has ended it from outside: ``its node vanished``."""

    @property
    def death(self) -> str:
        """How it was ended from outside, in words; empty for a worker that ended by itself."""
        return self.cause or (f"its process was killed by signal {-self.status}" if self.status < 0 else "")


class Workers(Protocol):
    """Where runs are computed, see `trainlab.experiments.sweep.executors`."""

    def start(self, key: RunKey, request: Request) -> None:
        """Begin a run, or go on with it."""

    def receive(self, timeout: float) -> list[Message]:
        """What workers have said; waits so many seconds for the first word. The last of each is that it has ended."""

    @property
    def count(self) -> int:
        """Workers whose end has not been received."""

    def stop(self) -> None:
        """Let every run save and end."""

    def kill(self) -> None:
        """End every worker at once; their end is still received."""

    def close(self) -> None:
        """End every worker at once, and let go of all."""


def content(line: bytes) -> dict[str, Any] | None:
    """What a line of a worker says; None for half a line of one that was killed, or a library's remark."""
    with contextlib.suppress(ValueError):
        values = json.loads(line)
        if isinstance(values, dict):
            return values
    return None
