r"""DeepFool: it moves to the nearest boundary of a linear approximation, and looks again."""

from __future__ import annotations

import torch
from torch import Tensor

from rnnspec._checks import count, positive
from rnnspec.robustness.attacks.boundary import between, nearest_in_halfspace
from rnnspec.robustness.budget import Budget, sizes
from rnnspec.robustness.decision import excess, logit_difference
from rnnspec.robustness.victim import Victim

FEW = 2  # rivals after the first update: the nearest class is rarely another one later
# The factor of the overshoot at every update, up to MOST.  It costs no accuracy, because the result
# is shortened at the end.
GROW = 2
MOST = 1.0


def deepfool(
    victim: Victim, *, iterations: int = 50, overshoot: float = 0.02, candidates: int = 10
) -> Tensor:
    r"""A small perturbation that changes each decision, found by linearising the decision boundary.

    .. math:: u \leftarrow (1 + \eta) \sum_i \delta_i,\qquad \delta_i =
              \arg\min_{k,\,\delta}\{\|\delta\|_p : F_k - F_y +
              \langle \nabla(F_k - F_y), \delta\rangle \ge 0\}

    inside the box of the budget, until the class is wrong; then u is shortened along
    its own ray to the boundary.  Where F is linear, one update is exact.

    Parameters
    ----------
    victim : Victim
        The classifier on n sequences, from `under_attack`.  Its budget gives the norm and the box;
        there is no limit on the size.
    iterations : int, default 50
        The most updates; a sequence leaves as soon as it is wrong, or on the boundary.
    overshoot : float, default 0.02
        The factor :math:`\eta` that carries u across the boundary; it doubles at every update, up
        to 1, for the few sequences that are still right.
    candidates : int, default 10
        Number of classes that are considered, with the label: those of the largest clean logits.

    Returns
    -------
    tensor, shape (n, ...)
        It is 0 where the decision is wrong already, or two logits are equal.  Where no change was
        found, it is the last perturbation tried (``victim.at_boundary(u)`` says where).

    Raises
    ------
    ValueError
        If `iterations` is no integer of at least 1, `overshoot` is not above 0, `candidates` is
        below 2, or the logits carry no gradient.

    Notes
    -----
    Cost: one forward pass and `candidates` - 1 backward passes of the whole batch, then few updates
    of the few sequences that are left, and about 5 forward passes for the shortening.

    References
    ----------
    .. [1] S.-M. Moosavi-Dezfooli, A. Fawzi and P. Frossard, DeepFool, CVPR 2016, algorithm 2.

    Examples
    --------
    >>> from rnnspec import Threat, under_attack
    >>> from rnnspec.robustness.examples import two_logits
    >>> with under_attack(*two_logits(3.0, 1.0), Threat(norm="l2")) as victim:
    ...     [round(x, 2) for x in deepfool(victim).flatten().tolist()]
    [-1.0, 1.0]
    """
    count(iterations, "iterations")
    positive(overshoot, "overshoot")
    if count(candidates, "candidates") < 2:
        raise ValueError(
            f"`candidates` must be at least 2, the label and a rival, got {candidates}"
        )
    u, total, budget = victim.zeros(), victim.zeros(), victim.budget
    logits = victim.clean_logits()
    f_clean = excess(logits, victim.labels)
    f = f_clean.clone()
    rows = torch.nonzero(f < 0)[:, 0]
    others = logits[rows].scatter(1, victim.labels[rows, None], -torch.inf)
    rivals = others.topk(min(candidates, logits.shape[1]) - 1).indices
    beyond = min(overshoot, MOST)
    for _ in range(iterations):
        if not len(rows):
            break
        part = victim[rows]
        way, rivals = way_out(part, u[rows], rivals)
        total[rows] += way
        ahead = (1 + beyond) * total[rows]
        u[rows] = torch.clamp(ahead, part.budget.lower, part.budget.upper)
        beyond = min(GROW * beyond, MOST)
        with torch.no_grad():
            f[rows] = excess(part.logits(u[rows]), part.labels)
        # A way of length zero, at a corner of the box or without slope, would be taken for ever.
        on = (f[rows] < 0) & (sizes(way, budget.norm) > 0)
        rows, rivals = rows[on], rivals[on, :FEW]
    u = between(victim, u, f_clean, f)
    budget.check(u, sizes(u, budget.norm))
    return u


def way_out(victim: Victim, u: Tensor, rivals: Tensor) -> tuple[Tensor, Tensor]:
    """The smallest linearised ways to a rival class from `u`, and the rivals, nearest first."""
    leaf = u.clone().requires_grad_()
    with torch.enable_grad():
        logits = victim.logits(leaf)
        leads = logits.gather(1, rivals) - logits.gather(1, victim.labels[:, None])
    if not leads.requires_grad:
        victim.gradient(u, logit_difference)  # says so
    # One graph for all rivals: a backward pass each costs less than copies of the batch.
    slopes = [
        torch.autograd.grad(lead.sum(), leaf, retain_graph=True, allow_unused=True)[0]
        for lead in leads.unbind(1)
    ]
    if any(slope is None for slope in slopes):
        victim.gradient(u, logit_difference)  # says so
    (n, k), budget = rivals.shape, victim.budget
    left = (torch.cat([edge - u] * k) for edge in (budget.lower, budget.upper))
    gaps = leads.detach().T.flatten().abs()
    ways = nearest_in_halfspace(torch.cat(slopes), gaps, Budget(budget.norm, *left))
    distances = sizes(ways, budget.norm).reshape(k, n).T
    order = torch.where(distances > 0, distances, torch.inf).argsort(1)
    nearest = ways.reshape(k, *u.shape)[order[:, 0], torch.arange(n, device=u.device)]
    return nearest, rivals.gather(1, order)
