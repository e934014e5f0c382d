"""Spectral numbers drawn over the epochs of a training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from rnnspec._checks import one_of
from rnnspec.plots.style import axes_or_new, figure_style, legend
from rnnspec.spectra.engine.glance import QUANTITIES
from rnnspec.spectra.numbers import NUMBERS

LABELS = {
    **{name: NUMBERS[name].of("W") for name in QUANTITIES if name in NUMBERS},
    "kreiss_lower": f"{NUMBERS['kreiss_constant'].of('W')}, at least",
    "distance_upper": f"{NUMBERS['distance_to_instability'].of('W')}, at most",
}
DASHES = ("-", "--", ":")  # the next one each time that the colours are used up


def monitor(
    history: Sequence[Mapping[str, float]],
    quantity: str = "spectral_radius",
    ax: Axes | None = None,
) -> Axes:
    """Draw one number of every matrix over the epochs; infinite values are gaps.

    Parameters
    ----------
    history : list of dict
        Rows of `SpectralMonitor.history`.
    quantity : {"spectral_radius", "spectral_norm", "henrici", "kreiss_lower", "distance_upper"}
    ax : matplotlib Axes, optional
        By default a new figure.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If `history` is empty, or `quantity` is unknown.

    Examples
    --------
    >>> ax = monitor([{"epoch": 1, "layer0.spectral_radius": 0.5},
    ...               {"epoch": 2, "layer0.spectral_radius": 0.75}])
    >>> ax.get_ylabel(), ax.lines[0].get_ydata()
    ('spectral radius ρ(W)', array([0.5 , 0.75]))
    """
    one_of(quantity, "quantity", QUANTITIES)
    if not history:
        raise ValueError(
            "`history` must hold a row, got none (has the monitor not been called yet?)"
        )
    names = [key.rpartition(".")[0] for key in history[0] if key.endswith(f".{quantity}")]
    epochs = [row["epoch"] for row in history]
    with figure_style():
        ax = axes_or_new(ax)
        cycle = len(plt.rcParams["axes.prop_cycle"])
        for k, name in enumerate(names):
            values = np.array([row[f"{name}.{quantity}"] for row in history], np.float64)
            drawn = np.where(np.isinf(values), np.nan, values)
            dashes = DASHES[k // cycle % len(DASHES)]
            ax.plot(epochs, drawn, dashes, marker=".", label=name)
        if quantity == "spectral_radius":
            ax.axhline(1, color="0.6", linewidth=0.8, zorder=0)
        ax.set(xlabel="epoch", ylabel=LABELS[quantity])
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        legend(ax, columns=4)
    return ax
