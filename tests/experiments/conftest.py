"""What several tests of whole runs begin with."""

from pathlib import Path

import pytest

from tests.experiments import killed_run
from trainlab.experiments import Result, train


@pytest.fixture(scope="session")
def whole(tiny_mnist: Path, tmp_path_factory: pytest.TempPathFactory) -> Result:
    """A run that nothing stopped; not to be changed."""
    folder = tmp_path_factory.mktemp("runs") / "whole"
    return train(killed_run.configuration(tiny_mnist), folder, "whole", command=["trainlab", "train"])
