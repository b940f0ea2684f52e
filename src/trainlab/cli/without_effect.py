"""A word about settings that were typed and change nothing."""

from collections.abc import Iterable, Mapping

import click


def tell_without_effect(idle: Mapping[str, str], words: Iterable[str]) -> None:
    """One line on stderr for each idle setting that a ``key=value`` word sets, with what it belongs to."""
    from trainlab.experiments.config import read_word

    typed = {read_word(word)[0] for word in words}
    for key, belongs_to in idle.items():
        if key in typed:
            click.echo(f"trainlab: note: {key} changes nothing here; it belongs to {belongs_to}.", err=True)
