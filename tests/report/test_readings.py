"""What is said of a matrix is true of it."""

import dataclasses
import re

import numpy as np
import pytest

from rnnspec.report.readings import headline, readings
from rnnspec.spectra import gallery
from rnnspec.study.matrix_portrait import portrait_of_matrix

SHEAR = np.array([[0.5, 3.0], [0.0, 0.4]])


def said(A, name, stored=True):
    (one,) = (r for r in readings(portrait_of_matrix(A, "A", stored)) if r.name.startswith(name))
    return one.text


@pytest.mark.parametrize(
    ("A", "name", "match"),
    [
        (
            0.1 * np.eye(2),
            "spectral radius",
            "by a factor of 0.1 in each step, .* in 1 step",
        ),
        (np.diag([0.9, 0.1]), "spectral radius", "to a tenth in 22 steps"),
        (np.eye(2), "spectral radius", "1 to three digits"),
        (2 * np.eye(2), "spectral radius", "above 1: .* a factor of 2 in each step"),
        (np.zeros((3, 3)), "spectral radius", "exactly 0 after at most 3 steps"),
        (SHEAR, "distance", "norm 0.0968. This is 5.2 times smaller than .* 1 − ρ = 0.5"),
        (
            0.5 * np.eye(2),
            "distance",
            "the distance from its eigenvalues to the unit circle, 1 − ρ = 0.5",
        ),
        (2 * np.eye(2), "distance", "unstable already"),
        (SHEAR, "real stability radius", "the same as β"),
        (2 * np.eye(2), "real stability radius", "unstable already"),
        (0.5j * np.eye(2), "real stability radius", "defined for real matrices only"),
        (np.diag([0.5, 0.25]), "rounding to float16", "does not change the matrix"),
        (SHEAR, "rounding to int8", "smaller than β"),
        (2 * np.diag([1, 0.3]), "rounding to int8", "spectral radius of the rounded matrix is 2"),
        (
            gallery.jordan(6, 0.5),
            "rounding to int4",
            "times β. The rounded matrix is",
        ),
        (SHEAR, "pseudospectral radius", "norm 0.01 can move an eigenvalue out to modulus 0.6"),
        (SHEAR, "transient peak", "After 1 step some state is 3.0"),
        (0.5 * np.eye(2), "transient peak", "No state is ever amplified"),
        (2 * np.eye(2), "transient peak", "without bound"),
        (SHEAR, "Kreiss", "at least 1.55, and no state is ever"),
        (0.5 * np.eye(2), "Kreiss", "1, as for a normal matrix.* by a factor above 5.44"),
        (2 * np.eye(2), "Kreiss", "not bounded"),
        (0.5 * np.eye(2), "spectral norm", "No single step"),
        (SHEAR, "spectral norm", "3.0\\d times as long"),
        (0.5 * np.eye(2), "numerical radius", "no power has a norm above 2"),
        (SHEAR, "numerical radius", "at most 2 · 1.9"),
        (np.eye(2), "relative Henrici", "is normal"),
        (SHEAR, "relative Henrici", "98 % of the Frobenius norm"),
        (np.array([[0.0, 1.0], [0.0, 0.0]]), "eigenvector condition", "is defective"),
        (SHEAR, "eigenvector condition", "each eigenvalue lies within 60 ε of"),
    ],
)
def test_each_reading(A, name, match):
    assert re.search(match, said(A, name))


def test_a_rounding_that_matters_says_what_it_left():
    A = gallery.jordan(6, 0.5)
    m = portrait_of_matrix(A, "A")
    (int4,) = (one for one in m.roundings if one.name == "int4")
    assert int4.change > m.measures.distance_to_instability
    assert ("still stable" if int4.spectral_radius < 1 else "unstable") in said(
        A, "rounding to int4"
    )


def test_the_headline_holds_the_numbers_of_its_matrix():
    portrait = portrait_of_matrix(SHEAR, "A")
    assert f"{portrait.measures.distance_to_instability:.3g}" in headline(portrait)
    assert f"int8 moves it by {portrait.roundings[1].change:.3g}" in headline(portrait)
    assert headline(portrait_of_matrix(SHEAR, "J", stored=False)).startswith("A change of norm")
    assert "unstable as it is: its spectral radius is 2" in headline(
        portrait_of_matrix(2 * np.eye(2), "A")
    )


ROTATION = np.array([[0.0, -1.0], [1.0, 0.0]]) * (1 + 5e-8)


def test_on_the_edge_rounding_decides():
    """An orthogonal matrix in single precision is not called unstable."""
    assert "on the edge of stability" in headline(portrait_of_matrix(ROTATION, "A"))
    assert "is on the edge" in said(ROTATION, "distance")
    assert "is on the edge" in said(ROTATION, "real stability radius")
    assert "rounding decides whether its powers grow" in said(ROTATION, "transient peak")
    assert "rounding decides whether its powers are" in said(ROTATION, "Kreiss")
    assert said(ROTATION, "spectral norm") == "No single step makes any state longer."
    assert said(ROTATION, "numerical radius").startswith("It is 1 to three digits")


def test_real_matrices_change_by_real_ones():
    """A complex change shifts the eigenvalue of a rotation, a real one must move two."""
    A = np.array([[0.5, 2.0, 0.0], [-2.0, 0.5, 0.0], [0.0, 0.0, 0.0]]) / 4
    A[0, 2] = 8.0
    portrait = portrait_of_matrix(A, "A")
    m = portrait.measures
    assert m.stability_radius_real > 1.05 * m.distance_to_instability
    assert f"weight change of norm {m.stability_radius_real:.3g} can" in headline(portrait)
    assert re.search(r"norm \S+, which is [\d.]+ times β", said(A, "real stability radius"))
    none = dataclasses.replace(m, stability_radius_real=np.inf)
    never = dataclasses.replace(portrait, measures=none)
    assert headline(never).startswith("No real weight change can make this matrix unstable")
    found = {one.name: one.text for one in readings(never)}
    assert found["real stability radius"] == "No real change makes the matrix unstable."


def test_undefined_and_infinite_figures_have_a_sign():
    figures = {one.name: one.figure for one in readings(portrait_of_matrix(2j * np.eye(2), "A"))}
    assert figures["real stability radius"] == "–"
    assert figures["Kreiss constant K"] == "∞"
