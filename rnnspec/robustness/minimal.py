"""How little it takes: the smallest perturbation found for each sequence."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from os import PathLike
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from rnnspec import robustness
from rnnspec._checks import SanityWarning, one_of, seed_number
from rnnspec._files import load_npz, save_npz
from rnnspec._result import Table, plain
from rnnspec.data.arrays import Labelled
from rnnspec.robustness.access import under_attack
from rnnspec.robustness.attacks.table import ATTACKS, MINIMAL
from rnnspec.robustness.budget import sizes
from rnnspec.robustness.curve import at_most
from rnnspec.robustness.decision import answers_fail, is_undecided, logit_difference
from rnnspec.robustness.sanity import gradient_vanishes, without_slope
from rnnspec.robustness.threat import Threat, either
from rnnspec.robustness.victim import Victim, in_batches


@dataclass(frozen=True, eq=False, repr=False)
class MinimalPerturbations(Table):
    r"""Sizes of the smallest perturbations found, upper bounds of :math:`r^*`.

    A sequence that is classified wrongly without a perturbation has r = 0 and is left out of the
    statistics.  They are NaN if no sequence is right.

    Attributes
    ----------
    attack, norm, units, target : str
        The attack, the norm and the units of the sizes, and what was perturbed.  The norm of
        ``sparse`` is "steps": its sizes are numbers of time steps.
    r : array, shape (n,)
        Sizes; infinite where the attack found nothing.
    relative : array, shape (n,)
        :math:`r / \|x\|`, x the clean sequence (less its channel means) in the same norm and
        units; of ``sparse``, the share of the sequence's steps.  NaN where that is 0: for the
        state, and a sequence that equals its channel means.
    clean_correct : boolean array, shape (n,)
        Sequences that are right without perturbation.
    """

    attack: str
    norm: str
    units: str
    target: str
    r: NDArray[np.float64]
    relative: NDArray[np.float64]
    clean_correct: NDArray[np.bool_]

    @property
    def success(self) -> NDArray[np.bool_]:
        """(n,) mask: right without perturbation, and one was found that changes the decision."""
        mask: NDArray[np.bool_] = self.clean_correct & np.isfinite(self.r)
        return mask

    @property
    def success_rate(self) -> float:
        """Share of the right sequences for which a perturbation was found."""
        return _mean(self.success[self.clean_correct])

    @property
    def median(self) -> float:
        """Median size over the right sequences, infinite where half of them resisted."""
        right = self.r[self.clean_correct]
        return float(np.median(right)) if len(right) else float("nan")

    @property
    def mean(self) -> float:
        """Mean size over the successes."""
        return _mean(self.r[self.success])

    @property
    def mean_relative(self) -> float:
        """Mean relative size over those successes whose relative size is a number."""
        return _mean(self.relative[self.success & ~np.isnan(self.relative)])

    def rows(self) -> list[dict[str, Any]]:
        """Return a record for each sequence."""
        columns = {"r": self.r, "relative": self.relative, "clean_correct": self.clean_correct}
        return [
            {"sequence": i, **{name: plain(values[i]) for name, values in columns.items()}}
            for i in range(len(self.r))
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return a record for JSON: an infinite number is the string "inf", NaN is null."""
        names = ("median", "mean", "mean_relative", "success_rate")
        return {
            **{name: getattr(self, name) for name in ("target", "attack", "norm", "units")},
            "n": len(self.r),
            **{name: plain(getattr(self, name)) for name in names},
        }

    def save(self, path: str | PathLike[str]) -> None:
        """Write every field into the .npz file `path`."""
        save_npz(self, path)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> MinimalPerturbations:
        """Read what `save` wrote.

        Raises
        ------
        ValueError
            If a field is missing.
        """
        return cls(**load_npz(cls, path))


