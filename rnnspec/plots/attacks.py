"""What several attacks did to one network, each kind of result in a panel of its own."""

from __future__ import annotations

from functools import partial

import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from rnnspec.plots.robustness import minimal, robustness
from rnnspec.plots.style import figure_style
from rnnspec.plots.weights import weights
from rnnspec.robustness.minimal import MinimalPerturbations
from rnnspec.robustness.several import Survey


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
    with figure_style():
        axes = plt.subplots(1, len(drawings), figsize=(6.0 * len(drawings), 4.2))[1]
    drawn = [draw(ax=one) for draw, one in zip(drawings, axes, strict=True)]
    return drawn[0]
