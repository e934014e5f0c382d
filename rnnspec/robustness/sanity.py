"""Whether a robustness number can be believed: checks that warn in words.

An attack gives an upper bound of the true robust accuracy.  Carlini et al. [1]_ and Athalye et
al. [2]_ list the signs that this bound is a poor one, because the attack failed and not because the
network is robust.  Each function here looks for one sign; `probe` makes short experiments.

References
----------
.. [1] N. Carlini et al., On Evaluating Adversarial Robustness, arXiv:1902.06705.
.. [2] A. Athalye, N. Carlini and D. Wagner, ICML 2018, arXiv:1802.00420.
"""

from __future__ import annotations

from math import ceil

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from rnnspec.robustness.attacks.ascent import Loss
from rnnspec.robustness.attacks.noise import noise
from rnnspec.robustness.attacks.square import square
from rnnspec.robustness.decision import cross_entropy
from rnnspec.robustness.result import wilson
from rnnspec.robustness.threat import Threat
from rnnspec.robustness.thresholds import Thresholds
from rnnspec.robustness.victim import Victim, in_batches

LUCK = 0.05  # share of the sequences on which a weaker attack may be ahead by luck
PROBED = 24  # sequences that a probe looks at: at 5 % luck, one of so many may be lucky
# Of the black box: starts, which share a batch, and queries of each.  On an LSTM with saturated
# logits they fooled 0.56 of the sequences (linf), one start of 30 queries 0.46, more slowly.
STARTS, QUERIES = 8, 2
UNBOUNDED = 20.0  # units of the threat for every value: no standardised data is so wide


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


def probe(found: Thresholds, threat: Threat, seed: int = 0) -> list[str | None]:
    """Run the checks that cost little on a finished search with a white-box attack.

    Noise is tried on all sequences, the attack and a black box on at most 24.
    """
    right = (found.first >= 0).nonzero()[:, 0]
    if not len(right) or not len(found.epsilons):
        return []
    said = [check_slopes(found.victim), _try_noise(found, seed)]
    said += [_try_fewer_iterations(found, seed), _try_black_box(found, seed)]
    if threat.target == "input":  # a network may well forget its initial state
        said.append(_try_without_bound(found, right[:PROBED], seed))
    return said


def without_slope(victim: Victim, loss: Loss = cross_entropy) -> Tensor:
    """(n,) mask: no value that may move changes the loss, to the last bit."""
    _, gradient, _ = victim.gradient(victim.zeros(), loss)
    zero: Tensor = (gradient.masked_fill(~victim.budget.movable, 0) == 0).flatten(1).all(1)
    return zero


def check_slopes(victim: Victim) -> str | None:
    """What `gradient_vanishes` says of the first sequences that are right."""
    right = (~victim.wrong()).nonzero()[:PROBED, 0]
    n = len(right)
    return gradient_vanishes(int(without_slope(victim[right]).sum()), n) if n else None


def _try_noise(found: Thresholds, seed: int) -> str | None:
    """Noise where the search gave up, just below each threshold."""
    rows = (found.first > 0).nonzero()[:, 0]
    if not len(rows):  # all that are right are fooled at the smallest size
        return None
    first = found.first.clone()
    for part in in_batches(rows):
        batch, below = found.victim[part], found.first[part] - 1
        u = noise(batch, found.epsilons[below], distribution="sign", seed=seed)
        first[part[batch.is_fooled(u)]] -= 1
    return noise_beats_gradient(_numpy(found.first[rows]), _numpy(first[rows]))


def _try_fewer_iterations(found: Thresholds, seed: int) -> str | None:
    """A quarter and a 16th of the iterations, at the smallest size known to fool."""
    rows = ((found.first >= 0) & (found.first < len(found.epsilons))).nonzero()[:PROBED, 0]
    numbers = ceil(found.iterations / 4), ceil(found.iterations / 16)
    if not len(rows) or numbers[0] == numbers[1]:
        return None
    batch, epsilon = found.victim[rows], found.epsilons[found.first[rows]]
    longer, shorter = (
        np.where(_numpy(batch.is_fooled(u)), 1, np.inf)
        for u in (found.attack(batch, epsilon, iterations=k, seed=seed) for k in numbers)
    )
    return more_iterations_hurt(longer, shorter)


def _try_black_box(found: Thresholds, seed: int) -> str | None:
    """A random search where the search gave up, just below each threshold."""
    rows = (found.first > 0).nonzero()[:PROBED, 0]
    if not len(rows):
        return None
    copies = rows.repeat(STARTS)
    batch, below = found.victim[copies], found.first[rows] - 1
    u = square(batch, found.epsilons[below.repeat(STARTS)], iterations=QUERIES, seed=seed)
    won = batch.is_fooled(u).view(STARTS, -1).any(0)
    return black_box_beats_white_box(_numpy(below + 1), _numpy(torch.where(won, below, below + 1)))


def _try_without_bound(found: Thresholds, rows: Tensor, seed: int) -> str | None:
    """The attack itself with 20 units for every value."""
    batch = found.victim[rows]
    movable = batch.budget.movable.flatten(1).sum(1)
    scale = torch.ones_like(movable) if batch.budget.norm == "linf" else movable.sqrt()
    epsilon = UNBOUNDED * scale.to(batch.inputs.dtype)
    u = found.attack(batch, epsilon, iterations=found.iterations, seed=seed)
    n_classes = batch.clean_logits().shape[1]
    return unbounded_attack_fails(int(batch.is_fooled(u).sum()), len(rows), n_classes)


def _numpy(values: Tensor) -> NDArray[np.float64]:
    return values.double().cpu().numpy()


def _compare(weaker: ArrayLike, stronger: ArrayLike) -> tuple[int, int, int]:
    """Sequences for which the weaker attack needs less, and more; and all."""
    a, b = np.asarray(weaker, np.float64), np.asarray(stronger, np.float64)
    if a.shape != b.shape:
        raise ValueError(
            f"both attacks must be of the same sequences, got {len(a)} and {len(b)}"
            " (other `samples` or another `seed`? run both on the same data)"
        )
    return int((a < b).sum()), int((a > b).sum()), len(a)
