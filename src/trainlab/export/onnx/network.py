"""A trained network as an ONNX file: stored pixels in, probabilities out, checked against the engine that trained it.

=================  ==================================  ====================================================
``images``         (N, C, H, W), bytes 0 … 255         any N; scaling, mean and std are part of the graph
``probabilities``  (N, K), float32                     rows add up to 1; the classes stand in the metadata
=================  ==================================  ====================================================
"""

import json
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainlab.data import Transform, transforms
from trainlab.engines import Engine, NumpyEngine
from trainlab.errors import InputError, RunFailed
from trainlab.experiments import RunFolder, images_of, load_kept
from trainlab.experiments.assemble import build_engine
from trainlab.experiments.kept_network import load_engine
from trainlab.export.onnx.graph import OnnxGraph
from trainlab.export.onnx.layers import add_layer
from trainlab.extras import optional_package
from trainlab.nn import MSELoss
from trainlab.training import EpochRecord

IMAGES, PROBABILITIES = "images", "probabilities"
CHECKED = 256
"""Validation images; a wrong operation shows in the first."""
CHUNK = 64
"""Images at once, to bound memory; the last image is computed alone, since any number must do."""
TOLERANCE = 1e-4
"""Between probabilities: rounding in float32 gives 1e-6 to 1e-5, a wrong operation 1e-2 and more."""


@dataclass(frozen=True)
class ExportedNetwork:
    """The content of an ONNX file, and how exact it is."""

    content: bytes
    classes: tuple[str, ...]
    image_shape: tuple[int, int, int]
    epoch: EpochRecord
    """Whose weights it has, and its figures."""
    checked: int
    """On so many validation images."""
    difference: float
    """The largest between a probability of the file and one of the engine."""


def export_network(run: RunFolder) -> ExportedNetwork:
    """The network of a run with the weights that it has kept, in float32.

    Raises:
        InputError: no epoch was finished, a package is missing, or the network has a layer that ONNX export lacks, as
            vision transformers have.
        RunFailed: ONNX Runtime computes something else than the engine.
    """
    onnxruntime = optional_package("onnxruntime", "an export to ONNX", "pip install 'trainlab[export]'")
    OnnxGraph()  # a missing package is found before anything is read
    if run.config.model == "vit":
        raise InputError(
            f"{run.path} is a vision transformer, whose attention cannot be exported to ONNX yet. Its weights lie in "
            f"{run.path / 'checkpoints'} as safetensors, under the same names for NumPy and PyTorch."
        )
    checkpoint = load_kept(run)
    dataset, indices = images_of(run, "validation")
    classes = tuple(checkpoint.extra["classes"])
    transform = transforms.from_dict(checkpoint.extra["transform"])
    config = replace(run.config, device="cpu", compile=False, precision="fp32")  # as ONNX Runtime will compute
    engine = build_engine(config, dataset.image_shape, len(classes))
    load_engine(engine, checkpoint, run)
    epoch = checkpoint.training.last
    assert epoch is not None, "`load_kept` refuses a run without a finished epoch"
    metadata = {"classes": json.dumps(classes, ensure_ascii=False), "run": run.name, "epoch": str(epoch.epoch)}
    content = onnx_file(engine, transform, dataset.image_shape, len(classes), run.name, metadata)
    chosen = indices[np.linspace(0, len(indices) - 1, min(CHECKED, len(indices))).astype(int)]
    images = dataset.images[chosen]
    with engine.thread_limit(run.threads):
        ours = np.concatenate([engine.predict(transform(chunk)) for chunk in _chunks(images)])
    difference = largest_difference(ours, run_onnx(onnxruntime, content, images))
    return ExportedNetwork(content, classes, dataset.image_shape, epoch, len(images), difference)


def onnx_file(
    engine: Engine,
    transform: Transform,
    image_shape: tuple[int, int, int],
    classes: int,
    name: str,
    metadata: dict[str, str],
) -> bytes:
    """The content of the file. Raises InputError for a layer that ONNX export does not know."""
    graph = OnnxGraph()
    x = graph.add("Cast", IMAGES, to=1)  # to float32
    x = graph.add("Mul", x, graph.constant(_of_channels(transform.scale)))
    x = graph.add("Add", x, graph.constant(_of_channels(transform.shift)))
    if isinstance(engine, NumpyEngine):
        scores, is_squared_error = add_layer(graph, engine.model, x), isinstance(engine.loss, MSELoss)
    else:
        from trainlab.engines.torch_engine import TorchEngine
        from trainlab.export.onnx.torch_layers import add_network

        assert isinstance(engine, TorchEngine)
        scores, is_squared_error = add_network(graph, engine.evaluated_model, x), engine.loss == "mse"
    if is_squared_error:
        graph.nearest_distribution(scores, classes, output=PROBABILITIES)
    else:
        graph.add("Softmax", scores, axis=1, output=PROBABILITIES)
    inputs = (IMAGES, np.uint8, ("N", *image_shape))
    return graph.model(name, inputs, (PROBABILITIES, np.float32, ("N", classes)), metadata)


def run_onnx(onnxruntime: Any, content: bytes, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The probabilities (N, K) that ONNX Runtime computes from stored images."""
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    return np.concatenate([session.run([PROBABILITIES], {IMAGES: chunk})[0] for chunk in _chunks(images)])


def largest_difference(ours: NDArray[Any], theirs: NDArray[Any]) -> float:
    """Between two tables of probabilities. Raises RunFailed when it is more than rounding explains."""
    difference = float(np.abs(ours - theirs).max())
    if not difference <= TOLERANCE:  # nan is none
        raise RunFailed(
            f"the exported network differs from the trained one: probabilities by up to {difference:.2g} on "
            f"{len(ours)} validation images, where rounding explains {TOLERANCE:g}. Nothing was written."
        )
    return difference


def _chunks(images: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    ends = [*range(CHUNK, len(images) - 1, CHUNK), len(images) - 1]
    return [chunk for chunk in np.split(images, ends) if len(chunk)]


def _of_channels(numbers: tuple[float, ...]) -> NDArray[np.float64]:
    return np.reshape(numbers, (1, -1, 1, 1))
