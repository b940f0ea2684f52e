"""What tests of every floor share."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

from tests.tiny_mnist import write_tiny_mnist

settings.register_profile("untimed", deadline=None)  # a busy machine must fail no test
settings.load_profile("untimed")
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"  # read when MLflow is imported; no test uses the network


@pytest.fixture(scope="session")
def tiny_mnist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the first 600 training and 200 test images of MNIST."""
    return write_tiny_mnist(tmp_path_factory.mktemp("data") / "mnist").parent
