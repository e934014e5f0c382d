r"""How large the attack is as training goes on, and the step of Adam with it.

With t in [0, 1] the part of training that is done, the budget is

.. math:: \varepsilon(t) = \min\{\varepsilon,\ 2\varepsilon\, r(t)\}, \qquad
   r(t) = \begin{cases} \tfrac12 & \text{constant} \\ t & \text{linear} \\
   \tfrac12 (1 - \cos \pi s(t)) & \text{cosine} \end{cases}

so that the ramps reach the whole budget half way.  s(t) is the part done of the
present period.  Periods end at 1/2, 3/4 and 1, and the step of Adam begins anew with
each: periodic adversarial scheduling of Liu, Salzmann, Lin, Tomioka & Susstrunk, *On
the Loss Landscape of Adversarial Training*, NeurIPS 2020, section 5, without the
ensemble of the networks at the ends of the periods.
"""

from __future__ import annotations

import math

import torch
from torch.optim.lr_scheduler import CosineAnnealingLR, LambdaLR, LRScheduler

from rnnspec._checks import one_of
from rnnspec.training.config import SCHEDULES

ENDS = (0.0, 0.5, 0.75, 1.0)


def epsilon_at(t: float, epsilon: float, schedule: str) -> float:
    """The budget when the part `t` of training is done.

    Examples
    --------
    >>> [round(epsilon_at(t, 0.1, "linear"), 3) for t in (0, 0.25, 0.5, 0.75)]
    [0.0, 0.05, 0.1, 0.1]
    >>> [round(epsilon_at(t, 0.1, "cosine"), 3) for t in (0, 0.125, 0.25, 0.5, 0.75)]
    [0.0, 0.029, 0.1, 0.0, 0.0]
    """
    ramp = {"constant": 0.5, "linear": t, "cosine": (1 - math.cos(math.pi * period_done(t))) / 2}
    return min(epsilon, 2 * epsilon * ramp[one_of(schedule, "schedule", SCHEDULES)])


def period_done(t: float) -> float:
    """Part done of the period that `t` is in; 1 at the very end.

    Examples
    --------
    >>> [period_done(t) for t in (0, 0.25, 0.5, 0.625, 0.9375, 1)]
    [0.0, 0.5, 0.0, 0.5, 0.75, 1.0]
    """
    start, end = next(
        (start, end) for start, end in zip(ENDS, ENDS[1:], strict=False) if t < end or end == 1
    )
    return (t - start) / (end - start)


def step_schedule(
    optimizer: torch.optim.Optimizer, n_steps: int, restarts: bool = False
) -> LRScheduler:
    """Half a cosine to 0 over all `n_steps`, or, with `restarts`, one in each period."""
    if not restarts:
        return CosineAnnealingLR(optimizer, n_steps)
    return LambdaLR(optimizer, lambda k: (1 + math.cos(math.pi * period_done(k / n_steps))) / 2)
