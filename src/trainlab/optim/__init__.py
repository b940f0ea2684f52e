"""Optimizers that change NumPy parameters, and learning-rate schedules for every engine."""

from trainlab.optim.adam import Adam, AdamW
from trainlab.optim.optimizer import Optimizer, clip_grad_norm
from trainlab.optim.schedule import (
    Schedule,
    constant,
    cosine,
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
    "Optimizer",
    "Schedule",
    "clip_grad_norm",
    "constant",
    "cosine",
    "linear_warm_up",
    "multi_step",
    "one_cycle",
    "step_decay",
]
