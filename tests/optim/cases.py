"""The optimizers that go through the battery, each beside its twin in PyTorch with the same settings."""

import torch

from tests.optim.battery import OptimizerCase
from trainlab.optim import SGD, Adam, AdamW, Muon

OPTIMIZER_CASES = [
    OptimizerCase("sgd", lambda p: SGD(p, lr=0.1), lambda t: torch.optim.SGD(t, lr=0.1)),
    OptimizerCase(
        "sgd-decay",
        lambda p: SGD(p, lr=0.1, weight_decay=0.2),
        lambda t: torch.optim.SGD(t, lr=0.1, weight_decay=0.2),
    ),
    OptimizerCase(
        "sgd-momentum",
        lambda p: SGD(p, lr=0.1, momentum=0.9),
        lambda t: torch.optim.SGD(t, lr=0.1, momentum=0.9),
    ),
    OptimizerCase(
        "sgd-momentum-decay",
        lambda p: SGD(p, lr=0.1, momentum=0.9, weight_decay=0.2),
        lambda t: torch.optim.SGD(t, lr=0.1, momentum=0.9, weight_decay=0.2),
    ),
    OptimizerCase(
        "sgd-nesterov",
        lambda p: SGD(p, lr=0.1, momentum=0.9, nesterov=True),
        lambda t: torch.optim.SGD(t, lr=0.1, momentum=0.9, nesterov=True),
    ),
    OptimizerCase(
        "sgd-nesterov-decay",
        lambda p: SGD(p, lr=0.1, momentum=0.5, nesterov=True, weight_decay=0.2),
        lambda t: torch.optim.SGD(t, lr=0.1, momentum=0.5, nesterov=True, weight_decay=0.2),
    ),
    OptimizerCase("adam", lambda p: Adam(p, lr=0.1), lambda t: torch.optim.Adam(t, lr=0.1)),
    OptimizerCase(
        "adam-decay",
        lambda p: Adam(p, lr=0.1, weight_decay=0.2),
        lambda t: torch.optim.Adam(t, lr=0.1, weight_decay=0.2),
    ),
    OptimizerCase(
        "adam-betas-eps",
        lambda p: Adam(p, lr=0.1, betas=(0.5, 0.7), eps=0.1),
        lambda t: torch.optim.Adam(t, lr=0.1, betas=(0.5, 0.7), eps=0.1),
    ),
    OptimizerCase(
        "adam-betas-0",
        lambda p: Adam(p, lr=0.1, betas=(0.0, 0.0)),
        lambda t: torch.optim.Adam(t, lr=0.1, betas=(0.0, 0.0)),
    ),
    OptimizerCase("adamw", lambda p: AdamW(p, lr=0.1), lambda t: torch.optim.AdamW(t, lr=0.1)),
    OptimizerCase(
        "adamw-decay",
        lambda p: AdamW(p, lr=0.1, weight_decay=0.5),
        lambda t: torch.optim.AdamW(t, lr=0.1, weight_decay=0.5),
    ),
    OptimizerCase(
        "adamw-no-decay",
        lambda p: AdamW(p, lr=0.1, weight_decay=0.0),
        lambda t: torch.optim.AdamW(t, lr=0.1, weight_decay=0.0),
    ),
    OptimizerCase(  # of one matrix, which is the last one, muon leaves everything to AdamW
        "muon",
        lambda p: Muon(p, lr=0.5, adam_lr=0.1, betas=(0.8, 0.9), weight_decay=0.5),
        lambda t: torch.optim.AdamW(t, lr=0.1, betas=(0.8, 0.9), weight_decay=0.5),
    ),
    OptimizerCase("adam-defaults", lambda p: Adam(p), lambda t: torch.optim.Adam(t)),
    OptimizerCase("adamw-defaults", lambda p: AdamW(p), lambda t: torch.optim.AdamW(t)),
]
BY_NAME = {case.name: case for case in OPTIMIZER_CASES}
