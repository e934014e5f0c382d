"""The runs of a study drawn in a row for each data set: what robustness comes with."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from numpy.typing import NDArray

from rnnspec.plots.runs import draw_runs, keys_of
from rnnspec.plots.style import figure_style
from rnnspec.study.results import Row

# Distances below are drawn to scale, those above by orders of magnitude: bounded radii leave
# thousandths, bounded norms hundredths.
NEAR = 1e-3


def study(
    runs: Sequence[Row],
    axes: NDArray[np.object_] | None = None,  # shape: (k, 2)
) -> NDArray[np.object_]:
    """Draw robustness against accuracy, and against distance to instability.

    Each data set has a row of two panels, each run a point.  Distances above 0.001 are on a
    logarithmic axis.

    Parameters
    ----------
    runs : sequence of dict
        Rows that `rnnspec.study.runs_of` returned.
    axes : array of matplotlib Axes, shape (k, 2), optional
        Two for each of the k data sets.  By default a new figure.

    Returns
    -------
    array of Axes, shape (k, 2)

    Raises
    ------
    ValueError
        If there is no run, or `axes` has another shape.

    Examples
    --------
    >>> run = {"dataset": "digits", "cell": "rnn", "condition": "plain", "median_r": 1.0}
    >>> axes = study([run | {"test_accuracy": 0.9, "distance_to_instability": 0.1}])
    >>> axes.shape, axes[0, 1].get_xlabel()
    ((1, 2), 'distance to instability β (‖E‖₂)')
    """
    if not runs:
        raise ValueError("`runs` must hold at least one run, got none")
    datasets = list(dict.fromkeys(str(run["dataset"]) for run in runs))
    with figure_style():
        if axes is None:
            size = (8.4, 0.8 + 3.2 * len(datasets))
            axes = plt.subplots(len(datasets), 2, figsize=size, squeeze=False)[1]
        if np.shape(axes) != (len(datasets), 2):
            raise ValueError(
                f"`axes` must have shape ({len(datasets)}, 2), two for each data set,"
                f" got {np.shape(axes)}"
            )
        axes[0, 0].figure.legend(
            handles=keys_of(runs), loc="outside upper center", ncols=5, handletextpad=0.3
        )
        for dataset, pair in zip(datasets, axes, strict=True):
            for ax, x in zip(pair, ("test_accuracy", "distance_to_instability"), strict=True):
                draw_runs(runs, x, "median_r", dataset, ax)
            pair[0].set_title(dataset, loc="left")
            pair[1].set_ylabel("")
            # Unstable matrices are at 0, a little inside the left edge.
            pair[1].set_xscale("symlog", linthresh=NEAR)
            pair[1].set_xlim(left=-NEAR / 5)
    return axes
