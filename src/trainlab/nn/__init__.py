"""The NumPy engine: layers and losses with their backward passes written out by hand.

Names and meanings are PyTorch's, so what one learns here carries over.
"""

from trainlab.nn.activation import ACTIVATIONS, GELU, LeakyReLU, ReLU, Sigmoid, Tanh
from trainlab.nn.adaptive_pooling import AdaptiveAvgPool2d, GlobalAvgPool
from trainlab.nn.array import Array, Labels
from trainlab.nn.attention import SelfAttention
from trainlab.nn.container import Dropout, Dropout2d, Flatten, Residual, Sequential
from trainlab.nn.convolution import Conv2d
from trainlab.nn.embedding import Embedding
from trainlab.nn.gradcheck import GradcheckResult, Mismatch, gradcheck
from trainlab.nn.layer_norm import LayerNorm
from trainlab.nn.linear import Linear
from trainlab.nn.loss import CrossEntropyLoss, Loss, MSELoss
from trainlab.nn.module import Module
from trainlab.nn.normalization import BatchNorm1d, BatchNorm2d
from trainlab.nn.parameter import Parameter
from trainlab.nn.pooling import AvgPool2d, MaxPool2d

__all__ = [
    "ACTIVATIONS",
    "GELU",
    "AdaptiveAvgPool2d",
    "Array",
    "AvgPool2d",
    "BatchNorm1d",
    "BatchNorm2d",
    "Conv2d",
    "CrossEntropyLoss",
    "Dropout",
    "Dropout2d",
    "Embedding",
    "Flatten",
    "GlobalAvgPool",
    "GradcheckResult",
    "Labels",
    "LayerNorm",
    "LeakyReLU",
    "Linear",
    "Loss",
    "MSELoss",
    "MaxPool2d",
    "Mismatch",
    "Module",
    "Parameter",
    "ReLU",
    "Residual",
    "SelfAttention",
    "Sequential",
    "Sigmoid",
    "Tanh",
    "gradcheck",
]
