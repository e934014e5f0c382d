r"""Projected gradient ascent from random starts."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from rnnspec._checks import count
from rnnspec.robustness.attacks.ascent import Ascent, Outcome, best_of, starts
from rnnspec.robustness.budget import like
from rnnspec.robustness.victim import Victim


def pgd(
    victim: Victim,
    epsilon: float | Tensor,
    *,
    iterations: int = 40,
    step_size: float | Tensor | None = None,
    restarts: int = 1,
    random_start: bool = True,
    momentum: float = 0.0,
    loss: str = "cross_entropy",
    targets: Tensor | None = None,
    start: Tensor | None = None,
    seed: int = 0,
) -> Tensor:
    r"""Projected gradient ascent of the loss, from random starts in the ball.

    .. math:: m_{j+1} = \mu m_j + g_j/\|g_j\|_1,\qquad
              u_{j+1} = P_\varepsilon(u_j + \eta\,v(m_{j+1}))

    Here u is the perturbation, g the gradient of the loss, and P the projection on the ball of
    radius `epsilon`.  A sequence leaves the batch as soon as it is fooled; a further start sees
    only the sequences that are left.  v is the steepest unit vector of the norm, see
    `rnnspec.robustness.attacks.ascent`.

    Parameters
    ----------
    victim : Victim
        The classifier on n sequences, from `under_attack`.
    epsilon : float or tensor, shape (n,)
        Budget, in units of the threat; one for all sequences, or one for each.
    iterations : int, default 40
        Updates of each start.
    step_size : float or tensor, shape (n,), optional
        Length :math:`\eta` of an update in the same units, by default
        ``2.5 * epsilon / iterations``.
    restarts : int, default 1
        Number of starts.
    random_start : bool, default True
        Start uniformly in the ball.  Otherwise every start lies at 0, and one is enough.
    momentum : float, default 0.0
        Factor :math:`\mu`, from 0 (plain ascent) to 1.
    loss : {"cross_entropy", "logit_difference"}
        The loss that the attack raises.
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
        target) without any.  Where no start succeeded, it is the end of highest loss.

    Raises
    ------
    ValueError
        If an argument is out of its range, or the model has no gradient.

    Notes
    -----
    Cost: at most ``restarts * (iterations + 1) + 1`` forward and ``restarts * iterations``
    backward passes.

    References
    ----------
    .. [1] A. Madry et al., ICLR 2018, arXiv:1706.06083.
    .. [2] Y. Dong et al., CVPR 2018, arXiv:1710.06081 (momentum).

    Examples
    --------
    The logits are the two values 2 and 1, which meet when each moves by 0.5:

    >>> from rnnspec import under_attack
    >>> from rnnspec.robustness.examples import two_logits
    >>> with under_attack(*two_logits(2.0, 1.0)) as victim:
    ...     [int(victim.is_fooled(pgd(victim, epsilon))) for epsilon in (0.49, 0.51)]
    [0, 1]
    """
    victim, aim = victim.aim(loss, targets)
    amounts = victim.per_sequence(epsilon)
    count(iterations, "iterations")
    if not 0 <= momentum <= 1:
        raise ValueError(f"`momentum` must be from 0 to 1, got {momentum}")
    length = (
        2.5 * amounts / iterations
        if step_size is None
        else victim.per_sequence(step_size, "step_size")
    )
    begin = starts(victim.budget, amounts, restarts, random_start, start, seed)

    def attempt(rows: Tensor, u: Tensor) -> Outcome:
        outcome = Outcome(rows, u, aim)
        rule = (victim[rows], u, amounts[rows], length[rows], aim, outcome.catch)
        ascent = MomentumAscent(momentum, *rule) if momentum else Ascent(*rule)
        ascent.climb(iterations)
        outcome.finish(ascent.victim, ascent.u)
        return outcome

    u = best_of(victim, amounts, aim, begin, attempt)
    victim.budget.check(u, amounts)
    return u


class MomentumAscent(Ascent):
    """Ascent along a decaying sum of the gradients seen so far."""

    PER_ROW = (*Ascent.PER_ROW, "sum")

    def __init__(self, momentum: float, *rule: Any) -> None:
        super().__init__(*rule)
        self.momentum, self.sum = momentum, torch.zeros_like(self.u)

    def update(self, k: int, losses: Tensor, gradient: Tensor) -> None:
        """Add the gradient, scaled to 1-norm 1, to the sum, and move along that."""
        scale = gradient.flatten(1).abs().sum(1).clamp_min(torch.finfo(self.u.dtype).tiny)
        self.sum = self.momentum * self.sum + gradient / like(scale, self.u)
        super().update(k, losses, self.sum)
