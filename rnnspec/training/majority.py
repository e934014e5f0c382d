r"""Whether a network does better than always naming one class.

To name always the most frequent class is right for that class's share m of the n sequences.  The
network has learned something if its accuracy is above m by more than chance, that is, if m lies
below the Wilson interval of the accuracy.  This is the same as

.. math:: \text{accuracy} > m + z \sqrt{m (1 - m) / n}, \qquad z = 1.96.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rnnspec.robustness.wilson import wilson


def majority_accuracy(labels: NDArray[np.int64]) -> float:
    """The share of the most frequent class.

    Examples
    --------
    >>> majority_accuracy(np.array([0, 2, 2, 1]))
    0.5
    """
    return float(np.bincount(labels).max() / len(labels))


def better_than_majority(accuracy: float, labels: NDArray[np.int64]) -> bool:
    """Whether an accuracy on sequences of these classes says that something was learned.

    Examples
    --------
    >>> labels = np.arange(100) % 2  # 0.5 + 1.96 * 0.05 is 0.598
    >>> better_than_majority(0.59, labels), better_than_majority(0.60, labels)
    (False, True)
    """
    low, _ = wilson(accuracy, len(labels))
    return bool(low > majority_accuracy(labels))
