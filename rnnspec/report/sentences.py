"""What each stability number of a matrix says, as a whole sentence that the number chooses."""

from __future__ import annotations

from collections.abc import Callable
from math import e, inf, log

from rnnspec._format import figures
from rnnspec.spectra.eigen import EDGE, on_edge
from rnnspec.spectra.numbers import StabilityMeasures

# The Schur form has relative errors of a few n times 1e-16: below this share of the Frobenius norm
# a departure from normality is rounding for every n up to some millions.
NORMAL = 1e-8
# By Bauer and Fike, rounding the entries to 16 digits then moves eigenvalues by up to 1e-4 of the
# norm: digits that a reader of a page would see.
DEFECTIVE = 1e12
# A difference of less than 5 % between a distance and 1 - rho is not worth a sentence.
AS_PROMISED = 0.95


def times(ratio: float) -> str:
    """A ratio in words.

    Examples
    --------
    >>> times(2.96), times(17.3), times(1.04), times(123456)
    ('3 times', '17 times', '1.04 times', '1.2·10⁵ times')
    """
    return f"{figures(ratio, 2 if ratio >= 1.1 else 3)} times"


def _spectral_radius(m: StabilityMeasures) -> str:
    rho = m.spectral_radius
    if rho == 0:
        return f"All eigenvalues are 0, so every state is exactly 0 after at most {m.n} steps."
    if figures(rho) == "1":
        return "It is 1 to three digits: in the long run the map neither grows nor dies out."
    if rho > 1:
        return (
            "It is above 1: without input the map grows, in the long run by a factor of"
            f" {figures(rho)} in each step."
        )
    return (
        "It is below 1: without input the map dies out, in the long run by a factor of"
        f" {figures(rho)} in each step, and to a tenth in {_steps(log(0.1) / log(rho))}."
    )


def _distance(m: StabilityMeasures) -> str:
    beta, margin = m.distance_to_instability, 1 - m.spectral_radius
    if on_edge(m.spectral_radius):
        return "The matrix is on the edge of stability, and the distance that is left is rounding."
    if beta == 0:
        return "The matrix is unstable already, so no distance is left."
    smallest = f"The smallest complex change that makes it unstable has norm {figures(beta)}"
    if beta < AS_PROMISED * margin:
        return (
            f"{smallest}. This is {times(margin / beta)} smaller than the distance from its"
            f" eigenvalues to the unit circle, 1 − ρ = {figures(margin)}."
        )
    return (
        f"{smallest}. This is about the distance from its eigenvalues to the unit circle, 1 − ρ ="
        f" {figures(margin)}."
    )


def _real_radius(m: StabilityMeasures) -> str:
    r, beta = m.stability_radius_real, m.distance_to_instability
    if r is None:
        return "This number is defined for real matrices only, and the matrix is complex."
    if on_edge(m.spectral_radius):
        return "The matrix is on the edge of stability, and the distance that is left is rounding."
    if r == 0:
        return "The matrix is unstable already."
    if r == inf:
        return "No real change makes the matrix unstable."
    than = "the same as β" if r < 1.01 * beta else f"which is {times(r / beta)} β"
    return f"The smallest real change that makes it unstable has norm {figures(r)}, {than}."


def _transient_peak(m: StabilityMeasures) -> str:
    if m.transient_peak_step is None and on_edge(m.spectral_radius):
        return (
            "The matrix is on the edge of stability: rounding decides whether its powers grow"
            " without bound, slowly."
        )
    if m.transient_peak_step is None:
        return "The powers grow without bound."
    if m.transient_peak_step == 0:
        return "No state is ever amplified."
    return (
        f"After {_steps(m.transient_peak_step)} some state is {figures(m.transient_peak)} times as"
        " large as it was. The eigenvalues do not show this."
    )


def _kreiss(m: StabilityMeasures) -> str:
    K = m.kreiss_constant
    if K == inf and on_edge(m.spectral_radius):
        return (
            "The matrix is on the edge of stability: rounding decides whether its powers are"
            " bounded."
        )
    if K == inf:
        return "The powers are not bounded, so no constant bounds them."
    most = f"no state is ever amplified by a factor above {figures(e * m.n * K)} (e n K)"
    if figures(K) == "1":
        return (
            "It is 1, as for a normal matrix. It does not prove any amplification, but it proves"
            f" that {most}."
        )
    return f"Some state is amplified by a factor of at least {figures(K)}, and {most}."


def _spectral_norm(m: StabilityMeasures) -> str:
    if m.spectral_norm <= 1 + EDGE:
        return "No single step makes any state longer."
    return f"A single step makes some state {figures(m.spectral_norm)} times as long."


def _numerical_radius(m: StabilityMeasures) -> str:
    if m.numerical_radius <= 1:
        return "It is at most 1, so no power has a norm above 2."
    if figures(m.numerical_radius) == "1":
        return "It is 1 to three digits, so the first powers have norms hardly above 2."
    return f"The norm of power k is at most 2 · {figures(m.numerical_radius)}ᵏ."


def _henrici(m: StabilityMeasures) -> str:
    if m.henrici_relative < NORMAL:
        return "The matrix is normal: its eigenvalues determine the norms of all its powers."
    return (
        f"{100 * m.henrici_relative:.0f} % of the Frobenius norm is not explained by the"
        " eigenvalues. It would be 0 % for a normal matrix and 100 % for a nilpotent one."
    )


def _condition(m: StabilityMeasures) -> str:
    kappa = m.eigenvector_condition
    if kappa > DEFECTIVE:
        return (
            "The matrix is defective or nearly so: a change as small as rounding moves its"
            " eigenvalues visibly."
        )
    return (
        f"After a change of norm ε each eigenvalue lies within {figures(kappa)} ε of an eigenvalue"
        " before the change."
    )


def _steps(steps: float) -> str:
    whole = max(1, round(steps))
    return "1 step" if whole == 1 else f"{figures(float(whole))} steps"


# By the name of the number, in the order of the page.
SENTENCES: dict[str, Callable[[StabilityMeasures], str]] = {
    "spectral_radius": _spectral_radius,
    "distance_to_instability": _distance,
    "stability_radius_real": _real_radius,
    "transient_peak": _transient_peak,
    "kreiss_constant": _kreiss,
    "spectral_norm": _spectral_norm,
    "numerical_radius": _numerical_radius,
    "henrici_relative": _henrici,
    "eigenvector_condition": _condition,
}
