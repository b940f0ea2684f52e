import re

import numpy as np
import pytest

from trainlab.data.dataset import Dataset
from trainlab.errors import InputError

IMAGES = np.zeros((3, 1, 2, 2), np.uint8)
LABELS = np.array([0, 1, 1], np.uint8)
CLASSES = ("cat", "dog")


def test_knows_its_length_and_the_shape_of_its_images() -> None:
    dataset = Dataset("pets", np.zeros((3, 1, 4, 5), np.uint8), LABELS, CLASSES)
    assert len(dataset) == 3
    assert dataset.image_shape == (1, 4, 5)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.uint32])
def test_any_unsigned_labels_do(dtype: type[np.unsignedinteger]) -> None:
    assert Dataset("pets", IMAGES, LABELS.astype(dtype), CLASSES).labels.dtype == dtype


@pytest.mark.parametrize("images", [IMAGES.astype(np.float32), IMAGES[:, 0]])
def test_images_of_another_type_or_without_channel_axis_are_refused(images: np.ndarray) -> None:
    with pytest.raises(InputError, match=re.escape("expected uint8 of shape (N, C, H, W)")):
        Dataset("pets", images, LABELS, CLASSES)


@pytest.mark.parametrize("labels", [LABELS.astype(np.int64), np.eye(2, dtype=np.uint8)[LABELS]])
def test_signed_or_one_hot_labels_are_refused(labels: np.ndarray) -> None:
    with pytest.raises(InputError, match=re.escape("expected unsigned integers of shape (N,)")):
        Dataset("pets", IMAGES, labels, CLASSES)


def test_counts_that_differ_are_refused() -> None:
    with pytest.raises(InputError, match="3 images but 2 labels"):
        Dataset("pets", IMAGES, LABELS[:2], CLASSES)


def test_an_empty_set_is_refused() -> None:
    with pytest.raises(InputError, match="holds no images"):
        Dataset("pets", IMAGES[:0], LABELS[:0], CLASSES)


def test_a_label_beyond_the_classes_is_named_with_its_image() -> None:
    with pytest.raises(InputError, match=r"label 2 \(image 1\) is out of range; expected 0 to 1"):
        Dataset("pets", IMAGES, np.array([0, 2, 1], np.uint8), CLASSES)
