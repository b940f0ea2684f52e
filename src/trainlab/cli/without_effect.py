"""A word about settings that somebody chose and that change nothing."""

from collections.abc import Container, Iterable, Mapping
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from trainlab.experiments import Config


def tell_idle_settings(chosen: "Config", config: "Config", words: Iterable[str]) -> None:
    """Tell of the idle settings that a file or the ``key=value`` words set; not of what a word leaves behind."""
    from trainlab.experiments import Config
    from trainlab.experiments.belonging import without_effect
    from trainlab.experiments.config import read_word

    of_file = without_effect(chosen).keys() & chosen.differences(Config()).keys()
    tell_without_effect(without_effect(config), {read_word(word)[0] for word in words} | of_file)


def tell_without_effect(idle: Mapping[str, str], keys: Container[str]) -> None:
    """One line on stderr for each idle setting that is among the keys, with what it belongs to."""
    for key, belongs_to in idle.items():
        if key in keys:
            click.echo(f"trainlab: note: {key} changes nothing here; it belongs to {belongs_to}.", err=True)
