"""Data: what exists, how it gets here and into memory, how it is split, transformed and served in batches.

>>> from trainlab.data import Loader, Unit, load, split
>>> digits = load("mnist", "test")
>>> parts = split(digits.labels, validation=0.1, seed=0)
>>> loader = Loader(digits, parts.train, batch_size=32, transform=Unit(), seed=0, shuffle=True)
>>> batch = next(loader.epoch(1))
>>> batch.images.shape, batch.images.dtype, len(batch.labels)
((32, 1, 28, 28), dtype('float32'), 32)
"""

from trainlab.data.array_loader import ArrayLoader
from trainlab.data.batches import Batch
from trainlab.data.catalog import describe, load, locate, names
from trainlab.data.dataset import Dataset
from trainlab.data.download import Progress, get
from trainlab.data.folder_source import FolderContent, ImageFolder
from trainlab.data.folders import cache_folder
from trainlab.data.idx import read_idx, read_images, read_labels
from trainlab.data.images import frame_digit, resize_light_on_dark, resize_plain
from trainlab.data.importing import Import, ImportedFile, PassedOver, import_files
from trainlab.data.loader import Loader
from trainlab.data.source import Archive, Edition, Part, Source, SourceFile
from trainlab.data.split import Split, split
from trainlab.data.transforms import Compose, Lab1, Raw, Standardize, Transform, Unit
from trainlab.data.verification import FileCheck, verify

__all__ = [
    "Archive",
    "ArrayLoader",
    "Batch",
    "Compose",
    "Dataset",
    "Edition",
    "FileCheck",
    "FolderContent",
    "ImageFolder",
    "Import",
    "ImportedFile",
    "Lab1",
    "Loader",
    "Part",
    "PassedOver",
    "Progress",
    "Raw",
    "Source",
    "SourceFile",
    "Split",
    "Standardize",
    "Transform",
    "Unit",
    "cache_folder",
    "describe",
    "frame_digit",
    "get",
    "import_files",
    "load",
    "locate",
    "names",
    "read_idx",
    "read_images",
    "read_labels",
    "resize_light_on_dark",
    "resize_plain",
    "split",
    "verify",
]