def minimal_perturbations(
    model: nn.Module,
    data: Labelled,
    attack: str = "deepfool",
    *,
    norm: str = "l2",
    units: str = "std",
    target: str = "input",
    samples: int | None = None,
    threat: Threat | None = None,
    seed: int = 0,
    **options: Any,
) -> MinimalPerturbations:
    r"""Size of the smallest perturbation that changes each decision, as far as it is found.

    .. math:: r^*(x) = \min\{\|u\|_p : \arg\max_k f_k(x + s u) \ne y\}

    over the u that the threat admits: inside raw bounds, 0 where nothing may move.  Here f are the
    logits, y is the label, and s is the size of one unit of u.  Every attack gives an upper bound,
    to the rounding of the two logits that decide.  It is enough to come to the boundary: where the
    label's logit equals another, r is 0.

    Parameters
    ----------
    model : torch.nn.Module
        Maps inputs, and `lengths` if its forward names them, to (n, k) logits.
    data : SequenceDataset, or pair (X, y)
        Arrays, tensors or a list of sequences, as `rnnspec.data.as_dataset` takes them.
    attack : {"deepfool", "fmn", "bisection", "sparse"}
        ``deepfool`` is fast: it takes a few linearisations.  ``fmn`` starts from its result and
        improves it by gradient updates; in the median its sizes are a tenth to a half smaller.
        ``bisection`` narrows a bracket of sizes with `pgd`; it is independent of the other two and
        the slowest.  ``sparse`` counts the time steps that must be changed.
    norm, units, target : str
        How a perturbation is measured and what may move, as in `rnnspec.Threat`.
    samples : int, optional
        Use at most so many sequences, chosen by `seed`; by default all.
    threat : Threat, optional
        In place of `norm`, `units` and `target`; it can mask time steps and channels.
    seed : int, default 0
        Seed of the choice of sequences, and of random starts.
    **options
        Arguments of the attack's function in `rnnspec.robustness`, for instance ``iterations``, or
        ``epsilon``, the largest change of a time step by ``sparse``.

    Returns
    -------
    MinimalPerturbations
        The size for each sequence, and statistics of them.

    Raises
    ------
    ValueError
        If an argument or an option is unknown or out of range, or `under_attack` refuses the
        model or the data.

    Warns
    -----
    SanityWarning
        If perturbed logits decide nothing, or where nothing was found because the gradient is
        zero.

    Notes
    -----
    Cost: that of the attack's function; sequences are attacked in batches.

    Examples
    --------
    >>> from rnnspec.robustness.examples import two_logits
    >>> found = minimal_perturbations(*two_logits(3.0, 1.0))
    >>> round(found.median, 3), found.success_rate  # (3 - 1) / sqrt(2) to the boundary
    (1.414, 1.0)
    """
    chosen = ATTACKS[one_of(attack, "attack", MINIMAL)]
    function = getattr(robustness, chosen.function)
    known = set(inspect.signature(function).parameters) - {"victim", "start", "seed"}
    for name in options:
        one_of(name, "options", sorted(known))
    threat = either(threat, Threat(target=target, norm=norm, units=units), usual="l2")
    part = at_most(data, samples, seed_number(seed))
    if chosen.seeded:
        options["seed"] = seed
    with under_attack(model, part, threat) as doubtful:
        victim = doubtful.with_clean_logits()
        columns = [
            _measure(victim[rows], function, options, chosen.capped)
            for rows in in_batches(torch.arange(len(victim), device=victim.labels.device))
        ]
    r, relative, clean_correct, lost, flat = map(np.concatenate, zip(*columns, strict=True))
    for text in (
        answers_fail(int(lost.sum()), len(r)),
        gradient_vanishes(int(flat.sum()), int(clean_correct.sum())),
    ):
        if text:
            warnings.warn(text, SanityWarning, stacklevel=2)
    norm = "steps" if chosen.capped else threat.norm
    return MinimalPerturbations(
        attack, norm, threat.units, threat.target, r, relative, clean_correct
    )


def _measure(
    victim: Victim, attack: Callable[..., Tensor], options: dict[str, Any], counts_steps: bool
) -> tuple[NDArray[Any], ...]:
    """Sizes, relative sizes, who was right, whose logits decide nothing, who has no slope."""
    norm = victim.budget.norm
    right = ~victim.wrong()
    u = attack(victim, **options)
    with torch.no_grad():
        logits = victim.logits(u)
    if counts_steps:
        size, length = (u != 0).any(2).sum(1), victim.lengths.double()
    else:
        moved = victim.zeros() if victim.scale is None else victim.inputs / victim.scale
        size, length = sizes(u, norm), sizes(moved, norm)
    r = torch.where(victim.at_boundary(u, logits), size, torch.inf).double()
    relative = torch.where(length > 0, r / length, torch.nan)
    # That nothing was found says little of a sequence without a gradient.
    flat = r.isinf()
    if flat.any():
        flat[flat.clone()] = without_slope(victim[flat.nonzero()[:, 0]], logit_difference)
    columns = (r, relative, right, is_undecided(logits), flat)
    return tuple(column.cpu().numpy() for column in columns)


def _mean(values: NDArray[Any]) -> float:
    return float(values.mean()) if len(values) else float("nan")
