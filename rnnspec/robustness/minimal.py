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

from rnnspec._checks import SanityWarning, one_of, seed_number
from rnnspec._files import load_npz, save_npz
from rnnspec.data.arrays import Labelled
from rnnspec.robustness.attacks.bisection import bisection
from rnnspec.robustness.attacks.deepfool import deepfool
from rnnspec.robustness.attacks.fmn import fmn
from rnnspec.robustness.budget import sizes
from rnnspec.robustness.curve import at_most
from rnnspec.robustness.decision import logit_difference, undecided
from rnnspec.robustness.sanity import answers_fail, gradient_vanishes, without_slope
from rnnspec.robustness.threat import Threat, either
from rnnspec.robustness.thresholds import knowing
from rnnspec.robustness.victim import Victim, under_attack

ATTACKS: dict[str, Callable[..., Tensor]] = {
    "deepfool": deepfool,
    "fmn": fmn,
    "bisection": bisection,
}
BATCH = 512  # sequences; a larger batch gains no speed, and memory grows with it


@dataclass(frozen=True, eq=False)
class MinimalPerturbations:
    r"""Sizes of the smallest perturbations found, upper bounds of :math:`r^*`.

    A sequence that is wrong unperturbed has r = 0 and no part in the statistics, which
    are NaN where no sequence is right.

    Attributes
    ----------
    attack, norm, units, target
        What searched, how sizes are measured, and what moved.
    r : (n,) array
        Sizes; infinite where the attack found nothing.
    relative : (n,) array
        :math:`r / \|x\|`, x the clean sequence (less its channel means) in the same norm and
        units; NaN where that is 0: for the state, and a sequence that is its channel means.
    clean_correct : (n,) boolean array
        Sequences that are right unperturbed.
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
        """(n,) mask: right unperturbed, and a perturbation was found."""
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
        """Mean relative size over the successes that have one."""
        return _mean(self.relative[self.success & ~np.isnan(self.relative)])

    def to_dict(self) -> dict[str, Any]:
        """Return a record for JSON: an infinite number is the string "inf", NaN is null."""
        names = ("median", "mean", "mean_relative", "success_rate")
        return {
            "target": self.target,
            "attack": self.attack,
            "norm": self.norm,
            "units": self.units,
            "n": len(self.r),
            **{name: _strict(getattr(self, name)) for name in names},
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

    over the u that the threat admits: inside raw bounds, 0 where nothing may move.  Every
    attack gives an upper bound, to the rounding of the two logits that decide.  It is enough to
    reach the boundary: where the label's logit equals another, r is 0.

    Parameters
    ----------
    model : torch.nn.Module
        Maps inputs, and `lengths` if its forward names them, to (n, k) logits.
    data : SequenceDataset, or pair (X, y)
        Arrays, tensors or a list of sequences, as `rnnspec.data.as_dataset` takes them.
    attack : {"deepfool", "fmn", "bisection"}
        From fast to thorough: a few linearisations; from there on by gradient steps, in
        the median a tenth to a half smaller; `pgd` in a bracket, independent of both, slowest.
    norm, units, target, threat
        What may move and how it is measured, see `rnnspec.Threat`; the first three, or `threat`.
    samples : int, optional
        Use at most so many sequences, chosen by `seed`; default: all.
    seed : int, default 0
        Of the drawing, and of restarts.
    **options
        Of the attack's function in `rnnspec.robustness`, as ``steps``.

    Returns
    -------
    MinimalPerturbations

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

    Examples
    --------
    >>> from rnnspec import SequenceDataset
    >>> model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(2, 2, bias=False))
    >>> _ = torch.nn.init.eye_(model[1].weight)
    >>> data = SequenceDataset.from_raw([[[3.0], [1.0]]], [2], [0], ("first", "second"))
    >>> found = minimal_perturbations(model, data)
    >>> round(found.median, 3), found.success_rate
    (1.414, 1.0)
    """
    kernel = ATTACKS[one_of(attack, "attack", ATTACKS)]
    known = set(inspect.signature(kernel).parameters) - {"victim", "start", "seed"}
    for name in options:
        one_of(name, "options", sorted(known))
    threat = either(threat, Threat(target=target, norm=norm, units=units), usual="l2")
    part = at_most(data, samples, seed_number(seed))
    if "seed" in inspect.signature(kernel).parameters:
        options["seed"] = seed
    with under_attack(model, part, threat) as victim:
        victim = knowing(victim)
        rows = torch.arange(len(victim), device=victim.labels.device)
        parts = [
            _measure(victim[rows[i : i + BATCH]], kernel, options)
            for i in range(0, len(victim), BATCH)
        ]
    r, relative, clean_correct, lost, flat = map(np.concatenate, zip(*parts, strict=True))
    for text in (
        answers_fail(int(lost.sum()), len(r)),
        gradient_vanishes(int(flat.sum()), int(clean_correct.sum())),
    ):
        if text:
            warnings.warn(text, SanityWarning, stacklevel=2)
    return MinimalPerturbations(
        attack, threat.norm, threat.units, threat.target, r, relative, clean_correct
    )


def _measure(
    victim: Victim, kernel: Callable[..., Tensor], options: dict[str, Any]
) -> tuple[NDArray[Any], ...]:
    norm = victim.budget.norm
    right = ~victim.wrong()
    u = kernel(victim, **options)
    with torch.no_grad():
        logits = victim.logits(u)
    r = torch.where(victim.at_boundary(u, logits), sizes(u, norm), torch.inf).double()
    moved = victim.nothing() if victim.scale is None else victim.inputs / victim.scale
    length = sizes(moved, norm)
    relative = torch.where(length > 0, r / length, torch.nan)
    # That nothing was found says little of a sequence without a gradient.
    flat = r.isinf()
    if flat.any():
        flat[flat.clone()] = without_slope(victim[flat.nonzero()[:, 0]], logit_difference)
    return tuple(column.cpu().numpy() for column in (r, relative, right, undecided(logits), flat))


def _mean(values: NDArray[Any]) -> float:
    return float(values.mean()) if len(values) else float("nan")


def _strict(value: float) -> float | str | None:
    if np.isnan(value):
        return None
    return value if np.isfinite(value) else "inf"
