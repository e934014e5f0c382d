r"""One perturbation for all sequences."""

from __future__ import annotations

import torch
from torch import Tensor

from rnnspec._checks import count, positive, seed_number
from rnnspec.robustness.attacks.gradient import steepest
from rnnspec.robustness.budget import Budget
from rnnspec.robustness.decision import logit_difference
from rnnspec.robustness.victim import Victim

CAP = 3.0  # of the logit difference


def universal(
    victim: Victim,
    epsilon: float,
    *,
    steps: int = 100,
    batch: int = 256,
    seed: int = 0,
) -> Tensor:
    r"""The perturbation of norm :math:`\varepsilon` that fools as many sequences as it can.

    .. math:: \max_{\|u\|_p \le \varepsilon}\ \frac1n \sum_i \min\bigl(\ell_i(u_i), \kappa\bigr),
              \qquad u_i = \min(\max(u, l_i), h_i)

    by projected gradient ascent from a random start, where :math:`\ell_i` is the logit
    difference of sequence i, and u_i is what its box :math:`(l_i, h_i)` leaves of u: nothing at
    padded steps, no raw value out of its bounds.  Capped at :math:`\kappa = 3`, a sequence that is
    clearly fooled pulls no more.  Sequences that are wrong already are left out.

    Parameters
    ----------
    victim : Victim
        The sequences to learn from.
    epsilon : float
        Size, in units.
    steps : int, default 100
    batch : int, default 256
        Sequences per step, drawn anew each time; all, if there are no more.
    seed : int, default 0
        Of the start and the batches.

    Returns
    -------
    (1, ...) tensor
        The last iterate; `worn` puts it on sequences, seen or not, and `fooling_rate` counts.

    Raises
    ------
    ValueError
        If `epsilon` is not above 0, `steps` or `batch` is no integer of at least 1, or the logits
        carry no gradient.

    Notes
    -----
    A forward and a backward pass of a batch per step, of length
    :math:`2\varepsilon/\sqrt{i + 2}`.

    References
    ----------
    .. [1] S.-M. Moosavi-Dezfooli et al., Universal adversarial perturbations, CVPR 2017.
    .. [2] A. Shafahi et al., Universal adversarial training, AAAI 2020 (the capped ascent).

    Examples
    --------
    >>> from rnnspec import SequenceDataset, under_attack
    >>> model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(2, 2, bias=False))
    >>> _ = torch.nn.init.eye_(model[1].weight)
    >>> data = SequenceDataset.from_raw([[[3.0], [1.0]]], [2], [0], ("first", "second"))
    >>> with under_attack(model, data) as victim:
    ...     u = universal(victim, 1.1)
    ...     fooling_rate(victim, u)
    1.0
    """
    count(steps, "steps")
    count(batch, "batch")
    epsilon = positive(epsilon, "epsilon")
    ball = _ball(victim.budget)
    generator = torch.Generator().manual_seed(seed_number(seed))
    u = torch.randn(ball.lower.shape, generator=generator, dtype=ball.lower.dtype)
    u = ball.project(epsilon * steepest(u.to(ball.lower.device), ball), epsilon)
    right = torch.nonzero(~victim.wrong())[:, 0]
    n = min(batch, len(right))

    def capped(logits: Tensor, labels: Tensor) -> Tensor:
        return logit_difference(logits, labels).clamp(max=CAP)

    for i in range(steps if n else 0):
        drawn = torch.randperm(len(right), generator=generator)[:n].sort().values
        part = victim[right[drawn.to(right.device)]]
        _, g, _ = part.gradient(worn(part, u), capped)
        # What the box of a sequence cut off does not depend on u.
        g = g.masked_fill(worn(part, u) != u, 0).mean(0, keepdim=True)
        u = ball.project(u + 2 * epsilon / (i + 2) ** 0.5 * steepest(g, ball), epsilon)
    ball.check(u, epsilon)
    return u


def worn(victim: Victim, u: Tensor) -> Tensor:
    """(n, ...) perturbations: what each sequence's box leaves of the one `u`."""
    return u.clamp(victim.budget.lower, victim.budget.upper)


def fooling_rate(victim: Victim, u: Tensor) -> float:
    """Share of the sequences classified right whose class `u` changes; NaN if there is none."""
    right = ~victim.wrong()
    return float(victim.fooled(worn(victim, u))[right].double().mean())


def _ball(budget: Budget) -> Budget:
    """The union of the boxes: what at least one sequence lets move."""
    lower, upper = budget.lower.amin(0, keepdim=True), budget.upper.amax(0, keepdim=True)
    return Budget(budget.norm, lower, upper)
