"""What every optimizer shares: parameters side by side in one vector, and the two calls of a training step."""

import math
from collections.abc import Iterable, Mapping

import numpy as np

from trainlab.nn import Array, Parameter
from trainlab.nn.array import DType
from trainlab.nn.module import check_fit


class Optimizer:
    """Changes parameters by their gradients: ``zero_grad()``, forward, backward, ``step()``.

    All parameters are moved into one long vector θ and all gradients into another, g; ``parameter.data`` and
    ``parameter.grad`` become views of them. A step is then a handful of array operations however many layers
    there are, and reads like the formula in the paper.

    Args:
        parameters: what to train, all of one dtype.
        lr: learning rate, above 0 and finite. A schedule sets ``optimizer.lr`` before each step.
    """

    state_names: tuple[str, ...] = ()
    """The attributes that `state` saves: vectors, as long as θ or a part of it."""

    def __init__(self, parameters: Iterable[Parameter], lr: float) -> None:
        self.parameters = list(parameters)
        if not self.parameters:
            raise ValueError("an optimizer needs at least one parameter; this model has none")
        dtypes = {parameter.data.dtype for parameter in self.parameters}
        if len(dtypes) > 1:
            raise ValueError(f"all parameters must have one dtype, got {sorted(map(str, dtypes))}")
        if len(set(map(id, self.parameters))) < len(self.parameters):
            raise ValueError("a parameter is listed twice: it would be changed twice in each step")
        if not (math.isfinite(lr) and lr > 0):
            raise ValueError(f"lr must be a finite number above 0, got {lr}")
        self.lr = lr
        self.steps = 0
        self.theta, self.grad_vector = _join(self.parameters)
        self._homes = [(parameter, parameter.data) for parameter in self.parameters]

    def zero_grad(self) -> None:
        """Forget all gradients."""
        for parameter in self.parameters:
            parameter.zero_grad()

    def step(self) -> None:
        """Change every parameter once.

        Raises RuntimeError, before anything is changed, when a parameter has no gradient or lives elsewhere by now.
        """
        for parameter, home in self._homes:
            if not parameter.has_grad:
                raise RuntimeError(f"{parameter!r} has no gradient: call backward() before step()")
            if parameter.data is not home:
                raise RuntimeError(
                    f"{parameter!r} no longer lives in this optimizer's vector: another optimizer took it, or "
                    "`parameter.data = …` replaced it. Write `parameter.data[...] = …`, and make one optimizer."
                )
        self.steps += 1
        self._update()

    def _update(self) -> None:
        """The rule itself."""
        raise NotImplementedError(f"{type(self).__name__} does not define _update()")

    def gradient(self) -> Array:
        """g: the gradients of all parameters as one vector."""
        for parameter in self.parameters:
            _ = parameter.grad  # written into its part of the vector when it was still a product
        return self.grad_vector

    def state(self) -> dict[str, Array]:
        """Everything that the next step depends on, besides the parameters and ``lr``. The arrays are copies."""
        state = {name: getattr(self, name).copy() for name in self.state_names}
        return state | {"steps": np.array(self.steps, np.float64)}

    def check_state(self, state: Mapping[str, Array]) -> None:
        """Raises ValueError with every array that is missing, unknown or of another shape than this optimizer's."""
        expected = {name: getattr(self, name).shape for name in self.state_names} | {"steps": ()}
        check_fit(expected, state, f"this state does not fit this {type(self).__name__}")

    def load_state(self, state: Mapping[str, Array]) -> None:
        """Go on where `state` was taken. Raises ValueError as `check_state` does, before anything is changed."""
        self.check_state(state)
        for name in self.state_names:
            getattr(self, name)[...] = state[name]
        self.steps = int(state["steps"])


def _join(parameters: list[Parameter]) -> tuple[Array, Array]:
    """Move data and gradients of all parameters into two vectors of their own."""
    total = sum(parameter.size for parameter in parameters)
    theta, grad = (_aligned_zeros(total, parameters[0].data.dtype) for _ in range(2))
    start = 0
    for parameter in parameters:
        stop = start + parameter.size
        parameter.move_into(theta[start:stop].reshape(parameter.shape), grad[start:stop].reshape(parameter.shape))
        start = stop
    return theta, grad


def _aligned_zeros(size: int, dtype: DType) -> Array:
    """Begins on a cache line (64 bytes): a pass over the vector is then up to a quarter faster."""
    cache_line = 64 // dtype.itemsize
    room = np.zeros(size + cache_line, dtype)
    start = -(room.ctypes.data // dtype.itemsize) % cache_line
    return room[start : start + size]


def clip_grad_norm(parameters: Iterable[Parameter], max_norm: float) -> float:
    """Scale all gradients together so that their joint length is at most ``max_norm``; returns the length before.

    ``norm = √Σ g²``;  ``g ← g · min(1, max_norm / (norm + 1e-6))``, as in PyTorch's ``clip_grad_norm_``.

    Source: Pascanu, Mikolov & Bengio 2013, "On the difficulty of training recurrent neural networks", section 3.2.
    """
    if not max_norm > 0:
        raise ValueError(f"max_norm must be above 0, got {max_norm}")
    gradients = [parameter.grad for parameter in parameters]
    present = [gradient for gradient in gradients if gradient is not None]
    norm = math.sqrt(sum(float(np.vdot(gradient, gradient)) for gradient in present))
    scale = max_norm / (norm + 1e-6)
    if scale < 1:
        for gradient in present:
            gradient *= scale
    return norm
