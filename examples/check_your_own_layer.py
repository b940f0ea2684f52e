"""Write a layer, check its backward pass, break it, and read what the check says.

Run it with ``python examples/check_your_own_layer.py``.
"""

import numpy as np

from trainlab.nn import Array, Module, gradcheck


class Softplus(Module):
    """A smooth ReLU: ``y = log(1 + eˣ)``. Backward: ``grad_input = grad_output / (1 + e⁻ˣ)``."""

    def forward(self, x: Array) -> Array:
        self._x = x
        y: Array = np.logaddexp(x, 0)
        return y

    def backward(self, grad_output: Array) -> Array:
        grad_input: Array = grad_output / (1 + np.exp(-self._x))
        return grad_input


class WrongSoftplus(Softplus):
    """The same with a sign lost on the way."""

    def backward(self, grad_output: Array) -> Array:
        grad_input: Array = grad_output / (1 + np.exp(self._x))
        return grad_input


def main() -> tuple[bool, bool]:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((4, 3))
    right = gradcheck(Softplus(), x, rng=rng)
    wrong = gradcheck(WrongSoftplus(), x, rng=rng)
    print(right, wrong, sep="\n\n")
    return bool(right), bool(wrong)


if __name__ == "__main__":
    main()
