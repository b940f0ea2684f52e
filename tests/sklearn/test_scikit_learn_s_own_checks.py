"""scikit-learn's own checks of an estimator: all of them, none expected to fail."""

import pytest
from sklearn.utils.estimator_checks import check_estimator

from trainlab.sklearn import NetworkClassifier


@pytest.mark.parametrize("engine", ["numpy", "torch"])
def test_every_check_passes(engine: str) -> None:
    results = check_estimator(NetworkClassifier(engine=engine), on_skip=None)  # raises for the first that fails
    assert len(results) > 50
    assert [one["check_name"] for one in results if one["status"] != "passed"] == ["check_array_api_input"]
    # which is for estimators that take arrays of other libraries than NumPy
