"""Linearisations side by side: which are stable by eigenvalue and fragile by pseudospectrum."""

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
    axes: NDArray[Any] | None = None,  # shape: (number of results,)
) -> NDArray[Any]:
    r"""Pseudospectra of Jacobians at several fixed points, each with its distance to instability.

    The title gives :math:`1 - \rho`, the room that the eigenvalues leave to the unit circle.
    The starred distance equals it for a normal Jacobian and is the smaller, the more fragile
    the point is.

    Parameters
    ----------
    results : mapping from title to Pseudospectrum
        Of the Jacobian at each point; on one scale, as `spectra` draws them.
    distances : mapping from title to Bracket
        What `distance_to_instability` returned for the same Jacobians.
    axes : array of matplotlib Axes, optional
        One for each result; by default a new figure.

    Returns
    -------
    array of Axes

    Raises
    ------
    ValueError
        If the titles of the two differ, or as `spectra`.

    Examples
    --------
    >>> from rnnspec.spectra.pseudospectrum import pseudospectrum
    >>> from rnnspec.spectra.distance import distance_to_instability
    >>> J = [[0.5, 3.0], [0.0, 0.5]]
    >>> results = {"point 1": pseudospectrum(J, grid=20, levels=[0.1])}
    >>> (ax,) = linearisations(results, {"point 1": distance_to_instability(J)})
    >>> ax.get_title()
    'point 1: 1 − ρ = 0.5'
    """
    if results.keys() != distances.keys():
        raise ValueError(
            f"`distances` must be of the points of `results`, {', '.join(results)},"
            f" got {', '.join(distances)}"
        )
    panels = spectra(results, axes)
    if axes is None:
        panels[0].figure.set_figheight(5.2)  # for the line above each panel
    for ax, title in zip(panels, results, strict=True):
        room = 1 - float(np.abs(results[title].eigenvalues).max())
        ax.set_title(f"{ax.get_title()}: 1 − ρ = {figures(room)}")
        mark_distance_to_instability(distances[title], ax)
    return panels
