"""trainlab's networks as scikit-learn estimators: they stand in pipelines, grid searches and cross-validation.

scikit-learn itself is imported here, so this package is imported only by those who have it::

    pip install 'trainlab[sklearn]'
"""

try:
    from trainlab.sklearn.classifier import NetworkClassifier
except ModuleNotFoundError as error:
    if error.name != "sklearn":
        raise
    raise ImportError(
        "trainlab.sklearn needs scikit-learn, which is not installed here: pip install 'trainlab[sklearn]'"
    ) from error

__all__ = ["NetworkClassifier"]
