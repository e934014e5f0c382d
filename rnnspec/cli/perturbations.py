"""What ``rnnspec robustness`` computes: its record, and how to draw it."""

from __future__ import annotations

import difflib
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from rnnspec import plots
from rnnspec.data.sequences import SequenceDataset
from rnnspec.models.classifier import SequenceClassifier
from rnnspec.plots.style import figure_style
from rnnspec.robustness.attacks.searches import INDEPENDENT, SEARCHES
from rnnspec.robustness.curve import EPSILONS, at_most, robustness_curve
from rnnspec.robustness.minimal import ATTACKS as MINIMAL
from rnnspec.robustness.minimal import MinimalPerturbations, minimal_perturbations
from rnnspec.robustness.moved_weights import MovedWeights, by_strength
from rnnspec.robustness.result import RobustnessCurve
from rnnspec.robustness.threat import Threat
from rnnspec.robustness.victim import under_attack
from rnnspec.robustness.weights import ATTACKS, SIZED, weight_robustness
from rnnspec.robustness.wilson import wilson

OF_SEQUENCES = (*SEARCHES, *INDEPENDENT, *MINIMAL)
OF_WEIGHTS = tuple(name for name in ATTACKS if name != "worst")


@dataclass(frozen=True, eq=False)
class Found:
    """The record that is printed, and its picture."""

    record: dict[str, Any]
    plot: Callable[[], Axes]

    def rows(self) -> list[dict[str, Any]]:
        """Of the table: one per attack and size, then one per search of the smallest change."""
        return [*self.record["results"], *self.record["minimal"].values()]


def attack_names(text: str | None, target: str) -> list[str]:
    """Attacks of the target, separated by commas; by default ``pgd``, or all but one of weights.

    Examples
    --------
    >>> attack_names("pgd,sign", "input")
    ['pgd', 'sign']
    """
    known = ATTACKS if target == "weights" else OF_SEQUENCES
    if text is None:
        return list(OF_WEIGHTS) if target == "weights" else ["pgd"]
    names = list(dict.fromkeys(text.split(",")))
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            hint = f" (did you mean {near[0]}?)" if near else ""
            raise ValueError(
                f"`--attack` on {target} must be of {', '.join(known)}, got {name!r}{hint}"
            )
    return names


def check_read(given: Collection[str], names: Sequence[str], target: str) -> None:
    """Refuse an option among `given` that none of the attacks `names` on `target` takes.

    Examples
    --------
    >>> check_read({"steps"}, ["sign", "pgd"], "input")
    >>> check_read({"steps"}, ["sign", "fmn"], "input")
    Traceback (most recent call last):
    ...
    ValueError: `--steps` on input is taken by pgd, apgd, square, got sign, fmn: leave it out
    """
    known = ATTACKS if target == "weights" else OF_SEQUENCES
    takers = {
        "epsilon": (*SEARCHES, *INDEPENDENT, *SIZED),
        "units": OF_SEQUENCES if target == "input" else (),
        "steps": SEARCHES,
        "restarts": SEARCHES,
    }
    for option, all_takers in takers.items():
        if option in given and not set(names) & set(all_takers):
            possible = ", ".join(name for name in known if name in all_takers) or "no attack"
            raise ValueError(
                f"`--{option}` on {target} is taken by {possible}, got {', '.join(names)}:"
                " leave it out"
            )


def of_sequences(
    model: SequenceClassifier,
    data: SequenceDataset,
    names: Sequence[str],
    sizes: Sequence[float] | None,
    threat: Mapping[str, Any],
    effort: Mapping[str, Any],
) -> Found:
    """Curves, and smallest perturbations, of inputs or initial states."""
    curves = {
        name: robustness_curve(model, data, name, sizes or EPSILONS, **threat, **effort)
        for name in names
        if name not in MINIMAL
    }
    drawn = {key: effort[key] for key in ("samples", "seed")}  # the same sequences for all
    minimal = {
        name: minimal_perturbations(model, data, name, **threat, **drawn)
        for name in names
        if name in MINIMAL
    }
    part = at_most(data, **drawn)
    record = {
        "clean_accuracy": clean_accuracy(model, part),
        "n": len(part),
        "units": threat["units"] if threat["target"] == "input" else None,  # a state has none
        "results": [row for curve in curves.values() for row in curve.rows()],
        "minimal": {name: found.to_dict() for name, found in minimal.items()},
        "warnings": [f"{name}: {text}" for name, c in curves.items() for text in c.warnings],
    }
    return Found(record, lambda: _plot(curves, minimal))


def _plot(
    curves: Mapping[str, RobustnessCurve], minimal: Mapping[str, MinimalPerturbations]
) -> Axes:
    """The curves, the smallest changes, or both side by side."""
    if not minimal:
        return plots.robustness(curves)
    if not curves:
        return plots.minimal(minimal)
    with figure_style():
        left, right = plt.subplots(1, 2, figsize=(12.0, 4.2))[1]
    plots.minimal(minimal, ax=right)
    return plots.robustness(curves, ax=left)


def of_weights(
    model: SequenceClassifier,
    data: SequenceDataset,
    names: Sequence[str],
    sizes: Sequence[float] | None,
    norm: str,
    samples: int | None,
    seed: int,
) -> Found:
    """Accuracy with all recurrent matrices moved at once; sizes are those of the largest move."""
    part = at_most(data, samples, seed)
    moved, rows = {}, []
    for name in names:
        began = time.perf_counter()
        epsilons = sizes if name in SIZED else None  # the others move as far as they move
        moved[name] = weight_robustness(model, part, name, epsilons, norm=norm, seed=seed)
        strengths = by_strength(moved[name])
        seconds = (time.perf_counter() - began) / len(strengths)
        rows += [weights_row(matrices, seconds) for matrices in strengths]
    record = {
        "clean_accuracy": clean_accuracy(model, part),
        "n": len(part),
        "units": "absolute",
        "results": rows,
        "minimal": {},
        "warnings": [],
    }
    return Found(record, lambda: plots.weights(moved))


def weights_row(matrices: Sequence[MovedWeights], seconds: float) -> dict[str, Any]:
    """The record of one strength; sizes, radius and distance of the matrix that is worst off."""
    one = matrices[0]
    low, high = wilson(one.accuracy, one.n)
    return {
        "target": "weights",
        "attack": one.attack,
        "norm": one.norm,
        "epsilon": max(moved.epsilon for moved in matrices),
        "accuracy": one.accuracy,
        "ci_low": float(low),
        "ci_high": float(high),
        "max_perturbation": max(moved.max_perturbation for moved in matrices),
        "size": max(moved.size for moved in matrices),
        "spectral_radius": max(moved.spectral_radius for moved in matrices),
        "distance_to_instability": min(moved.distance_to_instability for moved in matrices),
        "fraction": one.fraction,
        "seconds": seconds,
    }


def clean_accuracy(model: SequenceClassifier, data: SequenceDataset) -> float:
    """Share of the sequences that is right unperturbed."""
    with under_attack(model, data, Threat()) as victim:
        return float((~victim.wrong()).double().mean())
