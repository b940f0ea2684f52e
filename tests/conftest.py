"""What tests of every floor share."""

import os
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

from tests.tiny_mnist import write_tiny_mnist

settings.register_profile("untimed", deadline=None)  # a busy machine must fail no test
settings.load_profile("untimed")
# images of containers often forbid bytecode; each of 300 processes would compile trainlab anew, and pytest its tests
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# What somebody keeps in their own cache must change no test; matplotlib may go on with the fonts that it has found.
if "PYTEST_XDIST_WORKER" not in os.environ:  # the workers take over the environment
    fonts = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache", "matplotlib").expanduser()
    os.environ.setdefault("MPLCONFIGDIR", str(fonts))
    empty_cache = tempfile.TemporaryDirectory(prefix="trainlab-tests-")  # goes with this process
    os.environ["XDG_CACHE_HOME"] = empty_cache.name
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"  # read when MLflow is imported; no test uses the network


@pytest.fixture(scope="session")
def tiny_mnist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the first 600 training and 200 test images of MNIST."""
    return write_tiny_mnist(tmp_path_factory.mktemp("data") / "mnist").parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest tests, which have a timeout of their own, begin first: then all processes of xdist end together."""
    items.sort(key=lambda item: item.get_closest_marker("timeout") is None)
