"""Which display is chosen where."""

import io
import re
import sys

import pytest

from tests.training.progress.staged_run import Clock, run_events, show
from trainlab.errors import InputError
from trainlab.training.progress import NoProgress, Progress, make_progress


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def display_of(progress: Progress | NoProgress) -> str:
    return type(progress._display).__name__ if isinstance(progress, Progress) else "none"


@pytest.mark.parametrize(
    ("stream", "environment", "expected"),
    [
        (Terminal(), {"TERM": "xterm"}, "TerminalDisplay"),
        (Terminal(), {"TERM": "xterm", "CI": "false"}, "TerminalDisplay"),
        (Terminal(), {"TERM": "xterm", "CI": "true"}, "PlainDisplay"),
        (Terminal(), {"TERM": "dumb"}, "PlainDisplay"),
        (io.StringIO(), {"TERM": "xterm"}, "PlainDisplay"),
    ],
)
def test_auto_suits_the_place(stream: io.StringIO, environment: dict[str, str], expected: str) -> None:
    assert display_of(make_progress("auto", stream, environment)) == expected


def test_auto_finds_a_notebook_unless_a_stream_is_given(ipython: list[dict[str, str]]) -> None:
    assert display_of(make_progress("auto", environment={})) == "NotebookDisplay"
    assert display_of(make_progress("auto", io.StringIO(), {})) == "PlainDisplay"


def test_auto_draws_no_curves_where_the_encoding_lacks_the_characters() -> None:
    class Latin(Terminal):
        encoding = "latin-1"

    assert display_of(make_progress("auto", Latin(), {"TERM": "xterm"})) == "PlainDisplay"


def test_a_mode_that_is_asked_for_is_used() -> None:
    assert display_of(make_progress("rich", io.StringIO(), {"CI": "1"})) == "TerminalDisplay"
    assert display_of(make_progress("plain", Terminal(), {})) == "PlainDisplay"
    assert display_of(make_progress("none", Terminal(), {})) == "none"


def test_no_color_leaves_out_the_colours() -> None:
    def codes(environment: dict[str, str]) -> set[str]:
        clock, stream = Clock(), Terminal()
        progress = make_progress("rich", stream, {"TERM": "xterm-256color", **environment})
        assert isinstance(progress, Progress)
        show(progress, run_events(), clock)
        return {code for codes in re.findall(r"\x1b\[([0-9;]+)m", stream.getvalue()) for code in codes.split(";")}

    colours = {str(code) for code in range(30, 38)}
    assert codes({}) & colours
    assert not codes({"NO_COLOR": "1"}) & colours


def test_an_unknown_mode_names_the_nearest_one() -> None:
    with pytest.raises(InputError, match="unknown progress mode 'plian'; did you mean 'plain'"):
        make_progress("plian")  # type: ignore[arg-type]


def test_a_notebook_without_ipython_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(InputError, match="needs IPython, which is not installed here; use 'auto', or install it"):
        make_progress("notebook")
