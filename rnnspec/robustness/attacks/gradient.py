r"""Attacks along the gradient: one step (`fgsm`), or many with projection (`pgd`).

Both ascend a loss of the logits by the steepest step of the norm,

.. math:: u \leftarrow P_\varepsilon\bigl(u + \eta\,v\bigr),\qquad
          v = \operatorname{sign} g\ (\ell_\infty),\quad v = g/\|g\|_2\ (\ell_2),

where :math:`P_\varepsilon` is the projection onto the budget.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor
from torch.nn import functional

from rnnspec._checks import count, one_of
from rnnspec.robustness.attacks.restarts import Aim, Hunt, best_of, per_sequence, starts
from rnnspec.robustness.budget import Budget, like
from rnnspec.robustness.decision import logit_difference
from rnnspec.robustness.victim import Victim


def cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    r"""(n,) losses :math:`\log\sum_k e^{z_k} - z_y`.

    Examples
    --------
    >>> cross_entropy(torch.zeros(1, 2), torch.tensor([0]))
    tensor([0.6931])
    """
    return functional.cross_entropy(logits, labels, reduction="none")


LOSSES = {"cross_entropy": cross_entropy, "logit_difference": logit_difference}


def aimed(victim: Victim, loss: str, targets: Tensor | None) -> tuple[Victim, Aim]:
    """The aim, and the victim whose labels it is measured by: the targets if there are any."""
    aim = Aim(LOSSES[one_of(loss, "loss", LOSSES)], targets is not None)
    if targets is None:
        return victim, aim
    targets = torch.as_tensor(targets, device=victim.labels.device)
    if targets.shape != victim.labels.shape or targets.dtype.is_floating_point:
        raise ValueError(
            f"`targets` must hold {len(victim)} classes, one per sequence,"
            f" got {targets.dtype} of shape {tuple(targets.shape)}"
        )
    with torch.no_grad():
        k = victim[torch.zeros_like(victim.labels[:1])].logits(victim.nothing()[:1]).shape[1]
    outside = (targets < 0) | (targets >= k)
    if outside.any():
        raise ValueError(
            f"`targets` must be classes from 0 to {k - 1}, got {int(targets[outside][0])}"
        )
    return replace(victim, labels=targets.long()), aim


def steepest(gradient: Tensor, budget: Budget) -> Tensor:
    """The direction of norm 1 that ascends most, among the entries that may move."""
    if budget.norm == "linf":
        return gradient.sign()
    gradient = gradient.masked_fill(~budget.movable, 0)
    # By the largest entry first: squares of a vanishing gradient would underflow.
    tiny = torch.finfo(gradient.dtype).tiny
    gradient /= like(gradient.flatten(1).abs().amax(1).clamp_min(tiny), gradient)
    length = torch.linalg.vector_norm(gradient.flatten(1), dim=1)
    return gradient.div_(like(length.clamp_min(tiny), gradient))


def fgsm(victim: Victim, epsilon: float | Tensor, *, targets: Tensor | None = None) -> Tensor:
    r"""One step of full length along the gradient of the cross-entropy.

    .. math:: u = P_\varepsilon(\varepsilon v)

    Parameters
    ----------
    victim : Victim
    epsilon : float or (n,) tensor
        Budget, in units of the threat; of all, or of each sequence.
    targets : (n,) tensor of classes, optional
        Step towards these instead of away from the labels.

    Returns
    -------
    (n, ...) tensor
        The perturbations; 0 for a sequence that is wrong (or on target) as it is.

    Raises
    ------
    ValueError
        If `epsilon` is negative or not finite, or the model has no gradient.

    Notes
    -----
    One gradient.

    References
    ----------
    .. [1] I. Goodfellow, J. Shlens and C. Szegedy, ICLR 2015, arXiv:1412.6572.

    Examples
    --------
    >>> from rnnspec import SequenceDataset, under_attack
    >>> model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(2, 2, bias=False))
    >>> _ = torch.nn.init.eye_(model[1].weight)
    >>> data = SequenceDataset.from_raw([[[2.0], [1.0]]], [2], [0], ("first", "second"))
    >>> with under_attack(model, data) as victim:
    ...     fgsm(victim, 0.625).flatten()
    tensor([-0.6250,  0.6250])
    """
    victim, aim = aimed(victim, "cross_entropy", targets)
    amounts = per_sequence(epsilon, victim)
    _, gradient, logits = victim.gradient(victim.nothing(), aim)
    step = steepest(gradient, victim.budget) * like(amounts, gradient)
    u = victim.budget.project(step, amounts)
    u[aim.reached(logits, victim.labels)] = 0
    victim.budget.check(u, amounts)
    return u


def pgd(
    victim: Victim,
    epsilon: float | Tensor,
    *,
    steps: int = 40,
    step_size: float | Tensor | None = None,
    restarts: int = 1,
    random_start: bool = True,
    momentum: float = 0.0,
    loss: str = "cross_entropy",
    targets: Tensor | None = None,
    start: Tensor | None = None,
    seed: int = 0,
) -> Tensor:
    r"""Projected gradient ascent of the loss.

    .. math:: m_{j+1} = \mu m_j + g_j/\|g_j\|_1,\qquad
              u_{j+1} = P_\varepsilon(u_j + \eta\,v(m_{j+1}))

    A sequence leaves the batch as soon as it is fooled; a restart sees only those
    that are left.

    Parameters
    ----------
    victim : Victim
    epsilon : float or (n,) tensor
        Budget, in units of the threat; of all, or of each sequence.
    steps : int, default 40
    step_size : float or (n,) tensor, optional
        Step :math:`\eta` in the same units, by default ``2.5 * epsilon / steps``.
    restarts : int, default 1
    random_start : bool, default True
        Start uniformly in the ball; otherwise at 0, and restarts make no sense.
    momentum : float, default 0.0
        Factor :math:`\mu`, from 0 (plain ascent) to 1.
    loss : {"cross_entropy", "logit_difference"}
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
        it is, or the end of highest loss where no run succeeded.

    Raises
    ------
    ValueError
        If an argument is out of its range, or the model has no gradient.

    Notes
    -----
    At most ``restarts * (steps + 1) + 1`` forward and ``restarts * steps`` backward passes.

    References
    ----------
    .. [1] A. Madry et al., ICLR 2018, arXiv:1706.06083.
    .. [2] Y. Dong et al., CVPR 2018, arXiv:1710.06081 (momentum).

    Examples
    --------
    >>> from rnnspec import SequenceDataset, under_attack
    >>> model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(2, 2, bias=False))
    >>> _ = torch.nn.init.eye_(model[1].weight)
    >>> data = SequenceDataset.from_raw([[[2.0], [1.0]]], [2], [0], ("first", "second"))
    >>> with under_attack(model, data) as victim:
    ...     [bool(victim.fooled(pgd(victim, epsilon))) for epsilon in (0.49, 0.51)]
    [False, True]
    """
    victim, aim = aimed(victim, loss, targets)
    amounts = per_sequence(epsilon, victim)
    count(steps, "steps")
    if not 0 <= momentum <= 1:
        raise ValueError(f"`momentum` must be from 0 to 1, got {momentum}")
    length = (
        2.5 * amounts / steps if step_size is None else per_sequence(step_size, victim, "step_size")
    )
    begin = starts(victim.budget, amounts, restarts, random_start, start, seed)

    def ascend(rows: Tensor, u: Tensor) -> tuple[Tensor, Tensor]:
        return _ascend(victim, rows, aim, amounts, u, steps, length, momentum)

    u = best_of(victim, amounts, aim, begin, ascend)
    victim.budget.check(u, amounts)
    return u


def _ascend(
    victim: Victim,
    rows: Tensor,
    aim: Aim,
    epsilon: Tensor,
    u: Tensor,
    steps: int,
    length: Tensor,
    momentum: float,
) -> tuple[Tensor, Tensor]:
    """One run of `pgd` on some rows, of which some may be restarts of one sequence."""
    hunt = Hunt(victim, rows, aim, epsilon)
    m = torch.zeros_like(u)
    length = length[rows]
    for _ in range(steps):
        _, gradient, logits = hunt.victim.gradient(u, aim)
        left = hunt.catch(u, logits)
        if left is not None:
            u, m, gradient, length = u[left], m[left], gradient[left], length[left]
        if not len(u):
            return hunt.ends, hunt.losses
        if momentum:
            scale = gradient.flatten(1).abs().sum(1).clamp_min(torch.finfo(u.dtype).tiny)
            gradient = m = momentum * m + gradient / like(scale, u)
        step = steepest(gradient, hunt.victim.budget)
        u = hunt.victim.budget.project(step.mul_(like(length, u)).add_(u), hunt.epsilon)
    hunt.finish(u)
    return hunt.ends, hunt.losses
