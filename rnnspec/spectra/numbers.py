"""The stability numbers: each is declared here, and nowhere else.

A field of `StabilityMeasures` declares a number: its name in words, its symbol, its unit, which way
is better, and how it is computed.  `NUMBERS` is that table.  Records, tables, pages, columns of
studies, and bands along data are made from it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

from rnnspec._result import Result


@dataclass(frozen=True)
class Number:
    """What is known of a stability number before there is a matrix.

    Attributes
    ----------
    name : str
        The field of `StabilityMeasures`, the key of JSON and the column of tables.
    words, symbol : str
        Its name in a sentence, and its letter in the literature ("" if it has none).
    unit : str
        What it is measured in: "" for a pure number, "norm" for the size of a change of the
        matrix, "entries" for a number that is multiplied by c when the matrix is, "entries^2" for
        one that is multiplied by c^2.
    better : {"smaller", "larger"}
        Which of two values belongs to the more stable, or more normal, matrix.
    per_epsilon : bool
        Whether there is one value for each size of a perturbation.
    real_only : bool
        Whether it is defined for real matrices alone.
    when_infinite : str
        Why the value can be infinite ("" if it needs no explanation).
    function : str
        The function of `rnnspec.spectra` that computes it ("" if it is called `name`); see
        `rnnspec.spectra.measures.compute`.
    """

    name: str
    words: str
    symbol: str
    unit: str = ""
    better: str = "smaller"
    per_epsilon: bool = False
    real_only: bool = False
    when_infinite: str = ""
    function: str = ""

    @property
    def label(self) -> str:
        """Words and symbol, as an axis or a heading shows them."""
        return f"{self.words} {self.symbol}".strip()

    def of(self, matrix: str) -> str:
        """Name of this number of a matrix, where `matrix` is how the matrix is written.

        Examples
        --------
        >>> NUMBERS["spectral_radius"].of("W"), NUMBERS["henrici"].of("W")
        ('spectral radius ρ(W)', 'Henrici departure of W')
        """
        if not self.symbol or "(" in self.symbol:
            return f"{self.words} of {matrix}"
        if "A" in self.symbol:
            return f"{self.words} {self.symbol.replace('A', matrix)}"
        return f"{self.words} {self.symbol}({matrix})"


def _number(words: str, symbol: str, **facts: Any) -> Any:
    """Declare a field of `StabilityMeasures`, and what `Number` says of it."""
    return field(metadata={"words": words, "symbol": symbol, **facts})


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class StabilityMeasures(Result):
    """Numbers of one matrix; None where a number is undefined, with a warning that says why.

    Distances and the Kreiss constant are those of discrete time (unit disk).

    Attributes
    ----------
    n : int
        Number of rows.
    spectral_radius, spectral_norm, spectral_abscissa : float
        See the functions of these names.
    henrici : float
        See `henrici_departure`.
    henrici_relative, commutator_norm, eigenvector_condition, numerical_abscissa : float
        See the functions of these names.
    numerical_radius, kreiss_constant, transient_peak : float
        See the functions of these names.
    transient_peak_step : int or None
        The first power whose norm is ``transient_peak``; None if that is infinite.
    distance_to_instability : float
        See the function of this name.
    stability_radius_real : float or None
        See the function of this name; None if the matrix is complex.
    pseudospectral_radius, pseudospectral_abscissa : dict of str to float
        One entry for each epsilon.
    certified : dict
        The proved bracket ``{"lower": ..., "upper": ...}`` of each number that has one; for the
        two pseudospectral numbers, one for each epsilon.
    warnings : tuple of str
        One text, ``"NUMBER: reason"``, for each number that is undefined, infinite or not proved.
    """

    n: int
    spectral_radius: float = _number("spectral radius", "ρ", unit="entries")
    spectral_norm: float = _number("spectral norm", "‖A‖₂", unit="entries")
    spectral_abscissa: float = _number("spectral abscissa", "α", unit="entries")
    henrici: float = _number("Henrici departure", "", unit="entries", function="henrici_departure")
    henrici_relative: float = _number("relative Henrici departure", "")
    commutator_norm: float = _number("commutator norm", "", unit="entries^2")
    eigenvector_condition: float = _number("eigenvector condition", "κ(V)")
    numerical_abscissa: float = _number("numerical abscissa", "ω", unit="entries")
    numerical_radius: float = _number("numerical radius", "w", unit="entries")
    kreiss_constant: float = _number(
        "Kreiss constant", "K", when_infinite="an eigenvalue lies outside the unit disk"
    )
    transient_peak: float = _number("transient peak", "")
    transient_peak_step: int | None
    distance_to_instability: float = _number(
        "distance to instability", "β", unit="norm", better="larger"
    )
    stability_radius_real: float | None = _number(
        "real stability radius", "", unit="norm", better="larger", real_only=True
    )
    pseudospectral_radius: dict[str, float] = _number(
        "pseudospectral radius", "ρ_ε", unit="entries", per_epsilon=True
    )
    pseudospectral_abscissa: dict[str, float] = _number(
        "pseudospectral abscissa", "α_ε", unit="entries", per_epsilon=True
    )
    certified: dict[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


NUMBERS: dict[str, Number] = {
    each.name: Number(each.name, **each.metadata)
    for each in fields(StabilityMeasures)
    if each.metadata
}
