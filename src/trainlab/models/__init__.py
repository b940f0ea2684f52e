"""Networks by name."""

from trainlab.models.lenet import lenet
from trainlab.models.mlp import mlp
from trainlab.models.networks import build
from trainlab.models.resnet import BasicBlock, resnet
from trainlab.models.summary import LayerSummary, summarize

__all__ = ["BasicBlock", "LayerSummary", "build", "lenet", "mlp", "resnet", "summarize"]
