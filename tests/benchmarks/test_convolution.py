"""The rivals of the benchmarks of single layers compute what trainlab computes."""

from dataclasses import replace

from benchmarks import batch_norm, convolution
from benchmarks.size import QUICK


def test_every_rival_computes_the_same_and_is_compared_in_every_shape() -> None:
    parts = convolution.measure(replace(QUICK, seconds=0.002), shapes=((4, 6), (8, 3)), batch=5)["parts"]

    assert len(parts) == 2
    for part in parts:
        assert part["kind"] == "comparison"
        assert part["missing"] == []
        assert [rival["name"] for rival in part["rivals"]] == list(convolution.TARGETS)
        assert [rival["target"]["at_least"] for rival in part["rivals"]] == [0.67, 0.67, 3, 3]


def test_batch_normalization_is_compared_with_pytorch_s_in_both_layouts() -> None:
    (part,) = batch_norm.measure(replace(QUICK, seconds=0.002), shapes=((4, 6),), batch=5)["parts"]

    assert part["kind"] == "comparison"
    assert part["missing"] == []
    assert [rival["name"] for rival in part["rivals"]] == list(batch_norm.TARGETS)
