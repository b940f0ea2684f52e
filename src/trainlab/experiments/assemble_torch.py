"""From a configuration to a PyTorch engine. Imported only for `engine=torch`."""

from trainlab.errors import InputError
from trainlab.experiments.assemble import build_model
from trainlab.experiments.config import Config
from trainlab.randomness import generator

try:
    import torch
except ModuleNotFoundError as error:
    raise InputError(
        "engine = torch needs PyTorch, which is not installed here: pip install 'trainlab[torch]'. On Linux without a "
        "GPU, take the CPU build from pytorch.org first: it is a tenth of the size."
    ) from error

from trainlab.engines.torch_engine import TorchEngine, choose_device, choose_precision
from trainlab.models import torch_models
from trainlab.models.torch_twin import torch_twin


def build_torch_engine(config: Config, image_shape: tuple[int, int, int], classes: int) -> TorchEngine:
    """The engine with initial weights that depend on the seed alone; an MLP begins with the NumPy engine's."""
    device = choose_device(config.device)
    model = build_torch_model(config, image_shape, classes).to(device)
    return TorchEngine(
        model,
        _build_optimizer(config, model),
        loss="mse" if config.loss == "mse" else "cross_entropy",
        label_smoothing=config.label_smoothing,
        device=device,
        precision=choose_precision(config.precision, device),
        seed=config.seed,
        clip_norm=config.clip_norm,
    )


def build_torch_model(config: Config, image_shape: tuple[int, int, int], classes: int) -> torch.nn.Module:
    """The network on the CPU, with its initial weights."""
    if config.model == "mlp":
        with torch.random.fork_rng(devices=[]):  # layers draw weights, which are then replaced
            return torch_twin(build_model(config, image_shape, classes))
    seed = int(generator(config.seed, "weights").integers(2**63))
    return torch_models.build(config.model, classes, image_shape, torch.Generator().manual_seed(seed))


def _build_optimizer(config: Config, model: torch.nn.Module) -> torch.optim.Optimizer:
    parameters = model.parameters()
    if config.optimizer == "sgd":
        return torch.optim.SGD(
            parameters, config.lr, config.momentum, nesterov=config.nesterov, weight_decay=config.weight_decay
        )
    kind = torch.optim.AdamW if config.optimizer == "adamw" else torch.optim.Adam
    return kind(parameters, config.lr, (config.beta1, config.beta2), weight_decay=config.weight_decay)
