r"""Semi-random noise: the worst perturbation within a random subspace.

Between noise (m = 1) and attack (m = d) lies the smallest perturbation :math:`r_S` within a
random m-dimensional subspace S of the d values that may move.  Where the boundary is flat,

.. math:: \|r_S\|_2 \approx \sqrt{d/m}\,\|r^*\|_2 .
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from rnnspec._checks import seed_number
from rnnspec.robustness.attacks.deepfool import deepfool
from rnnspec.robustness.budget import Budget, sizes
from rnnspec.robustness.threat import free_state
from rnnspec.robustness.victim import Victim


@dataclass(frozen=True, eq=False)
class Restricted(Victim):
    """A victim as a function of the coordinates z (n, m, 1) of u = basis z, |u| = |z|."""

    basis: Tensor  # shape: (n, d, m), orthonormal columns; d counts all values
    shape: tuple[int, ...]  # of one sequence's u

    def __getitem__(self, rows: Tensor) -> Restricted:
        part = super().__getitem__(rows)
        assert isinstance(part, Restricted)
        return replace(part, basis=self.basis[rows])

    def embedded(self, z: Tensor) -> Tensor:
        """The perturbation u with the coordinates `z`."""
        return (self.basis @ z).reshape(len(z), *self.shape)

    def logits(self, u: Tensor) -> Tensor:
        """(n, k) logits at the coordinates `u`."""
        return super().logits(self.embedded(u))


def subspace_noise(victim: Victim, dimension: int, *, steps: int = 50, seed: int = 0) -> Tensor:
    r"""The smallest perturbation found in a random subspace that changes the decision.

    Each sequence has a subspace of its own, uniformly distributed, of the values that may
    move; `rnnspec.robustness.attacks.deepfool.deepfool` runs within it, exact where the logits are
    linear.

    Parameters
    ----------
    victim : Victim
        In the norm l2, and without raw bounds (``Threat(norm="l2", bounded=False)``): to clip a
        perturbation is to leave its subspace.
    dimension : int
        m, from 1 to the number of values that may move in every sequence.
    steps : int, default 50
        Of DeepFool.
    seed : int, default 0
        With one seed, a subspace of higher dimension holds those of lower dimension.

    Returns
    -------
    (n, ...) tensor
        0 where the decision is wrong already; the last try where none was changed
        (``victim.at_boundary(u)`` tells).

    Raises
    ------
    ValueError
        If the victim has another norm or raw bounds, or there are too few movable values.

    Notes
    -----
    Cost: DeepFool's, and O(d m^2) for each sequence's basis, n d m numbers of memory.

    References
    ----------
    .. [1] A. Fawzi, S.-M. Moosavi-Dezfooli and P. Frossard, Robustness of classifiers: from
       adversarial to random noise, NIPS 2016, theorem 1.

    Examples
    --------
    >>> from rnnspec.models.classifier import SequenceClassifier
    >>> from rnnspec.data.sequences import SequenceDataset
    >>> from rnnspec.robustness.threat import Threat
    >>> from rnnspec.robustness.victim import under_attack
    >>> data = SequenceDataset.from_raw([[[1.0], [1.0]]], [2], [1], ("a", "b"))
    >>> model = SequenceClassifier("rnn", 1, 2, hidden=4, init="identity")
    >>> with under_attack(model, data, Threat(norm="l2")) as victim:
    ...     u, free = subspace_noise(victim, dimension=1), subspace_noise(victim, dimension=2)
    ...     victim.fooled(u).tolist(), bool(u.norm() > free.norm())
    ([True], True)
    """
    budget = victim.budget
    if budget.norm != "l2":
        raise ValueError(f"`victim` must have the norm l2, a subspace's own, got {budget.norm}")
    edges = torch.cat([budget.lower[budget.movable], budget.upper[budget.movable]])
    if edges.isfinite().any():
        raise ValueError(
            "`victim` must have no raw bounds, to clip is to leave the subspace"
            " (use Threat(norm='l2', bounded=False))"
        )
    fewest = int(budget.movable.flatten(1).sum(1).min())
    if not 1 <= dimension <= fewest:
        raise ValueError(
            f"`dimension` must be from 1 to {fewest}, the fewest values that may move in a"
            f" sequence, got {dimension}"
        )
    n, *shape = budget.lower.shape
    restricted = Restricted(
        victim.classify,
        victim.inputs,
        victim.lengths,
        victim.labels,
        victim.scale,
        free_state((n, dimension, 1), "l2", budget.lower),
        random_basis(budget, dimension, seed_number(seed)),
        tuple(shape),
        clean=victim.clean,
        rounding=victim.rounding,
    )
    u = restricted.embedded(deepfool(restricted, steps=steps))
    budget.check(u, sizes(u, "l2"))
    return u


def random_basis(budget: Budget, dimension: int, seed: int) -> Tensor:
    """(n, d, m) orthonormal columns in the movable values, uniformly distributed."""
    # Householder's reflections leave rows of zeros exactly zero.
    generator = torch.Generator().manual_seed(seed)
    movable = budget.movable.flatten(1).cpu()
    columns = torch.randn(
        (dimension, *movable.shape), generator=generator, dtype=torch.float64
    ).permute(1, 2, 0)
    Q: Tensor = torch.linalg.qr(columns * movable[:, :, None]).Q
    return Q.to(budget.lower)


def flatness(inside: Tensor, free: Tensor, dimension: int, budget: Budget) -> Tensor:
    r"""(n,) ratios :math:`\sqrt{m/d}\,\|r_S\| / \|r^*\|`: about 1 where the boundary is flat.

    Clearly below 1, the boundary bends towards the data in many directions.  NaN where
    `free` is 0 (wrong already).

    Parameters
    ----------
    inside : (n, ...) tensor
        From `subspace_noise`.
    free : (n, ...) tensor
        The smallest perturbation found without a subspace.
    dimension : int
        m of `inside`.
    budget : Budget
        Of the victim; d counts its movable values, sequence by sequence.

    Examples
    --------
    >>> box = torch.full((1, 8, 1), torch.inf)
    >>> r = torch.ones(1, 8, 1)
    >>> flatness(2 * r, r, 2, Budget("l2", -box, box))
    tensor([1.])
    """
    d = budget.movable.flatten(1).sum(1)
    return (dimension / d).sqrt() * sizes(inside, "l2") / sizes(free, "l2")
