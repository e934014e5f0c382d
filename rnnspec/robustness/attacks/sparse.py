r"""The fewest time steps that must be touched to change a decision."""

from __future__ import annotations

import torch
from torch import Tensor

from rnnspec._checks import count, positive
from rnnspec.robustness.attacks.gradient import steepest
from rnnspec.robustness.budget import Budget
from rnnspec.robustness.decision import excess, logit_difference, magnitude
from rnnspec.robustness.victim import Victim


def sparse(
    victim: Victim, epsilon: float | None = None, *, steps: int = 5
) -> tuple[Tensor, Tensor]:
    r"""Perturbations that touch few time steps, and how many.

    .. math:: \min\, \#\{t : u_t \ne 0\}\quad\text{such that}\quad \arg\max_k F_k(u) \ne y,\quad
              \|u_t\|_p \le \varepsilon\ \text{ for all } t

    Greedy: the step whose gradient promises the largest rise of the logit difference,
    :math:`\langle g_t, v - u_t\rangle` with the best admissible v, is opened and set to v; all
    open steps move by Frank and Wolfe's rule; and so on until the class is wrong.  Then each
    touched step is closed again, the least promising first, if the others manage without it.
    For two classes and a linear F the count is the least there is.

    Parameters
    ----------
    victim : Victim
        Its budget gives the norm p, here that of each time step, and the box.
    epsilon : float, optional
        Cap on every touched step, in units; default: none but the raw bounds.
    steps : int, default 5
        Steps of ascent whenever a step is opened or closed.

    Returns
    -------
    u : (n, t, d) tensor
        0 where the decision is wrong already; the last try where even all steps were not
        enough (``victim.fooled(u)`` tells).
    count : (n,) tensor of int64
        Touched steps of u.

    Raises
    ------
    ValueError
        If the victim's state moves and not its input, `epsilon` or `steps` are not above 0,
        or there is neither `epsilon` nor a raw bound on what moves.

    Notes
    -----
    At most ``2 t (steps + 1)`` forward and backward passes, of the sequences that are left.

    References
    ----------
    .. [1] A. Modas, S.-M. Moosavi-Dezfooli and P. Frossard, SparseFool, CVPR 2019, asks the same
       of pixels.

    Examples
    --------
    >>> from rnnspec import SequenceDataset, under_attack
    >>> model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(2, 2, bias=False))
    >>> _ = torch.nn.init.eye_(model[1].weight)
    >>> data = SequenceDataset.from_raw([[[3.0], [1.0]]], [2], [0], ("first", "second"))
    >>> with under_attack(model, data) as victim:
    ...     [int(sparse(victim, epsilon)[1]) for epsilon in (1.1, 2.1)]
    [2, 1]
    """
    count(steps, "steps")
    if victim.scale is None:
        raise ValueError("`victim` must move its input: an initial state has no time steps")
    box = victim.budget
    if epsilon is None and not (box.lower.isfinite() & box.upper.isfinite()).all():
        raise ValueError(
            "`epsilon` must be given, got None: the data has no raw bounds, and without a cap"
            " one step can always be moved far enough"
        )
    cap = torch.inf if epsilon is None else positive(epsilon, "epsilon")
    u = victim.nothing()
    promise = u.new_zeros(u.shape[:2])  # the rise for which a step was opened, 0 if it was not
    rows = torch.nonzero(~victim.fooled(u))[:, 0]
    while len(rows):
        part = victim[rows]
        corner, rise, _ = _linearised(part, u[rows], cap)
        rise[promise[rows] > 0] = 0
        best = torch.zeros_like(rise, dtype=torch.bool).scatter(1, rise.argmax(1)[:, None], True)
        promise[rows] += torch.where(best, rise, 0)
        opened = torch.where(best[:, :, None], corner, u[rows])
        u[rows], won = _ascend(part, opened, promise[rows] > 0, cap, steps)
        rows = rows[~won & (rise.amax(1) > 0)]
    u = _pruned(victim, u, promise, cap, steps)
    _of_steps(box).check(u.flatten(0, 1), cap)
    return u, (u != 0).any(2).sum(1)


def _pruned(victim: Victim, u: Tensor, promise: Tensor, cap: float, steps: int) -> Tensor:
    """Close the touched steps one by one, the least promising first, where the others suffice."""
    u, open_ = u.clone(), promise > 0
    order = torch.where(open_, promise, torch.inf).argsort(1)
    several, won = open_.sum(1), victim.fooled(u)
    for i in range(int(several.max())):
        rows = torch.nonzero(won & (several > max(i, 1)))[:, 0]
        if not len(rows):
            break
        others = open_[rows].scatter(1, order[rows, i, None], False)
        without = u[rows] * others[:, :, None]
        without, enough = _ascend(victim[rows], without, others, cap, steps)
        u[rows[enough]], open_[rows[enough]] = without[enough], others[enough]
    return u


def _ascend(
    victim: Victim, u: Tensor, open_: Tensor, cap: float, steps: int
) -> tuple[Tensor, Tensor]:
    """Move the open steps by the rule of Frank and Wolfe until the class is wrong: u, success."""
    u, won = u.clone(), torch.zeros(len(u), dtype=torch.bool, device=u.device)
    rows = torch.arange(len(u), device=u.device)
    for j in range(steps + 1):
        corner, _, f = _linearised(victim[rows], u[rows], cap)
        won[rows] = f > 0
        on = ~won[rows]
        rows = rows[on]
        if j == steps or not len(rows):
            break
        # Admissible values are a convex set: no projection is needed.
        u[rows] += 2 / (j + 3) * (corner[on] - u[rows]) * open_[rows, :, None]
    return u, won


def _linearised(victim: Victim, u: Tensor, cap: float) -> tuple[Tensor, Tensor, Tensor]:
    """Each step's best value, the rise of the logit difference it promises, and the excess."""
    _, g, logits = victim.gradient(u, logit_difference)
    budget, slopes = _of_steps(victim.budget), g.flatten(0, 1)
    if cap == torch.inf:
        edge = torch.where(slopes > 0, budget.upper, budget.lower)
        corner = torch.where(slopes == 0, 0, edge)
    else:
        corner = budget.project(cap * steepest(slopes, budget), cap)
    corner = corner.reshape(u.shape)
    rounding = victim.rounding * magnitude(logits, victim.labels)
    return corner, (g * (corner - u)).sum(2), excess(logits, victim.labels) - rounding


def _of_steps(budget: Budget) -> Budget:
    """The box of every time step as if it were a sequence of its own."""
    return Budget(budget.norm, budget.lower.flatten(0, 1), budget.upper.flatten(0, 1))
