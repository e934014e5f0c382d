"""Robustness drawn: accuracy against the size of perturbations, and the smallest of them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from rnnspec.plots.accuracy import draw_accuracy
from rnnspec.plots.style import axes_or_new, colour, figure_style, legend
from rnnspec.plots.weights import weights
from rnnspec.robustness.minimal import MinimalPerturbations
from rnnspec.robustness.result import RobustnessCurve
from rnnspec.robustness.several import Survey

NORMS = {"linf": "ℓ∞", "l2": "ℓ₂"}
UNITS = {"std": "standard deviations", "raw": "raw units"}


def robustness(curves: Mapping[str, RobustnessCurve], ax: Axes | None = None) -> Axes:
    """Draw accuracy against the size of the perturbation, with Wilson's 95 % bands.

    Parameters
    ----------
    curves : mapping from name to RobustnessCurve
        For example of several models, or of several attacks on one.  All have the same target,
        norm and units.
    ax : matplotlib Axes, optional
        By default a new figure.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If `curves` is empty, or two differ in target, norm or units.

    Examples
    --------
    >>> import torch
    >>> from rnnspec.data.sequences import SequenceDataset
    >>> from rnnspec.robustness.curve import robustness_curve
    >>> model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(2, 2))
    >>> data = SequenceDataset.from_raw([[[1.0], [0.0]]], [2], [0], ("first", "second"))
    >>> ax = robustness({"mine": robustness_curve(model, data, epsilons=[0, 1, 2])})
    >>> ax.lines[0].get_xdata()
    array([0., 1., 2.])
    """
    label = _abscissa(curves, "curves")
    with figure_style():
        ax = axes_or_new(ax)
        for j, (name, curve) in enumerate(curves.items()):
            draw_accuracy(
                ax, curve.epsilons, curve.accuracy, (curve.ci_low, curve.ci_high), j, label=name
            )
        ax.set_xlabel(label)
        legend(ax, columns=3)
    return ax


def minimal(found: Mapping[str, MinimalPerturbations], ax: Axes | None = None) -> Axes:
    r"""Draw the cumulative distribution of the smallest perturbations :math:`r^*`.

    There is a step at each sequence that is classified correctly without a perturbation.  The
    median is where a curve crosses one half.  If a curve ends below 1, there were sequences whose
    class could not be changed.

    Parameters
    ----------
    found : mapping from name to MinimalPerturbations
        For example of several models.  All have the same target, norm and units.
    ax : matplotlib Axes, optional
        By default a new figure.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If `found` is empty, or two differ in target, norm or units.

    Examples
    --------
    >>> import torch
    >>> from rnnspec.data.sequences import SequenceDataset
    >>> from rnnspec.robustness.minimal import minimal_perturbations
    >>> model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(2, 2))
    >>> data = SequenceDataset.from_raw([[[1.0], [0.0]]], [2], [0], ("first", "second"))
    >>> ax = minimal({"mine": minimal_perturbations(model, data)})
    >>> ax.get_ylabel(), ax.lines[-1].get_ydata()
    ('share of decisions changed', [0.5, 0.5])
    """
    label = _abscissa(found, "found")
    with figure_style():
        ax = axes_or_new(ax)
        for j, (name, result) in enumerate(found.items()):
            sizes = np.sort(result.r[result.success])
            shares = np.arange(len(sizes) + 1) / max(1, int(result.clean_correct.sum()))
            ax.step(np.concatenate([[0], sizes]), shares, where="post", color=colour(j), label=name)
        ax.axhline(0.5, color="0.6", linewidth=0.8, zorder=0)
        ax.set(xlabel=label, ylabel="share of decisions changed", ylim=(-0.02, 1.02))
        legend(ax, columns=3)
    return ax


def attacks(found: Survey, ax: Axes | None = None) -> Axes:
    """Draw the results of several attacks: accuracies, and beside them the smallest changes.

    Parameters
    ----------
    found : Survey
        From `rnnspec.robustness.survey`.
    ax : matplotlib Axes, optional
        By default a new figure; several panels always need a new one.

    Returns
    -------
    Axes
        Those of the first panel.

    Examples
    --------
    >>> from rnnspec.robustness.examples import two_logits
    >>> from rnnspec.robustness.several import survey
    >>> ax = attacks(survey(*two_logits(3.0, 1.0), ["sign", "fmn"], [0.5]))
    >>> len(ax.figure.axes)
    2
    """
    if found.moved:
        return weights(found.moved, ax)
    by_norm: dict[str, dict[str, MinimalPerturbations]] = {}
    for name, one in found.minimal.items():
        by_norm.setdefault(one.norm, {})[name] = one
    drawings = [partial(minimal, some) for some in by_norm.values()]
    if found.curves:
        drawings.insert(0, partial(robustness, found.curves))
    if len(drawings) == 1:
        return drawings[0](ax=ax)
    with figure_style():
        axes = plt.subplots(1, len(drawings), figsize=(6.0 * len(drawings), 4.2))[1]
    drawn = [draw(ax=one) for draw, one in zip(drawings, axes, strict=True)]
    return drawn[0]


def _abscissa(
    results: Mapping[str, RobustnessCurve] | Mapping[str, MinimalPerturbations], name: str
) -> str:
    if not results:
        raise ValueError(f"`{name}` must hold at least one result, got none")
    kinds = {(result.target, result.norm, result.units) for result in results.values()}
    if len(kinds) > 1:
        listed = ", ".join("/".join(kind) for kind in sorted(kinds))
        raise ValueError(f"`{name}` must share target, norm and units, got {listed}")
    ((target, norm, units),) = kinds
    if norm == "steps":
        return "number of time steps that are touched"
    if target == "state":
        return f"ε: {NORMS[norm]} perturbation of the initial state"
    return f"ε: {NORMS[norm]} perturbation of the {target} ({UNITS[units]})"
