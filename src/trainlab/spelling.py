"""What to say when a name is not known: the nearest right one."""

from collections.abc import Iterable

from trainlab.errors import InputError


def unknown_name(kind: str, given: object, known: Iterable[str]) -> InputError:
    """The error for a name that does not exist, to be raised by the caller.

    >>> str(unknown_name("data set", "minst", ["mnist", "fashion-mnist"]))
    "unknown data set 'minst'; did you mean 'mnist'? Known: mnist, fashion-mnist."
    """
    from difflib import get_close_matches

    names = list(known)
    nearest = get_close_matches(str(given).lower(), names, n=1, cutoff=0.5)
    hint = f"; did you mean {nearest[0]!r}?" if nearest else "."
    return InputError(f"unknown {kind} {given!r}{hint} Known: {', '.join(names)}.")
