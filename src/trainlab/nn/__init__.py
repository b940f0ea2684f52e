"""The NumPy engine: layers and losses with their backward passes written out by hand.

Names and meanings are PyTorch's, so what one learns here carries over.
"""

from trainlab.nn.activation import ACTIVATIONS, GELU, LeakyReLU, ReLU, Sigmoid, Tanh
from trainlab.nn.array import Array, Labels
from trainlab.nn.container import Dropout, Flatten, Sequential
from trainlab.nn.convolution import Conv2d
from trainlab.nn.gradcheck import GradcheckResult, Mismatch, gradcheck
from trainlab.nn.linear import Linear
from trainlab.nn.loss import CrossEntropyLoss, Loss, MSELoss
from trainlab.nn.module import Module
from trainlab.nn.parameter import Parameter

__all__ = [
    "ACTIVATIONS",
    "GELU",
    "Array",
    "Conv2d",
    "CrossEntropyLoss",
    "Dropout",
    "Flatten",
    "GradcheckResult",
    "Labels",
    "LeakyReLU",
    "Linear",
    "Loss",
    "MSELoss",
    "Mismatch",
    "Module",
    "Parameter",
    "ReLU",
    "Sequential",
    "Sigmoid",
    "Tanh",
    "gradcheck",
]
