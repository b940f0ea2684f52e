"""Which display suits the place where trainlab runs."""

import importlib.util
import os
import sys
from collections.abc import Mapping
from typing import Literal, TextIO, get_args

from trainlab.errors import InputError
from trainlab.spelling import unknown_name
from trainlab.training.progress.listener import NoProgress, Progress
from trainlab.training.progress.notebook import NotebookDisplay
from trainlab.training.progress.plain import PlainDisplay
from trainlab.training.progress.terminal import TerminalDisplay

ProgressMode = Literal["auto", "rich", "plain", "notebook", "none"]

DRAWN_CHARACTERS = "━─┤│└┅·⠀⣿"


def make_progress(
    mode: ProgressMode = "auto", stream: TextIO | None = None, environment: Mapping[str, str] | None = None
) -> Progress | NoProgress:
    """A listener that shows how training goes; close it, or use it as a context manager.

    ``mode``: ``rich`` rewrites a few lines of a terminal, ``plain`` writes a line an epoch, ``notebook`` updates one
    output cell, ``none`` shows nothing. ``auto`` takes ``notebook`` in a notebook, ``rich`` on a terminal, and
    ``plain`` everywhere else: under continuous integration (``CI``), with ``TERM=dumb``, into a file or a pipe, and
    where the encoding lacks the characters that curves are drawn with.

    ``stream``: where to write (default: standard error, so that results on standard output stay clean).
    ``environment``: where ``CI``, ``TERM`` and ``NO_COLOR`` (any value: no colours) are looked up (default:
    ``os.environ``).

    Raises InputError for an unknown mode, and for ``notebook`` without IPython.

    >>> with make_progress("none") as progress:
    ...     progress.close()
    """
    environment = os.environ if environment is None else environment
    if mode not in get_args(ProgressMode):
        raise unknown_name("progress mode", mode, get_args(ProgressMode))
    if mode == "auto":
        mode = suitable_mode(stream, environment)
    if mode == "none":
        return NoProgress()
    if mode == "notebook":
        if "IPython" not in sys.modules and importlib.util.find_spec("IPython") is None:
            raise InputError(
                "progress mode 'notebook' needs IPython, which is not installed here; "
                "use 'auto', or install it with: pip install ipython"
            )
        return Progress(NotebookDisplay())
    stream = sys.stderr if stream is None else stream
    if mode == "plain":
        return Progress(PlainDisplay(stream))
    return Progress(_terminal_display(stream, environment))


def suitable_mode(stream: TextIO | None, environment: Mapping[str, str]) -> ProgressMode:
    """What ``auto`` stands for here, see `make_progress`."""
    if stream is None and _is_in_notebook():
        return "notebook"
    stream = sys.stderr if stream is None else stream
    is_under_ci = environment.get("CI", "").lower() not in ("", "0", "false", "no")
    is_dumb = environment.get("TERM", "").lower() in ("dumb", "unknown")
    if stream.isatty() and not is_under_ci and not is_dumb and _can_draw(stream):
        return "rich"
    return "plain"


def _is_in_notebook() -> bool:
    """True under Jupyter, VS Code and Colab, whose shells talk over ZeroMQ; IPython in a terminal has another shell."""
    ipython = sys.modules.get("IPython")
    if ipython is None:
        return False
    shell = ipython.get_ipython()
    return any(kind.__name__ == "ZMQInteractiveShell" for kind in type(shell).__mro__)


def _can_draw(stream: TextIO) -> bool:
    try:
        DRAWN_CHARACTERS.encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _terminal_display(stream: TextIO, environment: Mapping[str, str]) -> TerminalDisplay:
    from rich.console import Console

    console = Console(
        file=stream,
        force_terminal=True,  # who asks for `rich` on a pipe gets it
        no_color=bool(environment.get("NO_COLOR")),
        highlight=False,
        _environ=environment,
    )
    return TerminalDisplay(
        console,
        redirect_stdout=sys.stdout.isatty(),  # what goes to a file or a pipe must arrive there
        redirect_stderr=sys.stderr.isatty(),
    )
