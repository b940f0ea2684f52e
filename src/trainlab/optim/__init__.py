"""Optimizers that change NumPy parameters, and learning-rate schedules for every engine."""

from trainlab.optim.adam import Adam, AdamW
from trainlab.optim.muon import Muon, orthogonalize
from trainlab.optim.optimizer import Optimizer, clip_grad_norm
from trainlab.optim.schedule import (
    Schedule,
    constant,
    cosine,
    linear,
    linear_warm_up,
    multi_step,
    one_cycle,
    step_decay,
)
from trainlab.optim.sgd import SGD

__all__ = [
    "SGD",
    "Adam",
    "AdamW",
    "Muon",
    "Optimizer",
    "Schedule",
    "clip_grad_norm",
    "constant",
    "cosine",
    "linear",
    "linear_warm_up",
    "multi_step",
    "one_cycle",
    "orthogonalize",
    "step_decay",
]
