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
from numpy.typing import NDArray

from rnnspec._files import load_npz, save_npz, write_text
from rnnspec._plot import plot

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, eq=False)
class RobustnessCurve:
    r"""Accuracy under attack at each size, and what is needed to judge it.

    Attributes
    ----------
    target, attack, norm, units
        What moved, how, and how it is measured.
    epsilons : (m,) array
        Sizes, increasing, in `units`.
    accuracy, ci_low, ci_high : (m,) array
        Share of sequences whose class no perturbation found within each size changed,
        with Wilson's 95 % interval; of noise and fgsm, not changed by the one of that size.
    mean_loss : (m,) array
        Mean over the sequences of the largest cross-entropy found within each size; an
        attack that stops once the class is wrong makes it a lower bound.  Of noise and
        fgsm, that of the one perturbation of each size.  Infinite where a label's class is
        masked, or perturbed logits decide nothing.
    max_perturbation : (m,) array
        Largest norm, measured, of the perturbations that a row rests on.
    seconds : (m,) array
        Time spent at each size.
    thresholds : (n,) array
        The smallest size of the list that fooled each sequence: 0 if it is wrong as it
        is, infinite if none did.
    n, clean_accuracy
        Sequences, and the share of them that is right unperturbed.
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

        By the trapezoidal rule; of one size, the accuracy itself.
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
                **{name: _strict(float(getattr(self, name)[j])) for name in columns},
            }
            for j, epsilon in enumerate(self.epsilons)
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return everything in a form that strict JSON can hold: infinite numbers are "inf"."""
        return {
            "target": self.target,
            "attack": self.attack,
            "norm": self.norm,
            "units": self.units,
            "n": self.n,
            "clean_accuracy": self.clean_accuracy,
            "area": self.area,
            "results": self.rows(),
            "thresholds": [_strict(float(t)) for t in self.thresholds],
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


def _strict(value: float) -> float | str:
    return value if np.isfinite(value) else "inf"


def rows_csv(rows: Sequence[dict[str, Any]]) -> str:
    r"""Records as a table of comma-separated values; empty where a record has no such key.

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
