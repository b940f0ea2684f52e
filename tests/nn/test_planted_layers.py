"""The checks that pass every right layer fail every wrong one, and the report names the gradient and the entry."""

import numpy as np
import pytest

from tests.nn import battery
from tests.nn.battery import LayerCase
from tests.nn.planted_layers import PLANTED, Planted
from trainlab.nn import Array

MISTAKES = [planted for planted in PLANTED if planted.spoiled]
RIGHT = [planted for planted in PLANTED if not planted.spoiled]

every_mistake = pytest.mark.parametrize("planted", MISTAKES, ids=lambda planted: planted.case.name)


def all_gradients(case: LayerCase) -> dict[str, Array]:
    result = battery.run(battery.build(case), case.shape)
    return {"input": result.grad_input, **result.gradients}


@pytest.mark.parametrize("planted", RIGHT, ids=lambda planted: planted.case.name)
def test_the_right_formula_planted_the_same_way_passes(planted: Planted) -> None:
    battery.check_gradients(planted.case)
    battery.check_parity(planted.case, np.float64)


@every_mistake
def test_gradient_check_passes_the_right_layer_and_fails_the_wrong_one(planted: Planted) -> None:
    battery.check_gradients(planted.right)
    with pytest.raises(AssertionError, match="gradient entries are wrong"):
        battery.check_gradients(planted.case)


@every_mistake
def test_parity_check_passes_the_right_layer_and_fails_the_wrong_one(planted: Planted) -> None:
    battery.check_parity(planted.right, np.float64)
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        battery.check_parity(planted.case, np.float64)


@every_mistake
def test_report_names_exactly_the_gradients_that_are_wrong(planted: Planted) -> None:
    report = battery.gradient_report(planted.case)
    assert {mismatch.gradient for mismatch in report.mismatches} == planted.spoiled
    for gradient in report.checked:
        verdict = f"  {gradient}: " + (r"\d+ of \d+ wrong" if gradient in planted.spoiled else "right")
        with pytest.raises(AssertionError, match=verdict):
            report.raise_if_wrong()


@every_mistake
def test_report_names_exactly_the_entries_that_are_wrong_with_the_right_values(planted: Planted) -> None:
    wrong, right = all_gradients(planted.case), all_gradients(planted.right)
    report = battery.gradient_report(planted.case)
    named = {(mismatch.gradient, mismatch.index) for mismatch in report.mismatches}
    off = {
        (name, index)
        for name, gradient in right.items()
        for index in np.ndindex(gradient.shape)
        if abs(gradient[index] - wrong[name][index]) > 1e-4
    }
    assert named == off
    for mismatch in report.mismatches:
        assert mismatch.got == wrong[mismatch.gradient][mismatch.index]
        assert mismatch.expected == pytest.approx(right[mismatch.gradient][mismatch.index], abs=1e-7)
    errors = [abs(mismatch.got - mismatch.expected) for mismatch in report.mismatches]
    assert errors == sorted(errors, reverse=True)
