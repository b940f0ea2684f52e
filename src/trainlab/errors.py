"""The exceptions that reach a user as one clear message instead of a traceback."""


class InputError(ValueError):
    """What the user gave cannot be used; the command line exits with status 2.

    The message says what arrived, what was expected, the likely cause and the remedy, in a sentence each at most.
    """


class ReportedElsewhere(InputError):
    """An `InputError` that another process of the same run shows to the user; this one ends without a word."""


class RunFailed(RuntimeError):
    """The input was good but the run or the check failed; the command line exits with status 1."""
