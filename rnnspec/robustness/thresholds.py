r"""The smallest size of a list at which an attack fools each sequence.

A perturbation that fools within :math:`\varepsilon_j` is admissible at every larger
size, so a sequence's answers along the list are one threshold: a whole curve is found
for little more than one full attack per sequence, not one per sequence and size.

1. A short attack bisects the list, each sequence at its own size, and every success is
   shrunk until it no longer fools: witnesses, that is upper ends of the thresholds.
2. The full attack is tried one size below each witness.  A success moves the sequence
   down; all restarts failing decides it.  The sequences of all sizes share one batch,
   and where few are left, restarts of one sequence fill it.

So each sequence is given up once, just below its threshold, at full strength.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from math import ceil, log2
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from rnnspec.robustness.decision import decisive
from rnnspec.robustness.victim import Victim

SHORT = 8  # times fewer steps in the attack that brackets
# Rows of a batch that hardly takes less time when there are fewer, and of the largest batch:
# more gain no speed, and memory grows with them.
FOLD, BATCH = {"cpu": 128}, {"cpu": 512}
ON_DEVICE = 2048  # both, on an accelerator


def parts(rows: Tensor) -> tuple[Tensor, ...]:
    """`rows` in batches that memory holds."""
    return torch.split(rows, BATCH.get(rows.device.type, ON_DEVICE))


def knowing(victim: Victim) -> Victim:
    """`victim` with its logits under no perturbation, which attack after attack asks for.

    Raises
    ------
    ValueError
        If they decide nothing for a sequence, see `rnnspec.robustness.decision`.
    """
    rows = parts(torch.arange(len(victim), device=victim.labels.device))
    with torch.no_grad():
        clean = [victim[some].logits(victim[some].nothing()) for some in rows]
    return replace(victim, clean=decisive(torch.cat(clean)))


class Attempt(Protocol):
    """One run of an attack, from `start` or from a random place."""

    def __call__(  # noqa: D102
        self, victim: Victim, epsilon: Tensor, steps: int, start: Tensor | None, seed: int
    ) -> Tensor: ...


class Thresholds:
    """Per sequence the smallest of `epsilons` at which `attempt` fools it; made by `find`.

    Parameters
    ----------
    victim : Victim
    epsilons : increasing sizes > 0
    attempt : Attempt
    steps, restarts : int
        What counts as full strength.
    seed : int

    Attributes
    ----------
    first : (n,) tensor
        Position in `epsilons` of the smallest size that fooled; m where none did, and
        -1 where the sequence is wrong as it is.
    witness : (n, ...) tensor
        What fools within that size; 0 where nothing does or nothing is needed.
    strongest : (n, ...) tensor
        The last perturbation that failed.
    strength : (n,) tensor
        Restarts of full length that failed at the size just below `first`.
    seconds : (m,) array
        Time spent at each size.
    """

    def __init__(
        self,
        victim: Victim,
        epsilons: Sequence[float],
        attempt: Attempt,
        *,
        steps: int,
        restarts: int,
        seed: int = 0,
    ) -> None:
        self.victim, self.attempt, self.steps, self.restarts = victim, attempt, steps, restarts
        self.witness, self.strongest = victim.nothing(), victim.nothing()
        self.epsilons = self.witness.new_tensor(epsilons)
        device = self.witness.device
        self.first = torch.full((len(victim),), len(epsilons), device=device)
        self.strength = torch.zeros_like(self.first)
        self.seconds = np.zeros(len(epsilons))
        self._seeds = np.random.default_rng(seed)

    def find(self) -> Thresholds:
        """Bisect with a short attack, then decide at full strength."""
        for rows in parts(torch.arange(len(self.first), device=self.first.device)):
            self.first[rows[self.victim[rows].wrong()]] = -1
        self._bisect(max(1, self.steps // SHORT))
        fold = FOLD.get(self.first.device.type, ON_DEVICE)
        while len(rows := self._undecided()):
            copies = (self.restarts - self.strength[rows]).clamp(max=max(1, fold // len(rows)))
            rows = rows.repeat_interleave(copies)
            before = self.first.clone()
            self._attack(rows, before[rows] - 1, self.steps, warm=False)
            moved = self.first < before
            self.strength += torch.bincount(rows, minlength=len(before))
            self.strength[moved] = 0
        self.victim.budget.check(self.witness, self._size(self.first))
        return self

    def _undecided(self) -> Tensor:
        return ((self.first > 0) & (self.strength < self.restarts)).nonzero()[:, 0]

    def _size(self, position: Tensor) -> Tensor:
        """The size at a position; that of "wrong already" is 0, that of "never" the largest."""
        sizes = torch.cat([self.epsilons.new_zeros(1), self.epsilons])
        return sizes[(position + 1).clamp(max=len(self.epsilons))]

    def _bisect(self, steps: int) -> None:
        m = len(self.epsilons)
        failed = torch.full_like(self.first, -1)  # by the short attack, which proves nothing
        for _ in range(ceil(log2(m + 1))):
            rows = (self.first - failed > 1).nonzero()[:, 0]
            at = (self.first + failed)[rows] // 2
            self._attack(rows, at, steps, warm=True)
            still = self.first[rows] > at
            failed[rows[still]] = at[still]

    def _attack(self, rows: Tensor, at: Tensor, steps: int, warm: bool) -> None:
        """Attack `rows`, which may repeat, at the sizes `at`; keep the best of what is found."""
        for some, sizes in zip(parts(rows), parts(at), strict=True):
            if not len(some):
                continue
            began = time.perf_counter()
            batch, epsilon = self.victim[some], self.epsilons[sizes]
            start = batch.budget.project(self._guess(some), epsilon) if warm else None
            u = self.attempt(batch, epsilon, steps, start, int(self._seeds.integers(2**31)))
            self._keep(some, sizes, u)
            share = torch.bincount(sizes, minlength=len(self.epsilons)).cpu().numpy() / len(some)
            self.seconds += share * (time.perf_counter() - began)

    def _guess(self, rows: Tensor) -> Tensor:
        known = (self.first < len(self.epsilons))[rows]
        shape = (-1, *(1,) * (self.witness.dim() - 1))
        return torch.where(known.reshape(shape), self.witness[rows], self.strongest[rows])

    def _keep(self, rows: Tensor, at: Tensor, u: Tensor) -> None:
        fooled = self.victim[rows].fooled(u)
        self.strongest[rows[~fooled]] = u[~fooled]
        won, u, reached = rows[fooled], u[fooled], at[fooled]
        u, reached = self._shrink(won, u, reached)
        best = self.first.scatter_reduce(0, won, reached, "amin")
        new = (reached == best[won]) & (reached < self.first[won])
        self.witness[won[new]] = u[new]
        self.first = best

    def _shrink(self, rows: Tensor, u: Tensor, reached: Tensor) -> tuple[Tensor, Tensor]:
        """Project what fools onto smaller sizes for as long as it does: forward passes only."""
        u, reached = u.clone(), reached.clone()
        live = (reached > 0).nonzero()[:, 0]
        while len(live):
            batch = self.victim[rows[live]]
            smaller = batch.budget.project(u[live], self.epsilons[reached[live] - 1])
            fooled = batch.fooled(smaller)
            u[live[fooled]], live = smaller[fooled], live[fooled]
            reached[live] -= 1
            live = live[reached[live] > 0]
        return u, reached
