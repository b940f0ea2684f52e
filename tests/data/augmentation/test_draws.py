import numpy as np
import pytest

from trainlab.data.augmentation.draws import Draws, integers, mix
from trainlab.errors import InputError

MANY = 20_000
PLACES = np.arange(MANY)
GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def numbers(seed: int = 0, purpose: str = "crop", epoch: int = 1, first: int = 0, count: int = 1) -> np.ndarray:
    return Draws(seed, epoch, first + PLACES).uniform(purpose, count)


def test_the_words_are_those_of_splitmix64() -> None:
    state, golden, words = 1234567, 0x9E3779B97F4A7C15, []
    for _ in range(5):
        state = (state + golden) % 2**64
        words.append(mixed(state))
    assert words == [  # the published program's first five
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]


def mixed(word: int) -> int:
    return int(mix(np.array([word], np.uint64))[0])


FROZEN = [[0.999810462963066, 0.8346139654456312], [0.7526284468181932, 0.9650768067326487]]
FROZEN_REPEATED = 0.6716445250248303


def test_the_numbers_never_change_between_versions() -> None:
    draw = Draws(seed=3, epoch=2, indices=np.array([0, 49_999]))
    assert draw.uniform("crop", 2).tolist() == FROZEN
    assert draw.repeated(1).uniform("crop", 1)[0, 0] == FROZEN_REPEATED


def test_a_state_is_the_hash_that_the_formula_says() -> None:
    import zlib

    state, golden = 0, 0x9E3779B97F4A7C15
    for word in (3, zlib.crc32(b"crop"), 1, 2, 49_999):
        state = mixed(((state ^ word) + golden) % 2**64)
    words = [mixed((state + (number + 1) * golden) % 2**64) for number in range(3)]
    draw = Draws(seed=3, epoch=2, indices=np.array([49_999]), repeat=1)
    assert draw.uniform("crop", 3)[0].tolist() == [(word >> 11) * 2.0**-53 for word in words]


@pytest.mark.parametrize("count", [1, 5])
def test_an_image_draws_the_same_in_any_batch(count: int) -> None:
    indices = np.array([4, 99, 0, 7, 4])
    whole = Draws(5, 3, indices).uniform("flip", count)
    for place, index in enumerate(indices):
        np.testing.assert_array_equal(Draws(5, 3, np.array([index])).uniform("flip", count)[0], whole[place])
    np.testing.assert_array_equal(Draws(5, 3, indices).uniform("flip", count + 4)[:, :count], whole)


def test_single_numbers_are_those_of_the_table() -> None:
    draw = Draws(0, 1, np.arange(4))
    table = draw.uniform("noise", 6)
    rows, columns = np.array([3, 0, 3, 2]), np.array([5, 0, 4, 1])
    np.testing.assert_array_equal(draw.uniform_at("noise", rows, columns), table[rows, columns])


def test_coarse_numbers_are_the_quarters_of_the_words_from_the_lowest_on() -> None:
    draw = Draws(seed=3, epoch=2, indices=np.array([0, 49_999]))
    words = [
        [int(word) for word in row]
        for row in mix(draw.states("noise")[:, None] + GOLDEN * np.arange(1, 4, dtype=np.uint64))
    ]
    expected = [[(word >> 16 * quarter & 0xFFFF) / 65536 for word in row for quarter in range(4)] for row in words]
    for count in (12, 10, 1):
        coarse = draw.coarse("noise", count)
        assert coarse.dtype == np.float32
        assert coarse.tolist() == [row[:count] for row in expected]


def test_coarse_numbers_are_uniform_and_independent_of_their_neighbours() -> None:
    values = Draws(0, 1, PLACES).coarse("noise", 8)
    assert 0 <= values.min() < values.max() < 1
    assert chi_square(np.bincount(integers(values.ravel().astype(float), 100), minlength=100)) < 150
    together = np.corrcoef(values.T)
    assert np.abs(together - np.eye(8)).max() < 4 / np.sqrt(MANY)


def test_a_part_of_the_images_draws_what_they_draw_in_the_whole() -> None:
    whole = Draws(5, 3, np.array([4, 99, 0, 7]), repeat=1)
    part = whole.part(slice(1, 3))
    np.testing.assert_array_equal(part.uniform("crop", 2), whole.uniform("crop", 2)[1:3])
    np.testing.assert_array_equal(part.part(slice(1, 2)).uniform("crop", 2), whole.uniform("crop", 2)[2:3])


