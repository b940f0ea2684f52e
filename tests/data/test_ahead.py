import threading
from collections.abc import Iterator

import numpy as np
import pytest

from trainlab.data.ahead import made_ahead
from trainlab.data.augmentation import build
from trainlab.data.dataset import Dataset
from trainlab.data.loader import Loader
from trainlab.data.transforms import Unit
from trainlab.errors import InputError

IMAGES = np.random.default_rng(0).integers(0, 256, (43, 3, 8, 8), dtype=np.uint8)
DATASET = Dataset("random", IMAGES, np.arange(43, dtype=np.uint8) % 3, ("a", "b", "c"))


def test_the_next_thing_is_made_while_the_last_one_is_in_use() -> None:
    began = [threading.Event() for _ in range(3)]

    def things() -> Iterator[int]:
        for number, event in enumerate(began):
            event.set()
            yield number

    ahead = made_ahead(things())
    assert not began[0].is_set()  # nothing is made before it is asked for the first time
    assert next(ahead) == 0
    assert began[1].wait(10)  # though nobody has asked for it
    assert not began[2].is_set()  # and not more than one
    assert list(ahead) == [1, 2]


def test_an_error_arrives_where_the_thing_would_have() -> None:
    def things() -> Iterator[int]:
        yield 1
        raise InputError("the file is gone")

    ahead = made_ahead(things())
    assert next(ahead) == 1
    with pytest.raises(InputError, match="the file is gone"):
        next(ahead)


def test_a_consumer_that_stops_early_leaves_no_thread_behind() -> None:
    ahead = made_ahead(iter(range(1000)))
    assert next(ahead) == 0
    assert any(thread.name.startswith("made_ahead") for thread in threading.enumerate())
    ahead.close()  # type: ignore[attr-defined]
    assert not any(thread.name.startswith("made_ahead") for thread in threading.enumerate())


@pytest.mark.parametrize("names", [[], ["crop", "flip"], ["mixup"]])
@pytest.mark.parametrize("first_step", [0, 3, 5])
def test_batches_made_ahead_are_the_same_to_the_bit(names: list[str], first_step: int) -> None:
    def served(ahead: bool) -> list[list[bytes]]:
        augment = build(names) if names else None
        loader = Loader(DATASET, np.arange(43), 10, Unit(), 1, shuffle=True, augment=augment, ahead=ahead)
        batches = loader.epoch(2, first_step)
        return [[part.tobytes() for part in (batch.images, batch.labels)] for batch in batches]

    assert len(served(ahead=False)) == 5 - first_step
    assert served(ahead=True) == served(ahead=False)


def test_a_wrong_first_step_is_refused_at_once() -> None:
    loader = Loader(DATASET, np.arange(43), 10, Unit(), 0, shuffle=True, ahead=True)
    with pytest.raises(InputError, match="first_step=6"):
        loader.epoch(1, first_step=6)
