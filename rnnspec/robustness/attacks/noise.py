r"""Random perturbations of a given size, which nobody has chosen to fool the network.

With m the number of values of a sequence that may move, each of

.. list-table::
   :header-rows: 1

   * - distribution
     - linf
     - l2
   * - gaussian
     - entries :math:`N(0, \varepsilon^2/4)`, clipped at :math:`\pm\varepsilon` (5 % are)
     - entries :math:`N(0, \varepsilon^2/m)`, so that :math:`E\|u\|^2 = \varepsilon^2`; longer
       ones are shortened to :math:`\varepsilon`
   * - uniform
     - uniform in the cube
     - uniform in the ball
   * - sign
     - entries :math:`\pm\varepsilon`
     - entries :math:`\pm\varepsilon/\sqrt m`
   * - sphere
     - a uniform unit vector, with its largest entry at :math:`\varepsilon`
     - uniform on the sphere of radius :math:`\varepsilon`

is then clipped to the raw bounds, which can only make it smaller.
"""

from __future__ import annotations

import torch
from torch import Tensor

from rnnspec._checks import one_of, seed_number
from rnnspec.robustness.attacks.table import names
from rnnspec.robustness.budget import Budget, like, sizes
from rnnspec.robustness.victim import Victim

DISTRIBUTIONS = names("noise")


def noise(
    victim: Victim, epsilon: float | Tensor, *, distribution: str = "gaussian", seed: int = 0
) -> Tensor:
    r"""One random perturbation of each sequence, within the budget.

    Parameters
    ----------
    victim : Victim
        The classifier on n sequences, from `under_attack`.
    epsilon : float or tensor, shape (n,)
        Budget, in units of the threat; one for all sequences, or one for each.
    distribution : {"gaussian", "uniform", "sign", "sphere"}
        See the table at the head of `rnnspec.robustness.attacks.noise`.
    seed : int, default 0
        With the same seed, the noise of a larger epsilon is the same noise, scaled up.

    Returns
    -------
    tensor, shape (n, ...)
        The noise.  As in every attack, it is 0 where the decision is wrong already.

    Raises
    ------
    ValueError
        If the distribution is unknown, or `epsilon` is negative or not finite.

    Notes
    -----
    Cost: one forward pass, and none if the logits without perturbation are known.

    Examples
    --------
    >>> from rnnspec import Threat, under_attack
    >>> from rnnspec.robustness.examples import two_logits
    >>> with under_attack(*two_logits(3.0, 1.0), Threat(norm="l2")) as victim:
    ...     u = noise(victim, 0.5, distribution="sphere")
    >>> tuple(u.shape), round(float(u.norm()), 6)
    ((1, 2, 1), 0.5)
    """
    one_of(distribution, "distribution", DISTRIBUTIONS)
    generator = torch.Generator().manual_seed(seed_number(seed))
    u = unit_noise(victim.budget, distribution, generator)
    epsilon = victim.per_sequence(epsilon)
    u = victim.budget.project(like(epsilon, u) * u, epsilon)
    u[victim.wrong()] = 0
    victim.budget.check(u, epsilon)
    return u


def unit_noise(budget: Budget, distribution: str, generator: torch.Generator) -> Tensor:
    """Noise of size 1 on the movable values, before any clipping."""
    movable = budget.movable
    m = movable.flatten(1).sum(1).clamp_min(1).to(budget.lower.dtype)
    # Drawn in float64 on the CPU: the same numbers for every device and precision.
    normal = torch.randn(movable.shape, generator=generator, dtype=torch.float64)
    u = torch.where(movable, normal.to(budget.lower), 0)
    if distribution == "sign":
        u = u.sign() / (like(m.sqrt(), u) if budget.norm == "l2" else 1)
    elif distribution == "gaussian":
        u = u / (like(m.sqrt(), u) if budget.norm == "l2" else 2)
    elif distribution == "uniform" and budget.norm == "linf":
        # Phi(normal) is uniform in [0, 1].
        u = torch.erf(u / 2**0.5)
    else:
        length = sizes(u, budget.norm)
        u = u / like(torch.where(length > 0, length, 1), u)
        if distribution == "uniform":
            radius = torch.rand(len(u), generator=generator, dtype=torch.float64).to(m) ** (1 / m)
            u = like(radius, u) * u
    return u
