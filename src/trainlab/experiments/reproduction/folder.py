"""The folder of a reproduction: that of a sweep, and what was published in a file beside it."""

from pathlib import Path

from trainlab.experiments.reproduction.study import Study, read_study

STUDY_FILE = "reproduction.toml"


def is_reproduction(path: Path) -> bool:
    """Whether a folder is that of a reproduction."""
    return (path / STUDY_FILE).is_file()


def read_reproduction(path: Path) -> Study:
    """What a sweep's folder reproduces. Raises InputError that names the file when it is damaged."""
    return read_study(path / STUDY_FILE)
