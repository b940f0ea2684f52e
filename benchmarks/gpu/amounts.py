"""How much is measured."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Amounts:
    """The defaults fit into ten minutes on one H100."""

    checked_batch: int = 64
    """Images in the steps by which losses are compared."""
    matrix: int = 8192
    """Side of the matrices whose product gives the peak."""
    warm_up: int = 10
    times: int = 50
    """How often a product or a step is timed."""
    batch_sizes: tuple[int, ...] = (128, 512)
    seeds: int = 3
    """Whole trainings of each preset; one where the time left is for no more."""
    train_images: int = 50_000
    """Random ones, where CIFAR-10 is not on this machine."""
    test_images: int = 10_000
    overrides: tuple[str, ...] = ()
    """Settings of the presets to change."""


QUICK = Amounts(
    checked_batch=4,
    matrix=256,
    warm_up=1,
    times=2,
    batch_sizes=(2, 4),
    seeds=2,
    train_images=40,
    test_images=10,
    overrides=("epochs=1", "batch_size=16", "split=0.2", "threads=1", "stratified=false", "hidden=8x8x8"),
)
