"""A word about settings that were typed and change nothing."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from trainlab.experiments import Config


def tell_without_effect(config: "Config", words: Iterable[str]) -> None:
    """One line on stderr for each ``key=value`` word whose setting nothing in this configuration reads."""
    from trainlab.experiments.config import read_word

    for key, belongs_to in config.without_effect(read_word(word)[0] for word in words).items():
        click.echo(f"trainlab: note: {key} changes nothing here; it belongs to {belongs_to}.", err=True)