def test_what_is_computed_once_for_all_images_is_what_each_part_would_compute() -> None:
    asked: list[int] = []

    def compute(draw: Draws, count: int) -> np.ndarray:
        asked.append(len(draw))
        return draw.uniform("crop", count)

    whole = Draws(5, 3, np.array([4, 99, 0, 7]))
    parts = [whole, whole.part(slice(1, 3)), whole.part(slice(1, 4)).part(slice(1, None)), whole.part(slice(4, None))]
    for count in (1, 2):
        for part in parts:
            for draw in (part, part.repeated(1), part.in_every_epoch()):
                alone = Draws(draw.seed, draw.epoch, draw.indices, draw.repeat)
                np.testing.assert_array_equal(draw.once(compute, count), alone.uniform("crop", count))
    assert asked == [4] * 6  # once for each count, repeat and epoch


def test_numbers_are_uniform_over_the_unit_interval() -> None:
    values = numbers(count=10).ravel()
    assert values.min() >= 0
    assert values.max() < 1
    counts = np.bincount(integers(values, 100), minlength=100)
    assert chi_square(counts) < 150  # 99 degrees of freedom: above in 1 of 1,400 cases


@pytest.mark.parametrize(
    "other",
    [
        lambda: numbers(first=1),
        lambda: numbers(first=MANY),
        lambda: numbers(epoch=2),
        lambda: numbers(epoch=3),
        lambda: numbers(seed=1),
        lambda: numbers(seed=2**63),
        lambda: numbers(purpose="flip"),
        lambda: numbers(count=2)[:, 1:],
        lambda: Draws(0, 1, PLACES).repeated(1).uniform("crop", 1),
        lambda: Draws(1, 0, PLACES).uniform("crop", 1),  # seed and epoch exchanged
    ],
    ids=["next image", "far image", "next epoch", "epoch", "seed", "seed bit", "purpose", "draw", "repeat", "exchange"],
)
def test_numbers_are_independent_of_those_with_another_key(other: object) -> None:
    first, second = numbers()[:, 0], other()[:, 0]  # type: ignore[operator]
    assert not (first == second).any()
    assert abs(np.corrcoef(first, second)[0, 1]) < 4 / np.sqrt(MANY)
    pairs = np.bincount(integers(first, 10) * 10 + integers(second, 10), minlength=100)
    assert chi_square(pairs) < 150


def test_a_flipped_bit_of_the_index_flips_half_of_the_bits_of_the_state() -> None:
    states = Draws(0, 1, np.arange(2000)).states("crop")
    for bit in range(0, 40, 3):
        changed = Draws(0, 1, np.arange(2000) ^ (1 << bit)).states("crop")
        flipped = np.bitwise_count(states ^ changed)
        assert abs(flipped.mean() - 32) < 0.5


def test_every_image_has_a_state_of_its_own() -> None:
    assert len(np.unique(Draws(0, 1, np.arange(100_000)).states("crop"))) == 100_000


def test_the_index_type_changes_nothing() -> None:
    expected = Draws(0, 1, np.array([3, 200])).uniform("flip", 2)
    for dtype in (np.uint8, np.int32, np.uint64):
        np.testing.assert_array_equal(Draws(0, 1, np.array([3, 200], dtype)).uniform("flip", 2), expected)


def test_integers_are_uniform_and_below_their_end() -> None:
    drawn = integers(numbers()[:, 0], 9)
    assert drawn.min() == 0
    assert drawn.max() == 8
    assert chi_square(np.bincount(drawn)) < 26  # 8 degrees of freedom: above in 1 of 1,000 cases
    assert integers(np.array([1 - 2.0**-53] * 3), np.array([1, 9, 1000])).tolist() == [0, 8, 999]


def test_no_images_draw_nothing() -> None:
    assert Draws(0, 1, np.array([], np.int64)).uniform("flip", 2).shape == (0, 2)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Draws(-1, 1, np.arange(2)), r"seed=-1: expected an integer from 0 to 2\*\*64 - 1"),
        (lambda: Draws(2**64, 1, np.arange(2)), "seed=18446744073709551616: expected"),
        (lambda: Draws(0, -1, np.arange(2)), "epoch=-1: expected"),
        (lambda: Draws(0, 1, np.array([0, -3])), "image index -3: expected 0 or more, the image's place"),
        (
            lambda: Draws(0, 1, np.zeros(2)),  # type: ignore[arg-type]
            r"are float64 of shape \(2,\); expected a NumPy array of integers in one",
        ),
        (lambda: Draws(0, 1, np.zeros((2, 2), int)), r"of shape \(2, 2\); expected a NumPy array of integers in one"),
        (
            lambda: Draws(0, 1, [1, 2]),  # type: ignore[arg-type]
            r"are \[1, 2\]; expected a NumPy array of integers in one axis. .*cpu",
        ),
    ],
)
def test_keys_that_make_no_sense_are_refused(make: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        make()  # type: ignore[operator]


def chi_square(counts: np.ndarray) -> float:
    expected = counts.sum() / len(counts)
    return float(((counts - expected) ** 2 / expected).sum())
