"""The BLAS library inside NumPy: how many threads it uses, and the one routine that NumPy does not hand on.

NumPy offers matrix products only as ``C = A @ B``. BLAS itself also knows ``C += a · A @ B`` in one pass, which
is exactly a gradient step on a weight matrix. Without it a step at batch size 1 writes the whole gradient, scales
it and subtracts it: five passes over 100,000 numbers instead of one (57 µs against 12 µs for 784 → 128).

When NumPy carries another library than OpenBLAS (Accelerate on a Mac, MKL from conda), the obvious form serves.
"""

import ctypes
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from functools import cache
from threading import Barrier
from typing import Any

import numpy as np

from trainlab.nn.array import Array, DType
from trainlab.thread_limit import ThreadLimit

_ROW_MAJOR, _NO_TRANSPOSE, _TRANSPOSE = 101, 111, 112  # cblas.h
_address_of = ctypes.addressof
_as_char = ctypes.c_char.from_buffer


def add_product_naive(target: Array, left: Array, right: Array, scale: float) -> None:
    """``target += scale · leftᵀ @ right``, as one would write it."""
    target += scale * (left.T @ right)


def add_product(target: Array, left: Array, right: Array, scale: float) -> None:
    """Add a scaled matrix product to a matrix in place: ``target += scale · leftᵀ @ right``.

    =========  ==============  =========================================
    argument   shape
    =========  ==============  =========================================
    target     (M, K)          changed in place
    left       (N, M)
    right      (N, K)          N is the batch size: one row a sample
    =========  ==============  =========================================

    Raises ValueError when the shapes do not fit.

    Source: BLAS ``ger`` (N = 1) and ``gemm`` with beta = 1, https://netlib.org/blas.

    >>> target = np.zeros((2, 3), np.float32)
    >>> add_product(target, np.array([[1, 2]], np.float32), np.array([[1, 0, 1]], np.float32), scale=0.5)
    >>> target.tolist()
    [[0.5, 0.0, 0.5], [1.0, 0.0, 1.0]]
    """
    batch, rows, columns = left.shape[0], left.shape[-1], right.shape[-1]
    if right.shape[0] != batch or target.shape != (rows, columns) or left.ndim != 2 or right.ndim != 2:
        raise ValueError(f"the product of {left.shape}ᵀ and {right.shape} does not fit a matrix of {target.shape}")
    routines = _routines(target.dtype)
    addresses = _addresses(target, left, right)
    if routines is None or addresses is None:
        add_product_naive(target, left, right, scale)
        return
    rank_one, matrix_product = routines
    target_at, left_at, right_at = addresses
    if batch == 1:
        rank_one(_ROW_MAJOR, rows, columns, scale, left_at, 1, right_at, 1, target_at, columns)
    else:
        matrix_product(
            _ROW_MAJOR, _TRANSPOSE, _NO_TRANSPOSE, rows, columns, batch,
            scale, left_at, rows, right_at, columns, 1.0, target_at, columns,
        )  # fmt: skip


def _addresses(target: Array, left: Array, right: Array) -> tuple[int, int, int] | None:
    """Where the three matrices lie in memory, or None where only NumPy can multiply them."""
    if not left.dtype is right.dtype is target.dtype or target.size == 0 or left.size == 0:
        return None
    try:  # refuses what is not row-major or not writable
        return _address_of(_as_char(target)), _address_of(_as_char(left)), _address_of(_as_char(right))  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None


@cache
def _controller() -> Any:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController().select(user_api="blas")


@cache
def _routines(dtype: DType) -> tuple[Callable[..., None], Callable[..., None]] | None:
    """(ger, gemm) of NumPy's own OpenBLAS for float32 or float64, or None where there is no such library."""
    precision = {np.dtype(np.float32): "s", np.dtype(np.float64): "d"}.get(dtype)
    libraries = [one for one in _controller().lib_controllers if one.internal_api == "openblas"]
    if precision is None or not libraries:
        return None
    # NumPy's wheels prefix and suffix the names; a 64 in the suffix means 64-bit integers
    for prefix, suffix in [("scipy_", "64_"), ("", "64_"), ("scipy_", ""), ("", "")]:
        try:
            ger = libraries[0].dynlib[f"{prefix}cblas_{precision}ger{suffix}"]
            gemm = libraries[0].dynlib[f"{prefix}cblas_{precision}gemm{suffix}"]
        except AttributeError:
            continue
        integer: Any = ctypes.c_int64 if suffix else ctypes.c_int
        real: Any = ctypes.c_float if precision == "s" else ctypes.c_double
        option, pointer = ctypes.c_int, ctypes.c_void_p
        ger.argtypes = [option, integer, integer, real] + [pointer, integer] * 3
        gemm.argtypes = [option] * 3 + [integer] * 3 + [real] + [pointer, integer] * 2 + [real, pointer, integer]
        ger.restype = gemm.restype = None
        return ger, gemm
    return None


@cache
def touch_buffers(threads: int) -> None:
    """Let the first products of this process, up to so many at a time, be as fast as later ones.

    OpenBLAS copies what it multiplies into memory of its own, an area for each product under way, and its kernels fetch
    the next numbers ahead. Behind small matrices lies memory that was never written and so has no pages yet, and each
    fetch looks for one in vain. On Zen 1 products with up to 384 columns run at 9 to 16 GFLOP/s until a larger one has
    gone through the same area, and at 34 from then on. This is the larger one: 3 ms in each thread, at the same time
    so that each gets an area of its own, three times in case that one came late.
    """
    if _routines(np.dtype(np.float32)) is None:
        return
    together = Barrier(threads)

    def multiply(_: int) -> None:
        together.wait()
        _larger_product()

    with _LIMIT(1), ThreadPoolExecutor(threads) as pool:
        for _ in range(3):
            list(pool.map(multiply, range(threads)))


def _larger_product() -> Array:
    product: Array = np.zeros((64, 384), np.float32) @ np.zeros((384, 1024), np.float32)
    return product


def library() -> str:
    """NumPy's library for matrix products and the processor that its code is for, such as "openblas 0.3.31 Haswell";
    "unknown" where it does not tell."""
    libraries = _controller().info()
    keys = ("internal_api", "version", "architecture")
    return " ".join(str(libraries[0][key]) for key in keys if libraries[0].get(key)) if libraries else "unknown"


def thread_count() -> int:
    """How many threads a matrix product may use now."""
    libraries = _controller().lib_controllers
    return libraries[0].num_threads if libraries else 1


def thread_limit(threads: int) -> AbstractContextManager[None]:
    """Let matrix products use at most this many threads inside a ``with`` block.

    One thread is best for small products, where waking a second one costs more than it brings, and two fare badly
    when another process keeps a core busy: the faster waits for the slower in every product. The same number of
    threads gives the same bits; another number may round differently.

    The number belongs to the whole process. Blocks may overlap, also in several Python threads: see `ThreadLimit`.
    """
    touch_buffers(1)
    return _LIMIT(threads)


def _apply(threads: int) -> Callable[[], None]:
    put_back: Callable[[], None] = _controller().limit(limits=threads).restore_original_limits
    return put_back


_LIMIT = ThreadLimit(_apply)
