"""``sigma_min(zI - A)``, one over the norm of the resolvent, at any points z."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnnspec._checks import one_of, positive, square
from rnnspec.spectra.engine.dense import Resolvent, count_points


def sigma_min(
    A: ArrayLike,
    points: ArrayLike,
    tol: float = 1e-6,
    device: str = "cpu",
    progress: Callable[[int, int], None] | None = None,
) -> NDArray[np.float64]:
    """Smallest singular value of ``zI - A`` at any `points` z.

    It is one over the norm of the resolvent, ``1 / ||(zI - A)^-1||``.

    Parameters
    ----------
    A : array_like, shape (n, n)
    points : array_like of complex, any shape
    tol : float
        Relative accuracy of the values, as far as rounding allows.
    device : "cpu" or "cuda"
        Where the iteration that finds the values runs, in float64.
    progress : function, optional
        Called from time to time with two numbers: how many points are done, and how many there
        are.

    Returns
    -------
    ndarray of the shape of `points`

    Raises
    ------
    ValueError
        If `A` is not square, or `A` or `points` has non-finite entries, or this machine does not
        have the `device`.

    Warns
    -----
    ConvergenceWarning
        If `tol` was not reached at some point.

    Notes
    -----
    Cost O(n^3) once and O(n^2) for each point.

    References
    ----------
    .. [1] L. N. Trefethen and M. Embree, Spectra and Pseudospectra (2005), theorem 2.1.

    Examples
    --------
    For a matrix of one entry a the value is ``|z - a|``:

    >>> sigma_min([[2.0]], [2.0, 3.0, 2.0 + 0.5j])
    array([0. , 1. , 0.5])
    """
    z = np.asarray(points, dtype=np.complex128)
    if not np.isfinite(z).all():
        raise ValueError("`points` must be finite, got a NaN or an infinity")
    tol = positive(tol, "tol")
    resolvent = Resolvent(square(A), check_device(device))
    values, _ = resolvent.sigma_min(z, tol, count_points(progress, z.size))
    return values


def check_device(device: str) -> str:
    """`device` if it is one that this machine has.

    Examples
    --------
    >>> check_device("tpu")
    Traceback (most recent call last):
    ...
    ValueError: `device` must be one of cpu, cuda, got 'tpu'
    """
    one_of(device, "device", ["cpu", "cuda"])
    if device == "cuda":
        import torch

        if not torch.cuda.is_available():
            raise ValueError('`device` is "cuda", but torch finds no GPU: use device="cpu"')
    return device
