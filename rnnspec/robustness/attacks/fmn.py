r"""The fast minimum-norm attack: along the boundary, in a ball that tightens as it wins."""

from __future__ import annotations

from math import cos, pi

import torch
from torch import Tensor

from rnnspec._checks import count, positive
from rnnspec.robustness.attacks.boundary import shrink
from rnnspec.robustness.attacks.deepfool import deepfool
from rnnspec.robustness.attacks.gradient import steepest
from rnnspec.robustness.budget import like, sizes
from rnnspec.robustness.decision import excess, logit_difference
from rnnspec.robustness.victim import Victim

LAST = 0.01  # of the first step size and rate: where the annealing ends
IDLE = 15  # steps without a gain after which a sequence leaves
GAIN = 1e-3  # relative


def fmn(
    victim: Victim,
    *,
    steps: int = 100,
    step_size: float = 0.3,
    gamma: float = 0.05,
    start: Tensor | None = None,
) -> Tensor:
    r"""The smallest perturbation that changes each decision, refined by gradient steps.

    .. math:: u \leftarrow P_\varepsilon(u + \alpha\varepsilon\,v),\qquad
              \varepsilon \leftarrow \begin{cases}
              \min((1 - \gamma)\,\varepsilon,\ r) & \text{where } u \text{ is wrong,} \\
              \min((1 + \gamma)\,\varepsilon,\ r) & \text{where an earlier one was,} \\
              (1 + \gamma)\,(\|u\|_p + |F_k - F_y| / \|g\|_q) & \text{where none was,}
              \end{cases}

    where r is the smallest size found, g the gradient of the logit difference over the
    strongest rival, and v its steepest direction (g / \|g\|_2 or sign g).  Step size and rate fall
    as a cosine.  The steps are multiples of :math:`\varepsilon`, whatever the units.  The result is
    never larger than `start`.

    Parameters
    ----------
    victim : Victim
        Its budget gives the norm and the box; there is no limit on the size.
    steps : int, default 100
        The most steps; a sequence leaves after 15 that gain less than 0.1 %.
    step_size : float, default 0.3
        The first :math:`\alpha`.
    gamma : float, default 0.05
        The first rate, below 1.
    start : (n, ...) tensor, optional
        Where to begin; default: what `deepfool` finds.

    Returns
    -------
    (n, ...) tensor
        0 where the decision is wrong already, or two logits are equal; the last try where no
        change was found (``victim.at_boundary(u)`` tells).

    Raises
    ------
    ValueError
        If `steps` is no integer of at least 1, `step_size` is not above 0, `gamma` is not between
        0 and 1, or the logits carry no gradient.
    BudgetExceeded
        If `start` leaves the box.

    Notes
    -----
    A forward and a backward pass per step of the sequences that are left.

    References
    ----------
    .. [1] M. Pintor, F. Roli, W. Brendel and B. Biggio, Fast minimum-norm adversarial attacks
       through adaptive norm constraints, NeurIPS 2021, algorithm 1.

    Examples
    --------
    >>> from rnnspec import SequenceDataset, Threat, under_attack
    >>> model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(2, 2, bias=False))
    >>> _ = torch.nn.init.eye_(model[1].weight)
    >>> data = SequenceDataset.from_raw([[[3.0], [1.0]]], [2], [0], ("first", "second"))
    >>> with under_attack(model, data, Threat(norm="l2")) as victim:
    ...     [round(x, 2) for x in fmn(victim).flatten().tolist()]
    [-1.0, 1.0]
    """
    count(steps, "steps")
    positive(step_size, "step_size")
    if not 0 < gamma < 1:
        raise ValueError(f"`gamma` must be between 0 and 1, got {gamma}")
    budget = victim.budget
    u = deepfool(victim) if start is None else start.clone()
    budget.check(u, sizes(u, budget.norm))
    wrong = excess(victim.unmoved(), victim.labels) >= 0
    u[wrong] = 0
    # From a start that is not wrong, zero is the better place to begin.
    with torch.no_grad():
        reached = excess(victim.logits(u), victim.labels) >= 0
    radius = torch.where(reached, sizes(u, budget.norm), torch.inf)
    best, epsilon, idle = u.clone(), radius.clone(), torch.zeros_like(radius)
    u[radius.isinf()] = 0
    rows = torch.nonzero(~wrong)[:, 0]
    for i in range(steps):
        if not len(rows):
            break
        part, annealed = victim[rows], LAST + (1 - LAST) * (1 + cos(pi * i / steps)) / 2
        leads, g, logits = part.gradient(u[rows], logit_difference)
        size, won = sizes(u[rows], budget.norm), excess(logits, part.labels) >= 0
        idle[rows] = torch.where(won & (size < (1 - GAIN) * radius[rows]), 0, idle[rows] + 1)
        shorter = rows[won & (size < radius[rows])]
        best[shorter], radius[shorter] = u[shorter], sizes(u[shorter], budget.norm)
        v = steepest(g, part.budget)
        slope = torch.where(part.budget.movable, g * v, 0).flatten(1).sum(1)
        r, factor = radius[rows], 1 + torch.where(won, -gamma, gamma) * annealed
        known = torch.where(r.isfinite(), epsilon[rows], size + leads.abs() / slope)
        epsilon[rows] = torch.minimum(factor * known, r)
        # Without a slope, or if all other classes are masked, there is no finite distance to go.
        near = (slope > 0) & epsilon[rows].isfinite()
        on = near & ((idle[rows] < IDLE) | r.isinf())
        rows, v = rows[on], v[on]
        ahead = u[rows] + like(step_size * annealed * epsilon[rows], v) * v
        u[rows] = victim.budget[rows].project(ahead, epsilon[rows])
    lost = radius.isinf()
    best[lost] = u[lost]
    best = shrink(victim, best)
    budget.check(best, sizes(best, budget.norm))
    return best
