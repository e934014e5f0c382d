"""Figures of Lyapunov exponents: results and axes in, axes out."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from rnnspec._format import figures
from rnnspec.dynamics.exponents import LyapunovSpectrum
from rnnspec.plots.style import legend, styled

SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
NAMED = 6  # exponents with a label each; of more, the first and the last


def lyapunov(spectrum: LyapunovSpectrum, ax: Axes | None = None) -> Axes:
    """Running estimates of the exponents against the steps, in bands of two standard errors.

    In the legend, final values ± one standard error; exponents of -inf have no line.

    An exponent that is still on its way, or whose band is as wide as its distance from zero,
    asks for longer trajectories.

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
    >>> from rnnspec.dynamics.lyapunov import lyapunov_spectrum
    >>> x = np.random.default_rng(0).standard_normal((8, 400, 3))
    >>> ax = lyapunov(lyapunov_spectrum(torch.nn.GRU(3, 8), x, k=3))
    >>> ax.get_ylabel()
    'Lyapunov exponent (nats per step)'
    """
    k, n = len(spectrum.exponents), len(spectrum.steps)
    with styled():
        ax = plt.subplots(figsize=(6.4, 4.2))[1] if ax is None else ax
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
        ax.set(xlabel="steps after the warm-up", ylabel="Lyapunov exponent (nats per step)")
        ax.set_xlim(0, spectrum.times[-1])
        settled = "settled" if spectrum.converged else "not settled"
        plural = "trajectory" if n == 1 else "trajectories"
        ax.set_title(f"{k} of {spectrum.state_size} exponents, {n} {plural}: {settled}")
        legend(ax)
    return ax


def _label(spectrum: LyapunovSpectrum, j: int) -> str:
    """Its value at the end, and the standard error where there is one."""
    value, error = figures(spectrum.exponents[j]), spectrum.standard_errors[j]
    known = f" ± {figures(error)}" if np.isfinite(error) else ""
    return f"λ{str(j + 1).translate(SUBSCRIPTS)} = {value}{known}"
