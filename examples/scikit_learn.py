"""A network in scikit-learn's hands: a pipeline, a grid search in two processes, early stopping, a pickle.

Run it with ``python examples/scikit_learn.py`` (needs ``pip install 'trainlab[sklearn]'``). It prints how the settings
did in cross-validation and how the best ones do on digits that the search has not seen.
"""

import pickle

from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from trainlab.sklearn import NetworkClassifier


def main(jobs: int = 2) -> float:
    digits, labels = load_digits(return_X_y=True)  # 1,797 images of 8×8 pixels, a row each
    train, test, train_labels, test_labels = train_test_split(digits, labels, test_size=0.2, random_state=0)

    network = NetworkClassifier(hidden=(64,), epochs=60, patience=10, random_state=0)
    pipeline = make_pipeline(MinMaxScaler(), network)
    grid = {"networkclassifier__lr": [0.001, 0.01], "networkclassifier__dropout": [0.0, 0.2]}
    search = GridSearchCV(pipeline, grid, cv=3, n_jobs=jobs).fit(train, train_labels)
    for settings, score in zip(search.cv_results_["params"], search.cv_results_["mean_test_score"], strict=True):
        chosen = ", ".join(f"{name.removeprefix('networkclassifier__')} {value}" for name, value in settings.items())
        print(f"{chosen}: {score:.2%} right in cross-validation")

    kept = pickle.loads(pickle.dumps(search.best_estimator_))
    accuracy: float = kept.score(test, test_labels)
    print(f"the best stopped after {kept[-1].n_iter_} of 60 epochs: {accuracy:.2%} of the test digits right")
    return accuracy


if __name__ == "__main__":
    main()
