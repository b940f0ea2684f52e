"""What ONNX Runtime makes of some operations."""

from collections.abc import Callable
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from trainlab.export.onnx.graph import Name, OnnxGraph


def computed(build: Callable[[OnnxGraph, Name], Name], x: NDArray[np.float32], output_rank: int) -> NDArray[np.float32]:
    """The output of the operations that ``build`` adds behind an input ``x``."""
    graph = OnnxGraph()
    graph.add("Identity", build(graph, "x"), output="y")
    shape = tuple(f"axis_{axis}" for axis in range(output_rank))
    content = graph.model("test", ("x", np.float32, ("N", *x.shape[1:])), ("y", np.float32, shape), {})
    session: Any = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    y: NDArray[np.float32] = session.run(["y"], {"x": x})[0]
    return y
