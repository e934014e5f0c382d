"""All stability numbers of one matrix, in one record."""

import warnings as python_warnings
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from math import isinf
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from rnnspec._checks import ConvergenceWarning, positive, square
from rnnspec.spectra.bracket import Bracket
from rnnspec.spectra.crisscross import pseudospectral_abscissa, pseudospectral_radius
from rnnspec.spectra.eigen import spectral_abscissa, spectral_norm, spectral_radius
from rnnspec.spectra.kreiss import kreiss_constant
from rnnspec.spectra.nonnormality import (
    commutator_norm,
    eigenvector_condition,
    henrici_departure,
    numerical_abscissa,
)
from rnnspec.spectra.numerical_range import numerical_radius
from rnnspec.spectra.real_radius import stability_radius_real
from rnnspec.spectra.stability import distance_to_instability
from rnnspec.spectra.threads import one_thread_if_small
from rnnspec.spectra.transient_peak import transient_peak


@dataclass(frozen=True)
class StabilityMeasures:
    """Numbers of one matrix; ``None`` where a number is undefined, with a warning that says why.

    Distances and the Kreiss constant are those of discrete time (unit disk).  ``certified`` holds
    the proven bracket of each number that has one; for the two pseudospectral numbers, one for
    each epsilon.
    """

    n: int
    spectral_radius: float
    spectral_abscissa: float
    spectral_norm: float
    henrici: float
    henrici_relative: float
    commutator_norm: float
    eigenvector_condition: float
    numerical_abscissa: float
    numerical_radius: float
    kreiss_constant: float
    transient_peak: float
    transient_peak_step: int | None
    distance_to_instability: float
    stability_radius_real: float | None
    pseudospectral_radius: dict[str, float] = field(default_factory=dict)
    pseudospectral_abscissa: dict[str, float] = field(default_factory=dict)
    certified: dict[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return all fields as strict JSON can hold them: an infinite one is the string "inf"."""
        return {key: _plain(value) for key, value in asdict(self).items()}


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
    sizes = {f"{epsilon:g}": epsilon for epsilon in (_size(epsilon) for epsilon in epsilons)}
    return _measure(A, sizes)


def _size(epsilon: float) -> float:
    return positive(float(epsilon), "epsilons")


def _measure(A: np.ndarray, sizes: dict[str, float]) -> StabilityMeasures:
    henrici, largest = henrici_departure(A), float(np.abs(A).max())
    frobenius = largest * float(np.linalg.norm(A / largest)) if largest else 0.0
    peak = transient_peak(A)
    warnings: list[str] = []
    certified: dict[str, Any] = {}
    step = None if isinf(peak.value) else peak.step
    if peak.certified:
        certified["transient_peak"] = {"lower": peak.value, "upper": peak.value}
    else:
        warnings.append(f"transient_peak: {peak.why}")
    if step is None:
        warnings.append(f"transient_peak_step: undefined, {peak.why}")

    def bracketed(key: str, function: Callable[[], Bracket]) -> float:
        found, messages = _quietly(function)
        warnings.extend(f"{key}: {message}" for message in messages)
        if found.certified:
            certified[key] = {"lower": found.lower, "upper": found.upper}
        return found.value

    def by_size(key: str, function: Callable[[np.ndarray, float], Bracket]) -> dict[str, float]:
        values, brackets = {}, {}
        for name, epsilon in sizes.items():
            found, messages = _quietly(lambda epsilon=epsilon: function(A, epsilon))  # type: ignore[misc]
            warnings.extend(f"{key}: {message}" for message in messages)
            values[name] = found.value
            if found.certified:
                brackets[name] = {"lower": found.lower, "upper": found.upper}
        if brackets:
            certified[key] = brackets
        return values

    if np.iscomplexobj(A):
        real = None
        warnings.append("stability_radius_real: undefined, the matrix is complex")
    else:
        real = bracketed("stability_radius_real", lambda: stability_radius_real(A))
    kreiss = bracketed("kreiss_constant", lambda: kreiss_constant(A))
    if isinf(kreiss):
        warnings.append("kreiss_constant: infinite, an eigenvalue lies outside the unit disk")
    return StabilityMeasures(
        n=len(A),
        spectral_radius=spectral_radius(A),
        spectral_abscissa=spectral_abscissa(A),
        spectral_norm=spectral_norm(A),
        henrici=henrici,
        henrici_relative=henrici / frobenius if frobenius else 0.0,
        commutator_norm=commutator_norm(A),
        eigenvector_condition=eigenvector_condition(A),
        numerical_abscissa=numerical_abscissa(A),
        numerical_radius=bracketed("numerical_radius", lambda: numerical_radius(A)),
        kreiss_constant=kreiss,
        transient_peak=peak.value,
        transient_peak_step=step,
        distance_to_instability=bracketed(
            "distance_to_instability", lambda: distance_to_instability(A)
        ),
        stability_radius_real=real,
        pseudospectral_radius=by_size("pseudospectral_radius", pseudospectral_radius),
        pseudospectral_abscissa=by_size("pseudospectral_abscissa", pseudospectral_abscissa),
        certified=certified,
        warnings=tuple(warnings),
    )


def _quietly(function: Callable[[], Bracket]) -> tuple[Bracket, list[str]]:
    """Return a bracket and what its search had to say: a record carries its own warnings."""
    with python_warnings.catch_warnings(record=True) as caught:
        python_warnings.simplefilter("always", ConvergenceWarning)
        found = function()
    return found, [str(warning.message) for warning in caught]


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and isinf(value):
        return "inf" if value > 0 else "-inf"
    return value
