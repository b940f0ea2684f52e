"""How a configuration is run: one small interface, and the engine that computes with NumPy.

PyTorch's engine is in `trainlab.engines.torch_engine`, imported only where it is asked for."""

from trainlab.engines.engine import Batch, Engine, LateEngine, LateResult, State, StepResult
from trainlab.engines.group import Group
from trainlab.engines.numpy_engine import NumpyEngine
from trainlab.engines.views import PLAIN, View, augmented_views

__all__ = [
    "PLAIN",
    "Batch",
    "Engine",
    "Group",
    "LateEngine",
    "LateResult",
    "NumpyEngine",
    "State",
    "StepResult",
    "View",
    "augmented_views",
]
