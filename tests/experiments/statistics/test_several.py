"""Several comparisons at once, and how often the whole verdict is wrong: counted where the truth is known."""

import numpy as np
import pytest
from numpy.typing import NDArray

from trainlab.experiments.statistics import Difference, best_against_others, compare, holm

ROUNDS = 400


def seeds(values: NDArray[np.float64]) -> dict[int, float]:
    return dict(enumerate(values.tolist()))


def judged(figures: NDArray[np.float64], paired: bool = True) -> list[Difference]:
    """The verdicts on settings (rows), best first as the command orders them."""
    ordered = figures[np.argsort(-figures.mean(axis=1))]
    best, *others = [
        {seed + (0 if paired else 100 * k): v for seed, v in seeds(x).items()} for k, x in enumerate(ordered)
    ]
    return best_against_others(best, others)


def equal_settings(rng: np.random.Generator, settings: int, n: int) -> NDArray[np.float64]:
    common = rng.normal(0, 0.01, n)  # what a seed does to every setting
    drawn: NDArray[np.float64] = 0.9 + common + rng.normal(0, 0.005, (settings, n))
    return drawn


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, None]) == pytest.approx([0.03, 0.06, 0.06, None])
    assert holm([0.6, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


def test_two_settings_are_one_comparison() -> None:
    x, y = equal_settings(np.random.default_rng(0), 2, 5)
    assert best_against_others(seeds(x), [seeds(y)]) == [compare(seeds(y), seeds(x))]


def test_every_pair_counts() -> None:
    """The smallest p of three settings is multiplied by 3, the number of pairs; and so more seeds are needed."""
    best = np.array([0.6, 0.7, 0.8, 0.9])
    far, near = best - np.array([0.1, 0.05, 0.09, 0.06]), best - np.array([-0.1, 0.2, -0.2, 0.11])
    alone = compare(seeds(far), seeds(best))
    assert alone.p is not None
    _, among = best_against_others(seeds(best), [seeds(near), seeds(far)])
    assert among.p == pytest.approx(3 * alone.p)
    assert among.seeds_needed is not None
    assert alone.seeds_needed is not None
    assert among.seeds_needed > alone.seeds_needed
    assert (among.mean, among.margin, among.effect) == (alone.mean, alone.margin, alone.effect)


def test_a_setting_with_one_seed_is_no_comparison() -> None:
    x, y = equal_settings(np.random.default_rng(1), 2, 5)
    (among, single) = best_against_others(seeds(x), [seeds(y), {0: 0.5}])
    assert among == compare(seeds(y), seeds(x))
    assert single.p is None


@pytest.mark.parametrize(("settings", "n", "paired"), [(2, 3, True), (3, 3, True), (6, 5, True), (6, 4, False)])
def test_equal_settings_are_rarely_told_apart(settings: int, n: int, paired: bool) -> None:
    """In at most 5 % of rounds is any difference from the best believed, although the best is chosen by these seeds."""
    rng = np.random.default_rng(settings + n)
    rounds = [judged(equal_settings(rng, settings, n), paired) for _ in range(ROUNDS)]
    wrong = np.mean([any(one.exceeds_noise for one in differences) for differences in rounds])
    assert wrong < 0.05 + 2 * np.sqrt(0.05 * 0.95 / ROUNDS)


def test_to_count_only_the_pairs_with_the_best_would_not_do() -> None:
    """Test of the test: so 6 equal settings of 10 seeds would be told apart in nearly 10 % of rounds."""
    rng = np.random.default_rng(2)
    wrong = 0
    for _ in range(ROUNDS):
        figures = equal_settings(rng, 6, 10)
        best, *others = map(seeds, figures[np.argsort(-figures.mean(axis=1))])
        wrong += any(p is not None and p < 0.05 for p in holm([compare(other, best).p for other in others]))
    assert wrong / ROUNDS > 0.05 + 2 * np.sqrt(0.05 * 0.95 / ROUNDS)


def test_two_seeds_of_few_images_are_rarely_told_apart() -> None:
    """Whole numbers of images: two pairs often differ by the same one, which is no certainty."""
    rng = np.random.default_rng(3)
    rounds = [judged(rng.binomial(60, 0.9, (2, 2)) / 60) for _ in range(ROUNDS)]
    assert np.mean([bool(differences[0].exceeds_noise) for differences in rounds]) < 0.05


@pytest.mark.parametrize(("settings", "effect", "power"), [(2, 3.0, 0.94), (6, 5.0, 0.9)])
def test_a_better_setting_is_found(settings: int, effect: float, power: float) -> None:
    """By so many standard deviations of one run, with 5 seeds."""
    rng = np.random.default_rng(4)
    hits = 0
    for _ in range(200):
        figures = equal_settings(rng, settings, 5)
        figures[0] += effect * 0.005
        hits += any(one.exceeds_noise for one in judged(figures))
    assert hits / 200 > power - 0.06
