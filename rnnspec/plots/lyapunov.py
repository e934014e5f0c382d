"""Lyapunov exponents drawn as they settle."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from rnnspec._format import figures
from rnnspec.dynamics.exponents import LyapunovSpectrum
from rnnspec.plots.style import axes_or_new, figure_style, legend

SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
NAMED = 6  # a legend of more lines is taller than the axes: it then has the first and the last


def lyapunov(spectrum: LyapunovSpectrum, ax: Axes | None = None) -> Axes:
    """Draw running estimates of the exponents over the steps, in bands of two standard errors.

    The legend holds the final values ± one standard error.  An exponent of -inf has no line.
    If a line has not settled, or if a band is as wide as its distance from zero, use longer
    trajectories.

    Parameters
    ----------
    spectrum : LyapunovSpectrum
    ax : matplotlib Axes, optional
        By default a new figure.

    Returns
    -------
    Axes

    Examples
    --------
    >>> import torch
    >>> from rnnspec import dynamics
    >>> x = np.random.default_rng(0).standard_normal((8, 400, 3))
    >>> ax = lyapunov(dynamics.lyapunov_spectrum(torch.nn.GRU(3, 8), x, k=3))
    >>> ax.get_title()
    '3 of 8 exponents: settled'
    """
    k, n = len(spectrum.exponents), len(spectrum.steps)
    with figure_style():
        ax = axes_or_new(ax)
        for j, shade in enumerate(plt.get_cmap("viridis")(np.linspace(0, 0.85, k))):
            running, errors = spectrum.running[:, j], spectrum.running_errors[:, j]
            if np.isfinite(running).any():
                label = _label(spectrum, j) if k <= NAMED or j in (0, k - 1) else None
                ax.fill_between(
                    spectrum.times,
                    running - 2 * errors,
                    running + 2 * errors,
                    color=shade,
                    alpha=0.2,
                    linewidth=0,
                    label="± two standard errors" if j == 0 and np.isfinite(errors).any() else None,
                )
                ax.plot(spectrum.times, running, color=shade, linewidth=1.2, label=label)
        ax.axhline(0, color="0.6", linewidth=0.8, zorder=0)
        counted = f"{n} {'trajectory' if n == 1 else 'trajectories'}"
        ax.set(xlabel=f"steps after the warm-up ({counted})", ylabel="exponent (nats per step)")
        ax.set_xlim(0, spectrum.times[-1])
        state = "settled" if spectrum.converged else "not settled"
        ax.set_title(f"{k} of {spectrum.state_size} exponents: {state}")
        legend(ax)
    return ax


def _label(spectrum: LyapunovSpectrum, j: int) -> str:
    """The value of exponent j at the end, and its standard error where there is one."""
    value, error = figures(spectrum.exponents[j]), spectrum.standard_errors[j]
    known = f" ± {figures(error)}" if np.isfinite(error) else ""
    return f"λ{str(j + 1).translate(SUBSCRIPTS)} = {value}{known}"
