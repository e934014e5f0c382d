"""Accuracy drawn against the size of a change of the recurrent weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes

from rnnspec.plots.accuracy import draw_accuracy
from rnnspec.plots.style import axes_or_new, figure_style, ink, legend
from rnnspec.robustness.moved_weights import MovedWeights, by_strength
from rnnspec.robustness.result import wilson


def weights(moved: Mapping[str, Sequence[MovedWeights]], ax: Axes | None = None) -> Axes:
    r"""Draw accuracy against the norm of what was added to the recurrent matrices.

    An attack of several strengths has a line, a rounding has a mark.  The size is that of the
    matrix that was changed most, and the dotted line is the least distance to instability.

    Parameters
    ----------
    moved : mapping from name to list of MovedWeights
        Each list is what `weight_robustness` returned.
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
    >>> len(ax.lines), ax.get_xlabel()
    (2, '‖E‖₂ of the recurrent matrix that moved most')
    """
    if not moved:
        raise ValueError("`moved` must hold at least one attack's records, got none")
    with figure_style():
        ax = axes_or_new(ax)
        for j, (name, records) in enumerate(moved.items()):
            together = by_strength(records)
            sizes = [max(one.size for one in group) for group in together]
            shares = [group[0].accuracy for group in together]
            low, high = wilson(shares, records[0].n)
            draw_accuracy(ax, sizes, shares, (low, high), j, label=name)
        distances = [one.distance_to_instability for some in moved.values() for one in some]
        ax.set_xscale("symlog", linthresh=1e-3)  # sizes differ by orders of magnitude, and may be 0
        ax.axvline(min(distances), color=ink(), linestyle=":", label="distance to instability")
        ax.set_xlabel("‖E‖₂ of the recurrent matrix that moved most")
        legend(ax, columns=3)
    return ax
