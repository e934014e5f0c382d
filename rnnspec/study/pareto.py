"""What no other choice improves upon in everything at once."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def pareto_front(points: ArrayLike) -> NDArray[np.bool_]:
    r"""Which points no other point dominates; in every coordinate, more is better.

    q dominates p if :math:`q_j \ge p_j` for all j and :math:`q_j > p_j` for one.

    Parameters
    ----------
    points : array_like, shape (n, m)
        Say accuracy, distance to instability and robustness of n networks.  A point with a
        NaN neither is on the front nor dominates.

    Returns
    -------
    ndarray of bool, shape (n,)

    Raises
    ------
    ValueError
        If `points` is no table.

    Notes
    -----
    Cost O(n^2 m).

    Examples
    --------
    >>> pareto_front([[0.9, 0.1], [0.8, 0.3], [0.7, 0.2]]).tolist()
    [True, True, False]
    """
    P = np.asarray(points, np.float64)
    if P.ndim != 2:
        raise ValueError(f"`points` must have shape (n, m), got shape {P.shape}")
    no_worse = (P[:, np.newaxis] >= P).all(2)  # [q, p]
    better = (P[:, np.newaxis] > P).any(2)
    front: NDArray[np.bool_] = ~(no_worse & better).any(0) & ~np.isnan(P).any(1)
    return front
