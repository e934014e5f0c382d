r"""The dominant eigenvalue and singular value, followed by blocks of a few vectors.

The power method iterates :math:`v \leftarrow Wv/\|Wv\|` and reads the Rayleigh
quotient.  Two facts about recurrent matrices decide its use:

* W is real, and more often than not its dominant eigenvalues are a complex
  pair.  Then one real vector never converges: for 0.9 times a rotation by 90
  degrees the quotient :math:`v^\top W v` is 0.  A block V of a few vectors holds
  the pair, and the eigenvalues of :math:`V^\top W V` (Ritz values) show it.
* W is not normal, so :math:`v^* W v / v^* v` errs in proportion to the error of
  v.  The two-sided quotient of `rnnspec.spectra.dominant.following`, u a left vector, errs in
  proportion to the product of both errors.

Both quantities, q = radius or norm, are homogeneous in W, so that
:math:`q = \langle G, W\rangle` with G their gradient, which has rank one (rank two
for a complex pair).  The functions return it by its factors: rows u_r and w_r
with

.. math:: G = \sum_r u_r w_r^\top, \qquad q = \sum_r u_r^\top W w_r .

They take a stack of g real matrices, shape (g, n, n), as a NumPy array or a
torch tensor alike, and return (q, u, w).  Vectors are rows: a block V has shape (g, b, n) and
``V @ W.mT`` holds W v (for thin blocks three times faster than ``W @ V``).
"""

from __future__ import annotations

from rnnspec.spectra.engine.tensors import Array, namespace


def orthonormal(
    V: Array,  # shape: (g, b, n)
) -> Array:
    """Orthonormal basis of the rows of `V`."""
    return namespace(V).linalg.qr(V.mT)[0].mT


def power_step(
    W: Array,  # shape: (g, n, n)
    V: Array,  # shape: (g, b, n)
) -> Array:  # shape: (g, b, n)
    """One iteration of the block power method: an orthonormal basis of W V.  2 b n^2 flops.

    Examples
    --------
    >>> import numpy as np
    >>> W, v = np.diag([2.0, 1.0])[None], np.ones((1, 1, 2))
    >>> for _ in range(30):
    ...     v = power_step(W, v)
    >>> abs(v).round(6)
    array([[[1., 0.]]])
    """
    return orthonormal(V @ W.mT)


def single_vector(
    W: Array,  # shape: (g, n, n)
    v: Array,  # shape: (g, 1, n), of norm 1
    *,
    growth: bool,
) -> tuple[Array, Array, Array, Array]:  # shapes: (g,), (g, 1, n), (g, 1, n), (g, 1, n)
    r"""Radius by one vector: its growth ``|Wv|`` or its Rayleigh quotient ``|v^T W v|``.

    This is the textbook iteration.  The last result is the next vector, W v over its length.

    Examples
    --------
    >>> import numpy as np
    >>> rotation, v = np.array([[[0.0, -0.9], [0.9, 0.0]]]), np.array([[[1.0, 0.0]]])
    >>> [float(single_vector(rotation, v, growth=g)[0][0]) for g in (True, False)]
    [0.9, 0.0]
    """
    xp, y = namespace(W), v @ W.mT
    length = ((y * y).sum(-1) ** 0.5)[..., None]
    following = y / xp.where(length > 0, length, 1.0)
    sign = xp.where((v * y).sum(-1) < 0, -1.0, 1.0)[..., None]
    u = following if growth else sign * v
    return inner_product(W, u, v), u, v, following


def ritz_pair(
    W: Array,  # shape: (g, n, n)
    V: Array,  # shape: (g, b, n), orthonormal rows
) -> tuple[Array, Array, Array]:  # shapes: (g,), (g, 2, n), (g, 2, n)
    r"""The Ritz value of largest modulus.

    With :math:`V W V^\top = S \Theta S^{-1}`: the right vector is :math:`v = V^\top s`, s the
    column of S that belongs to the largest :math:`|\theta|`, and the left one is taken to be
    the same, as it is for normal W.
    """
    xp, g = namespace(W), list(range(len(W)))
    theta, S = xp.linalg.eig(V @ (V @ W.mT).mT)
    top = abs(theta).argmax(-1)
    s, theta = S[g, :, top], theta[g, top]
    return abs(theta), _parts(s) @ V, _parts(_turn(s, theta)) @ V


def singular_pair(
    W: Array,  # shape: (g, n, n)
    V: Array,  # shape: (g, b, n), orthonormal rows
) -> tuple[Array, Array, Array, Array]:  # shapes: (g,), (g, 1, n), (g, 1, n), (g, b, b)
    r"""The largest singular value of W on the rows of V.

    Rayleigh-Ritz: with :math:`V W^\top W V^\top = S \Sigma^2 S^\top`,
    :math:`w = V^\top s`, :math:`u = W w / \|W w\|`; the value never exceeds the
    true one.  Also returns :math:`S^\top`, the largest value's row last.
    """
    Y = V @ W.mT
    squares, S = namespace(W).linalg.eigh(Y @ Y.mT)
    S = S.mT
    q = abs(squares[:, -1]) ** 0.5
    return q, (S[:, -1:] @ Y) / (q + 1e-30)[:, None, None], S[:, -1:] @ V, S


def exact_pair(W: Array, quantity: str) -> tuple[Array, Array, Array]:
    """The ``radius`` or ``norm`` of each matrix, by LAPACK."""
    xp, g = namespace(W), list(range(len(W)))
    if quantity == "norm":
        U, q, Vh = xp.linalg.svd(W)
        return q[:, 0], U.mT[:, :1], Vh[:, :1]
    theta, X = xp.linalg.eig(W)
    top = abs(theta).argmax(-1)
    x, y = X[g, :, top], _inverse(X)[g, top, :].conj()
    theta = theta[g, top]
    return abs(theta), _parts(y), _parts(_turn(x, theta))


def inner_product(
    W: Array,  # shape: (g, n, n)
    u: Array,  # shape: (g, r, n)
    w: Array,  # shape: (g, r, n)
) -> Array:  # shape: (g,)
    r""":math:`\langle G, W\rangle = \sum_r u_r^\top W w_r`.

    Examples
    --------
    >>> import numpy as np
    >>> W = 0.9 * np.array([[[0.0, -1.0], [1.0, 0.0]]])
    >>> q, u, w = exact_pair(W, "radius")
    >>> q.round(12), inner_product(W, u, w).round(12)
    (array([0.9]), array([0.9]))
    """
    return ((w @ W.mT) * u).sum((-1, -2))


def _turn(s: Array, theta: Array) -> Array:
    """Multiply s by the conjugate phase of theta, so that u* W w = |theta|."""
    modulus = abs(theta)
    return s * ((theta.conj() + (modulus == 0)) / (modulus + (modulus == 0)))[:, None]


def _parts(s: Array) -> Array:
    """Real and imaginary parts as two rows."""
    return namespace(s).stack([s.real, s.imag], -2)


def _inverse(S: Array) -> Array:
    xp = namespace(S)
    try:
        return xp.linalg.inv(S)
    except xp.linalg.LinAlgError:  # defective: the least-squares left vectors
        return xp.linalg.pinv(S)
