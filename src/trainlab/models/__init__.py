"""Networks by name."""

from trainlab.models.convnet import convnet
from trainlab.models.lenet import lenet
from trainlab.models.mlp import mlp
from trainlab.models.networks import build
from trainlab.models.resnet import BasicBlock, resnet
from trainlab.models.summary import LayerSummary, summarize
from trainlab.models.vit import ViTSize, vit

__all__ = ["BasicBlock", "LayerSummary", "ViTSize", "build", "convnet", "lenet", "mlp", "resnet", "summarize", "vit"]
