"""What the numbers of a matrix say: a headline, and a sentence for each number."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf

from rnnspec._format import figures
from rnnspec.report.sentences import SENTENCES, times
from rnnspec.spectra.eigen import on_edge
from rnnspec.spectra.numbers import NUMBERS, StabilityMeasures
from rnnspec.study.matrix_portrait import MatrixPortrait

STABILITY = ("spectral_radius", "distance_to_instability", "stability_radius_real")


@dataclass(frozen=True)
class Reading:
    """A number, its name, and what it says of this matrix.

    Attributes
    ----------
    name : str
    value : float or None
    text : str
        Whole sentences.
    """

    name: str
    value: float | None
    text: str

    @property
    def figure(self) -> str:
        """The value in three digits."""
        return figures(self.value)


def headline(portrait: MatrixPortrait) -> str:
    """How far the matrix is from instability, and how far rounding to int8 moves it.

    A real matrix is changed by real matrices, so its real stability radius is what counts.

    Examples
    --------
    >>> from rnnspec.study.matrix_portrait import portrait_of_matrix
    >>> headline(portrait_of_matrix([[0.5, 3.0], [0.0, 0.5]], "shear"))
    'A weight change of norm 0.0811 can make this matrix unstable; rounding to int8 ...'
    >>> headline(portrait_of_matrix([[1.5]], "scalar"))
    'This matrix is unstable as it is: its spectral radius is 1.5.'
    """
    rounding = "".join(
        f"; rounding to int8 moves it by {figures(one.change)}"
        for one in portrait.roundings
        if one.name == "int8" and one.change
    )
    return f"{_stability(portrait.measures, bool(portrait.roundings))}{rounding}."


def readings(portrait: MatrixPortrait) -> tuple[Reading, ...]:
    """Each number of the matrix with its sentence, in the order of the page.

    Examples
    --------
    >>> from rnnspec.study.matrix_portrait import portrait_of_matrix
    >>> found = readings(portrait_of_matrix([[0.5, 3.0], [0.0, 0.5]], "shear"))
    >>> [(one.name, one.figure) for one in found[:2]]
    [('spectral radius ρ', '0.5'), ('distance to instability β', '0.0811')]
    """
    m = portrait.measures
    of_numbers = {
        key: Reading(NUMBERS[key].label, getattr(m, key), sentence(m))
        for key, sentence in SENTENCES.items()
    }
    first = [of_numbers.pop(key) for key in STABILITY]
    roundings, radii = _roundings(portrait), _pseudospectral_radii(m)
    return (*first, *roundings, *radii, *of_numbers.values())


def _stability(m: StabilityMeasures, stored: bool) -> str:
    if on_edge(m.spectral_radius):
        return (
            "This matrix is on the edge of stability: its spectral radius is 1 up to rounding in"
            " single precision"
        )
    if m.spectral_radius > 1:
        radius = figures(m.spectral_radius)
        return f"This matrix is unstable as it is: its spectral radius is {radius}"
    r = m.distance_to_instability if m.stability_radius_real is None else m.stability_radius_real
    kind = "weight change" if stored else "change"
    if r == inf:
        return f"No real {kind} can make this matrix unstable"
    return f"A {kind} of norm {figures(r)} can make this matrix unstable"


def _roundings(portrait: MatrixPortrait) -> Iterator[Reading]:
    beta = portrait.measures.distance_to_instability
    for one in portrait.roundings:
        text = f"Storing the weights as {one.name} moves the matrix by {figures(one.change)}"
        radius = figures(one.spectral_radius)
        if one.change == 0:
            text = f"Storing the weights as {one.name} does not change the matrix."
        elif beta == 0:
            text += f". The spectral radius of the rounded matrix is {radius}."
        elif one.change < beta:
            text += f". This is {times(beta / one.change)} smaller than β."
        else:
            state = "still stable" if one.spectral_radius < 1 else "unstable"
            text += (
                f". This is {times(one.change / beta)} β. The rounded matrix is {state}: its"
                f" spectral radius is {radius}."
            )
        yield Reading(f"rounding to {one.name}", one.change, text)


def _pseudospectral_radii(m: StabilityMeasures) -> Iterator[Reading]:
    for size, radius in m.pseudospectral_radius.items():
        gain = (radius - m.spectral_radius) / float(size)
        yield Reading(
            f"{NUMBERS['pseudospectral_radius'].words}, ε = {size}",
            radius,
            f"A change of norm {size} can move an eigenvalue out to modulus {figures(radius)}. This"
            f" is {figures(radius - m.spectral_radius)} more than the spectral radius, and"
            f" {figures(gain)} times the size of the change.",
        )
