"""From a configuration to a PyTorch engine. Imported only for `engine=torch`."""

from collections.abc import Mapping

import numpy as np

from trainlab.engines.group import Group
from trainlab.errors import InputError
from trainlab.experiments.assemble import FloatType, Sample, build_model
from trainlab.experiments.config import Config
from trainlab.randomness import generator

try:
    import torch
except ModuleNotFoundError as error:
    raise InputError(
        "engine = torch needs PyTorch, which is not installed here: pip install 'trainlab[torch]'. On Linux without a "
        "GPU, take the CPU build from pytorch.org first: it is a tenth of the size."
    ) from error

from trainlab.engines.freed_memory import keep_freed_memory
from trainlab.engines.torch_engine import TorchEngine
from trainlab.engines.torch_group import TorchGroup
from trainlab.engines.torch_hardware import (
    Precision,
    check_compiler,
    choose_device,
    choose_precision,
    errors_explained,
)
from trainlab.engines.torch_muon import Muon
from trainlab.models import torch_models
from trainlab.models.networks import NUMPY_MODELS
from trainlab.models.torch_fastnet import FastNet, FastNetSize
from trainlab.models.torch_twin import torch_twin

TOO_LARGE = "A smaller network (hidden) or smaller pictures (size) need less."
"""What helps where a network does not fit into memory."""


def build_torch_engine(
    config: Config,
    image_shape: tuple[int, int, int],
    classes: int,
    sample: Sample | None = None,
    group: Group | None = None,
    dtype: FloatType = np.float32,
) -> TorchEngine:
    """The engine with its initial weights; those of the NumPy engine where that has the network."""
    device = choose_device(config.device, group)
    precision = choose_precision(config.precision, device)
    if dtype is np.float64:
        _check_float64(config.precision, device)
        precision = "fp32"  # no conversion on the way: products are computed in the type of the numbers
    if config.compile:
        check_compiler()
    if device.type == "cpu":
        keep_freed_memory()
    with errors_explained(TOO_LARGE):
        model = build_torch_model(config, image_shape, classes, dtype)
        if sample is not None and isinstance(model, FastNet):
            model.whitening.fit(torch.from_numpy(sample()))
        model = model.to(device)
        return TorchEngine(
            model,
            _build_optimizer(config, model, precision),
            loss="mse" if config.loss == "mse" else "cross_entropy",
            label_smoothing=config.label_smoothing,
            device=device,
            precision=precision,
            seed=config.seed,
            clip_norm=config.clip_norm,
            accumulate=config.accumulate,
            ema=config.ema,
            compiled=config.compile,
            group=group,
        )


def _check_float64(precision: str, device: torch.device) -> None:
    """Raises InputError where float64 numbers are not to be had."""
    if precision in ("bf16", "fp16"):
        raise InputError(f"precision = {precision} is for float32 numbers, and these are float64. Convert them first.")
    if device.type == "mps":
        raise InputError("device = mps has no float64. Give float32 numbers, or take device=cpu.")


def build_torch_group(environment: Mapping[str, str]) -> TorchGroup:
    """The processes that torchrun has started."""
    return TorchGroup(environment)


def build_torch_model(
    config: Config, image_shape: tuple[int, int, int], classes: int, dtype: FloatType = np.float32
) -> torch.nn.Module:
    """The network on the CPU, with its initial weights."""
    if config.model == "mlp":
        with torch.random.fork_rng(devices=[]):  # layers draw weights, which are then replaced
            return torch_twin(build_model(config, image_shape, classes, dtype))
    if config.model in NUMPY_MODELS:
        weights = build_model(config, image_shape, classes, dtype).state_dict()
        bare = torch_models.bare(config.model, classes, image_shape, vit_size=config.vit_size())
        bare = bare.to(torch.float64) if dtype is np.float64 else bare
        bare.load_state_dict({name: torch.from_numpy(array) for name, array in weights.items()})
        return bare
    seed = int(generator(config.seed, "weights").integers(2**63))
    drawn = torch.Generator().manual_seed(seed)
    size = FastNetSize(
        config.hidden, config.fastnet_depth, config.fastnet_pool, config.fastnet_border, config.fastnet_bias
    )
    model = torch_models.build(config.model, classes, image_shape, drawn, size)
    return model.to(torch.float64) if dtype is np.float64 else model


def _build_optimizer(config: Config, model: torch.nn.Module, precision: Precision) -> torch.optim.Optimizer:
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    betas = (config.beta1, config.beta2)
    if config.optimizer == "sgd":
        return torch.optim.SGD(
            parameters,
            config.lr,
            config.momentum,
            nesterov=config.nesterov,
            weight_decay=config.weight_decay,
            # of a step that GradScaler leaves out, PyTorch 2.13's fused kernel keeps a momentum that nobody has written
            fused=precision != "fp16",
        )
    if config.optimizer == "muon":
        return Muon(
            parameters,
            config.lr,
            config.adam_lr,
            config.momentum,
            config.nesterov,
            betas,
            config.weight_decay,
            config.unit_rows,
            product_dtype=torch.bfloat16 if precision == "bf16" else parameters[0].dtype,
        )
    kind = torch.optim.AdamW if config.optimizer == "adamw" else torch.optim.Adam
    return kind(parameters, config.lr, betas, weight_decay=config.weight_decay, fused=True)
