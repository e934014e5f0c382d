from fractions import Fraction

import numpy as np
import pytest
from scipy.linalg import solve_discrete_lyapunov

from rnnspec import SequenceClassifier, contraction_check, gallery, spectral_radius, state_jacobians
from rnnspec.dynamics import contraction as room
from rnnspec.dynamics.contraction_proof import proves_contraction
from rnnspec.dynamics.weighting import weighted_norms

SHEAR = np.array([[0.5, 2.0], [0.0, 0.5]])


def random(*shape, size=1.0, seed=17):
    return size * np.random.default_rng(seed).standard_normal(shape) / np.sqrt(shape[-1])


def product_of(found, jacobians):
    A = np.eye(jacobians.shape[2])
    for n, t in found.factors:
        A = jacobians[n, t] @ A
    return A


def holds(found, jacobians):
    """Whether the norm that was found is what it is said to be."""
    norms = weighted_norms(jacobians.reshape(-1, *jacobians.shape[2:]), found.T)
    return norms.max() <= found.rate * (1 + 1e-6) and found.margin == 1 - found.rate > 0


@pytest.mark.parametrize("norm", [0.3, 0.999, 1 - 1e-8])
def test_a_normal_contraction_has_its_norm_as_rate(norm):
    Q = np.linalg.qr(random(6, 6))[0]
    J = (norm * Q * [1, 0.5, -0.9, 0.2, 0, 1]) @ Q.T
    found = contraction_check(J[None, None])
    assert found.verdict == "proved"
    assert found.rate == pytest.approx(norm, abs=1e-8)
    assert found.lower_rate == pytest.approx(norm, abs=1e-12)
    assert found.condition >= 1 - 1e-12


@pytest.mark.parametrize("radius", [0.3, 0.9, 0.99])
def test_one_stable_matrix_has_a_rate_close_to_its_radius(radius):
    W = random(8, 8)
    W = W * radius / spectral_radius(W) + 3 * np.triu(random(8, 8, seed=2), 1)
    W *= radius / spectral_radius(W)
    assert np.linalg.norm(W, 2) > 1
    jacobians = np.broadcast_to(W, (2, 3, 8, 8))
    found = contraction_check(jacobians)
    assert found.verdict == "proved"
    assert holds(found, jacobians)
    assert radius <= found.rate <= radius + 0.02 * (1 + radius)
    assert np.linalg.norm(found.T, 2) == pytest.approx(1)
    # A second way: the Lyapunov equation of W / rho gives such a norm for each rho above it.
    P = solve_discrete_lyapunov((W / (found.rate + 1e-6)).T, np.eye(8))
    T = np.linalg.cholesky(P).T
    assert weighted_norms(W[None], T)[0] < found.rate + 1e-6


def test_a_jordan_block_is_proved():
    found = contraction_check(gallery.jordan(5, 0.9)[None, None])
    assert found.verdict == "proved"
    assert 0.9 < found.rate < 1
    assert found.condition > 1e3


def is_positive_definite(A):
    """By the signs of the pivots, in exact arithmetic."""
    A = A.copy()
    for k in range(len(A)):
        if A[k, k] <= 0:
            return False
        A[k + 1 :] -= A[k + 1 :, k : k + 1] / A[k, k] * A[k]
    return True


@pytest.mark.parametrize(
    "J",
    [
        [gallery.jordan(4, 0.9)],
        [0.999 * np.eye(3)],
        [1e3 * np.eye(3, k=1)],
        [SHEAR, 0.1 * SHEAR.T],
        random(3, 4, 4, size=0.4),
    ],
)
def test_what_is_proved_is_true_in_exact_arithmetic(J):
    exact = np.vectorize(Fraction, otypes=[object])
    found = contraction_check(np.stack(J)[None])
    assert found.verdict == "proved"
    P = exact(found.T).T @ exact(found.T)
    for A in map(exact, J):
        assert is_positive_definite(Fraction(found.rate) ** 2 * P - A.T @ P @ A)
    best = max(weighted_norms(np.stack(J), found.T))
    assert not all(
        is_positive_definite(Fraction(best * (1 - 1e-6)) ** 2 * P - A.T @ P @ A)
        for A in map(exact, J)
    )


def test_the_powers_are_bounded_by_the_condition():
    W = np.array([[0.9, 5.0], [0.0, 0.8]])
    found = contraction_check(W[None, None])
    for k in range(1, 60):
        power = np.linalg.norm(np.linalg.matrix_power(W, k), 2)
        assert power <= found.condition * found.rate**k * (1 + 1e-6)


def test_several_that_grow_for_a_step_have_one_norm():
    T = np.diag([1.0, 30.0, 5.0])
    jacobians = random(4, 5, 3, 3)
    jacobians /= np.linalg.norm(jacobians, 2, axis=(2, 3), keepdims=True)
    jacobians = 0.8 * np.linalg.inv(T) @ jacobians @ T  # each 0.8 in the norm of T
    assert np.linalg.norm(jacobians, 2, axis=(2, 3)).max() > 1
    found = contraction_check(jacobians)
    assert found.verdict == "proved"
    assert holds(found, jacobians)
    assert found.lower_rate <= found.rate < 0.8 * 1.01


def test_more_than_the_search_looks_at_first():
    jacobians = np.random.default_rng(8).uniform(0, 1, (10, 9, 6, 1)) * random(6, 6, size=0.8)
    assert np.linalg.norm(jacobians, 2, axis=(2, 3)).max() > 1
    found = contraction_check(jacobians)
    assert found.verdict == "proved"
    assert holds(found, jacobians)
    assert found.lower_rate <= found.rate < np.linalg.norm(jacobians, 2, axis=(2, 3)).max()


