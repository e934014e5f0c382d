"""Whether a robustness number can be believed: checks that warn in words.

An attack gives an upper bound of the true robust accuracy.  Carlini et al. [1]_ and Athalye et
al. [2]_ list the signs that this bound is a poor one, because the attack failed and not because the
network is robust.  Each function here says of results whether they show one sign;
`rnnspec.robustness.probe` makes the experiments that cost little.

References
----------
.. [1] N. Carlini et al., On Evaluating Adversarial Robustness, arXiv:1902.06705.
.. [2] A. Athalye, N. Carlini and D. Wagner, ICML 2018, arXiv:1802.00420.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rnnspec.robustness.wilson import wilson

LUCK = 0.05  # share of the sequences on which a weaker attack may be ahead by luck


def accuracy_rises(epsilons: ArrayLike, accuracy: ArrayLike, ci_high: ArrayLike) -> str | None:
    """Whether accuracy is higher at a larger size, beyond the interval at a smaller one.

    Each argument has shape (m,).  A larger budget holds every smaller one, so that the true
    robust accuracy never rises; where the measured one does, the attack failed at the larger size.

    Examples
    --------
    >>> accuracy_rises([0.1, 0.2], [0.3, 0.6], [0.4, 0.7])
    'accuracy rises from 0.300 at epsilon 0.1 to 0.600 at 0.2: ...'
    """
    sizes, shares, highs = (np.asarray(a, np.float64) for a in (epsilons, accuracy, ci_high))
    later = int(np.argmax(shares - np.minimum.accumulate(highs)))
    before = int(np.argmin(highs[: later + 1]))
    if shares[later] <= highs[before]:
        return None
    return (
        f"accuracy rises from {shares[before]:.3f} at epsilon {sizes[before]:g} to"
        f" {shares[later]:.3f} at {sizes[later]:g}: the larger budget holds the smaller one,"
        " so the attack fails at the larger size"
    )


def noise_beats_gradient(gradient: ArrayLike, noise: ArrayLike) -> str | None:
    """Whether random noise fools sequences that the gradient attack needs more for.

    Parameters
    ----------
    gradient, noise : array_like, shape (n,)
        The smallest size that fooled each sequence, as in `RobustnessCurve.thresholds`.

    Examples
    --------
    >>> noise_beats_gradient([0.1, 0.4], [0.2, 0.3])
    'random noise fools 1 of 2 sequences at a smaller epsilon than the gradient attack: ...'
    >>> noise_beats_gradient([0.1, 0.2], [0.2, np.inf])
    """
    ahead, _, n = _compare(noise, gradient)
    if ahead <= LUCK * n:
        return None
    return (
        f"random noise fools {ahead} of {n} sequences at a smaller epsilon than the gradient"
        " attack: the gradient does not point where the network is weak"
        " (rounded or saturated values inside the model?)"
    )


def black_box_beats_white_box(white: ArrayLike, black: ArrayLike) -> str | None:
    """Whether an attack that sees only logits is ahead of one that sees gradients.

    Parameters as in `noise_beats_gradient`.

    Examples
    --------
    >>> black_box_beats_white_box([np.inf, 0.1], [0.2, 0.1])
    'an attack without gradients fools 1 of 2 sequences at a smaller epsilon than one with: ...'
    """
    ahead, _, n = _compare(black, white)
    if ahead <= LUCK * n:
        return None
    return (
        f"an attack without gradients fools {ahead} of {n} sequences at a smaller epsilon than"
        " one with: gradients are masked, and the model is less robust than it looks"
    )


def more_iterations_hurt(longer: ArrayLike, shorter: ArrayLike) -> str | None:
    """Whether an attempt of fewer iterations fools more sequences, on balance.

    Parameters as in `noise_beats_gradient`.

    Examples
    --------
    >>> more_iterations_hurt([0.3, 0.3, 0.1], [0.1, 0.1, 0.3])
    'of 3 sequences, fewer iterations of the attack need a smaller epsilon for 2, more for 1: ...'
    """
    ahead, behind, n = _compare(shorter, longer)
    if ahead - behind <= LUCK * n:
        return None
    return (
        f"of {n} sequences, fewer iterations of the attack need a smaller epsilon for {ahead}, more"
        f" for {behind}: it does not climb the loss (step size too small or too large,"
        " or a loss with many local peaks); try another step size, apgd, or more restarts"
    )


def unbounded_attack_fails(fooled: int, n: int, n_classes: int) -> str | None:
    """Whether an attack without a bound leaves more sequences right than guessing would.

    Examples
    --------
    >>> unbounded_attack_fails(10, 40, 10)
    'an attack without a bound leaves 30 of 40 sequences right, above chance (0.100): ...'
    """
    low, _ = wilson((n - fooled) / n, n)
    if low <= 1 / n_classes:
        return None
    return (
        f"an attack without a bound leaves {n - fooled} of {n} sequences right, above chance"
        f" ({1 / n_classes:.3f}): anything can be changed, so the attack is at fault"
        " (masked gradients, or values that cannot move?)"
    )


def gradient_vanishes(zero: int, n: int) -> str | None:
    """Whether the gradient of the loss is zero to the last bit.

    Examples
    --------
    >>> gradient_vanishes(9, 10)
    'the gradient of the loss is exactly zero for 9 of 10 sequences: ...'
    """
    if zero <= LUCK * n:
        return None
    return (
        f"the gradient of the loss is exactly zero for {zero} of {n} sequences: a gradient"
        " attack goes nowhere (logits so large that the loss saturates? a rounding inside?);"
        " try square, or scale the logits down"
    )


def answers_fail(undecided: int, n: int) -> str | None:
    """Whether the perturbed network has NaN or infinite logits for some sequences.

    Examples
    --------
    >>> answers_fail(2, 40)
    'the logits of 2 of 40 sequences become NaN or infinite under perturbation: ...'
    """
    if not undecided:
        return None
    return (
        f"the logits of {undecided} of {n} sequences become NaN or infinite under perturbation:"
        " they count as wrong, though what failed is the arithmetic of the model, and not a"
        " decision (a logarithm, a root or a division whose argument left its range?)"
    )


def _compare(weaker: ArrayLike, stronger: ArrayLike) -> tuple[int, int, int]:
    """Sequences for which the weaker attack needs less, and more; and all."""
    a, b = np.asarray(weaker, np.float64), np.asarray(stronger, np.float64)
    if a.shape != b.shape:
        raise ValueError(f"both attacks must be of the same sequences, got {len(a)} and {len(b)}")
    return int((a < b).sum()), int((a > b).sum()), len(a)
