"""Running the command line inside the test's own process."""

from collections.abc import Callable
from typing import NamedTuple

import pytest

from trainlab.cli import main


class Done(NamedTuple):
    status: int
    out: str
    err: str


Command = Callable[..., Done]


def command(capsys: pytest.CaptureFixture[str], *words: str) -> Done:
    """``trainlab WORDS…``: its exit status and what it printed."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        main(list(words))
    printed = capsys.readouterr()
    status = ended.value.code
    assert isinstance(status, int)
    return Done(status, printed.out, printed.err)
