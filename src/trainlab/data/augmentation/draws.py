"""Random numbers by (seed, purpose, epoch, image): the same for an image whatever batch or process it is served in.

Every image has a SplitMix64 generator of its own for each purpose and epoch. Its state is a hash of what it is for,
and its j-th word, j = 0, 1, 2, …, depends on that state and on j alone:

    state = hash(hash(hash(hash(hash(0, seed), purpose), repeat), epoch), image)
    word(j) = mix(state + (j + 1) · γ)                     γ = 2⁶⁴ / golden ratio, all modulo 2⁶⁴
    hash(s, w) = mix((s xor w) + γ)

What is drawn depends on nothing that was drawn before, and the words of many images are a few array operations.

Source: Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators" (SplitMix; the constants of ``mix``
are Stafford's variant 13, as in the published SplitMix64).
"""

import zlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainlab.errors import InputError

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST_FACTOR, _SECOND_FACTOR = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_FIRST_SHIFT, _SECOND_SHIFT, _LAST_SHIFT = np.uint64(30), np.uint64(27), np.uint64(31)
_UNUSED_BITS = np.uint64(11)
_UNIT = 2.0**-53  # a float64 holds 53 bits exactly
_COARSE_UNIT = np.float32(2.0**-16)


@dataclass(frozen=True, eq=False)
class Draws:
    """Where the random numbers of a batch come from.

    Arguments:
        seed: 0 to 2⁶⁴ − 1; another seed gives other numbers.
        epoch: 0 or more; each epoch has numbers of its own.
        indices: (N,) the place of each image in its data set, 0 or more.
        repeat: how many pieces of the same name came before in a chain, so that two of them draw independently.

    Raises:
        InputError: a seed, epoch, repeat or index outside its range, or indices that are no integers in one axis.

    >>> draw = Draws(seed=0, epoch=1, indices=np.array([7, 8, 9]))
    >>> draw.uniform("flip", 2).shape
    (3, 2)
    >>> later = Draws(seed=0, epoch=1, indices=np.array([9]))
    >>> bool((later.uniform("flip", 2) == draw.uniform("flip", 2)[2]).all())
    True
    """

    seed: int
    epoch: int
    indices: NDArray[np.integer]
    repeat: int = 0
    _part_of: "tuple[Draws, slice] | None" = field(default=None, repr=False)
    _computed: dict[Any, NDArray[Any]] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        for name, value in (("seed", self.seed), ("epoch", self.epoch), ("repeat", self.repeat)):
            if not 0 <= value < 2**64:
                raise InputError(f"{name}={value}: expected an integer from 0 to 2**64 - 1.")
        if self._part_of is not None:
            return  # the indices were looked at when that was made
        indices = self.indices
        if not isinstance(indices, np.ndarray) or indices.ndim != 1 or not np.issubdtype(indices.dtype, np.integer):
            found = f"{indices.dtype} of shape {indices.shape}" if isinstance(indices, np.ndarray) else repr(indices)
            raise InputError(
                f"the indices of the images are {found}; expected a NumPy array of integers in one axis. "
                "Random numbers are drawn on the CPU; bring a tensor there with indices.cpu().numpy()."
            )
        if len(indices) and indices.min() < 0:
            raise InputError(f"image index {indices.min()}: expected 0 or more, the image's place in its data set.")

    def __len__(self) -> int:
        return len(self.indices)

    def uniform(self, purpose: str, count: int) -> NDArray[np.float64]:
        """(N, count) numbers in [0, 1): ``word >> 11`` times 2⁻⁵³."""
        steps = np.arange(1, count + 1, dtype=np.uint64) * _GOLDEN
        return _to_unit(mix(self.states(purpose)[:, np.newaxis] + steps))

    def once(self, compute: Callable[..., NDArray[Any]], *arguments: Any) -> NDArray[Any]:
        """``compute(draw, *arguments)`` with an entry for each image. Shared with other parts: not to be overwritten.

        Computed once for all images that these are a `part` of. A few at a time would take as many array operations
        each, which is most of their time.
        """
        whole, rows = self._part_of or (self, slice(None))
        key = (compute, arguments, self.repeat, self.epoch)
        if key not in whole._computed:
            whole._computed[key] = compute(replace(whole, repeat=self.repeat, epoch=self.epoch), *arguments)
        return whole._computed[key][rows]

    def coarse(self, purpose: str, count: int) -> NDArray[np.float32]:
        """(N, count) multiples of 2⁻¹⁶ in [0, 1): four out of each word, its lowest bits first. For noise in bulk."""
        steps = np.arange(1, -(-count // 4) + 1, dtype=np.uint64) * _GOLDEN
        words = mix(self.states(purpose)[:, np.newaxis] + steps)
        quarters = words.astype("<u8", copy=False).view("<u2")
        coarse: NDArray[np.float32] = np.multiply(quarters[:, :count], _COARSE_UNIT, dtype=np.float32)
        return coarse

    def uniform_at(self, purpose: str, rows: NDArray[np.int64], numbers: NDArray[np.int64]) -> NDArray[np.float64]:
        """Single ones of them: entry i is column ``numbers[i]`` of row ``rows[i]`` of ``uniform(purpose, …)``."""
        steps = (numbers.astype(np.uint64) + np.uint64(1)) * _GOLDEN
        return _to_unit(mix(self.states(purpose)[rows] + steps))

    def states(self, purpose: str) -> NDArray[np.uint64]:
        """(N,) the state of each image's generator."""
        key = _key(self.seed, purpose, self.repeat, self.epoch)
        return mix((self.indices.astype(np.uint64) ^ key) + _GOLDEN)

    def part(self, rows: slice) -> "Draws":
        """Some of the images, with the numbers that they have here."""
        whole, own_rows = self._part_of or (self, slice(None))
        of_whole = range(len(whole))[own_rows][rows]
        place = (whole, slice(of_whole.start, of_whole.stop))
        return Draws(self.seed, self.epoch, self.indices[rows], self.repeat, place)

    def in_every_epoch(self) -> "Draws":
        """The same images with numbers that do not change from epoch to epoch."""
        return replace(self, epoch=0)

    def repeated(self, times: int) -> "Draws":
        """The same images for a piece that ``times`` of its name came before."""
        return replace(self, repeat=times) if times else self


def mix(words: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """SplitMix64's finalizer, a bijection of 64-bit words: each bit of the input flips about half of the output's.

    >>> hex(mix(np.array([0x9E3779B97F4A7C15], np.uint64))[0])  # the first word of SplitMix64 with seed 0
    '0xe220a8397b1dcdaf'
    """
    words = words ^ (words >> _FIRST_SHIFT)
    words *= _FIRST_FACTOR
    words ^= words >> _SECOND_SHIFT
    words *= _SECOND_FACTOR
    words ^= words >> _LAST_SHIFT
    return words


def integers(uniform: NDArray[np.float64], ends: int | NDArray[np.int64]) -> NDArray[np.int64]:
    """Numbers in [0, 1) to integers 0, …, end − 1, each as likely as the others to within 2⁻⁵³ · end.

    >>> integers(np.array([0.0, 0.49, 0.51, 1 - 2**-53]), 2).tolist()
    [0, 0, 1, 1]
    """
    return np.floor(uniform * ends).astype(np.int64)


@lru_cache(maxsize=64)
def _key(seed: int, purpose: str, repeat: int, epoch: int) -> np.uint64:
    """The hash of everything but the image."""
    state = np.zeros(1, np.uint64)
    for word in (seed, zlib.crc32(purpose.encode()), repeat, epoch):
        state = mix((state ^ np.uint64(word)) + _GOLDEN)
    key: np.uint64 = state[0]
    return key


def _to_unit(words: NDArray[np.uint64]) -> NDArray[np.float64]:
    unit: NDArray[np.float64] = np.multiply(words >> _UNUSED_BITS, _UNIT, dtype=np.float64)
    return unit
