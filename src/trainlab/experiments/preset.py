"""The configurations and studies that travel in the package, by name; and anybody's own file, by path."""

from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from trainlab.errors import InputError
from trainlab.experiments.config import Config
from trainlab.experiments.toml_file import read_toml


@dataclass(frozen=True)
class Preset:
    """A named configuration."""

    name: str
    description: str
    config: Config


def packaged_files(kind: str) -> dict[str, Path]:
    """The TOML files of one folder in the package, presets or studies, by their names."""
    folder = Path(str(resources.files("trainlab.experiments") / kind))
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def preset_names() -> list[str]:
    """The presets that travel in the package."""
    return list(packaged_files("presets"))


def study_names() -> list[str]:
    """The published experiments that travel in the package, for `trainlab.experiments.reproduction`."""
    return list(packaged_files("studies"))


FOLDER_FILES = ("config.toml", "sweep.toml")
"""Where the folder of a run and that of a sweep hold their settings."""


def load_preset(name_or_path: str) -> Preset:
    """A preset by name, or the user's own TOML file by path.

    Raises InputError with the nearest preset for an unknown name.
    """
    if name_or_path.endswith(".toml"):
        path = Path(name_or_path)
        name = path.stem
    elif name_or_path in (presets := packaged_files("presets")):
        path, name = presets[name_or_path], name_or_path
    elif found := next((Path(name_or_path, file) for file in FOLDER_FILES if Path(name_or_path, file).is_file()), None):
        raise InputError(f"{name_or_path} is a folder. Its settings stand in {found}: give that file.")
    else:
        from trainlab.spelling import unknown_name

        raise unknown_name("preset", name_or_path, presets)
    values = read_toml(path)
    if "vary" in values:
        raise InputError(f"{path} describes a sweep, not a single run. Run it with `trainlab sweep {path}`.")
    description = values.pop("description", "")
    try:
        return Preset(name, description, Config.from_mapping(values))
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
