"""Contenders must compute the same before they are timed, and whoever cannot take part is named in one line."""

from contextlib import nullcontext

import numpy as np
import pytest

from benchmarks.rounds import Contender, admit, compare, race, stepwise

BATCHES = [(2.0, 1.0), (3.0, 1.0)]


def product() -> Contender:
    return stepwise(lambda a, b: a * b, BATCHES, nullcontext, [1])


def total() -> Contender:
    return stepwise(lambda a, b: a + b, BATCHES, nullcontext, [1])


def absent() -> Contender:
    raise ImportError("fastlib is not installed\nand a second line")


def test_a_sample_goes_through_the_batches_again_and_again() -> None:
    assert product().sample().tolist() == [2.0, 3.0, 2.0, 3.0, 2.0]


def test_a_rival_that_computes_the_same_takes_part_and_one_that_does_not_is_left_out() -> None:
    admitted, missing = admit(product(), {"twin": product, "sum": total, "fastlib": absent})

    assert list(admitted) == ["twin"]
    assert [one["name"] for one in missing] == ["sum", "fastlib"]
    assert missing[0]["reason"].startswith("computes something else: its first steps gave [3. 4. 3.], ours [2. 3. 2.]")
    assert missing[1]["reason"] == "fastlib is not installed"


def test_contenders_run_in_turn() -> None:
    order: list[str] = []

    def noting(name: str) -> Contender:
        def run(steps: int) -> int:
            order.append(name)
            return steps

        return Contender(run, lambda: np.zeros(1), nullcontext, [1])

    series = race({"a": noting("a"), "b": noting("b")}, rounds=3, seconds=1e-9)

    assert order[-6:] == ["a", "b"] * 3
    assert [len(one["values"]) for one in series] == [3, 3]


@pytest.mark.parametrize("threads", [1, 2])
def test_each_contender_is_given_the_number_of_threads_that_was_fastest(threads: int) -> None:
    given = [0]

    def use(count: int) -> nullcontext[None]:
        given.append(count)
        return nullcontext()

    def run(steps: int) -> int:
        return steps * (1_000_000 if given[-1] == threads else 1)

    (series,) = race({"a": Contender(run, lambda: np.zeros(1), use, [1, 2])}, rounds=1, seconds=1e-9)

    assert series["threads"] == threads
    assert given[-1] == threads


def test_a_target_goes_to_the_rival_of_its_name() -> None:
    comparison = compare(
        "title", "steps/s", ("ours", product()), {"twin": product}, {"twin": {"at_least": 2, "aim": 3}}, 2, 1e-6
    )

    assert comparison["ours"]["name"] == "ours"
    assert "target" not in comparison["ours"]
    assert comparison["rivals"][0]["target"] == {"at_least": 2, "aim": 3}
