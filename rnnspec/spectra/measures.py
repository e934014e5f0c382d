"""All stability numbers of one matrix, in one record."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from math import isinf
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnnspec import spectra
from rnnspec._checks import ConvergenceWarning, positive, square
from rnnspec.spectra.bracket import Bracket
from rnnspec.spectra.eigen import real_if_possible
from rnnspec.spectra.engine.dense import one_thread_if_small
from rnnspec.spectra.numbers import NUMBERS, Number, StabilityMeasures

# What was found of a number: a float, a Bracket, None where it is undefined, or a dictionary that
# has one of these for each epsilon.
Found = Any


@one_thread_if_small
def measure(
    A: ArrayLike,  # shape: (n, n)
    epsilons: Iterable[float] = (),
) -> StabilityMeasures:
    """Eigenvalues, norms, non-normality, distances to instability and transient growth of `A`.

    Every number of `rnnspec.spectra.numbers.NUMBERS` is computed.

    Parameters
    ----------
    A : array_like, shape (n, n)
    epsilons : iterable of float
        Perturbation sizes (spectral norm, absolute) for the pseudospectral radius and abscissa; by
        default none.

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
    radius), and O(n^3) for each power until ``||A^m|| <= 1``.  ``certified`` holds, by name, the
    intervals that were proved.  If the search for a number ends without a proof, the number is not
    in ``certified``, and ``warnings`` says why.

    References
    ----------
    .. [1] L. N. Trefethen and M. Embree, Spectra and Pseudospectra (2005), ch. 48.

    Examples
    --------
    Henrici's number is the entry 3 above the diagonal, and the distance to instability is the
    smallest singular value of ``I - A``, ``sqrt(2.5) - 1.5``:

    >>> numbers = measure([[0.5, 3.0], [0.0, 0.5]])
    >>> numbers.spectral_radius, numbers.henrici, numbers.transient_peak_step
    (0.5, 3.0, 1)
    >>> round(numbers.distance_to_instability, 6), sorted(numbers.certified)[0]
    (0.081139, 'distance_to_instability')
    """
    A = real_if_possible(square(A))
    sizes = {f"{size:.15g}": positive(size, "epsilons") for size in map(float, epsilons)}
    # A bracket that is not proved says why, and the record repeats it: no warning is needed here.
    with warnings.catch_warnings(action="ignore", category=ConvergenceWarning):
        found = {name: _compute(number, A, sizes) for name, number in NUMBERS.items()}
    return StabilityMeasures(
        n=len(A),
        **{name: _value(one) for name, one in found.items()},
        transient_peak_step=found["transient_peak"].step,
        certified={name: proof for name, one in found.items() if (proof := _proof(one))},
        warnings=tuple(_warnings(found)),
    )


def compute(
    number: Number,
    A: ArrayLike,  # shape: (n, n)
    *epsilon: float,
) -> float | Bracket:
    """Call the function of `rnnspec.spectra` that computes `number` of the matrix `A`.

    `epsilon` is given where ``number.per_epsilon`` is true, and nowhere else.

    Examples
    --------
    >>> compute(NUMBERS["henrici"], [[0.5, 3.0], [0.0, 0.5]])
    3.0
    """
    found: float | Bracket = getattr(spectra, number.function or number.name)(A, *epsilon)
    return found


def _compute(number: Number, A: NDArray[Any], sizes: dict[str, float]) -> Found:
    if number.real_only and np.iscomplexobj(A):
        return None
    if number.per_epsilon:
        return {size: compute(number, A, epsilon) for size, epsilon in sizes.items()}
    return compute(number, A)


def _value(found: Found) -> Any:
    if isinstance(found, dict):
        return {size: _value(one) for size, one in found.items()}
    return found.value if isinstance(found, Bracket) else found


def _proof(found: Found) -> dict[str, Any]:
    """Return the proved bracket, empty if there is none."""
    if isinstance(found, dict):
        return {size: proof for size, one in found.items() if (proof := _proof(one))}
    if isinstance(found, Bracket) and found.certified:
        return {"lower": found.lower, "upper": found.upper}
    return {}


def _warnings(found: dict[str, Found]) -> Iterator[str]:
    for name, each in found.items():
        for one in each.values() if isinstance(each, dict) else (each,):
            yield from (f"{name}: {note}" for note in _notes(NUMBERS[name], one))
    if found["transient_peak"].step is None:
        yield f"transient_peak_step: undefined, because {found['transient_peak'].why}"


def _notes(number: Number, found: float | Bracket | None) -> Iterator[str]:
    """Say what is undefined, infinite or not proved, and why."""
    if found is None:
        yield "undefined, because the matrix is complex"
    elif number.when_infinite and isinf(_value(found)):
        yield f"infinite, because {number.when_infinite}"
    if isinstance(found, Bracket) and not found.certified:
        yield found.why
