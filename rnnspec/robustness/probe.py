"""Short experiments on a finished attack, which show whether it failed.

They give `rnnspec.robustness.sanity` what it judges.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rnnspec.robustness.attacks.noise import noise
from rnnspec.robustness.attacks.square import square
from rnnspec.robustness.decision import cross_entropy
from rnnspec.robustness.sanity import (
    black_box_beats_white_box,
    gradient_vanishes,
    more_iterations_hurt,
    noise_beats_gradient,
    unbounded_attack_fails,
)
from rnnspec.robustness.threat import Threat
from rnnspec.robustness.thresholds import Thresholds
from rnnspec.robustness.victim import Victim, in_batches

PROBED = 24  # sequences that a probe looks at: at 5 % luck, one of so many may be lucky
# Of the black box: starts, which share a batch, and queries of each.  On an LSTM with saturated
# logits they fooled 0.56 of the sequences (linf), one start of 30 queries 0.46, more slowly.
STARTS, QUERIES = 8, 2
# The size that stands for "without a bound", per value and in units of the threat: no standardised
# data is 20 standard deviations wide.
UNBOUNDED = 20.0


def probe(found: Thresholds, threat: Threat, seed: int = 0) -> list[str | None]:
    """Run the checks that cost little on a finished search with a white-box attack.

    Noise just below each threshold is tried on all sequences; two shorter attempts, an unbounded
    one and a black box on at most 24.

    Parameters
    ----------
    found : Thresholds
        The finished search.
    threat : Threat
        What may move.
    seed : int, default 0
        Of all random numbers.

    Returns
    -------
    list of str or None
        What each check found, in words.
    """
    right = (found.first >= 0).nonzero()[:, 0]
    if not len(right) or not len(found.epsilons):
        return []
    said = [check_slopes(found.victim), _try_noise(found, seed)]
    said += [_try_fewer_iterations(found, seed), _try_black_box(found, seed)]
    if threat.target == "input":  # a network may well forget its initial state
        said.append(_try_without_bound(found, right[:PROBED], seed))
    return said


def without_slope(
    victim: Victim, loss: Callable[[Tensor, Tensor], Tensor] = cross_entropy
) -> Tensor:
    """(n,) mask: no value that may move changes the loss, to the last bit."""
    _, gradient, _ = victim.gradient(victim.zeros(), loss)
    zero: Tensor = (gradient.masked_fill(~victim.budget.movable, 0) == 0).flatten(1).all(1)
    return zero


def check_slopes(victim: Victim) -> str | None:
    """What `gradient_vanishes` says of the first sequences that are right."""
    right = (~victim.wrong()).nonzero()[:PROBED, 0]
    if not len(right):
        return None
    return gradient_vanishes(int(without_slope(victim[right]).sum()), len(right))


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
