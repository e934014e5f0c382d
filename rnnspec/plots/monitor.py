"""Spectral numbers over the epochs of a training, drawn: rows in, axes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from rnnspec._checks import one_of
from rnnspec.plots.style import legend, styled
from rnnspec.spectra.engine.glance import QUANTITIES
from rnnspec.spectra.numbers import NUMBERS

LABELS = {
    **{name: NUMBERS[name].of("W") for name in QUANTITIES if name in NUMBERS},
    "kreiss_lower": f"{NUMBERS['kreiss_constant'].of('W')}, at least",
    "distance_upper": f"{NUMBERS['distance_to_instability'].of('W')}, at most",
}
DASHES = ("-", "--", ":")  # from one round of the colours to the next


def monitor(
    history: Sequence[Mapping[str, float]],
    quantity: str = "spectral_radius",
    ax: Axes | None = None,
) -> Axes:
    """One number of every matrix over the epochs; infinite values are gaps.

    Parameters
    ----------
    history : list of dict
        `SpectralMonitor.history`.
    quantity : {"spectral_radius", "spectral_norm", "henrici", "kreiss_lower", "distance_upper"}
    ax : matplotlib Axes, optional
        By default a new figure.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If `history` is empty, or the quantity unknown.

    Examples
    --------
    >>> import torch
    >>> from rnnspec.training.monitor import SpectralMonitor
    >>> monitor = SpectralMonitor(torch.nn.GRU(3, 8))
    >>> rows = [monitor(epoch) for epoch in (1, 2)]
    >>> monitor(monitor.history).get_ylabel()
    'spectral radius ρ(W)'
    """
    one_of(quantity, "quantity", QUANTITIES)
    if not history:
        raise ValueError("`history` must hold a row, got none (no epoch looked at yet?)")
    names = [key.rpartition(".")[0] for key in history[0] if key.endswith(f".{quantity}")]
    epochs = [row["epoch"] for row in history]
    with styled():
        ax = plt.subplots(figsize=(6.4, 4.2))[1] if ax is None else ax
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
