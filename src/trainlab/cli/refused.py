"""What the machine refuses any verb, memory or a path, told in a sentence instead of a traceback."""

from collections.abc import Iterator
from contextlib import contextmanager

from trainlab.errors import InputError, RunFailed


@contextmanager
def refusals_explained() -> Iterator[None]:
    """Turn errors of memory and of the operating system into a message with a remedy, inside a ``with`` block.

    Raises RunFailed when memory does not suffice, and InputError for what else the system refuses. A closed pipe stays
    the BrokenPipeError that it is.
    """
    try:
        yield
    except BrokenPipeError:
        raise
    except MemoryError as error:
        what = str(error).strip().rstrip(".") or "Python could not get any more"
        raise RunFailed(
            f"out of memory ({what}). A smaller network (hidden), a smaller batch_size, smaller pictures (size) or "
            "fewer images (subset) need less."
        ) from error
    except OSError as error:
        raise _refusal(error) from error


def _refusal(error: OSError) -> InputError:
    why = error.strerror or str(error) or type(error).__name__
    if error.filename is None:  # of reading, writing and connections Python does not say which
        return InputError(f"the operating system reports an error ({why}). `trainlab --debug …` shows where.")
    return InputError(f"{error.filename}: cannot be used ({why}). Check the path and its permissions.")
