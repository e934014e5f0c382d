r"""The fast minimum-norm attack: ascent in a ball that shrinks as long as the attack succeeds."""

from __future__ import annotations

from math import cos, pi

import torch
from torch import Tensor

from rnnspec._checks import count, positive
from rnnspec.robustness.attacks.ascent import Ascent, steepest
from rnnspec.robustness.attacks.boundary import shrink, slope_along
from rnnspec.robustness.attacks.deepfool import deepfool
from rnnspec.robustness.budget import like, sizes
from rnnspec.robustness.decision import excess, logit_difference
from rnnspec.robustness.victim import Victim

# The annealing ends at a hundredth of the first step size, as in the code of [1].  The two other
# numbers let sequences leave that hardly gain any more, where [1] runs all to the last iteration.
LAST = 0.01  # of the first step size and rate: where the annealing ends
IDLE = 15  # iterations without a gain after which a sequence leaves
GAIN = 1e-3  # relative


def fmn(
    victim: Victim,
    *,
    iterations: int = 100,
    step_size: float = 0.3,
    gamma: float = 0.05,
    start: Tensor | None = None,
) -> Tensor:
    r"""The smallest perturbation that changes each decision, refined by gradient updates.

    .. math:: u \leftarrow P_\varepsilon(u + \alpha\varepsilon\,v),\qquad
              \varepsilon \leftarrow \begin{cases}
              \min((1 - \gamma)\,\varepsilon,\ r) & \text{where } u \text{ is wrong,} \\
              \min((1 + \gamma)\,\varepsilon,\ r) & \text{where an earlier one was,} \\
              (1 + \gamma)\,(\|u\|_p + |F_k - F_y| / \|g\|_q) & \text{where none was,}
              \end{cases}

    where r is the smallest size found, g the gradient of the logit difference over the
    strongest rival, and v its steepest unit vector (g / \|g\|_2 or sign g).  The step size and the
    rate fall as a cosine.  Updates are multiples of :math:`\varepsilon`, whatever the units.  The
    result is never larger than `start`.

    Parameters
    ----------
    victim : Victim
        The classifier on n sequences, from `under_attack`.  Its budget gives the norm and the box;
        there is no limit on the size.
    iterations : int, default 100
        The most updates; a sequence leaves after 15 that gain less than 0.1 %.
    step_size : float, default 0.3
        The first :math:`\alpha`.
    gamma : float, default 0.05
        The first rate, between 0 and 1.
    start : tensor, shape (n, ...), optional
        Where to begin; by default at what `deepfool` finds.

    Returns
    -------
    tensor, shape (n, ...)
        It is 0 where the decision is wrong already, or two logits are equal.  Where no change was
        found, it is the last perturbation tried (``victim.at_boundary(u)`` says where).

    Raises
    ------
    ValueError
        If `iterations` is no integer of at least 1, `step_size` is not above 0, `gamma` is not
        between 0 and 1, or the logits carry no gradient.
    BudgetExceeded
        If `start` leaves the box.

    Notes
    -----
    Cost: a forward and a backward pass per iteration, of the sequences that are left.

    References
    ----------
    .. [1] M. Pintor, F. Roli, W. Brendel and B. Biggio, Fast minimum-norm adversarial attacks
       through adaptive norm constraints, NeurIPS 2021, algorithm 1.

    Examples
    --------
    >>> from rnnspec import Threat, under_attack
    >>> from rnnspec.robustness.examples import two_logits
    >>> with under_attack(*two_logits(3.0, 1.0), Threat(norm="l2")) as victim:
    ...     [round(x, 2) for x in fmn(victim).flatten().tolist()]
    [-1.0, 1.0]
    """
    count(iterations, "iterations")
    positive(step_size, "step_size")
    if not 0 < gamma < 1:
        raise ValueError(f"`gamma` must be between 0 and 1, got {gamma}")
    budget = victim.budget
    u = deepfool(victim) if start is None else start.clone()
    budget.check(u, sizes(u, budget.norm))
    wrong = excess(victim.clean_logits(), victim.labels) >= 0
    u[wrong] = 0
    with torch.no_grad():
        succeeds = excess(victim.logits(u), victim.labels) >= 0
    ascent = ShrinkingAscent(victim, u, succeeds, ~wrong, iterations, step_size, gamma)
    ascent.climb(iterations)
    best = shrink(victim, ascent.smallest())
    budget.check(best, sizes(best, budget.norm))
    return best


class ShrinkingAscent(Ascent):
    """Ascent whose balls shrink and grow, and the smallest perturbation found for each sequence."""

    PER_ROW = ("victim", "u", "epsilon", "rows", "unit")

    def __init__(
        self,
        victim: Victim,
        start: Tensor,
        succeeds: Tensor,
        right: Tensor,
        iterations: int,
        step_size: float,
        gamma: float,
    ) -> None:
        self.best = start.clone()
        self.radius = torch.where(succeeds, sizes(start, victim.budget.norm), torch.inf)
        # From a start that is not wrong, zero is the better place to begin.
        self.last = torch.where(like(succeeds, start) > 0, start, 0)
        self.idle = torch.zeros_like(self.radius)
        self.rows = torch.nonzero(right)[:, 0]
        self.unit = self.last[self.rows]
        self.iterations, self.step_size, self.gamma = iterations, step_size, gamma
        part, radius = victim[self.rows], self.radius[self.rows]
        super().__init__(part, self.unit, radius, 0.0, logit_difference)

    def leave(self, k: int, losses: Tensor, gradient: Tensor, logits: Tensor) -> Tensor:
        """Keep the smallest success, choose the next ball, and let those go that gain no more."""
        rows, part, factor = self.rows, self.victim, self.cosine(k)
        self.last[rows] = self.u
        size, won = sizes(self.u, part.budget.norm), excess(logits, part.labels) >= 0
        gains = won & (size < (1 - GAIN) * self.radius[rows])
        self.idle[rows] = torch.where(gains, 0, self.idle[rows] + 1)
        shorter = won & (size < self.radius[rows])
        self.best[rows[shorter]], self.radius[rows[shorter]] = self.u[shorter], size[shorter]
        self.unit = steepest(gradient, part.budget)
        slope = slope_along(self.unit, gradient, part.budget)
        r, rate = self.radius[rows], 1 + torch.where(won, -self.gamma, self.gamma) * factor
        known = torch.where(r.isfinite(), self.epsilon, size + losses.abs() / slope)
        self.epsilon = torch.minimum(rate * known, r)
        # Without a slope, or if all other classes are masked, there is no finite distance to go.
        near = (slope > 0) & self.epsilon.isfinite()
        return near & ((self.idle[rows] < IDLE) | r.isinf())

    def update(self, k: int, losses: Tensor, gradient: Tensor) -> None:  # noqa: ARG002
        """Move by a share of the ball's radius, and project into the ball."""
        length = self.step_size * self.cosine(k) * self.epsilon
        ahead = self.u + like(length, self.u) * self.unit
        self.u = self.budget.project(ahead, self.epsilon)

    def cosine(self, k: int) -> float:
        """The factor of step size and rate, from 1 down to `LAST`."""
        return LAST + (1 - LAST) * (1 + cos(pi * k / self.iterations)) / 2

    def smallest(self) -> Tensor:
        """The smallest success of each sequence, or its last try without one."""
        self.last[self.rows] = self.u
        return torch.where(like(self.radius.isinf(), self.last) > 0, self.last, self.best)
