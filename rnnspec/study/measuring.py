"""What a study measures on a trained network: its matrices, its motion, what it withstands."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnspec._checks import ConvergenceWarning, SanityWarning, positive
from rnnspec.data.sequences import SequenceDataset
from rnnspec.dynamics.lyapunov import lyapunov_spectrum
from rnnspec.dynamics.named import MARK, named_jacobian
from rnnspec.models.classifier import SequenceClassifier
from rnnspec.models.layers import recurrent_cells
from rnnspec.models.recurrent import recurrent_matrices
from rnnspec.robustness.curve import increasing_sizes, robustness_curve
from rnnspec.robustness.minimal import minimal_perturbations
from rnnspec.robustness.moved_weights import by_strength
from rnnspec.robustness.weights import weight_robustness
from rnnspec.robustness.wilson import wilson
from rnnspec.spectra.measures import measure

DRAWS = 5  # random directions of the weights, whose accuracies are averaged


@dataclass(frozen=True)
class Measuring:
    """What is measured on a trained network, a table of a study file.

    `epsilons` are those of the pseudospectral radii; `jacobian` asks for the mean state
    Jacobian of each layer; `lyapunov` is the number of exponents, 0 for none; `samples` the
    number of test sequences looked at; `attack_epsilons` are sizes in standard deviations,
    `weight_epsilons` spectral norms.
    """

    epsilons: tuple[float, ...] = (0.01,)
    jacobian: bool = True
    lyapunov: int = 8
    samples: int = 200
    attack_epsilons: tuple[float, ...] = (0.0, 0.05, 0.1, 0.2, 0.3, 0.5)
    weight_epsilons: tuple[float, ...] = (0.3, 1.0, 3.0)

    def __post_init__(self) -> None:
        for epsilon in self.epsilons:
            positive(epsilon, "epsilons")
        increasing_sizes(self.attack_epsilons, "attack_epsilons")
        increasing_sizes(self.weight_epsilons, "weight_epsilons")
        for name, least in (("samples", 1), ("lyapunov", 0)):
            if getattr(self, name) < least:
                raise ValueError(f"`{name}` must be at least {least}, got {getattr(self, name)}")


def measures_of(
    model: SequenceClassifier,
    initial: Mapping[str, NDArray[np.float64]],
    part: SequenceDataset,
    measuring: Measuring,
) -> dict[str, Any]:
    """Numbers of each recurrent matrix, trained and `initial`, and of the motion along `part`.

    Returns
    -------
    dict
        ``matrices`` and ``initial``, by name, as `rnnspec.measure` gives them; among the
        former ``layer0.jacobian@mean``.  ``lyapunov``: exponents, or an empty list; that of a
        direction that is lost for good is "-inf".
    """
    matrices = recurrent_matrices(model)
    if measuring.jacobian:
        for name in _jacobians(model):
            matrices[name] = named_jacobian(model, part.inputs, part.lengths, name)
    return {
        "matrices": {n: measure(A, measuring.epsilons).to_dict() for n, A in matrices.items()},
        "initial": {n: measure(A).to_dict() for n, A in initial.items()},
        "lyapunov": _exponents(model, part, measuring.lyapunov),
    }


def robustness_of(
    model: SequenceClassifier, part: SequenceDataset, measuring: Measuring
) -> dict[str, Any]:
    """What `model` withstands on `part`, in the form of ``rnnspec robustness --json``.

    Attacked by PGD and moved by noise of signs, in the largest norm; moved as little as
    possible in the Euclidean norm (FMN); with its weights moved at random.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SanityWarning)  # kept in the record
        curves = [
            robustness_curve(model, part, attack, measuring.attack_epsilons)
            for attack in ("pgd", "sign")
        ]
    minimal = minimal_perturbations(model, part, "fmn")
    rows = [row for curve in curves for row in curve.rows()]
    return {
        "clean_accuracy": curves[0].clean_accuracy,
        "n": curves[0].n,
        "units": "std",
        "area": curves[0].area,
        "results": rows + _moved_at_random(model, part, measuring.weight_epsilons),
        "minimal": {"fmn": minimal.to_dict()},
        "warnings": [f"{curve.attack}: {text}" for curve in curves for text in curve.warnings],
    }


def _jacobians(model: SequenceClassifier) -> list[str]:
    cells = recurrent_cells(model)
    sides = [""] if len(cells) == 1 else ["", ".reverse"]
    return [f"layer{j}{side}.{MARK}mean" for j in range(len(cells[0])) for side in sides]


def _exponents(model: SequenceClassifier, part: SequenceDataset, k: int) -> list[float | str]:
    """The k largest Lyapunov exponents of the forward map; of finite time, as sequences are."""
    if k == 0:
        return []
    cells = recurrent_cells(model)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        found = lyapunov_spectrum(
            model,
            part.inputs,
            part.lengths,
            min(k, sum(cell.state_size for cell in cells[0])),
            direction="forward" if len(cells) > 1 else None,
        )
    return [e if isfinite(e) else "-inf" for e in found.exponents.tolist()]


def _moved_at_random(
    model: SequenceClassifier, part: SequenceDataset, epsilons: tuple[float, ...]
) -> list[dict[str, Any]]:
    """Mean accuracy over random E of each spectral norm; intervals of one draw's sequences."""
    draws = [
        by_strength(weight_robustness(model, part, "random", epsilons, seed=seed))
        for seed in range(DRAWS)
    ]
    rows = []
    for epsilon, moved in zip(epsilons, zip(*draws, strict=True), strict=True):
        accuracy = sum(one.accuracy for one, *_ in moved) / DRAWS
        low, high = wilson(accuracy, len(part))
        rows.append(
            {
                **{"target": "weights", "attack": "random", "norm": "spectral"},
                **{"epsilon": epsilon, "accuracy": accuracy},
                **{"ci_low": float(low), "ci_high": float(high)},
            }
        )
    return rows
