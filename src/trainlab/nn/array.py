"""The one array type of this package: a NumPy array of float32 or float64."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]
Labels = NDArray[np.integer[Any]]
DType = np.dtype[np.floating[Any]]
FLOAT32: DType = np.dtype(np.float32)
