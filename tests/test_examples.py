"""Every example runs, and reaches what it promises."""

import importlib.util
from pathlib import Path
from types import ModuleType

EXAMPLES = Path(__file__).parents[1] / "examples"


def example(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_example_is_tested() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.py")} == {"mnist_by_hand", "check_your_own_layer", "scikit_learn"}


def test_mnist_by_hand_learns() -> None:
    assert example("mnist_by_hand").main(epochs=1) > 0.94


def test_scikit_learn_finds_settings_that_read_digits() -> None:
    assert example("scikit_learn").main(jobs=1) > 0.95


def test_the_right_layer_passes_and_the_wrong_one_does_not() -> None:
    assert example("check_your_own_layer").main() == (True, False)