@pytest.mark.parametrize("radius", [1.0 + 1e-9, 1.5, 100.0])
def test_one_unstable_matrix_refutes(radius):
    jacobians = random(2, 3, 4, 4, size=0.1)
    W = random(4, 4)
    jacobians[1, 2] = W * radius / spectral_radius(W)
    found = contraction_check(jacobians)
    assert (found.verdict, found.factors) == ("refuted", ((1, 2),))
    assert found.spectral_radius == pytest.approx(radius, rel=1e-12)
    assert found.lower_rate == found.spectral_radius <= found.rate


def test_two_stable_matrices_with_an_unstable_product_are_refuted_by_it():
    jacobians = np.stack([SHEAR, SHEAR.T])[None]
    found = contraction_check(jacobians)
    assert found.verdict == "refuted"
    assert found.factors == ((0, 0), (0, 1))
    assert found.spectral_radius == pytest.approx(spectral_radius(SHEAR.T @ SHEAR))
    assert found.lower_rate == pytest.approx(found.spectral_radius**0.5)


def test_a_longer_word_is_found():
    # Three turns of 30 degrees bring the stretched vector back to where it is stretched.
    angle = np.pi / 6
    turn = 0.95 * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    stretch = np.array([[0.0, 0.0], [1.2, 0.0]])
    jacobians = np.stack([turn, stretch])[:, None]
    found = contraction_check(jacobians)
    assert found.verdict == "refuted"
    assert sorted(n for n, _ in found.factors) == [0, 0, 0, 1]
    assert found.spectral_radius == pytest.approx(1.2 * 0.95**3)
    assert spectral_radius(product_of(found, jacobians)) == pytest.approx(found.spectral_radius)


@pytest.mark.parametrize("s", [1, 3])
def test_what_is_on_the_boundary_is_undecided(s):
    found = contraction_check(np.broadcast_to(np.eye(s), (2, 2, s, s)))
    assert (found.verdict, found.rate, found.spectral_radius) == ("undecided", 1.0, 1.0)


def test_contractions_in_a_norm_of_another_kind_are_undecided():
    # T. Ando and M.-h. Shih, SIAM J. Matrix Anal. Appl. 19 (1998), 487-498: all words are below
    # 0.9^k, but no ellipse is mapped into itself by more than 0.9 sqrt(2).
    pair = 0.9 * np.array([[[1.0, 0.0], [1.0, 0.0]], [[0.0, 1.0], [0.0, -1.0]]])
    found = contraction_check(pair[None])
    assert found.verdict == "undecided"
    assert found.rate == pytest.approx(0.9 * np.sqrt(2), rel=2e-3)
    assert found.lower_rate == pytest.approx(0.9)


@pytest.mark.parametrize("size", [1e-8, 0.0])
def test_small_ones_are_proved_as_they_are(size):
    found = contraction_check(np.full((1, 1, 2, 2), size))
    assert found.verdict == "proved"
    assert found.rate == pytest.approx(2 * size, abs=1e-11)


@pytest.mark.parametrize("entry", [1.0, 10.0, 1e6])
def test_a_nilpotent_matrix_is_proved(entry):
    found = contraction_check(entry * np.eye(3, k=1)[None, None])
    assert found.verdict == "proved"
    assert found.lower_rate == 0


def test_padded_steps_are_left_out():
    jacobians = np.full((2, 3, 2, 2), np.nan)
    jacobians[0, 0], jacobians[1, 2] = 0.5 * np.eye(2), 2 * np.eye(2)
    assert contraction_check(jacobians).factors == ((1, 2),)
    jacobians[1, 2] = np.nan
    assert contraction_check(jacobians).verdict == "proved"


def test_of_a_network_along_data():
    model = SequenceClassifier("gru", 2, 2, hidden=6)
    x = np.random.default_rng(1).standard_normal((4, 5, 2))
    jacobians = state_jacobians(model, x, [5, 2, 3, 5])
    found = contraction_check(jacobians)
    real = jacobians[~np.isnan(jacobians[:, :, 0, 0])]
    assert found.verdict == "proved"
    assert weighted_norms(real, found.T).max() <= found.rate < 1


def test_a_rate_that_rounding_may_have_made_is_not_proved(monkeypatch):
    J = random(3, 4, 4)
    T = random(4, 4, seed=3)
    rate = weighted_norms(J, T).max()
    assert proves_contraction(J, T, rate * (1 + 1e-9))
    assert not proves_contraction(J, T, rate * (1 - 1e-9))
    assert not proves_contraction(J, T, rate)
    monkeypatch.setattr(room, "SLACKS", ())
    assert contraction_check(0.1 * np.eye(2)[None, None]).verdict == "undecided"


@pytest.mark.parametrize(
    ("jacobians", "match"),
    [
        (np.zeros((2, 3, 4, 5)), r"must have shape \(n, t, s, s\).*got \(2, 3, 4"),
        (np.zeros((3, 4, 4)), r"must have shape \(n, t, s, s\)"),
        (np.zeros((0, 3, 4, 4)), "no size may be 0"),
        (np.full((1, 2, 2, 2), np.nan), "must hold at least one real step"),
        (
            np.full((1, 2, 2, 2), np.inf),
            "but that of sequence 0, step 0 is not",
        ),
        ([[[[0.5, np.nan], [0.0, 0.5]]]], "must be finite at real steps"),
    ],
)
def test_what_is_no_series_of_matrices_is_refused(jacobians, match):
    with pytest.raises(ValueError, match=match):
        contraction_check(jacobians)
