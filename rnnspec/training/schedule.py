r"""How a training goes on in time: how many epochs, how large the attack, which learning rate.

**Epochs.**  A network learns in updates by the optimiser, and an epoch of n sequences has
:math:`b = \lceil n / \text{batch size} \rceil` of them.  A fixed number of epochs is therefore
too short for 50 sequences and very long for 60,000.  The default is

.. math:: \max\big\{\lceil 1600/b \rceil,\ \min\{40,\ \lceil 16000/b \rceil\}\big\}

epochs: 40 where these make 1,600 to 16,000 updates; for small data the fewest epochs that make
1,600 updates, for large data the fewest that make 16,000.  It depends on the data and the batch
size alone, so that a resumed training or a second process finds the same number.

Measured with cells of 64 units in batches of 32: a GRU on the 40 sequences of GunPoint stays at
chance in 80 updates, and has an accuracy of 93 to 97 % on the test part after 1,600.  An LSTM on
the rows of MNIST has 98.2 % after a training of 3 epochs, and 98.7 % after one of 10 (17,190
updates), whose validation loss was least in the sixth epoch.

**Attack.**  With t in [0, 1] the part of the training that is done, the attack has the size

.. math:: \varepsilon(t) = \min\{\varepsilon,\ 2\varepsilon\, r(t)\}, \qquad
   r(t) = \begin{cases} \tfrac12 & \text{constant} \\ t & \text{linear} \\
   \tfrac12 (1 - \cos \pi s(t)) & \text{cosine} \end{cases}

so that it is whole after half of the training.  Here s(t) is the part done of the present period.
Periods end at 1/2, 3/4 and 1, and the learning rate of Adam begins anew with each.  This is the
periodic adversarial scheduling of Liu, Salzmann, Lin, Tomioka & Susstrunk, *On the Loss Landscape
of Adversarial Training*, NeurIPS 2020, section 5, without the ensemble of the networks at the
ends of the periods.
"""

from __future__ import annotations

import math

import torch
from torch.optim.lr_scheduler import CosineAnnealingLR, LambdaLR, LRScheduler

from rnnspec._checks import count, one_of
from rnnspec.training.config import EPOCHS, LEAST_UPDATES, MOST_UPDATES, SCHEDULES

ENDS = (0.0, 0.5, 0.75, 1.0)


def default_epochs(n: int, batch_size: int) -> int:
    """The default number of epochs for `n` sequences, by the formula above.

    Raises
    ------
    ValueError
        If either is not an integer of at least 1.

    Examples
    --------
    >>> [default_epochs(n, 32) for n in (40, 216, 1257, 10_000, 55_000)]
    [800, 229, 40, 40, 10]
    """
    n_batches = -(-count(n, "n") // count(batch_size, "batch_size"))
    least, most = (-(-updates // n_batches) for updates in (LEAST_UPDATES, MOST_UPDATES))
    return max(least, min(EPOCHS, most))


def epsilon_at(t: float, epsilon: float, schedule: str) -> float:
    """The size of the attack when the part `t` of the training is done.

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
    """The part that is done of the period in which `t` lies; 1 at the very end.

    Examples
    --------
    >>> [period_done(t) for t in (0, 0.25, 0.5, 0.625, 0.9375, 1)]
    [0.0, 0.5, 0.0, 0.5, 0.75, 1.0]
    """
    start, end = next(
        (start, end) for start, end in zip(ENDS, ENDS[1:], strict=False) if t < end or end == 1
    )
    return (t - start) / (end - start)


def lr_schedule(
    optimizer: torch.optim.Optimizer, n_updates: int, periods: bool = False
) -> LRScheduler:
    """Learning rates that fall by half a cosine to 0 over all updates, or in each period."""
    if not periods:
        return CosineAnnealingLR(optimizer, n_updates)
    return LambdaLR(optimizer, lambda k: (1 + math.cos(math.pi * period_done(k / n_updates))) / 2)
