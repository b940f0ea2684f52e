"""The machine and the versions that figures depend on."""

import os
import platform
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TypedDict

from benchmarks.rounds import CORES
from trainlab.nn import blas

PACKAGES = ("numpy", "torch", "scikit-learn", "autograd", "tinygrad", "trainlab")
THREAD_SETTINGS = ("OPENBLAS_", "OMP_", "MKL_", "GOTO_")


class Environment(TypedDict):
    """Noted beside every result."""

    date: str
    cpu: str
    cores: int
    load: float | None
    """How many processes wanted to run in the minute before: above 0.5, others disturbed the measurement."""
    blas: str
    system: str
    python: str
    packages: dict[str, str]
    settings: dict[str, str]
    """Environment variables that change how many threads or which kernels a library uses."""


def environment() -> Environment:
    """What it is here and now."""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "cpu": cpu_name(),
        "cores": CORES,
        "load": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "blas": blas.library(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "packages": {name: found for name in PACKAGES if (found := _version(name))},
        "settings": {key: value for key, value in sorted(os.environ.items()) if key.startswith(THREAD_SETTINGS)},
    }


def cpu_name(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """The processor as it calls itself, with family and model where the name alone says little."""
    try:
        lines = cpuinfo.read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    values: dict[str, str] = {}
    for line in lines:
        key, _, value = line.partition(":")
        values.setdefault(key.strip(), value.strip())  # the first processor's
    name = values.get("model name", platform.machine())
    numbers = [f"{key} {values[key]}" for key in ("cpu family", "model") if key in values]
    return f"{name} ({', '.join(numbers)})" if numbers else name


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
