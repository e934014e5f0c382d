"""What an attack did to each sequence at each size of a list."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rnnspec.robustness.attacks.gradient import cross_entropy
from rnnspec.robustness.budget import sizes as norms_of
from rnnspec.robustness.thresholds import Thresholds, parts
from rnnspec.robustness.victim import Victim


@dataclass(frozen=True, eq=False)
class Points:
    """Per size: who is fooled, the largest loss found, the largest norm used, the time."""

    fooled: NDArray[np.bool_]  # shape: (m, n)
    losses: NDArray[np.float64]  # shape: (m, n); NaN where logits decide nothing
    norms: NDArray[np.float64]  # shape: (m,)
    seconds: NDArray[np.float64]  # shape: (m,)

    @property
    def undecided(self) -> NDArray[np.bool_]:
        """(n,) mask: at some size logits decided nothing."""
        return np.asarray(np.isnan(self.losses).any(0))


def points_of_search(found: Thresholds, epsilons: NDArray[np.float64]) -> Points:
    """Of a search over the sizes above zero among `epsilons`.

    A perturbation found within one size counts at all larger ones, and projected onto the
    smaller ones it is one more candidate for the largest loss there.
    """
    victim, first = found.victim, found.first
    losses = cross_entropy(victim.unmoved(), victim.labels)
    before = [victim.nothing(), victim.nothing()]
    rows, norms = [], []
    for epsilon in epsilons:
        norm = 0.0
        for k, u in enumerate((found.witness, found.strongest)):
            inside = victim.budget.project(u, epsilon)
            victim.budget.check(inside, epsilon)
            new = (inside != before[k]).flatten(1).any(1)  # the loss of the others is known
            if new.any():
                losses = losses.clone()
                losses[new] = torch.maximum(losses[new], _losses(victim[new], inside[new]))
            norm = max(norm, norms_of(inside, victim.budget.norm).max().item())
            before[k] = inside
        rows.append(losses)
        norms.append(norm)
    zeros = len(epsilons) - len(found.seconds)
    fooled = torch.stack([first <= j for j in range(-zeros, len(found.seconds))])
    return Points(
        fooled.cpu().numpy(),
        torch.stack(rows).double().cpu().numpy(),
        np.array(norms),
        np.concatenate([np.zeros(zeros), found.seconds]),
    )


def independent_points(
    victim: Victim, epsilons: NDArray[np.float64], attack: Callable[..., Tensor], seed: int
) -> Points:
    """Of an attack that is drawn at each size anew, in the same directions."""
    batches = _batches(victim)
    seeds = np.random.default_rng(seed).integers(2**31, size=len(batches)).tolist()
    fooled, losses, norms, seconds = [], [], [], []
    for epsilon in epsilons.tolist():
        began = time.perf_counter()
        u = victim.nothing()
        for rows, own in zip(batches, seeds, strict=True):
            u[rows] = attack(victim[rows], epsilon, seed=own)
        victim.budget.check(u, epsilon)
        fooled.append(_wrong(victim, u))
        losses.append(_losses(victim, u))
        norms.append(norms_of(u, victim.budget.norm).max().item())
        seconds.append(time.perf_counter() - began)
    return Points(
        torch.stack(fooled).cpu().numpy(),
        torch.stack(losses).double().cpu().numpy(),
        np.array(norms),
        np.array(seconds),
    )


def _wrong(victim: Victim, u: Tensor) -> Tensor:
    return torch.cat([victim[rows].fooled(u[rows]) for rows in _batches(victim)])


@torch.no_grad()
def _losses(victim: Victim, u: Tensor) -> Tensor:
    return torch.cat(
        [
            cross_entropy(victim[rows].logits(u[rows]), victim.labels[rows])
            for rows in _batches(victim)
        ]
    )


def _batches(victim: Victim) -> tuple[Tensor, ...]:
    return parts(torch.arange(len(victim), device=victim.labels.device))
