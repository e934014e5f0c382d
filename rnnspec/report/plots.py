"""Figures of matrices: results and axes in, axes out.  Nothing is computed and nothing is shown."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import BoundaryNorm
from matplotlib.contour import QuadContourSet
from numpy.typing import NDArray

from rnnspec.spectra.pseudospectrum import Pseudospectrum
from rnnspec.spectra.transient import TransientGrowth

STYLE = Path(__file__).with_name("rnnspec.mplstyle")


@contextmanager
def styled() -> Iterator[None]:
    """Draw in the one style of all figures."""
    # A notebook's backend turns interactive mode on when it is first loaded; loaded inside
    # a style context, it would be turned off again at the end, and later figures not shown.
    plt.draw_if_interactive()
    with plt.style.context(STYLE):
        yield


def plot_pseudospectrum(result: Pseudospectrum, ax: Axes | None = None) -> Axes:
    """Contours of ``log10 epsilon``, eigenvalues and the unit circle.

    Parameters
    ----------
    result : Pseudospectrum
    ax : matplotlib Axes, optional
        Drawn into, with a colour bar beside it; by default a new figure.

    Returns
    -------
    Axes

    Examples
    --------
    >>> from rnnspec.spectra.pseudospectrum import pseudospectrum
    >>> ax = plot_pseudospectrum(pseudospectrum([[0.0, 1.0], [0.0, 0.0]], grid=20))
    >>> ax.get_xlabel()
    'Re z'
    """
    with styled():
        ax = plt.subplots()[1] if ax is None else ax
        exponents = np.log10(result.levels)
        _draw(ax, result, exponents)
        _colour_bar(ax, exponents)
        _legend(ax, columns=2)
        ax.set_title(result.name, pad=26)
    return ax


def plot_spectra(
    results: Mapping[str, Pseudospectrum],
    axes: NDArray[Any] | None = None,  # shape: (number of results,)
) -> NDArray[Any]:
    """Pseudospectra side by side, say before and after training, on one scale.

    Parameters
    ----------
    results : mapping from title to Pseudospectrum
        Levels and limits of all panels are the union of theirs.
    axes : array of matplotlib Axes, optional
        One for each result; by default a new figure.

    Returns
    -------
    array of Axes

    Raises
    ------
    ValueError
        If `results` is empty, or `axes` has another length.

    Examples
    --------
    >>> from rnnspec.spectra.pseudospectrum import pseudospectrum
    >>> results = {f"gain {gain}": pseudospectrum([[gain]], grid=20) for gain in (0.5, 2.0)}
    >>> [ax.get_title() for ax in plot_spectra(results)]
    ['gain 0.5', 'gain 2.0']
    """
    if not results:
        raise ValueError("`results` must hold at least one pseudospectrum, got none")
    with styled():
        if axes is None:
            size = (4.2 * len(results) + 0.8, 4.6)
            axes = plt.subplots(1, len(results), figsize=size, squeeze=False)[1][0]
        axes = np.atleast_1d(axes)
        if len(axes) != len(results):
            raise ValueError(
                f"`axes` must hold one Axes for each of the {len(results)} results, got {len(axes)}"
            )
        exponents = np.unique(np.concatenate([np.log10(r.levels) for r in results.values()]))
        for ax, (title, result) in zip(axes, results.items(), strict=True):
            _draw(ax, result, exponents)
            ax.set_title(title)
        x = np.concatenate([result.x for result in results.values()])
        y = np.concatenate([result.y for result in results.values()])
        for ax in axes:
            ax.set(xlim=(x.min(), x.max()), ylim=(y.min(), y.max()))
        _colour_bar(axes[-1], exponents)
        handles, labels = axes[0].get_legend_handles_labels()
        axes[0].figure.legend(handles, labels, loc="outside lower center", ncols=2)
    return axes


def plot_transient_growth(results: Mapping[str, TransientGrowth], ax: Axes | None = None) -> Axes:
    """Norms ``||A^k||`` of several matrices, with what their eigenvalues alone would predict.

    Parameters
    ----------
    results : mapping from name to TransientGrowth
    ax : matplotlib Axes, optional
        By default a new figure.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If `results` is empty.

    Examples
    --------
    >>> from rnnspec.spectra.transient import transient_growth
    >>> ax = plot_transient_growth({"shear": transient_growth([[0.5, 3.0], [0.0, 0.5]], steps=9)})
    >>> ax.get_ylabel()
    '‖Aᵏ‖'
    """
    if not results:
        raise ValueError("`results` must hold at least one transient growth, got none")
    with styled():
        ax = plt.subplots(figsize=(6.4, 4.2))[1] if ax is None else ax
        for name, result in results.items():
            steps = np.arange(len(result.norms))
            (line,) = ax.semilogy(steps, _visible(result.norms), label=name)
            colour = line.get_color()
            ax.semilogy(steps, _visible(result.predicted), ":", color=colour)
            ax.plot(result.peak_step, _visible(result.peak), "o", color=colour, markersize=5)
        ax.plot([], [], "o", color="black", markersize=5, label="peak")
        ax.plot([], [], ":", color="black", label="ρᵏ: the eigenvalues alone")
        ax.axhline(1, color="0.6", linewidth=0.8, zorder=0)
        ax.set(xlabel="step k", ylabel="‖Aᵏ‖")
        _legend(ax, columns=3)
    return ax


def _draw(ax: Axes, result: Pseudospectrum, exponents: NDArray[np.float64]) -> None:
    # Values below the smallest float have no logarithm; no level lies there.
    heights = np.log10(np.maximum(result.sigma_min, np.finfo(float).tiny))
    colours = _colours(exponents)
    lines = ax.contour(
        result.x, result.y, heights, np.log10(result.levels), cmap=colours.cmap, norm=colours.norm
    )
    ax.clabel(lines, manual=_label_places(lines, result), fmt=_number, fontsize=8, inline_spacing=3)
    turn = np.linspace(0, 2 * np.pi, 361)
    ax.plot(np.cos(turn), np.sin(turn), "--", color="0.45", linewidth=1, label="unit circle")
    points = result.eigenvalues
    ax.plot(points.real, points.imag, ".", color="black", markersize=4, label="eigenvalues")
    ax.set(
        xlim=(result.x[0], result.x[-1]),
        ylim=(result.y[0], result.y[-1]),
        xlabel="Re z",
        ylabel="Im z",
        aspect="equal",
    )


def _label_places(lines: QuadContourSet, result: Pseudospectrum) -> list[tuple[float, float]]:
    """Return a place on each level's longest line, if a label there has room within the line."""
    room = 0.1 * max(np.ptp(result.x), np.ptp(result.y))
    places = []
    for level, segments in enumerate(lines.allsegs):
        line = max(
            segments, key=len, default=np.empty((0, 2))
        )  # empty, too, where no point attains the level
        if len(line) and abs(_area(line)) > room**2:
            # Labels of neighbouring levels stay apart: a third of the line from one to the next.
            x, y = line[int((1 / 2 + level / 3) % 1 * len(line))]
            places.append((float(x), float(y)))
    return places


