"""The worst real perturbation: closed forms, the pseudospectral and the real stability radius."""

import numpy as np
import pytest

from rnnspec.robustness import worst_weights
from rnnspec.robustness.worst_weights import steepest, worst_perturbation
from rnnspec.spectra import gallery
from rnnspec.spectra.bracket import Bracket
from rnnspec.spectra.eigen import spectral_radius
from rnnspec.spectra.pseudospectral import pseudospectral_radius
from rnnspec.spectra.real_radius import stability_radius_real

KINDS = [("spectral", False), ("frobenius", False), ("spectral", True), ("frobenius", True)]
MATRICES = {
    "ginibre": 0.9 * gallery.ginibre(12, seed=1),
    "grcar": gallery.grcar(10) / 2.5,
    "jordan": gallery.jordan(6, 0.5),
    "rotation": 0.9 * gallery.random_orthogonal(7, 2),
    "unstable": 1.4 * gallery.ginibre(9, seed=3),
    "nilpotent": gallery.jordan(4),
    "zero": np.zeros((3, 3)),
    "quarter turn": np.array([[0.0, -0.5], [0.5, 0.0]]),
    # From the pseudospectral radius alone the ascent ends on the lower hill.
    "two hills": np.array([[0.074, -0.3], [0.603, -0.556]]),
    "number": np.array([[-0.4]]),
}


@pytest.mark.parametrize(("norm", "rank_one"), KINDS)
@pytest.mark.parametrize("epsilon", [1e-3, 0.2])
@pytest.mark.parametrize("name", MATRICES)
def test_of_its_size_real_and_between_chance_and_the_pseudospectrum(name, epsilon, norm, rank_one):
    W = MATRICES[name]
    E = worst_perturbation(W, epsilon, norm, rank_one=rank_one)
    order = 2 if norm == "spectral" else "fro"
    assert E.dtype == np.float64
    assert np.linalg.norm(E, order) == pytest.approx(epsilon, rel=1e-12)
    sigma = np.linalg.svd(E, compute_uv=False)
    assert (sigma[1 if rank_one else 2 :] <= 1e-12 * epsilon).all()
    reached = spectral_radius(W + E)
    # LAPACK's eigenvalues are those of a matrix at a distance of rounding.
    rounding = 100 * np.finfo(float).eps * (1 + np.linalg.norm(W, 2))
    assert reached <= pseudospectral_radius(W, epsilon + rounding).upper * (1 + 1e-12)
    rng = np.random.default_rng(0)
    for _ in range(50):
        other = rng.standard_normal(W.shape)
        if rank_one:
            other = np.outer(other[0], other[-1])
        other *= epsilon / np.linalg.norm(other, order)
        assert spectral_radius(W + other) <= reached * (1 + 1e-9)


@pytest.mark.parametrize(("norm", "rank_one"), KINDS)
def test_a_real_witness_is_attained(norm, rank_one):
    # Of a non-negative matrix the pseudospectral radius lies on the real axis (Perron).
    W = np.abs(gallery.ginibre(10, seed=4)) / 8
    for epsilon in (1e-3, 0.1, 1.0):
        E = worst_perturbation(W, epsilon, norm, rank_one=rank_one)
        best = float(pseudospectral_radius(W, epsilon))
        assert spectral_radius(W + E) == pytest.approx(best, rel=1e-9)
        assert np.linalg.matrix_rank(E) == 1


@pytest.mark.parametrize(
    "name", ["ginibre", "grcar", "jordan", "rotation", "quarter turn", "two hills"]
)
def test_it_ends_stability_at_the_real_radius_and_not_before(name):
    W = MATRICES[name]
    radius = stability_radius_real(W)
    assert spectral_radius(W + worst_perturbation(W, radius.upper)) >= 1 - 1e-7
    assert spectral_radius(W + worst_perturbation(W, 0.99 * radius.lower)) < 1


@pytest.mark.parametrize(("norm", "rank_one", "gain"), [
    ("spectral", False, 0.1), ("frobenius", False, 0.1 / np.sqrt(2)),
])  # fmt: skip
def test_a_rotation_in_closed_form(norm, rank_one, gain):
    # E = epsilon times the rotation adds epsilon; its Frobenius norm is sqrt 2 times as large.
    angle = 0.7
    W = 0.8 * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    E = worst_perturbation(W, 0.1, norm, rank_one=rank_one)
    assert spectral_radius(W + E) == pytest.approx(0.8 + gain, rel=1e-6)


@pytest.mark.parametrize("name", ["grcar", "ginibre"])
@pytest.mark.parametrize(("norm", "rank_one"), KINDS)
def test_the_slope_points_out_of_the_ball(norm, rank_one, name):
    W = MATRICES[name]
    E = worst_perturbation(W, 0.2, norm, rank_one=rank_one)
    # d|lambda| = <G, dE> by differences, one entry after the other.
    one, h = np.eye(len(W)), 1e-6
    G = np.array(
        [
            [
                spectral_radius(W + E + h * np.outer(a, b))
                - spectral_radius(W + E - h * np.outer(a, b))
                for b in one
            ]
            for a in one
        ]
    ) / (2 * h)
    dual = np.linalg.norm(G, "nuc" if norm == "spectral" else "fro")
    if rank_one:  # u v^T: neither a turn of u nor one of v is better
        U, _, Vh = np.linalg.svd(E)
        dual = max(np.linalg.norm(U[:, 0] @ G), np.linalg.norm(G @ Vh[0]))
    assert np.vdot(G, E) == pytest.approx(0.2 * dual, rel=1e-4)


def test_an_imaginary_start(monkeypatch):
    edge = Bracket(0.1, 0.1, 0.1, certified=True, witness=0.1j)
    monkeypatch.setattr(worst_weights, "pseudospectral_radius", lambda *_: edge)
    E = worst_perturbation(np.zeros((2, 2)), 0.1, "frobenius")
    assert spectral_radius(E) == pytest.approx(0.1, rel=1e-9)


def test_nothing_of_size_zero():
    assert not worst_perturbation(np.eye(3), 0.0).any()


@pytest.mark.parametrize("norm", ["spectral", "frobenius"])
def test_steepest_beats_its_unit_ball(norm):
    rng = np.random.default_rng(1)
    G = rng.standard_normal((5, 2)) @ rng.standard_normal((2, 5))
    order = 2 if norm == "spectral" else "fro"
    best = np.vdot(steepest(G, norm, rank_one=False), G)
    dual = np.linalg.norm(G, "nuc" if norm == "spectral" else "fro")
    assert best == pytest.approx(dual, rel=1e-12)
    one = steepest(G, norm, rank_one=True)
    assert np.vdot(one, G) == pytest.approx(np.linalg.norm(G, 2), rel=1e-12)
    assert np.linalg.norm(one, order) == pytest.approx(1, rel=1e-12)
