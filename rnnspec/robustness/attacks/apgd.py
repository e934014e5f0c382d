r"""Projected gradient ascent that chooses its own step size.

A run begins with steps of :math:`2\varepsilon` and halves them at a checkpoint where
they stopped paying, from the best point so far.
"""

from __future__ import annotations

import torch
from torch import Tensor

from rnnspec._checks import count
from rnnspec.robustness.attacks.gradient import aimed, steepest
from rnnspec.robustness.attacks.restarts import Hunt, best_of, per_sequence, starts
from rnnspec.robustness.budget import Budget, like
from rnnspec.robustness.victim import Victim

INERTIA = 0.25  # weight of the last move in the next, 1 - alpha
PAYING = 0.75  # share rho of the steps between checkpoints that must raise the loss


def checkpoints(steps: int) -> list[int]:
    r"""Steps :math:`\lceil p_j N\rceil`, at first 22 % apart, then closer, down to 6 %.

    .. math:: p_0 = 0,\ p_1 = 0.22,\ p_{j+1} = p_j + \max(p_j - p_{j-1} - 0.03,\ 0.06)

    Examples
    --------
    >>> checkpoints(100)
    [22, 41, 57, 70, 80, 87, 93, 99]
    """
    # In hundredths: sums of binary fractions would round a ceiling up.
    at, gap, found = 22, 22, []
    while at <= 100:
        found.append(-(-at * steps // 100))
        gap = max(gap - 3, 6)
        at += gap
    return found


def apgd(
    victim: Victim,
    epsilon: float | Tensor,
    *,
    steps: int = 100,
    restarts: int = 1,
    loss: str = "cross_entropy",
    targets: Tensor | None = None,
    start: Tensor | None = None,
    seed: int = 0,
) -> Tensor:
    r"""Auto-PGD: ascent with inertia and halving steps, without a step size to choose.

    .. math:: z_{j} = P_\varepsilon(u_j + \eta_j v_j),\qquad
              u_{j+1} = P_\varepsilon(u_j + \alpha(z_{j} - u_j) + (1-\alpha)(u_j - u_{j-1}))

    with :math:`\alpha = 0.75`.  At a checkpoint a sequence halves its :math:`\eta` and
    goes back to its best point if less than 75 % of the steps since the last one raised
    the loss, or if neither :math:`\eta` nor the best loss changed since.

    Parameters
    ----------
    victim : Victim
    epsilon : float or (n,) tensor
        Budget, in units of the threat; of all, or of each sequence.
    steps : int, default 100
    restarts : int, default 1
        Runs from random starts; a run sees only those not fooled before.
    loss : {"cross_entropy", "logit_difference"}
        Either works from two classes on.  The steps depend on the direction of the
        gradient alone, so the scale of the logits is of no matter to the second.
    targets : (n,) tensor of classes, optional
        Fool into these instead of away from the labels.
    start : (n, ...) tensor, optional
        Where the first run starts, instead, as from a smaller budget's result.
    seed : int, default 0
        Of the random starts.

    Returns
    -------
    (n, ...) tensor
        The perturbation that fooled, 0 for a sequence that is wrong (or on target) as
        it is, or the one of highest loss where no run succeeded.

    Raises
    ------
    ValueError
        If an argument is out of its range, or the model has no gradient.

    Notes
    -----
    At most ``restarts * (steps + 1)`` gradients and one forward pass.

    References
    ----------
    .. [1] F. Croce and M. Hein, ICML 2020, arXiv:2003.01690, Algorithm 1.

    Examples
    --------
    >>> from rnnspec import SequenceDataset, under_attack
    >>> model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(2, 2, bias=False))
    >>> _ = torch.nn.init.eye_(model[1].weight)
    >>> data = SequenceDataset.from_raw([[[2.0], [1.0]]], [2], [0], ("first", "second"))
    >>> with under_attack(model, data) as victim:
    ...     [bool(victim.fooled(apgd(victim, epsilon))) for epsilon in (0.49, 0.51)]
    [False, True]
    """
    victim, aim = aimed(victim, loss, targets)
    amounts = per_sequence(epsilon, victim)
    count(steps, "steps")
    begin = starts(victim.budget, amounts, restarts, True, start, seed)

    def ascend(rows: Tensor, u: Tensor) -> tuple[Tensor, Tensor]:
        return _ascend(Hunt(victim, rows, aim, amounts), u, steps)

    u = best_of(victim, amounts, aim, begin, ascend)
    victim.budget.check(u, amounts)
    return u


def _ascend(hunt: Hunt, u: Tensor, steps: int) -> tuple[Tensor, Tensor]:
    """One run from `u`."""
    climb = _Climb(u, 2 * hunt.epsilon)
    stops, last = checkpoints(steps), 0
    for k in range(steps + 1):
        losses, gradient, logits = hunt.victim.gradient(climb.u, hunt.aim)
        left = hunt.catch(climb.u, logits)
        if left is not None:
            climb.keep(left)
            losses, gradient = losses[left], gradient[left]
        if not len(losses):
            return hunt.ends, hunt.losses
        climb.arrive(losses, gradient)
        if k in stops:
            climb.reconsider(k - last)
            last = k
        if k < steps:
            climb.move(hunt.victim.budget, hunt.epsilon, INERTIA if k else 0.0)
    hunt.settle(climb.best, climb.height)
    return hunt.ends, hunt.losses


class _Climb:
    """Where each row is, where it was best, and its record since the last checkpoint."""

    def __init__(self, u: Tensor, length: Tensor) -> None:
        self.u = self.previous = self.best = self.gradient = self.best_gradient = u
        self.length = length  # shape: (n,), as all below
        self.losses = self.height = self.height_before = torch.full_like(length, -torch.inf)
        self.rises = torch.full_like(length, -1)  # to arrive at the start is no rise
        self.halved = torch.ones_like(length, dtype=torch.bool)

    def keep(self, rows: Tensor) -> None:
        """Forget the others."""
        vars(self).update({name: value[rows] for name, value in vars(self).items()})

    def arrive(self, losses: Tensor, gradient: Tensor) -> None:
        """Note what was found at u."""
        self.rises = self.rises + (losses > self.losses)
        higher = losses > self.height
        self.height = torch.where(higher, losses, self.height)
        self.best = torch.where(like(higher, self.u) > 0, self.u, self.best)
        self.best_gradient = torch.where(like(higher, self.u) > 0, gradient, self.best_gradient)
        self.losses, self.gradient = losses, gradient

    def reconsider(self, taken: int) -> None:
        """Halve the step where the last `taken` did not pay, and go back to the best place."""
        stuck = ~self.halved & (self.height <= self.height_before)
        self.halved = (self.rises < PAYING * taken) | stuck
        self.length = torch.where(self.halved, self.length / 2, self.length)
        back = like(self.halved, self.u) > 0
        self.u = torch.where(back, self.best, self.u)
        self.gradient = torch.where(back, self.best_gradient, self.gradient)
        self.losses = torch.where(self.halved, self.height, self.losses)
        self.height_before, self.rises = self.height, torch.zeros_like(self.rises)

    def move(self, budget: Budget, epsilon: Tensor, inertia: float) -> None:
        """One step along the gradient and a little of the last move."""
        step = steepest(self.gradient, budget) * like(self.length, self.u)
        ahead = budget.project(self.u + step, epsilon) - self.u
        ahead.mul_(1 - inertia).add_(self.u - self.previous, alpha=inertia)
        self.previous = self.u
        self.u = budget.project(self.u + ahead, epsilon)
