"""The rivals of the augmentation benchmark make the images that trainlab makes."""

from dataclasses import replace

from benchmarks import augmentation
from benchmarks.size import QUICK


def test_every_rival_makes_the_same_images_and_is_compared() -> None:
    (part,) = augmentation.measure(replace(QUICK, seconds=0.002))["parts"]

    assert part["kind"] == "comparison"
    assert part["missing"] == []
    assert len(part["rivals"]) == 3
    assert part["rivals"][0]["target"] == {"at_least": 40, "aim": 80}
