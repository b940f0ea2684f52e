"""The benchmark of a whole step on NumPy does its work on a few images; how fast is not a test's business."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import network_step
from benchmarks.figures import Table
from benchmarks.memory import peak_of
from benchmarks.network_step import CHANNELS_FIRST, CHANNELS_LAST, NETWORKS, OURS, Problem, make_engine
from benchmarks.roofline import Layers, Roofline, measure_roofline
from benchmarks.size import QUICK
from benchmarks.whole_batch import WHOLE_BATCH
from trainlab.nn import Conv2d

LENET = Problem(NETWORKS["lenet"], batch=4)


def test_every_rival_takes_the_same_steps_and_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    peaks = {OURS: 60.0, CHANNELS_FIRST: 120.0, CHANNELS_LAST: 240.0}
    monkeypatch.setattr(network_step, "peak_of", lambda command: peaks[command[4]])
    monkeypatch.setattr(network_step, "in_own_process", lambda make: make())

    comparison, times, losses, memory, layers = network_step.measure(
        replace(QUICK, seconds=0.002), "lenet", problem=LENET
    )["parts"]

    assert comparison["kind"] == "comparison"
    assert comparison["missing"] == []
    assert [rival["name"] for rival in comparison["rivals"]] == [CHANNELS_FIRST, CHANNELS_LAST, *WHOLE_BATCH]
    assert [rival["target"] for rival in comparison["rivals"]] == list(LENET.network.targets.values())
    assert len(_rows(times)) == len(_rows(losses)) == 5
    assert [row[3] for row in _rows(memory)] == ["1.00×", "0.50×", "0.25×"]
    assert len(_rows(layers)) == 11


def _rows(part: Any) -> list[list[str]]:
    table: Table = part
    assert table["kind"] == "table"
    return table["rows"]


def test_a_rival_that_learns_otherwise_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network_step, "_peaks", lambda *arguments: {OURS: [[1.0], [1.0]]})
    right = network_step.make_step

    def half_the_loss(problem: Problem, name: str) -> Any:
        step, use_threads = right(problem, name)
        return (lambda *batch: step(*batch) / 2) if name == CHANNELS_LAST else step, use_threads

    monkeypatch.setattr(network_step, "make_step", half_the_loss)
    monkeypatch.setattr(network_step, "in_own_process", lambda make: make())

    comparison = network_step.measure(replace(QUICK, seconds=0.002), "lenet", problem=LENET)["parts"][0]

    assert comparison["kind"] == "comparison"
    assert [one["name"] for one in comparison["missing"]] == [CHANNELS_LAST]
    assert comparison["missing"][0]["reason"].startswith("computes something else")


@pytest.mark.parametrize("form", WHOLE_BATCH.values(), ids=WHOLE_BATCH)
@pytest.mark.parametrize("options", [{}, {"stride": 2, "padding": (1, 2)}, {"bias": False}])
def test_im2col_of_the_whole_batch_is_the_convolution(options: dict[str, Any], form: Any) -> None:
    rng = np.random.default_rng(0)
    layer, other = (Conv2d(2, 3, (3, 2), rng=np.random.default_rng(1), dtype=np.float64, **options) for _ in range(2))
    usual = form(other)
    x = rng.standard_normal((2, 2, 6, 5))
    y = layer(x)
    g = rng.standard_normal(y.shape)

    np.testing.assert_allclose(usual(x), y)
    gradients = [[one.backward(g), *(parameter.grad for parameter in one.parameters())] for one in (usual, layer)]
    for got, expected in zip(*gradients, strict=True):
        assert got is not None
        assert expected is not None
        np.testing.assert_allclose(got, expected)


def test_the_roofline_counts_every_layer_and_every_pass() -> None:
    roofline = measure_roofline(make_engine(LENET.model(), 0.01), LENET.batches, steps=2)

    first, *_, last = roofline.layers
    assert (first.kind, first.shape, first.count) == ("Conv2d(1, 6, 5, padding=2), no grad_input", (6, 28, 28), 1)
    assert first.flops == 2 * 4 * 6 * 784 * (2 * 25 + 1)
    assert first.bytes == 4 * (2 * 4 * 784 + 2 * 4 * 6 * 784 + 3 * (6 * 25 + 6))
    assert last.flops == 3 * 4 * 10 * (2 * 84 + 1)
    assert 0 < sum(layer.seconds for layer in roofline.layers) < roofline.step
    assert roofline.product > 1e8 < roofline.copy


def test_a_layer_is_held_against_what_its_bytes_allow() -> None:
    layers = [Layers("ReLU()", (6, 4, 4), count=2, flops=1e9, bytes=1e9, seconds=0.5)]
    roofline = Roofline(product=10e9, copy=2e9, step=1.0, layers=layers)

    (row,) = roofline.table()["rows"]
    assert row == ["ReLU(), 2 of them", "6×4×4", "1.00", "1,000", "500", "2.00", "20.0%", "20.0%"]
    assert "1 GFLOP in 1000 ms, 10% of the peak product; 500 ms of it outside" in roofline.notes()[1]


def test_a_process_takes_steps_for_its_peak_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", f"{Path(__file__).parents[2]}:{Path(__file__).parents[2] / 'src'}")
    command = [sys.executable, "-m", "benchmarks.network_step", "lenet", OURS]

    built, stepped = (peak_of([*command, steps]) for steps in ("0", "1"))

    assert 20 < built < stepped < 300
