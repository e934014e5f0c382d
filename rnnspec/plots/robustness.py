"""Robustness drawn: accuracy against the size of perturbations, and the smallest of them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes

from rnnspec.plots.accuracy import draw_accuracy, size_label
from rnnspec.plots.style import axes_or_new, colour, figure_style, legend
from rnnspec.robustness.minimal import MinimalPerturbations
from rnnspec.robustness.result import RobustnessCurve


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
    >>> from rnnspec import robustness_curve
    >>> from rnnspec.robustness.examples import two_logits
    >>> curve = robustness_curve(*two_logits(3.0, 1.0), epsilons=[0, 0.9, 1.1])
    >>> robustness({"mine": curve}).lines[0].get_ydata()
    array([1., 1., 0.])
    """
    label = size_label(curves, "curves")
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
    >>> from rnnspec import minimal_perturbations
    >>> from rnnspec.robustness.examples import two_logits
    >>> ax = minimal({"mine": minimal_perturbations(*two_logits(3.0, 1.0))})
    >>> ax.get_ylabel(), ax.lines[-1].get_ydata()
    ('share of decisions changed', [0.5, 0.5])
    """
    label = size_label(found, "found")
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
