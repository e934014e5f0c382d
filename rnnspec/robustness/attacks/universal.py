r"""One perturbation for all sequences."""

from __future__ import annotations

import torch
from torch import Tensor

from rnnspec._checks import count, positive, seed_number
from rnnspec.robustness.attacks.ascent import Ascent, steepest
from rnnspec.robustness.budget import Budget
from rnnspec.robustness.decision import logit_difference
from rnnspec.robustness.victim import Victim

# Of the logit difference, in logits.  Shafahi et al. [2] cap the loss too; 3 means that the wrong
# class has about 20 times the probability of the label.
CAP = 3.0


def universal(
    victim: Victim, epsilon: float, *, iterations: int = 100, batch: int = 256, seed: int = 0
) -> Tensor:
    r"""The perturbation of norm :math:`\varepsilon` that fools as many sequences as it can.

    .. math:: \max_{\|u\|_p \le \varepsilon}\ \frac1n \sum_i \min\bigl(\ell_i(u_i), \kappa\bigr),
              \qquad u_i = \min(\max(u, l_i), h_i)

    by projected gradient ascent from a random start, where :math:`\ell_i` is the logit difference
    of sequence i, and u_i is what its box :math:`(l_i, h_i)` leaves of u: nothing moves at padded
    steps, and no raw value leaves its bounds.  Because of the cap :math:`\kappa = 3`, a sequence
    that is clearly fooled no longer influences u.  Sequences that are wrong already are left out.

    Parameters
    ----------
    victim : Victim
        The sequences to learn from, from `under_attack`.
    epsilon : float
        Budget, in units of the threat; at least 0.
    iterations : int, default 100
        Number of updates.
    batch : int, default 256
        Sequences per update, drawn anew each time; all, if there are no more.
    seed : int, default 0
        Seed of the start and the batches.

    Returns
    -------
    tensor, shape (1, ...)
        The perturbation after the last update.  ``victim.budget.clip(u)`` applies it to the
        sequences of any victim.

    Raises
    ------
    ValueError
        If `epsilon` is negative or not finite, `iterations` or `batch` is no integer of at least
        1, or the logits carry no gradient.

    Notes
    -----
    Cost: a forward and a backward pass of one batch per update, whose length is
    :math:`2\varepsilon/\sqrt{k + 2}`.

    References
    ----------
    .. [1] S.-M. Moosavi-Dezfooli et al., Universal adversarial perturbations, CVPR 2017.
    .. [2] A. Shafahi et al., Universal adversarial training, AAAI 2020 (the capped ascent).

    Examples
    --------
    >>> from rnnspec import under_attack
    >>> from rnnspec.robustness.examples import two_logits
    >>> with under_attack(*two_logits(3.0, 1.0)) as victim:
    ...     u = universal(victim, 1.1)
    ...     float(victim.is_fooled(victim.budget.clip(u)).double().mean())
    1.0
    """
    count(iterations, "iterations")
    count(batch, "batch")
    positive(epsilon, "epsilon", zero=True)
    ball = smallest_box_around(victim.budget)
    generator = torch.Generator().manual_seed(seed_number(seed))
    u = torch.randn(ball.lower.shape, generator=generator, dtype=ball.lower.dtype)
    u = ball.project(epsilon * steepest(u.to(ball.lower.device), ball), epsilon)
    right = torch.nonzero(~victim.wrong())[:, 0]
    if len(right) and epsilon:
        u = CommonAscent(victim, u, epsilon, right, batch, generator).climb(iterations)
    ball.check(u, epsilon)
    return u


class CommonAscent(Ascent):
    """Ascent of the mean loss of random batches, by one perturbation of all."""

    def __init__(
        self,
        victim: Victim,
        u: Tensor,
        epsilon: float,
        right: Tensor,
        batch: int,
        generator: torch.Generator,
    ) -> None:
        super().__init__(victim, u, epsilon, 0.0, capped_logit_difference)
        self.right, self.batch, self.generator = right, min(batch, len(right)), generator
        self.ball = smallest_box_around(victim.budget)

    @property
    def budget(self) -> Budget:
        """The box of the one perturbation."""
        return self.ball

    def look(self, k: int) -> tuple[Tensor, Tensor, Tensor]:
        """Losses and logits of a batch, and the mean of its gradients."""
        self.length = 2 * float(self.epsilon) / (k + 2) ** 0.5
        drawn = torch.randperm(len(self.right), generator=self.generator)[: self.batch]
        part = self.victim[self.right[drawn.sort().values.to(self.right.device)]]
        on_each = part.budget.clip(self.u)
        losses, gradient, logits = part.gradient(on_each, self.loss)
        # What the box of a sequence cuts off does not depend on u.
        gradient = gradient.masked_fill(on_each != self.u, 0).mean(0, keepdim=True)
        return losses, gradient, logits


def capped_logit_difference(logits: Tensor, labels: Tensor) -> Tensor:
    """(n,) logit differences, of which no more than `CAP` counts."""
    return logit_difference(logits, labels).clamp(max=CAP)


def smallest_box_around(budget: Budget) -> Budget:
    """The norm, and a box around the boxes of all sequences: what at least one lets move."""
    lower, upper = budget.lower.amin(0, keepdim=True), budget.upper.amax(0, keepdim=True)
    return Budget(budget.norm, lower, upper)
