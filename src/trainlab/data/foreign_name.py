"""Names that somebody else chose, made fit for a message: those in archives and pickles, and of folders and files."""

_LONGEST = 80  # characters
_MOST = 8  # names in one message


def shown(name: str) -> str:
    r"""The name as it is when it is short and printable; otherwise quoted, escaped and cut off.

    A terminal obeys control characters: without this, a name could colour, move or erase what is written there.

    >>> print(shown("data_batch_1"), shown("batch\x1b[2J\n"))
    data_batch_1 'batch\x1b[2J\n'
    """
    if len(name) <= _LONGEST and name.isprintable():
        return name
    return repr(name[:_LONGEST]) + ("…" if len(name) > _LONGEST else "")


def shown_list(names: list[str], most: int = _MOST) -> str:
    """The first ``most`` names, separated by commas, and whether there are more.

    >>> shown_list(["a", "b", "c"], most=2)
    'a, b, …'
    """
    return ", ".join([*map(shown, names[:most]), *["…"][: max(0, len(names) - most)]])
