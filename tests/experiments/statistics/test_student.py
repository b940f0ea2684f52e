import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from trainlab.experiments.statistics.student import incomplete_beta, quantile, two_sided_p


@pytest.mark.parametrize("df", [1, 2, 2.7, 5, 30, 199, 1998])
@pytest.mark.parametrize("t", [1e-3, 0.1, 0.9, 2, 5, 40, 1e6])
def test_p_is_scipys(t: float, df: float) -> None:
    expected = 2 * stats.t.sf(t, df)
    assert two_sided_p(t, df) == pytest.approx(expected, rel=1e-10, abs=1e-300)
    assert two_sided_p(-t, df) == two_sided_p(t, df)


@pytest.mark.parametrize("df", [1, 2.7, 4, 30, 1998])
@pytest.mark.parametrize("share", [0.001, 0.2, 0.5, 0.8, 0.975, 0.9999])
def test_quantile_is_scipys(share: float, df: float) -> None:
    assert quantile(share, df) == pytest.approx(stats.t.ppf(share, df), rel=1e-9, abs=1e-9)


@given(x=st.floats(0, 0.999), a=st.floats(0.5, 500), b=st.floats(0.5, 2))
def test_the_incomplete_beta_function_is_scipys(x: float, a: float, b: float) -> None:
    assert incomplete_beta(x, 1 - x, a, b) == pytest.approx(special.betainc(a, b, x), rel=1e-9, abs=1e-12)


def test_one_degree_of_freedom_by_hand() -> None:
    """The Cauchy distribution: P(|T| ≥ 1) = 1/2, and its upper quartile is 1."""
    assert two_sided_p(1, 1) == pytest.approx(0.5)
    assert quantile(0.75, 1) == pytest.approx(1)


def test_the_ends() -> None:
    assert two_sided_p(math.inf, 3) == 0
    assert two_sided_p(0, 3) == 1
    assert math.isnan(two_sided_p(math.nan, 3))
    assert quantile(0.5, 3) == pytest.approx(0, abs=1e-12)


def test_what_has_no_answer_is_refused() -> None:
    with pytest.raises(ValueError, match="degrees of freedom must be above 0, got 0"):
        two_sided_p(1, 0)
    for share in (0, 1, -0.1, np.nan):
        with pytest.raises(ValueError, match="between 0 and 1"):
            quantile(share, 3)
