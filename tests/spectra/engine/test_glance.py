from math import inf, sqrt

import numpy as np
import pytest

import rnnspec
from rnnspec import gallery
from rnnspec.spectra.engine.glance import QUANTITIES, departure, spectral_numbers

EPS = float(np.finfo(float).eps)


def block(a, b, c):
    return np.array([[a, b], [c, a]])


@pytest.mark.parametrize(
    ("W", "radius", "norm", "henrici", "kreiss", "distance"),
    [
        ([[0.5]], 0.5, 0.5, 0, 1, 0.5),
        ([[-0.5]], 0.5, 0.5, 0, 1, 0.5),
        ([[-3.0]], 3, 3, 0, inf, 0),
        (np.zeros((4, 4)), 0, 0, 0, 1, 1),
        (np.eye(3), 1, 1, 0, inf, 0),
        (np.diag([0.9, -0.2, 1e-300]), 0.9, 0.9, 0, 1, 0.1),
        (block(0.3, 0.4, -0.4), 0.5, 0.5, 0, 1, 0.5),
        (block(0.0, 0.8, -0.2), 0.4, 0.8, 0.6, None, None),
        (block(0.0, 4.0, 0.0), 0, 4, 4, None, sqrt(5) - 2),
    ],
    ids=str,
)
def test_numbers_that_are_known(W, radius, norm, henrici, kreiss, distance):
    found = spectral_numbers(np.array(W, float))
    assert list(found) == list(QUANTITIES)
    exact = {"spectral_radius": radius, "spectral_norm": norm, "henrici": henrici}
    if kreiss is not None:
        exact["kreiss_lower"] = kreiss
    for name, value in exact.items():
        assert found[name] == pytest.approx(value, abs=1e-12), name
    if distance is not None:
        assert found["distance_upper"] == pytest.approx(distance, rel=0.02, abs=1e-12)


@pytest.mark.parametrize("n", [1, 2, 3, 8, 33, 64])
@pytest.mark.parametrize("size", [1e-3, 0.5, 0.9, 2.0])
def test_numbers_of_random_matrices(n, size):
    G = np.random.default_rng(n).standard_normal((n, n))
    W = size * G / rnnspec.spectral_radius(G)
    check(W)


@pytest.mark.parametrize(
    "W", [gallery.jordan(12, 0.5), gallery.grcar(16) / 3, 0.3 * np.triu(np.ones((20, 20)))]
)
def test_numbers_of_matrices_far_from_normal(W):
    check(W, far=0.2)


def check(W, far=0.5):
    """Three exact numbers; two bounds on the right side, and not useless."""
    found, small = spectral_numbers(W), 100 * len(W) * EPS
    for name in ("spectral_radius", "spectral_norm"):
        tol = 1e-3 if name == "spectral_radius" and far < 0.5 else 1e-9  # ill-conditioned
        assert found[name] == pytest.approx(getattr(rnnspec, name)(W), rel=tol)
    norm = found["spectral_norm"]
    assert abs(found["henrici"] - rnnspec.henrici_departure(W)) <= small * norm * len(W)
    if found["spectral_radius"] >= 1:
        assert (found["kreiss_lower"], found["distance_upper"]) == (inf, 0)
        return
    kreiss, distance = rnnspec.kreiss_constant(W), rnnspec.distance_to_instability(W)
    assert max(1, far * kreiss.lower) <= found["kreiss_lower"] <= kreiss.upper * (1 + small)
    assert distance.lower - small * norm <= found["distance_upper"] <= distance.upper / far


def test_the_array_engine_says_the_same(without_numba):
    W = np.random.default_rng(0).standard_normal((20, 20)) / 8
    expected = spectral_numbers(W)
    without_numba()
    assert spectral_numbers(W) == pytest.approx(expected, rel=0.02)


def test_henrici_loses_no_digits_to_a_subtraction():
    assert departure(np.array([[1.0, 1e-12], [0.0, 1.0]])) == 1e-12
    assert departure(block(1.0, 1 + 1e-12, -1.0)) == pytest.approx(1e-12, rel=1e-3)
