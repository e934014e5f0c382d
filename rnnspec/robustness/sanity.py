"""Whether a robustness number can be believed: checks that warn in words.

An attack gives an upper bound of the true robust accuracy.  What shows that the bound is a
poor one, because the attack failed and not because the network is robust, is listed by
Carlini et al. [1]_ and Athalye et al. [2]_; each function here is one of these signs.  The
first take results, `probe` runs the cheap ones on a finished search.

References
----------
.. [1] N. Carlini et al., On Evaluating Adversarial Robustness, arXiv:1902.06705.
.. [2] A. Athalye, N. Carlini and D. Wagner, ICML 2018, arXiv:1802.00420.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from rnnspec.robustness.attacks.gradient import cross_entropy
from rnnspec.robustness.attacks.noise import noise
from rnnspec.robustness.attacks.square import square
from rnnspec.robustness.threat import Threat
from rnnspec.robustness.thresholds import Thresholds, parts
from rnnspec.robustness.victim import Victim
from rnnspec.robustness.wilson import wilson

Loss = Callable[[Tensor, Tensor], Tensor]
LUCK = 0.05  # share of the sequences on which a weaker attack may be ahead
PROBED = 24  # sequences that a probe looks at: of so many, one may be lucky
# Of the black box: starts, which share a batch, and queries of each.  On an LSTM with saturated
# logits they fooled 0.56 of the sequences (linf), one start of 30 queries 0.46, more slowly.
STARTS, QUERIES = 8, 2
UNBOUNDED = 20.0  # per value, in units of the threat


def accuracy_rises(epsilons: ArrayLike, accuracy: ArrayLike, ci_high: ArrayLike) -> str | None:
    """Whether accuracy is higher at a larger size, beyond the interval at a smaller one.

    Each argument has shape (m,).  A larger budget holds every smaller one, so that the true
    robust accuracy never rises; only an attack that fails at the larger size can make it.

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
    gradient, noise : (n,) arrays
        The smallest size that fooled each sequence, as in `RobustnessCurve.thresholds`.

    Examples
    --------
    >>> noise_beats_gradient([0.1, 0.4], [0.2, 0.3])
    'random noise fools 1 of 2 sequences at a smaller epsilon than the gradient attack: ...'
    >>> noise_beats_gradient([0.1, 0.2], [0.2, np.inf])
    """
    ahead, _, n = _compared(noise, gradient)
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
    ahead, _, n = _compared(black, white)
    if ahead <= LUCK * n:
        return None
    return (
        f"an attack without gradients fools {ahead} of {n} sequences at a smaller epsilon than"
        " one with: gradients are masked, and the model is less robust than it looks"
    )


def more_steps_hurt(longer: ArrayLike, shorter: ArrayLike) -> str | None:
    """Whether a run of fewer steps fools more sequences, on balance.

    Parameters as in `noise_beats_gradient`.

    Examples
    --------
    >>> more_steps_hurt([0.3, 0.3, 0.1], [0.1, 0.1, 0.3])
    'of 3 sequences, fewer steps of the attack need a smaller epsilon for 2, more steps for 1: ...'
    """
    ahead, behind, n = _compared(shorter, longer)
    if ahead - behind <= LUCK * n:
        return None
    return (
        f"of {n} sequences, fewer steps of the attack need a smaller epsilon for {ahead}, more"
        f" steps for {behind}: it does not climb the loss (step size too small or too large,"
        " or a loss with many local peaks); try another step size, apgd, or more restarts"
    )


def unbounded_attack_fails(fooled: int, n: int, n_classes: int) -> str | None:
    """Whether an attack without a bound leaves more right than a guess would be.

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
    """A sentence if the perturbed network has NaN or infinite logits for some sequences.

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


def probe(found: Thresholds, threat: Threat, seed: int = 0) -> list[str]:
    """Run the checks that cost little on a finished search with a white-box attack.

    Noise just below each threshold, on all sequences; two shorter runs, an unbounded run and a
    black box, on at most 24.

    Parameters
    ----------
    found : Thresholds
    threat : Threat
    seed : int, default 0

    Returns
    -------
    list of str
        What was found, in words; empty if nothing was.
    """
    right = (found.first >= 0).nonzero()[:, 0]
    if not len(right) or not len(found.epsilons):
        return []
    said = [vanishing(found.victim), _noise(found, seed)]
    said += [_fewer_steps(found, seed), _black_box(found, seed)]
    if threat.target == "input":  # a network may well forget its initial state
        said.append(_unbounded(found, right[:PROBED], seed))
    return [text for text in said if text]


def without_slope(victim: Victim, loss: Loss = cross_entropy) -> Tensor:
    """(n,) mask: no value that may move changes the loss, to the last bit."""
    _, gradient, _ = victim.gradient(victim.nothing(), loss)
    zero: Tensor = (gradient.masked_fill(~victim.budget.movable, 0) == 0).flatten(1).all(1)
    return zero


def vanishing(victim: Victim) -> str | None:
    """What `gradient_vanishes` says of the first sequences that are right."""
    right = (~victim.wrong()).nonzero()[:PROBED, 0]
    if not len(right):
        return None
    return gradient_vanishes(int(without_slope(victim[right]).sum()), len(right))


def _noise(found: Thresholds, seed: int) -> str | None:
    """Where the search gave up, just below each threshold."""
    rows = (found.first > 0).nonzero()[:, 0]
    if not len(rows):  # all that are right are fooled at the smallest size
        return None
    first = found.first.clone()
    for part in parts(rows):
        batch, below = found.victim[part], found.first[part] - 1
        u = noise(batch, found.epsilons[below], distribution="sign", seed=seed)
        first[part[batch.fooled(u)]] -= 1
    return noise_beats_gradient(_numpy(found.first[rows]), _numpy(first[rows]))


def _fewer_steps(found: Thresholds, seed: int) -> str | None:
    """A quarter and a 16th of the steps, from one start, at the smallest size known to fool."""
    rows = ((found.first >= 0) & (found.first < len(found.epsilons))).nonzero()[:PROBED, 0]
    runs = ceil(found.steps / 4), ceil(found.steps / 16)
    if not len(rows) or runs[0] == runs[1]:
        return None
    batch, epsilon = found.victim[rows], found.epsilons[found.first[rows]]
    longer, shorter = (
        np.where(_numpy(batch.fooled(found.attempt(batch, epsilon, steps, None, seed))), 1, np.inf)
        for steps in runs
    )
    return more_steps_hurt(longer, shorter)


def _black_box(found: Thresholds, seed: int) -> str | None:
    """Where the search gave up, just below each threshold."""
    rows = (found.first > 0).nonzero()[:PROBED, 0]
    if not len(rows):
        return None
    copies = rows.repeat(STARTS)
    batch, below = found.victim[copies], found.first[rows] - 1
    u = square(batch, found.epsilons[below.repeat(STARTS)], queries=QUERIES, seed=seed)
    won = batch.fooled(u).view(STARTS, -1).any(0)
    return black_box_beats_white_box(_numpy(below + 1), _numpy(torch.where(won, below, below + 1)))


def _unbounded(found: Thresholds, rows: Tensor, seed: int) -> str | None:
    batch = found.victim[rows]
    movable = batch.budget.movable.flatten(1).sum(1)
    scale = torch.ones_like(movable) if batch.budget.norm == "linf" else movable.sqrt()
    u = found.attempt(batch, UNBOUNDED * scale.to(batch.inputs.dtype), found.steps, None, seed)
    n_classes = batch.unmoved().shape[1]
    return unbounded_attack_fails(int(batch.fooled(u).sum()), len(rows), n_classes)


def _compared(weaker: ArrayLike, stronger: ArrayLike) -> tuple[int, int, int]:
    """Sequences for which the weaker attack needs less, and more; and all."""
    a, b = np.asarray(weaker, np.float64), np.asarray(stronger, np.float64)
    if a.shape != b.shape:
        raise ValueError(f"both attacks must be of the same sequences, got {len(a)} and {len(b)}")
    return int((a < b).sum()), int((a > b).sum()), len(a)


def _numpy(values: Tensor) -> NDArray[np.float64]:
    return values.double().cpu().numpy()
