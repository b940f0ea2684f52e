"""A word about settings that somebody chose and that change nothing."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from trainlab.experiments import Config


def tell_idle_settings(chosen: "Config | None", config: "Config", words: Iterable[str]) -> None:
    """Tell of the idle settings that a file or the ``key=value`` words set; not of what a word leaves behind.

    ``chosen`` is what the file says; None: there is none, as a run's own holds what its words left behind.
    """
    from trainlab.experiments import Config
    from trainlab.experiments.belonging import without_effect
    from trainlab.experiments.config import read_word

    of_file = without_effect(chosen).keys() & chosen.differences(Config()).keys() if chosen else set()
    keys = of_file | {read_word(word)[0] for word in words}
    tell_without_effect({key: of for key, of in without_effect(config).items() if key in keys})


def tell_without_effect(idle: Mapping[str, str]) -> None:
    """One line on stderr for each idle setting, with what it belongs to."""
    for key, belongs_to in idle.items():
        click.echo(f"trainlab: note: {key} changes nothing here; it belongs to {belongs_to}.", err=True)
