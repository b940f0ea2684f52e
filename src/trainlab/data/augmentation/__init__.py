"""Augmentation: training images changed at random, a whole batch at a time.

What is done to an image depends on (seed, epoch, image) and on nothing else: not on its batch, on the worker that
serves it, or on where a run was interrupted. NumPy arrays and torch tensors go through the same code.

>>> import numpy as np
>>> from trainlab.data.augmentation import Draws, build
>>> augment = build(["crop", "flip", {"erasing": {"p": 0.25}}])
>>> images = np.zeros((3, 1, 28, 28), np.uint8)
>>> augment(images, Draws(seed=0, epoch=1, indices=np.array([5, 0, 9]))).shape
(3, 1, 28, 28)
"""

from trainlab.data.augmentation.affine import RandomAffine
from trainlab.data.augmentation.augment import NAMES, Augment, build, from_dict
from trainlab.data.augmentation.color import ColorJitter
from trainlab.data.augmentation.crop import RandomCrop
from trainlab.data.augmentation.draws import Draws
from trainlab.data.augmentation.elastic import Elastic
from trainlab.data.augmentation.erase import Cutout, RandomErasing
from trainlab.data.augmentation.flip import AlternatingFlip, RandomHorizontalFlip
from trainlab.data.augmentation.mix import CutMix, Mix, Mixup, one_hot
from trainlab.data.augmentation.piece import Augmentation

__all__ = [
    "NAMES",
    "AlternatingFlip",
    "Augment",
    "Augmentation",
    "ColorJitter",
    "CutMix",
    "Cutout",
    "Draws",
    "Elastic",
    "Mix",
    "Mixup",
    "RandomAffine",
    "RandomCrop",
    "RandomErasing",
    "RandomHorizontalFlip",
    "build",
    "from_dict",
    "one_hot",
]
