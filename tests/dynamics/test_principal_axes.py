"""Principal axes: orthonormal, ordered, of one sign, and what no other axes do better."""

import numpy as np
import pytest
import scipy.linalg

from rnnspec.dynamics.principal_axes import principal_axes

EPS = np.finfo(float).eps


@pytest.fixture
def states():
    rng = np.random.default_rng(90211)
    return rng.standard_normal((40, 5, 6)) * [0.1, 3.0, 0.5, 1.0, 2.0, 0.2] + 7


def test_the_singular_vectors_of_the_centred_states(states):
    found = principal_axes(states, k=4)
    flat = states.reshape(-1, 6)
    np.testing.assert_allclose(found.mean, flat.mean(axis=0), rtol=4 * EPS)
    _, sigma, Vh = np.linalg.svd(flat - flat.mean(axis=0))
    np.testing.assert_allclose(found.shares, sigma[:4] ** 2 / (sigma**2).sum(), atol=1e-14)
    np.testing.assert_allclose(np.abs(np.vecdot(found.axes, Vh[:4])), 1, atol=1e-13)


def test_axes_are_orthonormal_and_shares_decrease(states):
    found = principal_axes(states, k=6)
    np.testing.assert_allclose(found.axes @ found.axes.T, np.eye(6), atol=20 * EPS)
    assert (np.diff(found.shares) < 0).all()
    assert found.shares.sum() == pytest.approx(1, abs=20 * EPS)


def test_all_axes_keep_every_distance(states):
    flat = principal_axes(states, k=6).project(states)
    assert flat.shape == states.shape
    np.testing.assert_allclose(
        np.linalg.norm(flat[0] - flat[1], axis=-1), np.linalg.norm(states[0] - states[1], axis=-1)
    )


def test_coordinates_are_uncorrelated_and_centred(states):
    coordinates = principal_axes(states).project(states).reshape(-1, 3)
    np.testing.assert_allclose(coordinates.mean(axis=0), 0, atol=1e-13)
    covariance = coordinates.T @ coordinates / len(coordinates)
    np.testing.assert_allclose(covariance, np.diag(np.diag(covariance)), atol=1e-13)


def test_no_other_plane_holds_more(states):
    rng = np.random.default_rng(6607)
    found = principal_axes(states, k=2)
    centred = states.reshape(-1, 6) - found.mean
    held = np.linalg.norm(centred @ found.axes.T)
    for _ in range(50):
        plane = scipy.linalg.qr(rng.standard_normal((6, 2)), mode="economic")[0]
        assert np.linalg.norm(centred @ plane) < held


def test_the_largest_entry_is_positive_so_a_mirror_image_has_the_same_axes(states):
    found, mirrored = principal_axes(states), principal_axes(-states)
    largest = found.axes[range(3), np.abs(found.axes).argmax(axis=1)]
    assert (largest > 0).all()
    np.testing.assert_allclose(mirrored.axes, found.axes, atol=1e-13)


def test_padded_steps_are_left_out_and_stay_nan(states):
    padded = states.copy()
    padded[3:, 2:] = np.nan
    whole = np.concatenate([states[:3].reshape(-1, 6), states[3:, :2].reshape(-1, 6)])
    np.testing.assert_allclose(principal_axes(padded).axes, principal_axes(whole).axes, atol=1e-12)
    coordinates = principal_axes(padded).project(padded)
    np.testing.assert_array_equal(np.isnan(coordinates[..., 0]), np.isnan(padded[..., 0]))


@pytest.mark.parametrize("states", [[[1.0, 2.0, 3.0]], np.ones((4, 3)), np.zeros((2, 5, 3))])
def test_states_that_do_not_differ_have_axes_and_no_shares(states):
    found = principal_axes(states)
    np.testing.assert_allclose(found.axes @ found.axes.T, np.eye(3), atol=20 * EPS)
    np.testing.assert_array_equal(found.shares, 0)
    np.testing.assert_array_equal(found.project(states), np.zeros(np.shape(states)))


def test_a_scalar_state():
    found = principal_axes([[1.0], [3.0]], k=1)
    assert found.axes.tolist() == [[1.0]]
    assert found.shares.tolist() == [1.0]
    assert found.project([[5.0]]).tolist() == [[3.0]]


def test_errors():
    with pytest.raises(ValueError, match=r"`states` must have shape \(..., s\), got \(3,\)"):
        principal_axes([1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="`states` must hold at least one state without NaN"):
        principal_axes(np.full((2, 3), np.nan))
    with pytest.raises(ValueError, match="`states` must hold at least one state without NaN"):
        principal_axes(np.empty((0, 3)))
    with pytest.raises(ValueError, match="`states` must be finite, got an infinite one"):
        principal_axes([[0.0, np.inf, 1.0]])
    for k in (0, 3):
        with pytest.raises(ValueError, match=f"`k` must be from 1 to 2, .*, got {k}"):
            principal_axes([[0.0, 1.0]], k=k)
    with pytest.raises(ValueError, match=r"`states` must have shape \(..., 2\), got \(3,\)"):
        principal_axes([[0.0, 1.0]], k=1).project(np.zeros(3))
