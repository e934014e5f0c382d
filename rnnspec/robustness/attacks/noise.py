r"""Random perturbations of a given size: what no one has aimed.

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
     - a uniform direction, with its largest entry at :math:`\varepsilon`
     - uniform on the sphere of radius :math:`\varepsilon`

is then clipped to the raw bounds, which can only make it smaller.
"""

from __future__ import annotations

import torch
from torch import Tensor

from rnnspec._checks import one_of, seed_number
from rnnspec.robustness.attacks.restarts import per_sequence
from rnnspec.robustness.budget import Budget, like, sizes
from rnnspec.robustness.victim import Victim

DISTRIBUTIONS = ("gaussian", "uniform", "sign", "sphere")


def noise(
    victim: Victim,
    epsilon: float | Tensor,
    *,
    distribution: str = "gaussian",
    seed: int = 0,
) -> Tensor:
    r"""One random perturbation of each sequence, within the budget.

    Parameters
    ----------
    victim : Victim
    epsilon : float or (n,) tensor
    distribution : {"gaussian", "uniform", "sign", "sphere"}
        See the table above.
    seed : int, default 0
        With one seed, the noise of a larger epsilon is the same noise, larger.

    Returns
    -------
    (n, ...) tensor
        0 where the decision is wrong without noise, as of every attack: noise never repairs.

    Raises
    ------
    ValueError
        For an unknown distribution.

    Notes
    -----
    One forward pass.

    Examples
    --------
    >>> from rnnspec.models.classifier import SequenceClassifier
    >>> from rnnspec.data.sequences import SequenceDataset
    >>> from rnnspec.robustness.threat import Threat
    >>> from rnnspec.robustness.victim import under_attack
    >>> import numpy as np
    >>> data = SequenceDataset.from_raw(np.ones((1, 5, 2)), [3], [1], ("a", "b"))
    >>> model = SequenceClassifier("rnn", 2, 2, hidden=4, init="identity")
    >>> with under_attack(model, data, Threat(norm="l2")) as victim:
    ...     u = noise(victim, 0.5, distribution="sphere")
    >>> u.shape, round(float(u.norm()), 6), bool(u[:, 3:].any())
    (torch.Size([1, 5, 2]), 0.5, False)
    """
    one_of(distribution, "distribution", DISTRIBUTIONS)
    generator = torch.Generator().manual_seed(seed_number(seed))
    u = unit_noise(victim.budget, distribution, generator)
    epsilon = per_sequence(epsilon, victim)
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
