"""The rivals of the convolution benchmark compute what trainlab computes."""

from dataclasses import replace

from benchmarks import convolution
from benchmarks.size import QUICK


def test_every_rival_computes_the_same_and_is_compared_in_every_shape() -> None:
    parts = convolution.measure(replace(QUICK, seconds=0.002), shapes=((4, 6), (8, 3)), batch=5)["parts"]

    assert len(parts) == 2
    for part in parts:
        assert part["kind"] == "comparison"
        assert part["missing"] == []
        assert [rival["name"] for rival in part["rivals"]] == [*convolution.TARGETS, convolution.IM2COL]
        assert part["rivals"][0]["target"] == {"at_least": 0.67, "aim": 1}
