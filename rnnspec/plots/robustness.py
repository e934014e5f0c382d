"""Figures and tables of robustness: results and axes in, axes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from rnnspec.plots.style import colour, legend, styled
from rnnspec.robustness.minimal import MinimalPerturbations
from rnnspec.robustness.moved_weights import MovedWeights, by_strength
from rnnspec.robustness.result import RobustnessCurve
from rnnspec.robustness.several import Survey
from rnnspec.robustness.wilson import wilson

MARKERS = ("o", "s", "^", "D", "v", "P", "X")  # beside the colours: for print, for the colour-blind
NORMS = {"linf": "ℓ∞", "l2": "ℓ₂"}
UNITS = {"std": "standard deviations", "raw": "raw units"}


def robustness(curves: Mapping[str, RobustnessCurve], ax: Axes | None = None) -> Axes:
    """Accuracy against the size of the perturbation, with Wilson's 95 % bands.

    Parameters
    ----------
    curves : mapping from name to RobustnessCurve
        Say of several models, or of several attacks on one; of one target, norm and unit.
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
    >>> ax.get_xlabel()
    'ε: ℓ∞ perturbation of the input (standard deviations)'
    """
    label = _abscissa(curves, "curves")
    with styled():
        ax = plt.subplots(figsize=(6.4, 4.2))[1] if ax is None else ax
        for j, (name, curve) in enumerate(curves.items()):
            shade, marker = colour(j), MARKERS[j % len(MARKERS)]
            ax.fill_between(
                curve.epsilons, curve.ci_low, curve.ci_high, color=shade, alpha=0.15, linewidth=0
            )
            ax.plot(
                curve.epsilons, curve.accuracy, marker=marker, color=shade, markersize=4, label=name
            )
        ax.set(xlabel=label, ylabel="accuracy", ylim=(-0.02, 1.02))
        legend(ax, columns=3)
    return ax


def minimal(found: Mapping[str, MinimalPerturbations], ax: Axes | None = None) -> Axes:
    r"""Cumulative distribution of the smallest perturbations :math:`r^*`.

    A step at each sequence that is right unperturbed; the median is where a curve crosses
    one half, and a curve that ends below 1 met sequences that it could not change.

    Parameters
    ----------
    found : mapping from name to MinimalPerturbations
        Say of several models; of one target, norm and unit.
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
    >>> ax.get_ylabel()
    'share of decisions changed'
    """
    label = _abscissa(found, "found")
    with styled():
        ax = plt.subplots(figsize=(6.4, 4.2))[1] if ax is None else ax
        for j, (name, result) in enumerate(found.items()):
            sizes = np.sort(result.r[result.success])
            shares = np.arange(len(sizes) + 1) / max(1, int(result.clean_correct.sum()))
            ax.step(np.concatenate([[0], sizes]), shares, where="post", color=colour(j), label=name)
        ax.axhline(0.5, color="0.6", linewidth=0.8, zorder=0)
        ax.set(xlabel=label, ylabel="share of decisions changed", ylim=(-0.02, 1.02))
        legend(ax, columns=3)
    return ax


def weights(moved: Mapping[str, Sequence[MovedWeights]], ax: Axes | None = None) -> Axes:
    r"""Accuracy against the norm of what was added to the recurrent matrices.

    Parameters
    ----------
    moved : mapping from name to the records of `weight_robustness`
        A line per attack of several strengths, a mark per rounding; the size is that of the
        matrix that moved most, and a dotted line the least distance to instability of any.
    ax : matplotlib Axes, optional
        By default a new figure.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If `moved` is empty.

    Examples
    --------
    >>> import numpy as np
    >>> from rnnspec.data.sequences import SequenceDataset
    >>> from rnnspec.models.classifier import SequenceClassifier
    >>> from rnnspec.robustness.weights import weight_robustness
    >>> data = SequenceDataset.from_raw(np.ones((4, 3, 1)), [3] * 4, [0, 1, 0, 1], ("a", "b"))
    >>> model = SequenceClassifier("rnn", 1, 2, hidden=4)
    >>> ax = weights({"int8": weight_robustness(model, data, "int8")})
    >>> ax.get_xlabel()
    '‖E‖₂ of the recurrent matrix that moved most'
    """
    if not moved:
        raise ValueError("`moved` must hold at least one attack's records, got none")
    with styled():
        ax = plt.subplots(figsize=(6.4, 4.2))[1] if ax is None else ax
        for j, (name, records) in enumerate(moved.items()):
            together = by_strength(records)
            sizes = [max(one.size for one in group) for group in together]
            shares = [group[0].accuracy for group in together]
            low, high = wilson(shares, records[0].n)
            shade, marker = colour(j), MARKERS[j % len(MARKERS)]
            ax.fill_between(sizes, low, high, color=shade, alpha=0.15, linewidth=0)
            ax.plot(sizes, shares, marker=marker, color=shade, markersize=5, label=name)
        distances = [one.distance_to_instability for some in moved.values() for one in some]
        ax.set_xscale("symlog", linthresh=1e-3)  # sizes of all orders, and none
        ax.axvline(min(distances), color="black", linestyle=":", label="distance to instability")
        ax.set(
            xlabel="‖E‖₂ of the recurrent matrix that moved most",
            ylabel="accuracy",
            ylim=(-0.02, 1.02),
        )
        legend(ax, columns=3)
    return ax


def attacks(found: Survey, ax: Axes | None = None) -> Axes:
    """What each of several attacks did: accuracies, and smallest changes beside them.

    Parameters
    ----------
    found : Survey
        From `rnnspec.robustness.survey`.
    ax : matplotlib Axes, optional
        By default a new figure; several panels always take one.

    Returns
    -------
    Axes
        That of the first panel.

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
    with styled():
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
