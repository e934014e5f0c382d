"""Measuring a trained network: its matrices, its Lyapunov exponents and its robustness."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnspec._checks import ConvergenceWarning, SanityWarning
from rnnspec.data.sequences import SequenceDataset
from rnnspec.dynamics.lyapunov import lyapunov_spectrum
from rnnspec.dynamics.named import mean_jacobian_names, named_jacobian
from rnnspec.models.classifier import SequenceClassifier
from rnnspec.models.layers import recurrent_cells
from rnnspec.models.recurrent import recurrent_matrices
from rnnspec.robustness.curve import robustness_curve
from rnnspec.robustness.minimal import minimal_perturbations
from rnnspec.robustness.moved_weights import by_strength
from rnnspec.robustness.result import wilson
from rnnspec.robustness.weights import weight_robustness
from rnnspec.spectra.measures import measure
from rnnspec.study.measuring import Measuring

# Random changes of the weights whose accuracies are averaged.  Five are a compromise: the standard
# error of the mean is 0.45 of the spread between changes, and each costs an evaluation per size.
DRAWS = 5


def measures_of(
    model: SequenceClassifier,
    initial: Mapping[str, NDArray[np.float64]],
    part: SequenceDataset,
    measuring: Measuring,
) -> dict[str, Any]:
    """Measure each recurrent matrix, trained and `initial`, and the motion along `part`.

    Returns
    -------
    dict
        ``matrices`` and ``initial`` hold the record of `rnnspec.measure` by the name of the
        matrix; mean Jacobians, for example ``layer0.jacobian@mean``, are among the former.
        ``lyapunov`` lists the exponents; an infinitely fast contraction is "-inf".
    """
    matrices = recurrent_matrices(model)
    if measuring.jacobian:
        for name in mean_jacobian_names(model):
            matrices[name] = named_jacobian(model, part.inputs, part.lengths, name)
    return {
        "matrices": {n: measure(A, measuring.epsilons).to_dict() for n, A in matrices.items()},
        "initial": {n: measure(A).to_dict() for n, A in initial.items()},
        "lyapunov": _exponents(model, part, measuring.lyapunov),
    }


def robustness_of(
    model: SequenceClassifier, part: SequenceDataset, measuring: Measuring
) -> dict[str, Any]:
    """Measure how robust `model` is on `part`, in the form of ``rnnspec robustness --json``.

    Inputs are attacked by PGD and changed by noise of random signs, both in the largest norm; the
    smallest changes in the Euclidean norm are searched (FMN); and weights are changed at random.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SanityWarning)  # The record keeps them.
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
        "results": rows + _random_weight_rows(model, part, measuring.weight_epsilons),
        "minimal": {"fmn": minimal.to_dict()},
        "warnings": [f"{curve.attack}: {text}" for curve in curves for text in curve.warnings],
    }


def _exponents(model: SequenceClassifier, part: SequenceDataset, k: int) -> list[float | str]:
    """Compute the k largest exponents of the forward map, over the finite length of sequences."""
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


def _random_weight_rows(
    model: SequenceClassifier, part: SequenceDataset, epsilons: tuple[float, ...]
) -> list[dict[str, Any]]:
    """Mean accuracy over random changes of each spectral norm.

    The intervals are those of one change: more changes are no more sequences.
    """
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
