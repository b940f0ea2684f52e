"""The BLAS product is the obvious product: for every shape, type and memory layout, and where BLAS is missing."""

import re
import threading
from collections.abc import Callable

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from tests.nn.battery import FloatType, assert_close, assert_same
from trainlab.nn import Array, CrossEntropyLoss, Linear, ReLU, Sequential, blas, functional, gradcheck, parallel
from trainlab.optim import SGD

SHAPES = [(1, 1, 1), (1, 2, 3), (1, 1, 5), (1, 5, 1), (2, 3, 2), (4, 2, 3), (7, 5, 1), (7, 1, 5), (3, 3, 3)]
"""(N, M, K): batch size, rows and columns of the target"""

every_shape = pytest.mark.parametrize(("batch", "rows", "columns"), SHAPES, ids=lambda value: str(value))
both_types = pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])


@pytest.fixture(params=["BLAS", "no BLAS"])
def _with_and_without_blas(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "no BLAS":
        monkeypatch.setattr(blas, "_routines", lambda dtype_character: None)


def random(*shape: int, dtype: FloatType = np.float64, seed: int = 0) -> Array:
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def problem(batch: int, rows: int, columns: int, dtype: FloatType = np.float64) -> tuple[Array, Array, Array]:
    return (
        random(rows, columns, dtype=dtype),
        random(batch, rows, dtype=dtype, seed=1),
        random(batch, columns, dtype=dtype, seed=2),
    )


def assert_fast_equals_naive(target: Array, left: Array, right: Array, scale: float = -0.3) -> None:
    expected, left_before, right_before = target.copy(), left.copy(), right.copy()
    blas.add_product_naive(expected, left, right, scale)
    blas.add_product(target, left, right, scale)
    assert_close(target, expected, "target", 8 * float(np.finfo(target.dtype).eps))
    assert_same(left, left_before, "left was changed")
    assert_same(right, right_before, "right was changed")


def test_routines_are_found_where_numpy_carries_openblas() -> None:
    """Otherwise every test here would compare the naive form with itself."""
    carries_openblas = any(library["internal_api"] == "openblas" for library in threadpool_info())
    for dtype_character in "fd":
        assert (blas._routines(np.dtype(dtype_character)) is not None) == carries_openblas
    assert blas._routines(np.dtype(np.float16)) is None


def test_buffers_are_touched_by_one_product_a_thread_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    together, seen = threading.Barrier(3, timeout=60), []

    def product() -> None:
        together.wait()
        seen.append((threading.get_ident(), blas.thread_count()))

    monkeypatch.setattr(blas, "_larger_product", product)
    blas.touch_buffers.__wrapped__(3)
    assert len(seen) == 9
    assert len(set(seen[:3])) == 3
    assert {threads for _, threads in seen} == {1}
    monkeypatch.setattr(blas, "_routines", lambda dtype: None)  # another library than OpenBLAS
    blas.touch_buffers.__wrapped__(3)
    assert len(seen) == 9


@pytest.mark.parametrize("begin", [lambda: blas.thread_limit(2), lambda: parallel.in_shares(str, 4, 2**30)])
def test_buffers_are_touched_once_before_the_first_product(
    begin: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    products: list[None] = []
    monkeypatch.setattr(blas, "_larger_product", lambda: products.append(None))
    blas.touch_buffers.cache_clear()
    begin()
    count = len(products)
    begin()
    assert len(products) == count > 0


def test_by_hand() -> None:
    target = np.array([[1.0, 2.0], [3.0, 4.0]])
    left, right = np.array([[1.0, 2.0], [0.0, 1.0]]), np.array([[5.0, 6.0], [7.0, 8.0]])
    # leftᵀ @ right = [[1·5 + 0·7, 1·6 + 0·8], [2·5 + 1·7, 2·6 + 1·8]] = [[5, 6], [17, 20]]; half of it is added
    blas.add_product(target, left, right, 0.5)
    assert target.tolist() == [[3.5, 5.0], [11.5, 14.0]]


@both_types
@every_shape
@pytest.mark.usefixtures("_with_and_without_blas")
def test_fast_equals_naive(batch: int, rows: int, columns: int, dtype: FloatType) -> None:
    assert_fast_equals_naive(*problem(batch, rows, columns, dtype))


@both_types
@every_shape
def test_plain_matrices_take_the_fast_way_where_there_is_one(
    batch: int, rows: int, columns: int, dtype: FloatType, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    monkeypatch.setattr(blas, "add_product_naive", lambda *arguments: calls.append("naive"))
    blas.add_product(*problem(batch, rows, columns, dtype), 1.0)
    assert calls == ([] if blas._routines(np.dtype(dtype)) else ["naive"])


@pytest.mark.parametrize("scale", [0.0, 1.0, -1.0, 1e-3, 7.5])
@pytest.mark.parametrize("batch", [1, 4])
def test_fast_equals_naive_for_every_scale(batch: int, scale: float) -> None:
    assert_fast_equals_naive(*problem(batch, 2, 3), scale=scale)


LAYOUTS: dict[str, Callable[[Array], Array]] = {
    "every other column": lambda array: np.repeat(array, 2, axis=1)[:, ::2],
    "every other row": lambda array: np.repeat(array, 2, axis=0)[::2],
    "column-major": np.asfortranarray,
    "backwards": lambda array: array[::-1, ::-1].copy()[::-1, ::-1],
}


@pytest.mark.parametrize("which", [0, 1, 2], ids=["target", "left", "right"])
@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.parametrize("batch", [1, 4])
def test_fast_equals_naive_for_every_memory_layout(batch: int, layout: Callable[[Array], Array], which: int) -> None:
    arrays = list(problem(batch, 2, 3))
    arrays[which] = layout(arrays[which])
    target, left, right = arrays
    assert_fast_equals_naive(target, left, right)


@pytest.mark.parametrize("batch", [1, 4])
def test_a_target_inside_a_longer_vector_changes_nothing_around_it(batch: int) -> None:
    vector = np.full(12, 7.0)
    _, left, right = problem(batch, 2, 3)
    assert_fast_equals_naive(vector[3:9].reshape(2, 3), left, right)
    assert vector[:3].tolist() == vector[9:].tolist() == [7.0] * 3


@pytest.mark.parametrize("which", [1, 2], ids=["left", "right"])
@pytest.mark.parametrize("batch", [1, 4])
def test_read_only_factors_serve(batch: int, which: int) -> None:
    arrays = problem(batch, 2, 3)
    arrays[which].setflags(write=False)
    assert_fast_equals_naive(*arrays)


@pytest.mark.parametrize("batch", [1, 4])
def test_a_read_only_target_is_refused_and_kept(batch: int) -> None:
    target, left, right = problem(batch, 2, 3)
    target.setflags(write=False)
    with pytest.raises(ValueError, match="read-only"):
        blas.add_product(target, left, right, 1.0)
    assert_same(target, random(2, 3), "target")


def test_an_empty_batch_adds_nothing() -> None:
    target = random(2, 3)
    blas.add_product(target, np.zeros((0, 2)), np.zeros((0, 3)), 1.0)
    assert_same(target, random(2, 3), "target")


@pytest.mark.parametrize("shape", [(0, 3), (2, 0), (0, 0)])
def test_an_empty_target_stays_empty(shape: tuple[int, int]) -> None:
    target, left, right = problem(4, *shape)
    blas.add_product(target, left, right, 1.0)
    assert target.shape == shape


@pytest.mark.parametrize("which", [1, 2], ids=["left", "right"])
def test_factors_of_another_type_serve(which: int) -> None:
    arrays = list(problem(4, 2, 3, np.float32))
    arrays[which] = arrays[which].astype(np.float64)
    target, left, right = arrays
    assert_fast_equals_naive(target, left, right)


@pytest.mark.parametrize(
    ("left_shape", "right_shape"),
    [
        ((4, 3), (4, 3)),
        ((4, 2), (4, 5)),
        ((4, 2), (3, 3)),
        ((1, 2), (4, 3)),
        ((4, 2), (4,)),
        ((2,), (3,)),
        ((1, 1), (1, 3)),
    ],
    ids=["rows", "columns", "batch", "batch 1", "vector on the right", "two vectors", "broadcast"],
)
@pytest.mark.usefixtures("_with_and_without_blas")
def test_shapes_that_do_not_fit_are_named_and_nothing_changes(
    left_shape: tuple[int, ...], right_shape: tuple[int, ...]
) -> None:
    target = random(2, 3)
    message = f"the product of {left_shape}ᵀ and {right_shape} does not fit a matrix of (2, 3)"
    with pytest.raises(ValueError, match=re.escape(message)):
        blas.add_product(target, random(*left_shape), random(*right_shape), 1.0)
    assert_same(target, random(2, 3), "target")


@pytest.mark.usefixtures("_with_and_without_blas")
def test_layers_and_optimizers_work_with_and_without_blas() -> None:
    rng = np.random.default_rng(0)
    model = Sequential(Linear(4, 5, rng=rng, dtype=np.float64), ReLU(), Linear(5, 3, rng=rng, dtype=np.float64))
    x, labels = random(6, 4), np.array([0, 1, 2, 0, 1, 2])
    gradcheck(model, x, rng=rng).raise_if_wrong()
    model.defer_weight_grad()
    optimizer, loss = SGD(model.parameters(), lr=0.1), CrossEntropyLoss()
    losses = []
    for _ in range(30):
        optimizer.zero_grad()
        losses.append(loss.forward(model.forward(x), labels))
        model.backward(loss.backward())
        optimizer.step()
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < 0.7 * losses[0]


def test_without_a_blas_library_there_are_no_routines(monkeypatch: pytest.MonkeyPatch) -> None:
    class NoLibraries:
        lib_controllers: tuple[object, ...] = ()

    monkeypatch.setattr(blas, "_controller", NoLibraries)
    assert blas._routines.__wrapped__(np.dtype(np.float32)) is None


def test_a_library_without_the_routines_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    class Bare:
        internal_api = "openblas"

        class dynlib:  # noqa: N801  # stands in for a loaded library
            def __class_getitem__(cls, name: str) -> None:
                raise AttributeError(name)

    class OneBareLibrary:
        lib_controllers = (Bare,)

    monkeypatch.setattr(blas, "_controller", OneBareLibrary)
    assert blas._routines.__wrapped__(np.dtype(np.float32)) is None


def blas_threads() -> list[int]:
    return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]


def test_thread_limits_that_overlap_leave_nothing_behind() -> None:
    before = blas_threads()
    first, second = blas.thread_limit(1), blas.thread_limit(2)
    first.__enter__()
    second.__enter__()
    assert set(blas_threads()) <= {2}
    first.__exit__(None, None, None)
    assert set(blas_threads()) <= {2}, "the block that is still open decides"
    second.__exit__(None, None, None)
    assert blas_threads() == before


def test_thread_limits_of_many_python_threads_leave_nothing_behind() -> None:
    before, together = blas_threads(), threading.Barrier(8)

    def work(number: int) -> None:
        together.wait()
        for _ in range(20):
            with blas.thread_limit(1 + number % 2):
                pass

    workers = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert blas_threads() == before


def test_thread_limit_holds_inside_the_block_only_and_changes_no_result() -> None:
    x, weight = random(5, 4), random(3, 4)
    before, expected = blas_threads(), functional.linear_forward(x, weight)
    with blas.thread_limit(1):
        assert set(blas_threads()) <= {1}
        assert_close(functional.linear_forward(x, weight), expected, "product", 1e-15)
    assert blas_threads() == before
