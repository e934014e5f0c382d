r"""The smallest size at which projected gradient ascent succeeds, by bisection."""

from __future__ import annotations

import torch
from torch import Tensor

from rnnspec._checks import positive
from rnnspec.robustness.attacks.ascent import steepest
from rnnspec.robustness.attacks.boundary import shrink, slope_along
from rnnspec.robustness.attacks.pgd import pgd
from rnnspec.robustness.budget import ROUNDING, sizes
from rnnspec.robustness.decision import excess, logit_difference
from rnnspec.robustness.victim import Victim

DOUBLINGS = 20  # of the first guess, before a sequence is given up: a millionfold size is of no use
GUESS = 1.1  # linearised distances: the first size lies a little beyond, as boundaries are curved


def bisection(
    victim: Victim,
    *,
    iterations: int = 20,
    restarts: int = 1,
    rtol: float = 0.01,
    loss: str = "logit_difference",
    seed: int = 0,
) -> Tensor:
    r"""The smallest perturbation by which `pgd` changes each decision, found by bisection.

    Every sequence keeps its own bracket :math:`(\varepsilon_-, \varepsilon_+)` of a size at which
    `pgd` failed and one at which it succeeded.  It starts at the linearised distance, doubles until
    the first success, and is then halved.  All sequences share one batch, each at its own size, and
    start from their last perturbation, projected; a perturbation that succeeds is first shortened
    along its ray.  A failure of `pgd` proves nothing, so that the lower end of a bracket is an
    estimate and no bound.

    Parameters
    ----------
    victim : Victim
        The classifier on n sequences, from `under_attack`.  Its budget gives the norm and the box;
        there is no limit on the size.
    iterations : int, default 20
        Updates of each start of `pgd`.
    restarts : int, default 1
        Number of starts of `pgd` at each size.
    rtol : float, default 0.01
        Relative width of the bracket at which the search for a sequence ends.
    loss : {"logit_difference", "cross_entropy"}
        The loss that `pgd` raises.
    seed : int, default 0
        Seed of the random starts.

    Returns
    -------
    tensor, shape (n, ...)
        It is 0 where the decision is wrong already, or two logits are equal.  Where no change was
        found, it is the last perturbation tried (``victim.at_boundary(u)`` says where).

    Raises
    ------
    ValueError
        If `rtol` is not above 0, `pgd` refuses an argument, or the logits carry no gradient.

    Notes
    -----
    Cost: about log2(1 / `rtol`) + 2 attempts of `pgd` on the sequences that are left, with 20
    doublings at most.

    References
    ----------
    .. [1] A. Madry et al., ICLR 2018, arXiv:1706.06083 (pgd).

    Examples
    --------
    >>> from rnnspec import Threat, under_attack
    >>> from rnnspec.robustness.examples import two_logits
    >>> with under_attack(*two_logits(3.0, 1.0), Threat(norm="l2")) as victim:
    ...     [round(x, 1) for x in bisection(victim).flatten().tolist()]
    [-1.0, 1.0]
    """
    # Below the rounding of a size a bracket cannot be halved.
    rtol = max(positive(rtol, "rtol"), 2 * ROUNDING)
    norm, best = victim.budget.norm, victim.zeros()
    leads, g, _ = victim.gradient(best, logit_difference)
    slope = slope_along(steepest(g, victim.budget), g, victim.budget)
    low, high = torch.zeros_like(leads), torch.full_like(leads, torch.inf)
    distance = GUESS * leads.abs() / slope
    trial = torch.where(distance.isfinite() & (distance > 0), distance, 1)
    open_ = excess(victim.clean_logits(), victim.labels) < 0
    failures = torch.zeros_like(leads)
    while open_.any():
        rows = torch.nonzero(open_)[:, 0]
        part, size = victim[rows], trial[rows]
        start = part.budget.project(best[rows], size)
        u = pgd(
            part, size, iterations=iterations, restarts=restarts, loss=loss, start=start, seed=seed
        )
        with torch.no_grad():
            won = excess(part.logits(u), part.labels) >= 0
        u = shrink(part, u)
        high[rows] = torch.where(won, sizes(u, norm), high[rows])
        low[rows] = torch.where(won, low[rows], size)
        keep = won | high[rows].isinf()
        best[rows[keep]] = u[keep]
        failures[rows] = torch.where(won, 0, failures[rows] + 1)
        trial = torch.where(high.isfinite(), (low + high) / 2, 2 * low)
        open_ &= torch.where(high.isfinite(), high - low > rtol * high, failures < DOUBLINGS)
    victim.budget.check(best, sizes(best, norm))
    return best
