"""Jacobians at several fixed points drawn side by side, each with its distance to instability."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnspec._format import figures
from rnnspec.plots.marks import mark_distance_to_instability
from rnnspec.plots.pseudospectrum import spectra
from rnnspec.spectra.bracket import Bracket
from rnnspec.spectra.pseudospectrum import Pseudospectrum


def linearisations(
    results: Mapping[str, Pseudospectrum],
    distances: Mapping[str, Bracket],
    axes: NDArray[Any] | None = None,  # shape: (k,)
) -> NDArray[Any]:
    r"""Draw pseudospectra of Jacobians at fixed points, each with its distance to instability.

    The title gives :math:`1 - \rho`, where :math:`\rho` is the spectral radius: the distance from
    the eigenvalues to the unit circle.  A star marks the distance to instability.  For a normal
    Jacobian the two distances are equal.  The smaller the second is beside the first, the more
    fragile the fixed point is.

    Parameters
    ----------
    results : mapping from title to Pseudospectrum
        The pseudospectrum of the Jacobian at each point.  All are drawn on one scale, as by
        `spectra`.
    distances : mapping from title to Bracket
        What `distance_to_instability` returned for the same Jacobians.
    axes : array of matplotlib Axes, shape (k,), optional
        One for each of the k results.  By default a new figure.

    Returns
    -------
    array of Axes, shape (k,)

    Raises
    ------
    ValueError
        If the titles of the two differ, `results` is empty, or `axes` has another length.

    Examples
    --------
    >>> from rnnspec import distance_to_instability, spectra
    >>> J = [[0.5, 3.0], [0.0, 0.5]]
    >>> results = {"point 1": spectra.pseudospectrum(J, grid=20, levels=[0.1])}
    >>> (ax,) = linearisations(results, {"point 1": distance_to_instability(J)})
    >>> ax.get_title()
    'point 1: 1 − ρ = 0.5'
    """
    if results.keys() != distances.keys():
        raise ValueError(
            f"`distances` must have the titles of `results`, {', '.join(results)},"
            f" got {', '.join(distances)}"
        )
    panels = spectra(results, axes)
    if axes is None:
        panels[0].figure.set_figheight(5.2)  # for the line above each panel
    for ax, title in zip(panels, results, strict=True):
        margin = 1 - float(np.abs(results[title].eigenvalues).max())
        ax.set_title(f"{ax.get_title()}: 1 − ρ = {figures(margin)}")
        mark_distance_to_instability(distances[title], ax)
    return panels
