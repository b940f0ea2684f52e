"""A word about settings that were typed and change nothing."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from trainlab.experiments import Config
    from trainlab.experiments.sweep import Sweep


def tell_without_effect(chosen: "Config | Sweep", words: Iterable[str]) -> None:
    """One line on stderr for each ``key=value`` word whose setting nothing reads, in a run or in any run of a sweep."""
    from trainlab.experiments.config import read_word

    for key, belongs_to in chosen.without_effect(read_word(word)[0] for word in words).items():
        click.echo(f"trainlab: note: {key} changes nothing here; it belongs to {belongs_to}.", err=True)
