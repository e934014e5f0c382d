"""Where a curve meets a level of ``sigma_min(zI - A)``: eigenvalues, verified by values.

A point z of a circle or of a vertical line has ``sigma_min(zI - A) = level`` only if its parameter
is an eigenvalue of a matrix pencil of size 2n.  Every eigenvalue near the curve is taken as a
candidate, and the values at the candidates and between them decide: no tolerance tells a crossing
from an eigenvalue that only came close.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eig, eigvals

from rnnspec.spectra.engine.descent import descend

Array = NDArray[Any]
EPS = float(np.finfo(float).eps)
NEAR = 0.1  # an eigenvalue this close to the curve, relative, may be a crossing
SAME = 1e-11  # two eigenvalues mirrored in the curve have one parameter, to rounding
STARTS = 16  # eigenvalues next to the curve from which the search starts
DUST = 1e-100  # relative size of what is taken for zero, far below rounding
CHUNK = 2**21  # entries of one batch of matrices
STRIDES = (16, 4, 1)  # which candidates get their value first
ROUNDS = 60  # level tests before giving up; two to five are usual


@dataclass(frozen=True)
class Sweep:
    """A family of curves that sweeps the plane: ``point(t, s)`` is the point s of the curve t."""

    point: Callable[[Any, Any], Any]
    parameter: Callable[[Any], Any]
    crossings: Callable[[Array, float, float], Array]
    width: Callable[[float, float], float]  # parameter range of a disc of radius sigma on curve t


@dataclass(frozen=True)
class Lowest:
    """The smallest value of a function on a curve, where it is, and what was proved below it."""

    value: float
    parameter: float
    lower: float
    certified: bool


def circle_crossings(
    A: Array,  # shape: (n, n)
    radius: float,
    level: float,
) -> Array:
    """Angles that hold every crossing of the circle ``|z| = radius``, and one between any two.

    With ``z = radius w``, a crossing ``(zI - A) v = level u``, ``(zI - A)* u = level v`` makes w
    an eigenvalue of modulus 1 of the pencil ``[[A, level I], [0, radius I]] - w [[radius I, 0],
    [level I, A*]]``.  For a real matrix the angles are those of the upper half plane.

    Notes
    -----
    Cost O((2n)^3), the QZ algorithm.

    References
    ----------
    .. [1] E. Mengi and M. L. Overton, IMA J. Numer. Anal. 25 (2005), 648-669, theorem 2.4.
    .. [2] R. Byers, SIAM J. Sci. Stat. Comput. 9 (1988), 875-881.

    Examples
    --------
    >>> angles = circle_crossings(np.array([[0.5]]), radius=1.0, level=np.sqrt(1.25))
    >>> bool(np.isclose(angles, np.pi / 2).any())
    True
    """
    one, zero = np.eye(len(A)), np.zeros_like(A)
    size = max(radius, level, float(np.abs(A).max()))
    A, radius, level = without_dust(A / size), radius / size, level / size
    left = np.block([[A, level * one], [zero, radius * one]])
    right = np.block([[radius * one, zero], [level * one, A.conj().T]])
    alpha, beta = pencil_eigenvalues(left, right)
    return circle_candidates(alpha, beta, real=not np.iscomplexobj(A))


def pencil_eigenvalues(left: Array, right: Array) -> tuple[Array, Array]:
    """Eigenvalues ``alpha / beta`` of the pencil ``left - w right``, by the QZ algorithm.

    Where columns are a multiple of 512 bytes apart, which makes them fight for the same lines of
    the cache (up to five times slower), a decoupled row adds an infinite eigenvalue.

    Examples
    --------
    >>> alpha, beta = pencil_eigenvalues(np.diag([1.0, 3.0]), np.eye(2))
    >>> alpha / beta
    array([1.+0.j, 3.+0.j])
    """
    if len(left) % 64 == 0:
        left, right = np.pad(left, (0, 1)), np.pad(right, (0, 1))
        left[-1, -1] = 1.0
    alpha, beta = eig(left, right, right=False, homogeneous_eigvals=True, check_finite=False)
    return alpha, beta


def without_dust(A: Array) -> Array:
    """A with 0 for entries below 1e-100, invisible beside 1: on them LAPACK may not converge.

    Examples
    --------
    >>> without_dust(np.array([[1e-300, 1e-20]]))
    array([[0.e+00, 1.e-20]])
    """
    return np.where(np.abs(A) < DUST, 0.0, A)


def circle_candidates(alpha: Array, beta: Array, *, real: bool) -> Array:
    """Angles of the eigenvalues ``alpha / beta`` near the unit circle, and one between any two.

    Examples
    --------
    >>> circle_candidates(np.array([1j, 9.0]), np.array([1.0, 1.0]), real=True) / np.pi
    array([0.  , 0.25, 0.5 , 0.75, 1.  ])
    """
    a, b = np.abs(alpha), np.abs(beta)
    angles = np.angle(alpha * beta.conj())[np.abs(a - b) <= NEAR * (a + b)]
    if real:
        nodes = _distinct(np.concatenate([[0.0], np.abs(angles), [np.pi]]))
        return _with_middles(nodes)
    nodes = _distinct(angles) if angles.size else np.zeros(1)
    return _with_middles(np.append(nodes, nodes[0] + 2 * np.pi))


def line_crossings(
    A: Array,  # shape: (n, n)
    x: float,
    level: float,
) -> Array:
    """Imaginary parts that hold every crossing of ``Re z = x``, and one between any two.

    At a crossing, iy is an eigenvalue of the Hamiltonian matrix ``[[A - xI, level I], [-level I,
    xI - A*]]``.  For a real matrix the imaginary parts are those of the upper half plane.

    Notes
    -----
    Cost O((2n)^3), one eigenvalue problem.

    References
    ----------
    .. [1] R. Byers, SIAM J. Sci. Stat. Comput. 9 (1988), 875-881, theorem 1.

    Examples
    --------
    >>> line_crossings(np.array([[-1.0]]), x=0.0, level=np.sqrt(2)).round(9)
    array([0. , 0.5, 1. ])
    """
    one = np.eye(len(A))
    shifted = A - x * one
    found = eigvals(
        np.block([[shifted, level * one], [-level * one, -shifted.conj().T]]), check_finite=False
    )
    y = found.imag[np.abs(found.real) <= NEAR * np.abs(found).max()]
    if not np.iscomplexobj(A):
        return _with_middles(_distinct(np.concatenate([[0.0], np.abs(y)])))
    return _with_middles(_distinct(y)) if y.size else np.zeros(1)


def _distinct(s: Array) -> Array:
    s = np.sort(s)
    return s[np.diff(s, prepend=-np.inf) > SAME * (1 + np.abs(s))]


def _with_middles(s: Array) -> Array:
    return np.sort(np.concatenate([s, (s[1:] + s[:-1]) / 2]))


CIRCLES = Sweep(
    point=lambda t, s: t * np.exp(1j * np.asarray(s)),
    parameter=np.angle,
    crossings=circle_crossings,
    width=lambda t, sigma: min(sigma / t, np.pi) if t > 0 else np.pi,
)
LINES = Sweep(
    point=lambda t, s: t + 1j * np.asarray(s),
    parameter=np.imag,
    crossings=line_crossings,
    width=lambda _, sigma: sigma,
)


def exact_sigma_min(
    A: Array,  # shape: (n, n)
    z: Array,  # shape: (m,)
) -> Array:
    """Smallest singular values of ``zI - A`` by the SVD: right to rounding.

    Examples
    --------
    >>> exact_sigma_min(np.array([[2.0]]), np.array([2.0, 3.0]))
    array([0., 1.])
    """
    n, z = len(A), np.atleast_1d(z)
    step = max(1, CHUNK // n**2)
    parts = [z[i : i + step, None, None] * np.eye(n) - A for i in range(0, len(z), step)]
    return np.concatenate([np.linalg.svd(part, compute_uv=False)[:, -1] for part in parts])


def lowest_below(
    A: Array,  # shape: (n, n)
    sweep: Sweep,
    t: float,
    level: float,
) -> tuple[float, float] | None:
    """Lowest point of the curve t below `level` (its parameter and value); None if none is.

    sigma_min is 1-Lipschitz: a point of value sigma rules out the candidates within ``sigma -
    level``, which need no value of their own.

    Examples
    --------
    >>> lowest_below(np.array([[0.5]]), CIRCLES, t=1.0, level=0.6)
    (0.0, 0.5)
    >>> lowest_below(np.array([[0.5]]), CIRCLES, t=1.0, level=0.4)
    """
    s = sweep.crossings(A, t, level)
    z, values, open_ = sweep.point(t, s), np.full(len(s), np.inf), np.ones(len(s), bool)
    for stride in STRIDES:
        now = np.flatnonzero(open_ & (np.arange(len(s)) % stride == 0))
        if now.size:
            values[now] = exact_sigma_min(A, z[now])
            reach = np.abs(z[:, None] - z[now]) - (values[now] - level)
            open_ &= (reach >= 0).all(axis=1)
            open_[now] = False
    i = int(values.argmin())
    return (float(s[i]), float(values[i])) if values[i] < level else None


def lowest_on_curve(
    A: Array,  # shape: (n, n)
    sweep: Sweep,
    t: float,
    rtol: float = 1e-10,
    starts: Array | None = None,  # shape: (k,)
) -> Lowest:
    """Global minimum of ``sigma_min(zI - A)`` on the curve t: descend, test the level, repeat.

    The level test at ``(1 - rtol) value`` either finds a lower point, from which the search goes
    on, or proves that there is none.

    Notes
    -----
    Cost O((2n)^3) a level test, one to four of them.

    References
    ----------
    .. [1] S. Boyd and V. Balakrishnan, Systems Control Lett. 15 (1990), 1-7.

    Examples
    --------
    >>> found = lowest_on_curve(np.array([[0.0, 1.0], [0.0, 0.0]]), CIRCLES, t=1.0)
    >>> round(found.value, 12), found.certified
    (0.61803398875, True)
    """
    if starts is None:
        eigenvalues = np.linalg.eigvals(A).astype(complex)
        away = np.abs(eigenvalues - sweep.point(t, sweep.parameter(eigenvalues)))
        starts = sweep.parameter(eigenvalues[np.argsort(away)[:STARTS]])
    rounding = len(A) * EPS * (abs(t) + float(np.linalg.norm(A, 2)))

    def f(s: float) -> float:
        return float(exact_sigma_min(A, sweep.point(t, s))[0])

    values = exact_sigma_min(A, sweep.point(t, starts))
    s = float(starts[int(values.argmin())])
    value = f(s)
    for _ in range(ROUNDS):
        s, value = descend(f, s, sweep.width(t, value), xtol=max(1e-7, 0.1 * rtol**0.5))
        lower = max(0.0, (1 - rtol) * value - rounding)
        if lower == 0:
            return Lowest(value, s, 0.0, certified=True)
        below = lowest_below(A, sweep, t, (1 - rtol) * value)
        if below is None:
            return Lowest(value, s, lower, certified=True)
        s, value = below
    return Lowest(value, s, 0.0, certified=False)
