"""What each stability number says, in plain words that the numbers choose."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import e, inf, log

from rnnspec.plots.style import number
from rnnspec.portrait.matrix import MatrixPortrait
from rnnspec.spectra.eigen import EDGE, on_edge
from rnnspec.spectra.numbers import StabilityMeasures


@dataclass(frozen=True)
class Reading:
    """A number, its name, and what it says of this matrix."""

    name: str
    value: float | None
    text: str

    @property
    def figure(self) -> str:
        """The value in three figures; infinite, or a dash if it is undefined."""
        if self.value is None:
            return "–"
        return number(self.value).replace("inf", "∞")


def headline(portrait: MatrixPortrait) -> str:
    """How far the matrix is from instability, and how far rounding to int8 moves it.

    Real matrices change by real matrices: it is the real stability radius that counts.

    Examples
    --------
    >>> from rnnspec.portrait.matrix import portrait_of_matrix
    >>> headline(portrait_of_matrix([[0.5, 3.0], [0.0, 0.5]], "shear"))
    'A weight change of norm 0.0811 can make this matrix unstable; rounding to int8 ...'
    >>> headline(portrait_of_matrix([[1.5]], "scalar"))
    'This matrix is unstable as it is: its spectral radius is 1.5.'
    """
    m = portrait.measures
    moved = "".join(
        f"; rounding to int8 moves it by {number(one.moved)}"
        for one in portrait.roundings
        if one.name == "int8" and one.moved
    )
    if on_edge(m.spectral_radius):
        return (
            "This matrix is on the edge of stability: its spectral radius is 1 up to rounding in"
            f" single precision{moved}."
        )
    if m.spectral_radius > 1:
        return (
            "This matrix is unstable as it is: its spectral radius is"
            f" {number(m.spectral_radius)}{moved}."
        )
    r = m.distance_to_instability if m.stability_radius_real is None else m.stability_radius_real
    kind = "weight change" if portrait.roundings else "change"
    if r == inf:
        return f"No real {kind} can make this matrix unstable{moved}."
    return f"A {kind} of norm {number(r)} can make this matrix unstable{moved}."


def readings(portrait: MatrixPortrait) -> tuple[Reading, ...]:
    """Each number of the matrix with its reading, in the order of the page.

    Examples
    --------
    >>> from rnnspec.portrait.matrix import portrait_of_matrix
    >>> found = readings(portrait_of_matrix([[0.5, 3.0], [0.0, 0.5]], "shear"))
    >>> [(one.name, one.figure) for one in found[:2]]
    [('spectral radius ρ', '0.5'), ('distance to instability β', '0.0811')]
    """
    m = portrait.measures
    return (
        Reading("spectral radius ρ", m.spectral_radius, _radius(m)),
        Reading("distance to instability β", m.distance_to_instability, _distance(m)),
        Reading("real stability radius", m.stability_radius_real, _real_radius(m)),
        *_roundings(portrait),
        *_pseudospectral_radii(m),
        Reading("transient peak", m.transient_peak, _peak(m)),
        Reading("Kreiss constant K", m.kreiss_constant, _kreiss(m)),
        Reading("spectral norm", m.spectral_norm, _norm(m)),
        Reading("numerical radius w", m.numerical_radius, _numerical_radius(m)),
        Reading("Henrici departure, relative", m.henrici_relative, _henrici(m)),
        Reading("eigenvector condition κ(V)", m.eigenvector_condition, _condition(m)),
    )


def _radius(m: StabilityMeasures) -> str:
    rho = m.spectral_radius
    if rho == 0:
        return f"All eigenvalues are 0: after at most {m.n} steps nothing is left."
    if number(rho) == "1":
        return "On the edge to three figures: in the end the map neither grows nor dies out."
    if rho > 1:
        return f"Above 1: left alone, the map grows, in the end by a factor {number(rho)} a step."
    steps = log(0.1) / log(rho)
    return (
        f"Below 1: left alone, the map dies out, in the end by a factor {number(rho)} a step,"
        f" to a tenth in {_count(steps)}."
    )


def _distance(m: StabilityMeasures) -> str:
    beta, margin = m.distance_to_instability, 1 - m.spectral_radius
    if on_edge(m.spectral_radius):
        return "On the edge: what distance is left is rounding."
    if beta == 0:
        return "It is unstable already: no distance is left."
    text = f"The smallest complex change that makes it unstable has norm {number(beta)}"
    if beta < 0.95 * margin:
        return (
            f"{text}: {_times(margin / beta)} less than the {number(margin)} by which its"
            " eigenvalues clear the unit circle."
        )
    return f"{text}: as much as its eigenvalues promise, 1 − ρ = {number(margin)}."


def _real_radius(m: StabilityMeasures) -> str:
    r, beta = m.stability_radius_real, m.distance_to_instability
    if r is None:
        return "Of a complex matrix it has no meaning."
    if on_edge(m.spectral_radius):
        return "On the edge: what distance is left is rounding."
    if r == 0:
        return "It is unstable already."
    if r == inf:
        return "No real change makes it unstable."
    than = "the same as" if r < 1.01 * beta else f"{_times(r / beta)} more than"
    return f"Of real changes alone, the smallest that does it has norm {number(r)}, {than} β."


def _roundings(portrait: MatrixPortrait) -> Iterator[Reading]:
    beta = portrait.measures.distance_to_instability
    for one in portrait.roundings:
        text = f"Storing the weights as {one.name} moves the matrix by {number(one.moved)}"
        if one.moved == 0:
            text = f"Stored as {one.name}, the matrix is what it was"
        elif beta == 0:
            text += f", and its spectral radius to {number(one.spectral_radius)}"
        elif one.moved < beta:
            text += f": {_times(beta / one.moved)} less than it takes to make it unstable"
        else:
            state = "still stable" if one.spectral_radius < 1 else "unstable"
            text += (
                f": {_times(one.moved / beta)} the distance to instability; this rounding leaves"
                f" it {state}, with spectral radius {number(one.spectral_radius)}"
            )
        yield Reading(f"rounding to {one.name}", one.moved, f"{text}.")


def _pseudospectral_radii(m: StabilityMeasures) -> Iterator[Reading]:
    for size, radius in m.pseudospectral_radius.items():
        moved = (radius - m.spectral_radius) / float(size)
        yield Reading(
            f"pseudospectral radius, ε = {size}",
            radius,
            f"A change of norm {size} can carry an eigenvalue out to {number(radius)}: the"
            f" spectral radius moves by {number(moved)} times the change.",
        )


def _peak(m: StabilityMeasures) -> str:
    if m.transient_peak_step is None and on_edge(m.spectral_radius):
        return "On the edge: rounding decides whether the powers grow without bound, slowly."
    if m.transient_peak_step is None:
        return "The powers grow without bound."
    if m.transient_peak_step == 0:
        return "No start is ever amplified: the powers never exceed it."
    return (
        f"After {_count(m.transient_peak_step)} some start is {number(m.transient_peak)} times as"
        " large as it was; eigenvalues do not show this."
    )


def _kreiss(m: StabilityMeasures) -> str:
    K = m.kreiss_constant
    if K == inf and on_edge(m.spectral_radius):
        return "On the edge: rounding decides whether the powers are bounded."
    if K == inf:
        return "The powers are not bounded, so there is no constant that bounds them."
    most = f"none is ever amplified more than {number(e * m.n * K)}-fold (e n K)"
    if number(K) == "1":
        return f"1, as of a normal matrix: it proves no growth of any start, and {most}."
    return f"Some start is amplified at least {number(K)}-fold, and {most}."


def _norm(m: StabilityMeasures) -> str:
    if m.spectral_norm <= 1 + EDGE:
        return "No single step makes any state longer."
    return f"A single step makes some state {number(m.spectral_norm)} times as long."


def _numerical_radius(m: StabilityMeasures) -> str:
    if m.numerical_radius <= 1:
        return "At most 1: no power has a norm above 2."
    if number(m.numerical_radius) == "1":
        return "1 to three figures: the norm of the first powers is hardly above 2."
    return f"The norm of power k is at most 2 · {number(m.numerical_radius)}ᵏ."


def _henrici(m: StabilityMeasures) -> str:
    if m.henrici_relative < 1e-8:
        return "The matrix is normal: its eigenvalues say all about its norms."
    return (
        f"{100 * m.henrici_relative:.0f} % of its size (Frobenius) is out of its eigenvalues'"
        " sight: 0 of a normal matrix, 100 of a nilpotent one."
    )


def _condition(m: StabilityMeasures) -> str:
    kappa = m.eigenvector_condition
    if kappa == inf or kappa > 1e12:
        return "Defective, or as good as that: its eigenvalues are not to be trusted."
    return f"After a change of norm ε each eigenvalue is within {number(kappa)} ε of one before it."


def _times(ratio: float) -> str:
    """A ratio as a person says it.

    Examples
    --------
    >>> _times(2.96), _times(17.3), _times(1.04), _times(123456)
    ('3 times', '17 times', '1.04 times', '1.2·10⁵ times')
    """
    figures = f"{ratio:.2g}" if ratio >= 1.1 else f"{ratio:.3g}"
    return f"{number(float(figures))} times"


def _count(steps: float) -> str:
    whole = max(1, round(steps))
    return "1 step" if whole == 1 else f"{number(float(whole))} steps"
