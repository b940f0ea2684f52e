"""A weight with its gradient."""

import numpy as np

from trainlab.nn.array import Array
from trainlab.nn.blas import add_product


class Parameter:
    """An array that training changes, and the gradient of the loss with respect to it.

    ``data`` is the array. ``grad`` is None after `zero_grad`, else an array of the same shape; gradients add up
    until they are cleared, as in PyTorch. ``has_grad`` tells which, without computing anything.

    A weight's gradient is a product, ``grad_outputᵀ @ x``, and at batch size 1 much larger than its factors:
    128 + 784 numbers make 100,352. Set ``deferred`` and the product is taken only when somebody reads ``grad``;
    plain SGD never does (`descend`). In return, x and grad_output must not be changed in place before the
    optimizer's step. Engines set it; it is off by default.

    >>> weight = Parameter(np.zeros((2, 3)))
    >>> weight.accumulate_product(np.array([[1.0, 2.0]]), np.array([[1.0, 0.0, 1.0]]))
    >>> weight.grad.tolist()
    [[1.0, 0.0, 1.0], [2.0, 0.0, 2.0]]
    >>> weight.zero_grad()
    >>> weight.grad is None
    True
    """

    __slots__ = ("_buffer", "_factors", "data", "deferred", "has_grad", "name")

    def __init__(self, data: Array, name: str = "") -> None:
        if data.dtype not in (np.float32, np.float64):
            raise TypeError(f"a Parameter holds float32 or float64 numbers, got an array of {data.dtype}")
        self.data = data
        self.name = name
        self.deferred = False
        self.has_grad = False
        self._buffer: Array | None = None  # where the gradient is written; kept between steps
        self._factors: tuple[Array, Array] | None = None  # the gradient, as long as it is a product

    @property
    def grad(self) -> Array | None:
        return self._written() if self.has_grad else None

    @property
    def shape(self) -> tuple[int, ...]:
        return self.data.shape

    @property
    def size(self) -> int:
        return self.data.size

    def zero_grad(self) -> None:
        """Forget the gradient."""
        self.has_grad = False
        self._factors = None

    def accumulate(self, gradient: Array) -> None:
        """``grad += gradient``; the argument is copied, never kept."""
        if gradient.shape != self.data.shape:
            raise ValueError(f"a gradient of shape {gradient.shape} does not fit {self!r}")
        grad = self._written()
        grad += gradient

    def accumulate_sum(self, grad_output: Array) -> None:
        """``grad += Σₙ grad_output[n]`` for grad_output (N, M), a bias's gradient."""
        if self.has_grad:
            grad = self._written()
            grad += np.add.reduce(grad_output, axis=0)
        else:
            np.add.reduce(grad_output, axis=0, out=self._room())
            self.has_grad = True

    def accumulate_product(self, grad_output: Array, x: Array) -> None:
        """``grad += grad_outputᵀ @ x`` for grad_output (N, M) and x (N, K), at once or when it is needed."""
        if self.deferred and not self.has_grad:
            self._factors = (grad_output, x)
            self.has_grad = True
        else:
            add_product(self._written(), grad_output, x, 1.0)

    def descend(self, learning_rate: float) -> None:
        """``data ← data − learning_rate · grad``; a gradient that is still a product is applied in one pass."""
        if self._factors is not None:
            grad_output, x = self._factors
            add_product(self.data, grad_output, x, -learning_rate)
        elif self.has_grad:
            self.data -= learning_rate * self._room()
        else:
            raise RuntimeError(f"{self!r} has no gradient: call backward() before step()")

    def move_into(self, data: Array, grad: Array) -> None:
        """Let data and gradient live in the given arrays (views of one long vector, say), values kept."""
        data[...] = self.data
        if self.has_grad:
            grad[...] = self._written()
        self.data, self._buffer = data, grad

    def _room(self) -> Array:
        """The array for the gradient, whatever is in it."""
        if self._buffer is None:
            self._buffer = np.empty_like(self.data)
        return self._buffer

    def _written(self) -> Array:
        """The array with the gradient in it: what was accumulated so far, 0 if nothing was."""
        grad = self._room()
        if self._factors is not None:
            factors, self._factors = self._factors, None
            grad.fill(0)
            add_product(grad, *factors, 1.0)
        elif not self.has_grad:
            grad.fill(0)
            self.has_grad = True
        return grad

    def __repr__(self) -> str:
        return f"Parameter({self.name or 'unnamed'}, shape={self.data.shape}, dtype={self.data.dtype})"
