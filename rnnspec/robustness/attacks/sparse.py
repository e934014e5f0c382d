r"""The fewest time steps that must be touched to change a decision."""

from __future__ import annotations

import torch
from torch import Tensor

from rnnspec._checks import count, positive
from rnnspec.robustness.attacks.ascent import steepest
from rnnspec.robustness.budget import Budget
from rnnspec.robustness.decision import excess, logit_difference, magnitude
from rnnspec.robustness.victim import Victim


def sparse(victim: Victim, *, epsilon: float | None = None, iterations: int = 5) -> Tensor:
    r"""Perturbations that change each decision and change few time steps.

    .. math:: \min\, \#\{t : u_t \ne 0\}\quad\text{such that}\quad \arg\max_k F_k(u) \ne y,\quad
              \|u_t\|_p \le \varepsilon\ \text{ for all } t

    Here F are the logits as functions of u, and y is the label.  The search is greedy.  The step
    whose gradient promises the largest rise of the logit difference,
    :math:`\langle g_t, v - u_t\rangle` with the best admissible v, is opened and set to v.  Then
    all open steps are updated by the rule of Frank and Wolfe.  This is repeated until the class is
    wrong.  At the end each changed step is set to 0 again, the least promising first, if the others
    suffice without it.  For two classes and a linear F the count is the least that there is.

    Parameters
    ----------
    victim : Victim
        The classifier on n sequences, from `under_attack`.  Its budget gives the norm p, here that
        of each time step, and the box.
    epsilon : float, optional
        Largest change of a step, in units of the threat; by default the raw bounds alone limit it.
    iterations : int, default 5
        Number of updates whenever a step is opened or closed.

    Returns
    -------
    tensor, shape (n, t, d)
        It is 0 where the decision is wrong already.  Where even all steps did not suffice, it is
        the last perturbation tried (``victim.is_fooled(u)`` says where).

    Raises
    ------
    ValueError
        If the victim's state moves and not its input, `epsilon` or `iterations` is not above 0,
        or there is neither `epsilon` nor a raw bound on what moves.

    Notes
    -----
    Cost: at most ``2 t (iterations + 1)`` forward and backward passes, of the sequences that are
    left.

    References
    ----------
    .. [1] A. Modas, S.-M. Moosavi-Dezfooli and P. Frossard, SparseFool, CVPR 2019, ask the same
       of pixels.

    Examples
    --------
    The logits are the two values 3 and 1.  To close the gap of 2 takes two changes of up to 1.1,
    or one of up to 2.1:

    >>> from rnnspec import under_attack
    >>> from rnnspec.robustness.examples import two_logits
    >>> with under_attack(*two_logits(3.0, 1.0)) as victim:
    ...     changes = [sparse(victim, epsilon=epsilon) for epsilon in (1.1, 2.1)]
    ...     [int((u != 0).any(2).sum()) for u in changes]
    [2, 1]
    """
    count(iterations, "iterations")
    if victim.scale is None:
        raise ValueError("`victim` must move its input: an initial state has no time steps")
    box = victim.budget
    if epsilon is None and not (box.lower.isfinite() & box.upper.isfinite()).all():
        raise ValueError(
            "`epsilon` must be given, got None: the data has no raw bounds, and without a cap"
            " one step can always be moved far enough"
        )
    cap = torch.inf if epsilon is None else positive(epsilon, "epsilon")
    u = victim.zeros()
    promise = u.new_zeros(u.shape[:2])  # the rise for which a step was opened, 0 if it was not
    rows = torch.nonzero(~victim.is_fooled(u))[:, 0]
    while len(rows):
        part = victim[rows]
        corner, rise, _ = _linearise(part, u[rows], cap)
        rise[promise[rows] > 0] = 0
        best = torch.zeros_like(rise, dtype=torch.bool).scatter(1, rise.argmax(1)[:, None], True)
        promise[rows] += torch.where(best, rise, 0)
        opened = torch.where(best[:, :, None], corner, u[rows])
        u[rows], won = _move_open_steps(part, opened, promise[rows] > 0, cap, iterations)
        rows = rows[~won & (rise.amax(1) > 0)]
    u = _close_needless(victim, u, promise, cap, iterations)
    _of_steps(box).check(u.flatten(0, 1), cap)
    return u


def _close_needless(
    victim: Victim, u: Tensor, promise: Tensor, cap: float, iterations: int
) -> Tensor:
    """Close the touched steps one by one, the least promising first, where the others suffice."""
    u, open_ = u.clone(), promise > 0
    order = torch.where(open_, promise, torch.inf).argsort(1)
    several, won = open_.sum(1), victim.is_fooled(u)
    for i in range(int(several.max())):
        rows = torch.nonzero(won & (several > max(i, 1)))[:, 0]
        if not len(rows):
            break
        others = open_[rows].scatter(1, order[rows, i, None], False)
        without = u[rows] * others[:, :, None]
        without, enough = _move_open_steps(victim[rows], without, others, cap, iterations)
        u[rows[enough]], open_[rows[enough]] = without[enough], others[enough]
    return u


def _move_open_steps(
    victim: Victim, u: Tensor, open_: Tensor, cap: float, iterations: int
) -> tuple[Tensor, Tensor]:
    """Move the open steps by the rule of Frank and Wolfe until the class is wrong: u, success.

    This is no projected ascent: every update is a mean of admissible values, and stays admissible.
    """
    u, won = u.clone(), torch.zeros(len(u), dtype=torch.bool, device=u.device)
    rows = torch.arange(len(u), device=u.device)
    for j in range(iterations + 1):
        corner, _, f = _linearise(victim[rows], u[rows], cap)
        won[rows] = f > 0
        on = ~won[rows]
        rows = rows[on]
        if j == iterations or not len(rows):
            break
        u[rows] += 2 / (j + 3) * (corner[on] - u[rows]) * open_[rows, :, None]
    return u, won


def _linearise(victim: Victim, u: Tensor, cap: float) -> tuple[Tensor, Tensor, Tensor]:
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
