"""All stability numbers of one matrix, in one record."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from math import isinf
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from rnnspec._checks import positive, square
from rnnspec.spectra.eigen import spectral_abscissa, spectral_norm, spectral_radius
from rnnspec.spectra.nonnormality import (
    commutator_norm,
    eigenvector_condition,
    henrici_departure,
    numerical_abscissa,
)
from rnnspec.spectra.transient import growth_until_contraction


@dataclass(frozen=True)
class StabilityMeasures:
    """Numbers of one matrix; ``None`` where a number is undefined, with a warning that says why.

    Distances and the Kreiss constant are those of discrete time (unit disk).
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
    numerical_radius: float | None = None
    kreiss_constant: float | None = None
    transient_peak: float | None = None
    transient_peak_step: int | None = None
    distance_to_instability: float | None = None
    stability_radius_real: float | None = None
    pseudospectral_radius: dict[str, float | None] = field(default_factory=dict)
    pseudospectral_abscissa: dict[str, float | None] = field(default_factory=dict)
    certified: dict[str, dict[str, float]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return all fields as strict JSON can hold them: an infinite one is the string "inf"."""
        return {key: _plain(value) for key, value in asdict(self).items()}


def measure(
    A: ArrayLike,  # shape: (n, n)
    epsilons: Iterable[float] = (),
) -> StabilityMeasures:
    """Eigenvalues, norms, non-normality and transient growth of `A`.

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
    Cost O(n^3) for each number, and as much for each step until ``||A^m|| <= 1`` (1000 at most).

    References
    ----------
    .. [1] L. N. Trefethen and M. Embree, Spectra and Pseudospectra (2005), ch. 48.

    Examples
    --------
    >>> numbers = measure([[0.5, 3.0], [0.0, 0.5]])
    >>> numbers.spectral_radius, numbers.henrici, numbers.transient_peak_step
    (0.5, 3.0, 1)
    """
    A = square(A)
    keys = [f"{positive(float(epsilon), 'epsilons'):g}" for epsilon in epsilons]
    henrici, frobenius = henrici_departure(A), float(np.linalg.norm(A))
    peak, step, proven, warnings = _transient_peak(A)
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
        transient_peak=peak,
        transient_peak_step=step,
        pseudospectral_radius=dict.fromkeys(keys),
        pseudospectral_abscissa=dict.fromkeys(keys),
        certified={"transient_peak": {"lower": peak, "upper": peak}} if proven else {},
        warnings=(*_not_computed(keys), *warnings),
    )


def _transient_peak(A: np.ndarray) -> tuple[float, int | None, bool, list[str]]:
    if spectral_radius(A) > 1 + 10 * len(A) * np.finfo(float).eps:
        why = "transient_peak_step: undefined, the powers grow for ever (spectral_radius > 1)"
        return float("inf"), None, False, [why]
    growth, contracts = growth_until_contraction(A)
    steps = len(growth.norms) - 1
    why = f"transient_peak: the largest of the first {steps} powers, none has norm <= 1 yet"
    return growth.peak, growth.peak_step, contracts, [] if contracts else [why]


def _not_computed(keys: list[str]) -> list[str]:
    missing = [
        "numerical_radius",
        "kreiss_constant",
        "distance_to_instability",
        "stability_radius_real",
        *(["pseudospectral_radius", "pseudospectral_abscissa"] if keys else []),
    ]
    return [f"{key}: not computed, this version has no algorithm for it" for key in missing]


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and isinf(value):
        return "inf" if value > 0 else "-inf"
    return value
