"""Progress on a terminal: a few lines that rewrite themselves, drawn with rich."""

from typing import TYPE_CHECKING

from trainlab.training.events import EpochEnded, RunEnded
from trainlab.training.progress.screen import screen
from trainlab.training.progress.snapshot import Snapshot

if TYPE_CHECKING:
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text


class TerminalDisplay:
    """Rewrites the lower part of the terminal; the last lines stay there when the run has ended."""

    interval = 1 / 8

    def __init__(self, console: "Console", *, redirect_stdout: bool = False, redirect_stderr: bool = False) -> None:
        """``redirect_…``: lines that somebody else prints appear above the display instead of within it."""
        self._console = console
        self._redirect_stdout = redirect_stdout
        self._redirect_stderr = redirect_stderr
        self._live: Live | None = None

    def start(self, now: Snapshot) -> None:
        """Takes over the lower part of the terminal and hides the cursor."""
        from rich.live import Live

        self.close()
        self._live = Live(
            self._text(now),
            console=self._console,
            auto_refresh=False,  # no second thread: the listener knows when to draw
            redirect_stdout=self._redirect_stdout,
            redirect_stderr=self._redirect_stderr,
            vertical_overflow="crop",
        )
        self._live.start(refresh=True)

    def refresh(self, now: Snapshot) -> None:
        """Rewrites the lines."""
        if self._live is not None:
            self._live.update(self._text(now), refresh=True)

    def start_validation(self, now: Snapshot) -> None:
        """Says that validation goes on."""
        self.refresh(now)

    def end_epoch(self, now: Snapshot, epoch: EpochEnded) -> bool:
        """Leaves it to ``refresh``: an epoch can be shorter than a frame."""
        return False

    def end(self, now: Snapshot, ended: RunEnded) -> None:
        """Writes how it ended in the place of the bar."""
        if self._live is not None:
            self._live.update(self._text(now, ended), refresh=True)

    def close(self) -> None:
        """Gives the terminal back with its cursor."""
        if self._live is not None:
            live, self._live = self._live, None
            live.stop()

    def _text(self, now: Snapshot, ended: RunEnded | None = None) -> "Text":
        from rich.text import Text

        text = Text(no_wrap=True, overflow="crop")
        for i, line in enumerate(screen(now, *self._console.size, ended)):
            text.append("\n" if i else "")
            for piece, style in line:
                text.append(piece, style)
        return text
