"""A robustness curve: what it holds, and how it is kept, written and drawn."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from rnnspec._files import load_npz, save_npz, write_text
from rnnspec._plot import plot
from rnnspec._result import Table, plain
from rnnspec.robustness.threat import Threat

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Z = 1.959963984540054  # of 95 % confidence


@dataclass(frozen=True, eq=False, repr=False)
class RobustnessCurve(Table):
    r"""Accuracy under attack at each size, and what is needed to judge it.

    Attributes
    ----------
    target, attack, norm, units : str
        What was perturbed, by which attack, and the norm and the units of its sizes.
    epsilons : array, shape (m,)
        Sizes, increasing, in `units`.
    accuracy, ci_low, ci_high : array, shape (m,)
        Share of the sequences that stay right under every perturbation tried within each size, with
        Wilson's 95 % interval.  If the attack tries one perturbation at each size, this one alone
        decides.
    mean_loss : array, shape (m,)
        Mean over the sequences of the largest cross-entropy found within each size, or that of
        the one perturbation tried.  It is a lower bound of the true mean, because a search stops
        once the class is wrong.  Infinite where a label's class is masked, or perturbed logits
        decide nothing.
    max_perturbation : array, shape (m,)
        Largest norm measured among the perturbations that were used at each size.
    seconds : array, shape (m,)
        Time spent at each size.
    thresholds : array, shape (n,)
        The smallest size of the list that fooled each sequence: 0 if it is wrong without any
        perturbation, infinite if none fooled it.
    n : int
        Number of sequences.
    clean_accuracy : float
        Share of the sequences that is right without perturbation.
    warnings : tuple of str
        What the sanity checks found, see `rnnspec.robustness.sanity`.
    """

    target: str
    attack: str
    norm: str
    units: str
    epsilons: NDArray[np.float64]
    accuracy: NDArray[np.float64]
    ci_low: NDArray[np.float64]
    ci_high: NDArray[np.float64]
    mean_loss: NDArray[np.float64]
    max_perturbation: NDArray[np.float64]
    seconds: NDArray[np.float64]
    thresholds: NDArray[np.float64]
    n: int
    clean_accuracy: float
    warnings: tuple[str, ...] = ()

    @property
    def area(self) -> float:
        r"""Mean accuracy over the list's range, :math:`\int a\,d\varepsilon/(\varepsilon_m-\varepsilon_1)`.

        By the trapezoidal rule; with one size, it is the accuracy itself.
        """  # noqa: E501
        width = self.epsilons[-1] - self.epsilons[0]
        if width == 0:
            return float(self.accuracy[0])
        return float(np.trapezoid(self.accuracy, self.epsilons) / width)

    def rows(self) -> list[dict[str, Any]]:
        """Return a record per size, as ``rnnspec robustness --json`` prints them."""
        columns = ("accuracy", "ci_low", "ci_high", "mean_loss", "max_perturbation", "seconds")
        return [
            {
                "target": self.target,
                "attack": self.attack,
                "norm": self.norm,
                "epsilon": float(epsilon),
                **{name: plain(float(getattr(self, name)[j])) for name in columns},
            }
            for j, epsilon in enumerate(self.epsilons)
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return everything in a form that strict JSON can hold: infinite numbers are "inf"."""
        names = ("target", "attack", "norm", "units", "n", "clean_accuracy", "area")
        return {
            **{name: getattr(self, name) for name in names},
            "results": self.rows(),
            "thresholds": plain(self.thresholds),
            "warnings": list(self.warnings),
        }

    def to_csv(self, path: str | PathLike[str]) -> None:
        """Write a row per size into `path`."""
        write_text(Path(path), rows_csv(self.rows()))

    def save(self, path: str | PathLike[str]) -> None:
        """Write every field into the .npz file `path`."""
        save_npz(self, path)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> RobustnessCurve:
        """Read what `save` wrote.

        Raises
        ------
        ValueError
            If a field is missing.
        """
        values = load_npz(cls, path)
        values["warnings"] = tuple(values["warnings"].tolist())
        return cls(**values)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the curve; see `rnnspec.plots.robustness`."""
        return plot("robustness", {self.attack: self}, ax)


def curve_of(
    threat: Threat,
    attack: str,
    epsilons: NDArray[np.float64],  # shape: (m,)
    fooled: Tensor,  # shape: (m, n)
    clean: Tensor,  # shape: (n,); wrong without perturbation
    losses: Tensor,  # shape: (m, n); NaN where logits decide nothing
    norms: NDArray[np.float64],  # shape: (m,)
    seconds: NDArray[np.float64],  # shape: (m,)
) -> RobustnessCurve:
    """The curve of what an attack did to each sequence at each size."""
    mask, wrong = fooled.cpu().numpy(), clean.cpu().numpy()
    found = losses.double().cpu().numpy()
    accuracy = (~mask).mean(1)
    low, high = wilson(accuracy, len(wrong))
    smallest = np.where(mask, epsilons[:, np.newaxis], np.inf).min(0)
    return RobustnessCurve(
        target=threat.target,
        attack=attack,
        norm=threat.norm,
        units=threat.units,
        epsilons=epsilons,
        accuracy=accuracy,
        ci_low=low,
        ci_high=high,
        mean_loss=np.where(np.isnan(found), np.inf, found).mean(1),
        max_perturbation=norms,
        seconds=seconds,
        thresholds=np.where(wrong, 0, smallest),
        n=len(wrong),
        clean_accuracy=float((~wrong).mean()),
    )


def rows_csv(rows: Sequence[dict[str, Any]]) -> str:
    r"""Records as a table of comma-separated values; a cell is empty if its record has no such key.

    Examples
    --------
    >>> rows_csv([{"attack": "pgd", "epsilon": 0.1}, {"attack": "fmn", "median": 0.3}])
    'attack,epsilon,median\npgd,0.1,\nfmn,,0.3\n'
    """
    names = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, names, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def wilson(share: ArrayLike, n: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    r"""Wilson's 95 % interval of a share p that was measured on n sequences.

    .. math:: \frac{p + z^2/2n \pm z\sqrt{p(1-p)/n + z^2/4n^2}}{1 + z^2/n},\qquad z = 1.96

    Unlike :math:`p \pm z\sqrt{p(1-p)/n}` it stays in [0, 1] and has a width at p = 0 and
    p = 1, where robust accuracies end.

    Parameters
    ----------
    share : array_like, shape (m,)
        Shares in [0, 1].
    n : int
        Number of sequences, at least 1.

    Returns
    -------
    low, high : ndarray, shape (m,)
        Ends of the intervals.

    References
    ----------
    .. [1] E. B. Wilson, J. Amer. Statist. Assoc. 22 (1927), 209-212.

    Examples
    --------
    >>> low, high = wilson([0.0, 0.5], 100)
    >>> low.round(4).tolist(), high.round(4).tolist()
    ([0.0, 0.4038], [0.037, 0.5962])
    """
    p = np.asarray(share, np.float64)
    center = p + Z**2 / (2 * n)
    half = Z * np.sqrt(p * (1 - p) / n + Z**2 / (4 * n**2))
    low, high = (center - half) / (1 + Z**2 / n), (center + half) / (1 + Z**2 / n)
    return np.where(p == 0, 0, low), np.where(p == 1, 1, high)  # exact but for rounding
