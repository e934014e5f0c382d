"""Products of several matrices, in any order and with repetition, that grow: words of an alphabet.

Where every letter has norm below 1 in a common norm, every word has spectral radius below 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnspec.dynamics.weighting import weighted_norms
from rnnspec.spectra.engine import EPS
from rnnspec.spectra.engine.curve import CIRCLES, lowest_on_curve

Array = NDArray[Any]
LONGEST = 8  # letters of a word
LETTERS = 32  # the largest in the norm, of which words are made
BEAM = 32  # words of each length that are lengthened


@dataclass(frozen=True)
class Word:
    """A product: its letters, the first to act first, and its spectral radius."""

    letters: tuple[int, ...]
    spectral_radius: float

    @property
    def rate(self) -> float:
        """Growth of one step: no common norm has a smaller largest norm of a letter."""
        return float(self.spectral_radius ** (1 / len(self.letters)))


def fastest_letter(
    J: Array,  # shape: (m, s, s)
) -> Word:
    """The word of one letter with the largest spectral radius.

    Examples
    --------
    >>> fastest_letter(np.array([[[0.5]], [[-2.0]]]))
    Word(letters=(1,), spectral_radius=2.0)
    """
    radii = np.abs(np.linalg.eigvals(J)).max(1)
    return Word((int(radii.argmax()),), float(radii.max()))


def fastest_word(
    J: Array,  # shape: (m, s, s)
    T: Array,  # shape: (s, s)
) -> Word:
    r"""The word of at most 8 letters with the largest rate that a search finds.

    Of a word with spectral radius at least 1 some rotation has only beginnings of norm at
    least 1, in whatever norm; others are not lengthened.  Of those that are, only the 32
    largest in the norm :math:`\|T \cdot T^{-1}\|`, and by the 32 largest letters: what is
    found refutes, that nothing is found proves nothing.

    Notes
    -----
    Cost 1024 products and norms for each length, O(s^3) each.

    References
    ----------
    .. [1] G. Gripenberg, Linear Algebra Appl. 234 (1996), 43-60.

    Examples
    --------
    >>> shear = np.array([[0.5, 2.0], [0.0, 0.5]])
    >>> found = fastest_word(np.stack([shear, shear.T]), np.eye(2))
    >>> found.letters, round(found.spectral_radius, 4)
    ((0, 1), 4.4861)
    """
    letters = np.argsort(-weighted_norms(J, T), kind="stable")[:LETTERS]
    M = T @ J[letters] @ np.linalg.inv(T)
    best = fastest_letter(J)
    words, products = np.arange(len(M))[:, None], M
    for _ in range(LONGEST - 1):
        norms = np.linalg.norm(products, 2, axis=(1, 2))
        kept = np.argsort(-norms, kind="stable")[:BEAM]
        kept = kept[norms[kept] >= 1]
        if not len(kept):
            break
        products = (M[:, None] @ products[kept]).reshape(-1, *M.shape[1:])
        last = np.repeat(np.arange(len(M)), len(kept))
        words = np.column_stack([np.tile(words[kept], (len(M), 1)), last])
        found = _fastest(words, products)
        if found.rate > best.rate * (1 + 1e-9):  # not a mere repetition
            best = Word(tuple(letters[list(found.letters)].tolist()), found.spectral_radius)
        if best.spectral_radius > 1:
            break
    return best


def _fastest(words: Array, products: Array) -> Word:
    """Of the words that can be: a spectral radius is no larger than the norm."""
    largest = np.argsort(-np.linalg.norm(products, 2, axis=(1, 2)), kind="stable")[:BEAM]
    found = fastest_letter(products[largest])
    word = words[largest[found.letters[0]]]
    return Word(tuple(word.tolist()), found.spectral_radius)


def certainly_unstable(
    J: Array,  # shape: (m, s, s)
    word: Word,
) -> bool:
    r"""Whether the word's exact product has an eigenvalue outside the unit circle.

    Rounding errors, of the product and of its eigenvalues, are those of a perturbation E.  It
    brings no eigenvalue across the circle if
    :math:`\|E\| < \min_{|z|=1} \sigma_{\min}(zI - A)`.

    Examples
    --------
    >>> one = np.ones((1, 1, 1))
    >>> [certainly_unstable(c * one, fastest_letter(c * one)) for c in (1.0, 1.0 + 1e-9)]
    [False, True]
    """
    if not word.spectral_radius > 1:
        return False
    A, size = np.eye(J.shape[1]), 1.0
    for letter in word.letters:
        A, size = J[letter] @ A, size * float(np.linalg.norm(J[letter]))
    rounding = 10 * len(A) * len(word.letters) * EPS * max(1.0, size)
    return lowest_on_curve(A, CIRCLES, 1.0, rtol=0.5).lower > rounding
