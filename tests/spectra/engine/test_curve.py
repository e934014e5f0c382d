"""Level tests: every crossing is among the candidates, and minima on curves are global."""

import numpy as np
import pytest

from rnnspec.spectra import gallery
from rnnspec.spectra.engine.crossings import (
    circle_candidates,
    circle_crossings,
    line_crossings,
    pencil_eigenvalues,
)
from rnnspec.spectra.engine.curve import CIRCLES, LINES, descend, lowest_below, lowest_on_curve
from rnnspec.spectra.engine.dense import exact_sigma_min


@pytest.mark.parametrize("kind", [float, complex])
@pytest.mark.parametrize("sweep", [CIRCLES, LINES], ids=["circle", "line"])
def test_every_sign_change_is_bracketed_by_candidates(sweep, kind):
    A = gallery.ginibre(12, seed=8).astype(kind) * (1 if kind is float else np.exp(0.7j))
    t, level = (1.0, 0.15) if sweep is CIRCLES else (0.3, 0.1)
    s = np.linspace(0 if kind is float else -3, 3, 4000)
    above = exact_sigma_min(A, sweep.point(t, s)) > level
    changes = s[1:][above[1:] != above[:-1]]
    assert changes.size >= 2
    candidates = sweep.crossings(A, t, level)
    if sweep is CIRCLES:
        candidates = np.angle(np.exp(1j * candidates))
    for change in changes:
        assert np.abs(candidates - change).min() < 2e-3


@pytest.mark.parametrize("A", [np.zeros((1, 1)), np.zeros((3, 3)), np.eye(2), gallery.jordan(4)])
def test_dull_matrices_have_candidates(A):
    assert np.isfinite(circle_crossings(A, 1.0, 0.5)).all()
    assert np.isfinite(line_crossings(A, 1.0, 0.5)).all()
    assert np.isfinite(circle_crossings(A.astype(complex), 1.0, 0.5)).all()
    assert np.isfinite(line_crossings(A.astype(complex), 1.0, 0.5)).all()


def test_candidates_of_a_complex_pencil_close_the_circle():
    found = circle_candidates(np.array([1j, -1j]), np.ones(2), real=False)
    np.testing.assert_allclose(found / np.pi, [-0.5, 0, 0.5, 1, 1.5])
    assert circle_candidates(np.array([5.0]), np.ones(1), real=False).size > 0


@pytest.mark.parametrize("n", [3, 20, 40])
def test_lowest_on_circle_is_global(n):
    A = gallery.ginibre(n, seed=n)
    s = np.linspace(0, 2 * np.pi, 4000)
    sampled = exact_sigma_min(A, 1.3 * np.exp(1j * s)).min()
    # A poor start only costs level tests.
    for starts in (None, np.array([0.1])):
        found = lowest_on_curve(A, CIRCLES, 1.3, starts=starts)
        assert found.certified
        assert found.lower <= found.value <= sampled
        assert found.lower == pytest.approx(found.value, rel=1e-9)
        assert found.value == pytest.approx(sampled, rel=1e-3)


def test_tolerance_decides_the_lower_bound():
    A = gallery.grcar(10) / 3
    assert lowest_on_curve(A, CIRCLES, 1.0, rtol=1e-2).lower < 0.995 * (
        lowest_on_curve(A, CIRCLES, 1.0, rtol=1e-9).lower
    )


def test_nothing_lies_below_the_minimum():
    A = gallery.grcar(10) / 3
    value = lowest_on_curve(A, CIRCLES, 1.0).value
    assert lowest_below(A, CIRCLES, 1.0, 0.999 * value) is None
    s, low = lowest_below(A, CIRCLES, 1.0, 1.5 * value)
    assert low < 1.5 * value
    assert exact_sigma_min(A, np.exp(1j * s))[0] == pytest.approx(low, rel=1e-9)


def test_descend_never_climbs_and_its_options_count():
    assert descend(lambda s: s * s, 0.0, 1.0) == (0.0, 0.0)
    fine, coarse = (descend(lambda s: abs(s - 0.3), 0.0, 1.0, xtol=x)[1] for x in (1e-9, 0.3))
    assert fine < coarse
    far, _ = descend(lambda s: (s - 50) ** 2, 0.0, 1.0)
    assert far == pytest.approx(50, abs=1e-3)


def test_a_padded_pencil_has_one_more_infinite_eigenvalue():
    A, B = gallery.ginibre(64, seed=1), gallery.ginibre(64, seed=2)
    alpha, beta = pencil_eigenvalues(A, B)
    finite = np.abs(beta) > 0
    assert (len(alpha), finite.sum()) == (65, 64)
    expected = np.linalg.eigvals(np.linalg.solve(B, A))
    found = alpha[finite] / beta[finite]
    distance = np.abs(found[:, None] - expected).min(axis=1)
    assert (distance <= 1e-8 * (1 + np.abs(found))).all()
