r"""Projected gradient ascent that chooses its own step size.

An attempt begins with updates of length :math:`2\varepsilon`.  At a checkpoint where they no longer
raise the loss often enough, it halves their length and goes back to the best point so far.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from rnnspec._checks import count
from rnnspec.robustness.attacks.ascent import Ascent, Outcome, best_of, starts, steepest
from rnnspec.robustness.budget import like
from rnnspec.robustness.victim import Victim

# Both as Croce and Hein chose them [1]: the weight 1 - alpha of the last move in the next, and the
# share rho of the updates between two checkpoints that must raise the loss.
INERTIA = 0.25
SHARE = 0.75


def checkpoints(iterations: int) -> list[int]:
    r"""Iterations :math:`\lceil p_j N\rceil`, at first 22 % apart, then closer, down to 6 %.

    .. math:: p_0 = 0,\ p_1 = 0.22,\ p_{j+1} = p_j + \max(p_j - p_{j-1} - 0.03,\ 0.06)

    Examples
    --------
    >>> checkpoints(100)
    [22, 41, 57, 70, 80, 87, 93, 99]
    """
    # In hundredths: sums of binary fractions would round a ceiling up.
    at, gap, found = 22, 22, []
    while at <= 100:
        found.append(-(-at * iterations // 100))
        gap = max(gap - 3, 6)
        at += gap
    return found


def apgd(
    victim: Victim,
    epsilon: float | Tensor,
    *,
    iterations: int = 100,
    restarts: int = 1,
    loss: str = "cross_entropy",
    targets: Tensor | None = None,
    start: Tensor | None = None,
    seed: int = 0,
) -> Tensor:
    r"""Auto-PGD: ascent with inertia and halving updates, without a step size to choose.

    .. math:: z_{j} = P_\varepsilon(u_j + \eta_j v_j),\qquad
              u_{j+1} = P_\varepsilon(u_j + \alpha(z_{j} - u_j) + (1-\alpha)(u_j - u_{j-1}))

    with :math:`\alpha = 0.75`.  At a checkpoint a sequence halves its :math:`\eta` and
    goes back to its best point if less than 75 % of the updates since the last checkpoint raised
    the loss, or if neither :math:`\eta` nor the best loss changed since.

    Parameters
    ----------
    victim : Victim
        The classifier on n sequences, from `under_attack`.
    epsilon : float or tensor, shape (n,)
        Budget, in units of the threat; one for all sequences, or one for each.
    iterations : int, default 100
        Updates of each start.
    restarts : int, default 1
        Number of random starts; each is used only for the sequences that are not fooled yet.
    loss : {"cross_entropy", "logit_difference"}
        The loss that the attack raises.  Both need two classes or more.  The length of the gradient
        is not used, so the scale of the logits does not matter to ``logit_difference``.
    targets : tensor of classes, shape (n,), optional
        Fool the classifier into these classes instead of away from the labels.
    start : tensor, shape (n, ...), optional
        Where the first start lies, for instance the result of a smaller budget.
    seed : int, default 0
        Seed of the random starts.

    Returns
    -------
    tensor, shape (n, ...)
        The perturbation that fooled the network.  It is 0 for a sequence that is wrong (or on
        target) without any.  Where no start succeeded, it is the one of highest loss.

    Raises
    ------
    ValueError
        If an argument is out of its range, or the model has no gradient.

    Notes
    -----
    Cost: at most ``restarts * (iterations + 1)`` gradients and one forward pass.

    References
    ----------
    .. [1] F. Croce and M. Hein, ICML 2020, arXiv:2003.01690, Algorithm 1.

    Examples
    --------
    >>> from rnnspec import under_attack
    >>> from rnnspec.robustness.examples import two_logits
    >>> with under_attack(*two_logits(2.0, 1.0)) as victim:
    ...     [int(victim.is_fooled(apgd(victim, epsilon))) for epsilon in (0.49, 0.51)]
    [0, 1]
    """
    victim, aim = victim.aim(loss, targets)
    amounts = victim.per_sequence(epsilon)
    count(iterations, "iterations")
    begin = starts(victim.budget, amounts, restarts, True, start, seed)

    def attempt(rows: Tensor, u: Tensor) -> Outcome:
        outcome, own = Outcome(rows, u, aim), amounts[rows]
        ascent = AutoAscent(iterations, victim[rows], u, own, 2 * own, aim, outcome.catch)
        ascent.climb(iterations + 1)  # the last look only judges where the last update led
        outcome.settle(ascent.best, ascent.height)
        return outcome

    u = best_of(victim, amounts, aim, begin, attempt)
    victim.budget.check(u, amounts)
    return u


class AutoAscent(Ascent):
    """Where each row is, where it was best, and its record since the last checkpoint."""

    PER_ROW = (
        *Ascent.PER_ROW,
        *("previous", "best", "gradient", "best_gradient"),
        *("losses", "height", "height_before", "rises", "halved"),
    )

    def __init__(self, iterations: int, *rule: Any) -> None:
        super().__init__(*rule)
        self.iterations, self.stops, self.last = iterations, checkpoints(iterations), 0
        self.previous = self.best = self.gradient = self.best_gradient = self.u
        lowest = self.u.new_full((len(self.u),), -torch.inf)
        self.losses = self.height = self.height_before = lowest
        self.rises = torch.full_like(lowest, -1)  # to arrive at the start is no rise
        self.halved = torch.ones_like(lowest, dtype=torch.bool)

    def update(self, k: int, losses: Tensor, gradient: Tensor) -> None:
        """Note what was found at u, reconsider at a checkpoint, and move."""
        self.note(losses, gradient)
        if k in self.stops:
            self.reconsider(k - self.last)
            self.last = k
        if k < self.iterations:
            self.move(INERTIA if k else 0.0)

    def note(self, losses: Tensor, gradient: Tensor) -> None:
        """Keep the losses and gradients at u, and u itself where it is the best so far."""
        self.rises = self.rises + (losses > self.losses)
        higher = losses > self.height
        self.height = torch.where(higher, losses, self.height)
        self.best = torch.where(like(higher, self.u) > 0, self.u, self.best)
        self.best_gradient = torch.where(like(higher, self.u) > 0, gradient, self.best_gradient)
        self.losses, self.gradient = losses, gradient

    def reconsider(self, taken: int) -> None:
        """Where too few of the last `taken` updates rose: halve the length, go back to the best."""
        stuck = ~self.halved & (self.height <= self.height_before)
        self.halved = (self.rises < SHARE * taken) | stuck
        self.length = torch.where(self.halved, self.length / 2, self.length)
        back = like(self.halved, self.u) > 0
        self.u = torch.where(back, self.best, self.u)
        self.gradient = torch.where(back, self.best_gradient, self.gradient)
        self.losses = torch.where(self.halved, self.height, self.losses)
        self.height_before, self.rises = self.height, torch.zeros_like(self.rises)

    def move(self, inertia: float) -> None:
        """One update along the gradient, and a little of the last move."""
        step = steepest(self.gradient, self.budget) * like(self.length, self.u)
        ahead = self.budget.project(self.u + step, self.epsilon) - self.u
        ahead.mul_(1 - inertia).add_(self.u - self.previous, alpha=inertia)
        self.previous = self.u
        self.u = self.budget.project(self.u + ahead, self.epsilon)
