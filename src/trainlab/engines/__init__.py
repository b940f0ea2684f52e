"""How a configuration is run: one small interface, and the engine that computes with NumPy."""

from trainlab.engines.engine import Batch, Engine, State, StepResult
from trainlab.engines.numpy_engine import NumpyEngine

__all__ = ["Batch", "Engine", "NumpyEngine", "State", "StepResult"]
