"""The stability numbers: each is declared here, and nowhere else.

A field of `StabilityMeasures` declares a number: how it is computed, its symbol, its name in words,
its unit, and which way is better.  `NUMBERS` is that table; records, tables, pages, columns of
studies and bands along data are made from it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any

from rnnspec._result import Result
from rnnspec.spectra.distance import distance_to_instability
from rnnspec.spectra.eigen import spectral_abscissa, spectral_norm, spectral_radius
from rnnspec.spectra.kreiss import kreiss_constant
from rnnspec.spectra.nonnormality import (
    commutator_norm,
    eigenvector_condition,
    henrici_departure,
    henrici_relative,
    numerical_abscissa,
)
from rnnspec.spectra.numerical_range import numerical_radius
from rnnspec.spectra.pseudospectral import pseudospectral_abscissa, pseudospectral_radius
from rnnspec.spectra.real_radius import stability_radius_real
from rnnspec.spectra.transient_peak import transient_peak


@dataclass(frozen=True)
class Number:
    """What is known of a stability number without a matrix.

    Attributes
    ----------
    name : str
        The field of `StabilityMeasures`, the key of JSON and the column of tables.
    words, symbol : str
        Its name in a sentence, and its letter in the literature ("" if it has none).
    unit : str
        What it is measured in: "" for a pure number, "norm" for a size of a change of the
        matrix, "entries" for a number that scales with the entries, "steps".
    better : {"smaller", "larger"}
        Which of two values is that of the more stable, or more normal, matrix.
    compute : callable
        Of a square array, and of an epsilon too if `per_epsilon`: a float, or a result with
        ``.value`` and bounds.
    per_epsilon : bool
        Whether there is one for each size of a perturbation.
    """

    name: str
    words: str
    symbol: str
    unit: str
    better: str
    compute: Callable[..., Any]
    per_epsilon: bool = False

    @property
    def label(self) -> str:
        """Words and symbol, as an axis or a heading has them."""
        return f"{self.words} {self.symbol}".strip()


def _number(
    words: str,
    symbol: str,
    compute: Callable[..., Any],
    *,
    unit: str = "",
    better: str = "smaller",
    per_epsilon: bool = False,
    **default: Any,
) -> Any:
    facts = {"words": words, "symbol": symbol, "unit": unit, "better": better}
    return field(
        metadata={**facts, "compute": compute, "per_epsilon": per_epsilon},
        **default,
    )


@dataclass(frozen=True, repr=False, kw_only=True)
class StabilityMeasures(Result):
    """Numbers of one matrix; ``None`` where a number is undefined, with a warning that says why.

    Distances and the Kreiss constant are those of discrete time (unit disk).  ``certified`` holds
    the proven bracket of each number that has one; for the two pseudospectral numbers, one for
    each epsilon.
    """

    n: int
    spectral_radius: float = _number("spectral radius", "ρ", spectral_radius, unit="entries")
    spectral_abscissa: float = _number("spectral abscissa", "α", spectral_abscissa, unit="entries")
    spectral_norm: float = _number("spectral norm", "‖A‖", spectral_norm, unit="entries")
    henrici: float = _number("Henrici departure", "", henrici_departure, unit="entries")
    henrici_relative: float = _number("relative Henrici departure", "", henrici_relative)
    commutator_norm: float = _number("commutator norm", "", commutator_norm, unit="entries")
    eigenvector_condition: float = _number("eigenvector condition", "κ(V)", eigenvector_condition)
    numerical_abscissa: float = _number(
        "numerical abscissa", "ω", numerical_abscissa, unit="entries"
    )
    numerical_radius: float = _number("numerical radius", "w", numerical_radius, unit="entries")
    kreiss_constant: float = _number("Kreiss constant", "K", kreiss_constant)
    transient_peak: float = _number("transient peak", "", transient_peak)
    transient_peak_step: int | None
    distance_to_instability: float = _number(
        "distance to instability", "β", distance_to_instability, unit="norm", better="larger"
    )
    stability_radius_real: float | None = _number(
        "real stability radius", "", stability_radius_real, unit="norm", better="larger"
    )
    pseudospectral_radius: dict[str, float] = _number(
        "pseudospectral radius",
        "ρ_ε",
        pseudospectral_radius,
        unit="entries",
        per_epsilon=True,
        default_factory=dict,
    )
    pseudospectral_abscissa: dict[str, float] = _number(
        "pseudospectral abscissa",
        "α_ε",
        pseudospectral_abscissa,
        unit="entries",
        per_epsilon=True,
        default_factory=dict,
    )
    certified: dict[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


NUMBERS: dict[str, Number] = {
    each.name: Number(each.name, **each.metadata)
    for each in fields(StabilityMeasures)
    if each.metadata
}