def _area(line: NDArray[np.float64]) -> float:
    """Area within a closed line, by the shoelace formula."""
    x, y = line.T
    return float(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2


def _number(value: float) -> str:
    return f"{value:.3g}".replace("-", "\N{MINUS SIGN}")


def _colours(exponents: NDArray[np.float64]) -> ScalarMappable:
    """One colour for each level, so that lines and colour bar agree."""
    gaps = np.diff(exponents) / 2 if len(exponents) > 1 else np.array([0.5])
    edges = np.concatenate(
        [
            exponents[:1] - gaps[0],
            exponents[:-1] + gaps[: len(exponents) - 1],
            exponents[-1:] + gaps[-1],
        ]
    )
    cmap = plt.get_cmap("viridis", len(exponents) + 1)
    return ScalarMappable(BoundaryNorm(edges, cmap.N - 1), cmap)


def _colour_bar(ax: Axes, exponents: NDArray[np.float64]) -> None:
    beside = ax.inset_axes((1.04, 0, 0.035, 1))  # as tall as the axes, whatever their aspect
    bar = ax.figure.colorbar(_colours(exponents), cax=beside, ticks=exponents)
    bar.set_label("log₁₀ ε")
    bar.ax.tick_params(length=0)
    bar.ax.set_yticklabels([_number(exponent) for exponent in exponents])


def _legend(ax: Axes, columns: int) -> None:
    """Above the axes, where no data are."""
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=columns)


def _visible(values: Any) -> NDArray[np.float64]:
    """Zeros and infinities have no place on a logarithmic axis."""
    return np.where((values > 0) & np.isfinite(values), values, np.nan)
