"""The model card: what a network is, what it was measured at, where it fails, and how to make it again.

It begins with the metadata that model hubs read (YAML between two lines of ``---``).
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from trainlab.data import ImageFolder, describe
from trainlab.experiments import Config, RunFolder, images_of
from trainlab.experiments.settings import value_text
from trainlab.export.onnx.network import TOLERANCE, ExportedNetwork
from trainlab.training import Metrics

CHOSEN = {"best": "the best on validation images", "last": "the last"}
HUB_NAMES = {"mnist": "mnist", "fashion-mnist": "fashion_mnist", "cifar-10": "cifar10", "cifar-100": "cifar100"}
"""What model hubs call our data sets."""

Figures = Mapping[str, tuple[int, Metrics]]
"""Part of the data → number of images, loss and accuracy."""

USE = """\
```python
import json

import numpy as np
import onnxruntime
from PIL import Image

network = onnxruntime.InferenceSession("model.onnx")
classes = json.loads(network.get_modelmeta().custom_metadata_map["classes"])
picture = Image.open("picture.png").convert("{mode}").resize(({width}, {height}))
pixels = np.asarray(picture).reshape({height}, {width}, {channels})  # bytes, not divided by 255
images = pixels.transpose(2, 0, 1)[np.newaxis]
(probabilities,) = network.run(None, {{"images": images}})
print(classes[probabilities[0].argmax()], probabilities[0].max())
```"""


def published_config(config: Config) -> Config:
    """Without paths of this machine: a folder of pictures is expected beside the configuration."""
    dataset = config.dataset
    if describe(dataset).home is not None:
        pictures = ImageFolder.from_name(dataset)
        dataset = replace(pictures, path=Path(pictures.path.resolve().name)).name
    return replace(config, dataset=dataset, data_dir="")


def model_card(run: RunFolder, network: ExportedNetwork) -> str:
    """The card as Markdown."""
    figures = _figures(run, network)
    channels, height, width = network.image_shape
    sections = {
        "Use": (
            f"`images` are (N, {channels}, {height}, {width}) bytes from 0 to 255 as they come from a picture; scaling "
            f"is part of the network. `probabilities` are (N, {len(network.classes)}).\n\n"
            + USE.format(mode="L" if channels == 1 else "RGB", channels=channels, height=height, width=width)
        ),
        "Measured": _measured(figures, network),
        "Made with": _made_with(run),
        "Limitations": "\n".join(f"- {sentence}" for sentence in _limitations(run, network, figures)),
        "Licences": (
            f"Data: {_licence_of_data(run.config.dataset)}. The licence of these weights is for "
            "whoever publishes them to choose, and to write into the first lines of this file."
        ),
    }
    body = "\n\n".join(f"## {title}\n\n{text}" for title, text in sections.items())
    title = f"# {run.name}\n\n{_what(run, network)}"
    return f"---\n{as_yaml(_metadata(run, figures))}---\n\n{title}\n\n{body}\n"


def as_yaml(value: Any, indent: str = "") -> str:
    """Dictionaries and lists in block style; JSON's texts and numbers are YAML's as well.

    >>> print(as_yaml({"tags": ["a: b"], "results": [{"value": 0.5, "name": "x"}]}), end="")
    tags:
    - "a: b"
    results:
    - value: 0.5
      name: "x"
    """
    lines = ""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if isinstance(inner, Mapping | list):
                lines += f"{indent}{key}:\n{as_yaml(inner, indent + ('  ' if isinstance(inner, Mapping) else ''))}"
            else:
                lines += f"{indent}{key}: {json.dumps(inner, ensure_ascii=False)}\n"
        return lines
    for item in value:
        if isinstance(item, Mapping):
            lines += f"{indent}- {as_yaml(item, indent + '  ').removeprefix(indent + '  ')}"
        else:
            lines += f"{indent}- {json.dumps(item, ensure_ascii=False)}\n"
    return lines


def _figures(run: RunFolder, network: ExportedNetwork) -> Figures:
    split, epoch = run.load_split(), network.epoch
    found = {"train": (len(split.train), epoch.train)}
    if epoch.validation is not None:
        found["validation"] = (len(split.validation), epoch.validation)
    summary = run.read_summary()
    if summary and summary["status"] == "finished" and summary["test"]:
        found["test"] = (len(images_of(run, "test")[1]), Metrics(**summary["test"]))
    return found


def _metadata(run: RunFolder, figures: Figures) -> dict[str, Any]:
    dataset = _name_of_data(run.config.dataset)
    results = [
        {
            "task": {"type": "image-classification"},
            "dataset": {"type": HUB_NAMES.get(dataset, dataset), "name": dataset, "split": part},
            "metrics": [
                {"type": "accuracy", "value": measured.accuracy, "name": f"accuracy, n = {count:,} {part} images"},
            ],
        }
        for part, (count, measured) in figures.items()
        if part != "train"
    ]
    return {
        "license": "unknown",
        "library_name": "onnx",
        "pipeline_tag": "image-classification",
        "tags": ["image-classification", "onnx", "trainlab", run.config.model],
        **({"datasets": [HUB_NAMES[dataset]]} if dataset in HUB_NAMES else {}),
        "metrics": ["accuracy"],
        "model-index": [{"name": run.name, "results": results}],
    }


def _what(run: RunFolder, network: ExportedNetwork) -> str:
    channels, height, width = network.image_shape
    colour = {1: "grey", 3: "colour"}.get(channels, f"{channels}-channel")
    classes = ", ".join(network.classes[:20]) + (", …" if len(network.classes) > 20 else "")
    return (
        f"A network ({run.config.model}) that tells {len(network.classes)} classes apart in {colour} images of "
        f"{height}×{width} pixels: {classes}. Trained on {_name_of_data(run.config.dataset)} with trainlab; the "
        f"weights are those of epoch {network.epoch.epoch}, {CHOSEN[run.config.keep]}."
    )


def _measured(figures: Figures, network: ExportedNetwork) -> str:
    rows = "\n".join(
        f"| {part} | {count:,} | {measured.accuracy:.2%} | {measured.loss:.4f} |"
        for part, (count, measured) in figures.items()
    )
    return (
        f"| part | images | accuracy | loss |\n|---|---|---|---|\n{rows}\n\n"
        "By the engine that trained it; training figures were added up while the weights were changing. "
        f"This file was run with ONNX Runtime on {network.checked:,} of the validation images: its probabilities "
        f"differ from the engine's in float32 by at most {network.difference:.1g} (allowed: {TOLERANCE:g})."
    )


def _made_with(run: RunFolder) -> str:
    noted, config = run.read_environment(), published_config(run.config)
    torch = f"PyTorch {noted['torch']} on {noted['device']} in {noted['precision']}, " if "torch" in noted else ""
    settings = " ".join(f"{key}={value_text(value)}" for key, value in config.differences(Config()).items())
    return (
        "```sh\ntrainlab train config.toml\n```\n\n"
        f"with the file beside this one. Settings other than the defaults: `{settings or 'none'}`. "
        f"trainlab {noted['trainlab']}, NumPy {noted['numpy']}, {torch}Python {noted['python']}, processes: "
        f"{noted['processes']}, threads of each: {noted['threads']}. "
        "The same weights, bit for bit, come out on the same machine with the same versions and threads"
        f"{'' if noted.get('device', 'cpu') == 'cpu' else ', but for what its GPU rounds differently each time'}."
    )


def _name_of_data(dataset: str) -> str:
    home = describe(dataset).home
    return dataset if home is None else home.resolve().name


def _licence_of_data(dataset: str) -> str:
    known = describe(dataset)
    if known.home is not None:
        return f"pictures in a folder {_name_of_data(dataset)}, whose licence is for their owner to say"
    return f"{dataset} ({known.description}), {known.licence}"


def _limitations(run: RunFolder, network: ExportedNetwork, figures: Figures) -> list[str]:
    sentences = [
        f"It answers with one of its {len(network.classes)} classes whatever a picture shows, and its probabilities "
        "have not been calibrated.",
        f"It has seen nothing but {_name_of_data(run.config.dataset)}: measure it on pictures of your own before you "
        "rely on it.",
        f"One run, seed {run.config.seed}: another seed gives another accuracy; how far off is not known here.",
        "The epoch was chosen on the validation images, whose accuracy flatters a little.",
    ]
    if "test" not in figures:
        sentences.append("It has not been measured on a test set.")
    if run.config.dataset == "mnist":
        sentences.append(
            "Digits must be light on black, boxed to 20×20 pixels and centred by mass, as in MNIST; "
            "`trainlab predict` prepares photographs so, the lines above do not."
        )
    return sentences
