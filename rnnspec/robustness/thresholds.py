r"""The smallest size of a list at which an attack fools each sequence.

A perturbation that fools within :math:`\varepsilon_j` is admissible at every larger
size, so a sequence's answers along the list are one threshold: a whole curve is found
for little more than one full attack per sequence, not one per sequence and size.

1. A short attack bisects the list, each sequence at its own size, and every success is
   shrunk until it no longer fools: witnesses, that is upper ends of the thresholds.
2. The full attack is tried one size below each witness.  A success moves the sequence
   down; when all starts have failed, the threshold is decided.  The sequences of all sizes share
   one batch, and where few are left, several starts of one sequence fill it.

So each sequence is given up once, just below its threshold, at full strength.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from math import ceil, log2

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rnnspec.robustness.budget import sizes as norms_of
from rnnspec.robustness.decision import cross_entropy
from rnnspec.robustness.victim import ON_DEVICE, Victim, in_batches

# Times fewer iterations in the attack that brackets: its failures decide nothing, and a success
# at an eighth of the price saves a full attack.
SHORT = 8
# Rows of a batch that hardly takes less time when there are fewer.
FOLD = {"cpu": 128}


class Thresholds:
    """Per sequence the smallest of `epsilons` at which `attack` fools it; made by `find`.

    Parameters
    ----------
    victim : Victim
    epsilons : sequence of float
        Increasing sizes above 0.
    attack : callable
        ``attack(victim, epsilon, iterations=, seed=)`` gives perturbations from one start.
    iterations, restarts : int
        What counts as full strength.
    warm : bool
        Whether the attack takes ``start=``, and the bisection begins at what it found before.
    seed : int

    Attributes
    ----------
    first : tensor, shape (n,)
        Position in `epsilons` of the smallest size that fooled; m where none did, and
        -1 where the sequence is wrong without any perturbation.
    witness : tensor, shape (n, ...)
        What fools within that size; 0 where nothing does or nothing is needed.
    strongest : tensor, shape (n, ...)
        The last perturbation that failed.
    strength : tensor, shape (n,)
        Starts of full length that failed at the size just below `first`.
    seconds : array, shape (m,)
        Time spent at each size.
    """

    def __init__(
        self,
        victim: Victim,
        epsilons: Sequence[float],
        attack: Callable[..., Tensor],
        *,
        iterations: int,
        restarts: int,
        warm: bool = True,
        seed: int = 0,
    ) -> None:
        self.victim, self.attack, self.warm = victim, attack, warm
        self.iterations, self.restarts = iterations, restarts
        self.witness, self.strongest = victim.zeros(), victim.zeros()
        self.epsilons = self.witness.new_tensor(epsilons)
        device = self.witness.device
        self.first = torch.full((len(victim),), len(epsilons), device=device)
        self.strength = torch.zeros_like(self.first)
        self.seconds = np.zeros(len(epsilons))
        self._seeds = np.random.default_rng(seed)

    def find(self) -> Thresholds:
        """Bisect with a short attack, then decide at full strength."""
        for rows in in_batches(torch.arange(len(self.first), device=self.first.device)):
            self.first[rows[self.victim[rows].wrong()]] = -1
        self._bisect(max(1, self.iterations // SHORT))
        fold = FOLD.get(self.first.device.type, ON_DEVICE)
        while len(rows := self._rows_to_decide()):
            copies = (self.restarts - self.strength[rows]).clamp(max=max(1, fold // len(rows)))
            rows = rows.repeat_interleave(copies)
            before = self.first.clone()
            self._attack(rows, before[rows] - 1, self.iterations, warm=False)
            moved = self.first < before
            self.strength += torch.bincount(rows, minlength=len(before))
            self.strength[moved] = 0
        self.victim.budget.check(self.witness, self._size(self.first))
        return self

    def _rows_to_decide(self) -> Tensor:
        return ((self.first > 0) & (self.strength < self.restarts)).nonzero()[:, 0]

    def _size(self, position: Tensor) -> Tensor:
        """The size at a position; that of "wrong already" is 0, that of "never" the largest."""
        sizes = torch.cat([self.epsilons.new_zeros(1), self.epsilons])
        return sizes[(position + 1).clamp(max=len(self.epsilons))]

    def _bisect(self, iterations: int) -> None:
        m = len(self.epsilons)
        failed = torch.full_like(self.first, -1)  # by the short attack, which proves nothing
        for _ in range(ceil(log2(m + 1))):
            rows = (self.first - failed > 1).nonzero()[:, 0]
            at = (self.first + failed)[rows] // 2
            self._attack(rows, at, iterations, warm=self.warm)
            still = self.first[rows] > at
            failed[rows[still]] = at[still]

    def _attack(self, rows: Tensor, at: Tensor, iterations: int, warm: bool) -> None:
        """Attack `rows`, which may repeat, at the sizes `at`; keep the best of what is found."""
        for some, sizes in zip(in_batches(rows), in_batches(at), strict=True):
            if not len(some):
                continue
            began = time.perf_counter()
            batch, epsilon = self.victim[some], self.epsilons[sizes]
            start = {"start": batch.budget.project(self._guess(some), epsilon)} if warm else {}
            seed = int(self._seeds.integers(2**31))
            u = self.attack(batch, epsilon, iterations=iterations, seed=seed, **start)
            self._keep(some, sizes, u)
            share = torch.bincount(sizes, minlength=len(self.epsilons)).cpu().numpy() / len(some)
            self.seconds += share * (time.perf_counter() - began)

    def _guess(self, rows: Tensor) -> Tensor:
        known = (self.first < len(self.epsilons))[rows]
        shape = (-1, *(1,) * (self.witness.dim() - 1))
        return torch.where(known.reshape(shape), self.witness[rows], self.strongest[rows])

    def _keep(self, rows: Tensor, at: Tensor, u: Tensor) -> None:
        fooled = self.victim[rows].is_fooled(u)
        self.strongest[rows[~fooled]] = u[~fooled]
        won, u, lowest = rows[fooled], u[fooled], at[fooled]
        u, lowest = self._shrink(won, u, lowest)
        best = self.first.scatter_reduce(0, won, lowest, "amin")
        new = (lowest == best[won]) & (lowest < self.first[won])
        self.witness[won[new]] = u[new]
        self.first = best

    def _shrink(self, rows: Tensor, u: Tensor, lowest: Tensor) -> tuple[Tensor, Tensor]:
        """Project what fools onto smaller sizes for as long as it does: forward passes only."""
        u, lowest = u.clone(), lowest.clone()
        live = (lowest > 0).nonzero()[:, 0]
        while len(live):
            batch = self.victim[rows[live]]
            smaller = batch.budget.project(u[live], self.epsilons[lowest[live] - 1])
            fooled = batch.is_fooled(smaller)
            u[live[fooled]], live = smaller[fooled], live[fooled]
            lowest[live] -= 1
            live = live[lowest[live] > 0]
        return u, lowest

    def at_sizes(
        self, epsilons: NDArray[np.float64]
    ) -> tuple[Tensor, Tensor, NDArray[np.float64], NDArray[np.float64]]:
        """Who is fooled (m, n), losses (m, n), norms (m,) and seconds (m,), from size 0 on.

        A perturbation found within one size counts at all larger ones, and projected onto the
        smaller ones it is one more candidate for the largest loss there.
        """
        victim = self.victim
        losses = cross_entropy(victim.clean_logits(), victim.labels)
        before = [victim.zeros(), victim.zeros()]
        rows, norms = [], []
        for epsilon in epsilons:
            norm = 0.0
            for k, u in enumerate((self.witness, self.strongest)):
                inside = victim.budget.project(u, epsilon)
                victim.budget.check(inside, epsilon)
                new = (inside != before[k]).flatten(1).any(1)  # the loss of the others is known
                if new.any():
                    there = cross_entropy(victim[new].answers(inside[new]), victim.labels[new])
                    losses = losses.clone()
                    losses[new] = torch.maximum(losses[new], there)
                norm = max(norm, norms_of(inside, victim.budget.norm).max().item())
                before[k] = inside
            rows.append(losses)
            norms.append(norm)
        zeros = len(epsilons) - len(self.seconds)
        fooled = torch.stack([self.first <= j for j in range(-zeros, len(self.seconds))])
        seconds = np.concatenate([np.zeros(zeros), self.seconds])
        return fooled, torch.stack(rows), np.array(norms), seconds
