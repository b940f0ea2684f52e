"""The estimator stands where scikit-learn's own stand."""

import subprocess
import sys
import threading

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.exceptions import FitFailedWarning
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_info

from trainlab.sklearn import NetworkClassifier

X, Y = load_iris(return_X_y=True)
PIPELINE = make_pipeline(StandardScaler(), NetworkClassifier(hidden=8, epochs=20, lr=0.02, random_state=0))


def test_cross_validation_of_a_pipeline() -> None:
    assert cross_val_score(PIPELINE, X, Y, cv=3).mean() > 0.9


def test_a_grid_search_in_two_processes_finds_what_one_finds() -> None:
    grid = {"networkclassifier__lr": np.logspace(-4, -2, 2), "networkclassifier__hidden": [4, (8, 8)]}
    alone, two = (GridSearchCV(PIPELINE, grid, cv=2, n_jobs=jobs).fit(X, Y) for jobs in (None, 2))
    np.testing.assert_array_equal(alone.cv_results_["mean_test_score"], two.cv_results_["mean_test_score"])
    assert two.best_params_["networkclassifier__lr"] == 0.01
    assert two.best_estimator_.score(X, Y) > 0.8


def test_a_grid_search_notes_settings_that_fail() -> None:
    grid = {"networkclassifier__optimizer": ["adam", "adm"]}
    search = GridSearchCV(PIPELINE, grid, cv=[(np.arange(150), np.arange(150))])
    with (
        pytest.warns(FitFailedWarning, match="(?s)1 fits failed.*did you mean 'adam'"),
        pytest.warns(UserWarning, match="test scores are non-finite"),
    ):
        search.fit(X, Y)
    assert np.isnan(search.cv_results_["mean_test_score"]).tolist() == [False, True]


def test_several_python_threads_leave_the_number_of_blas_threads_as_it_was() -> None:
    def blas_threads() -> list[int]:
        return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]

    before = blas_threads()
    fits = [
        threading.Thread(target=NetworkClassifier(epochs=10, threads=threads).fit, args=(X, Y))
        for threads in (1, 2, 1, 2)
    ]
    for fit in fits:
        fit.start()
    for fit in fits:
        fit.join()
    assert blas_threads() == before


def test_a_process_of_joblib_s_takes_no_more_threads_than_it_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trainlab.sklearn.network.threads_for", lambda config, shape, classes: 8)

    def threads(asked: int = 0) -> int:
        return NetworkClassifier(epochs=1, threads=asked).fit(X, Y)._network.threads

    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert threads() == 8
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    assert (threads(), threads(3)) == (2, 3)


WITHOUT_SCIKIT_LEARN = """
import sys

class Missing:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == "sklearn":
            raise ModuleNotFoundError("No module named 'sklearn'", name=name)

sys.meta_path.insert(0, Missing)
import trainlab.sklearn
"""


def test_without_scikit_learn_the_import_says_what_to_install() -> None:
    done = subprocess.run([sys.executable, "-c", WITHOUT_SCIKIT_LEARN], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "ImportError: trainlab.sklearn needs scikit-learn, which is not installed here: pip install 'trainlab[sklearn]'"
    )
