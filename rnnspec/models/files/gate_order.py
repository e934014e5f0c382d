"""The gates of a stack in PyTorch's order."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def reorder_gates(stack: NDArray[Any], order: tuple[int, ...]) -> NDArray[Any]:
    """The blocks of rows of `stack` in another order: entry k is block ``order[k]``.

    Examples
    --------
    >>> reorder_gates(np.arange(6), (1, 0, 2)).tolist()
    [2, 3, 0, 1, 4, 5]
    """
    blocks = np.split(stack, len(order))
    return np.concatenate([blocks[k] for k in order])
