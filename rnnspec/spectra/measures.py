"""All stability numbers of one matrix, in one record."""

from __future__ import annotations

import warnings as python_warnings
from collections.abc import Callable, Iterable, Iterator
from math import isinf
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from rnnspec._checks import ConvergenceWarning, positive, square
from rnnspec.spectra.bracket import Bracket
from rnnspec.spectra.distance import distance_to_instability
from rnnspec.spectra.eigen import spectral_abscissa, spectral_norm, spectral_radius
from rnnspec.spectra.engine.dense import one_thread_if_small
from rnnspec.spectra.kreiss import kreiss_constant
from rnnspec.spectra.nonnormality import (
    commutator_norm,
    eigenvector_condition,
    henrici_departure,
    henrici_relative,
    numerical_abscissa,
)
from rnnspec.spectra.numbers import StabilityMeasures
from rnnspec.spectra.numerical_range import numerical_radius
from rnnspec.spectra.pseudospectral import pseudospectral_abscissa, pseudospectral_radius
from rnnspec.spectra.real_radius import stability_radius_real
from rnnspec.spectra.transient_peak import TransientPeak, transient_peak

Found = tuple[Bracket, list[str]]  # and what the search warned of

SEARCHES: dict[str, Callable[..., Bracket]] = {
    "stability_radius_real": stability_radius_real,
    "kreiss_constant": kreiss_constant,
    "numerical_radius": numerical_radius,
    "distance_to_instability": distance_to_instability,
}
SIZED: dict[str, Callable[..., Bracket]] = {
    "pseudospectral_radius": pseudospectral_radius,
    "pseudospectral_abscissa": pseudospectral_abscissa,
}


@one_thread_if_small
def measure(
    A: ArrayLike,  # shape: (n, n)
    epsilons: Iterable[float] = (),
) -> StabilityMeasures:
    """Eigenvalues, norms, non-normality, distances to instability and transient growth of `A`.

    Parameters
    ----------
    A : array_like, shape (n, n)
    epsilons : iterable of float
        Perturbation sizes (spectral norm, absolute) of the pseudospectral radius and abscissa.

    Returns
    -------
    StabilityMeasures
        ``.to_dict()`` is the record that ``rnnspec measure --json`` prints.

    Raises
    ------
    ValueError
        If `A` is not square or has non-finite entries, or an epsilon is not above zero.

    Notes
    -----
    Cost O(n^3) for each number, with factors up to some hundreds (Kreiss constant, real stability
    radius), and O(n^3) for each step until ``||A^m|| <= 1``.  A search that did not end leaves its
    number out of ``certified`` and says so in ``warnings``.

    References
    ----------
    .. [1] L. N. Trefethen and M. Embree, Spectra and Pseudospectra (2005), ch. 48.

    Examples
    --------
    >>> numbers = measure([[0.5, 3.0], [0.0, 0.5]])
    >>> numbers.spectral_radius, numbers.henrici, numbers.transient_peak_step
    (0.5, 3.0, 1)
    >>> round(numbers.distance_to_instability, 6), sorted(numbers.certified)[0]
    (0.081139, 'distance_to_instability')
    """
    A = square(A)
    if np.iscomplexobj(A) and not A.imag.any():
        A = A.real.copy()
    sizes = {f"{epsilon:.15g}": epsilon for epsilon in (_size(epsilon) for epsilon in epsilons)}
    return _measure(A, sizes)


def _size(epsilon: float) -> float:
    return positive(float(epsilon), "epsilons")


def _measure(A: np.ndarray, sizes: dict[str, float]) -> StabilityMeasures:
    peak = transient_peak(A)
    found = {
        key: _quietly(search, A)
        for key, search in SEARCHES.items()
        if not (key == "stability_radius_real" and np.iscomplexobj(A))
    }
    by_size = {
        key: {name: _quietly(search, A, epsilon) for name, epsilon in sizes.items()}
        for key, search in SIZED.items()
    }
    values = {key: bracket.value for key, (bracket, _) in found.items()}
    sized = {key: {name: b.value for name, (b, _) in by_size[key].items()} for key in SIZED}
    return StabilityMeasures(
        n=len(A),
        spectral_radius=spectral_radius(A),
        spectral_abscissa=spectral_abscissa(A),
        spectral_norm=spectral_norm(A),
        henrici=henrici_departure(A),
        henrici_relative=henrici_relative(A),
        commutator_norm=commutator_norm(A),
        eigenvector_condition=eigenvector_condition(A),
        numerical_abscissa=numerical_abscissa(A),
        numerical_radius=values["numerical_radius"],
        kreiss_constant=values["kreiss_constant"],
        transient_peak=peak.value,
        transient_peak_step=None if isinf(peak.value) else peak.step,
        distance_to_instability=values["distance_to_instability"],
        stability_radius_real=values.get("stability_radius_real"),
        pseudospectral_radius=sized["pseudospectral_radius"],
        pseudospectral_abscissa=sized["pseudospectral_abscissa"],
        certified=_certified(peak, found, by_size),
        warnings=tuple(_warnings(peak, found, by_size)),
    )


def _quietly(search: Callable[..., Bracket], *arguments: Any) -> Found:
    """Return a bracket and what its search had to say: a record carries its own warnings."""
    with python_warnings.catch_warnings(record=True) as caught:
        python_warnings.simplefilter("always", ConvergenceWarning)
        bracket = search(*arguments)
    return bracket, [str(warning.message) for warning in caught]


def _certified(
    peak: TransientPeak, found: dict[str, Found], by_size: dict[str, dict[str, Found]]
) -> dict[str, Any]:
    """The proven brackets, by name; of no number whose search did not end."""
    proven: dict[str, Any] = {}
    if peak.certified:
        proven["transient_peak"] = {"lower": peak.value, "upper": peak.value}
    proven |= _brackets(found)
    return proven | {key: of for key, sized in by_size.items() if (of := _brackets(sized))}


def _brackets(found: dict[str, Found]) -> dict[str, dict[str, float]]:
    return {
        key: {"lower": bracket.lower, "upper": bracket.upper}
        for key, (bracket, _) in found.items()
        if bracket.certified
    }


def _warnings(
    peak: TransientPeak, found: dict[str, Found], by_size: dict[str, dict[str, Found]]
) -> Iterator[str]:
    if not peak.certified:
        yield f"transient_peak: {peak.why}"
    if isinf(peak.value):
        yield f"transient_peak_step: undefined, {peak.why}"
    if "stability_radius_real" not in found:
        yield "stability_radius_real: undefined, the matrix is complex"
    if isinf(found["kreiss_constant"][0].value):
        yield "kreiss_constant: infinite, an eigenvalue lies outside the unit disk"
    sized = [(key, one) for key in by_size for one in by_size[key].values()]
    for key, (_, messages) in [*found.items(), *sized]:
        yield from (f"{key}: {message}" for message in messages)
