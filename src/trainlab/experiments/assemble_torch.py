"""From a configuration to a PyTorch engine. Imported only for `engine=torch`."""

from collections.abc import Mapping

from trainlab.engines.group import Group
from trainlab.errors import InputError
from trainlab.experiments.assemble import NUMPY_MODELS, Sample, build_model
from trainlab.experiments.config import Config
from trainlab.randomness import generator

try:
    import torch
except ModuleNotFoundError as error:
    raise InputError(
        "engine = torch needs PyTorch, which is not installed here: pip install 'trainlab[torch]'. On Linux without a "
        "GPU, take the CPU build from pytorch.org first: it is a tenth of the size."
    ) from error

from trainlab.engines.torch_engine import TorchEngine
from trainlab.engines.torch_group import TorchGroup
from trainlab.engines.torch_hardware import (
    Precision,
    check_compiler,
    choose_device,
    choose_precision,
    keep_freed_memory,
)
from trainlab.engines.torch_muon import Muon
from trainlab.models import torch_models
from trainlab.models.torch_fastnet import FastNet
from trainlab.models.torch_twin import torch_twin


def build_torch_engine(
    config: Config,
    image_shape: tuple[int, int, int],
    classes: int,
    sample: Sample | None = None,
    group: Group | None = None,
) -> TorchEngine:
    """The engine with its initial weights; those of the NumPy engine where that has the network."""
    device = choose_device(config.device, group)
    precision = choose_precision(config.precision, device)
    if config.compile:
        check_compiler()
    if device.type == "cpu":
        keep_freed_memory()
    model = build_torch_model(config, image_shape, classes)
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


def build_torch_group(environment: Mapping[str, str]) -> TorchGroup:
    """The processes that torchrun has started."""
    return TorchGroup(environment)


def build_torch_model(config: Config, image_shape: tuple[int, int, int], classes: int) -> torch.nn.Module:
    """The network on the CPU, with its initial weights."""
    if config.model == "mlp":
        with torch.random.fork_rng(devices=[]):  # layers draw weights, which are then replaced
            return torch_twin(build_model(config, image_shape, classes))
    if config.model in NUMPY_MODELS:
        weights = build_model(config, image_shape, classes).state_dict()
        model = torch_models.bare(config.model, classes, image_shape)
        model.load_state_dict({name: torch.from_numpy(array) for name, array in weights.items()})
        return model
    seed = int(generator(config.seed, "weights").integers(2**63))
    return torch_models.build(config.model, classes, image_shape, torch.Generator().manual_seed(seed), config.hidden)


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
            fused=True,
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
            product_dtype=torch.bfloat16 if precision == "bf16" else torch.float32,
        )
    kind = torch.optim.AdamW if config.optimizer == "adamw" else torch.optim.Adam
    return kind(parameters, config.lr, betas, weight_decay=config.weight_decay, fused=True)
