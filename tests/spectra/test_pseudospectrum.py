"""The grid: exact coordinates, symmetry, boxes, levels, saving, and every error."""

from dataclasses import FrozenInstanceError, fields

import numpy as np
import pytest

from rnnspec import ConvergenceWarning
from rnnspec.spectra import gallery, grid_values
from rnnspec.spectra.engine.dense import exact_sigma_min
from rnnspec.spectra.pseudospectrum import Pseudospectrum, pseudospectrum
from rnnspec.spectra.resolvent import sigma_min

EPS = np.finfo(float).eps


def at_each_point(A, result):
    return sigma_min(A, result.x + 1j * result.y[:, None])


@pytest.mark.parametrize("n", [5, 20])
@pytest.mark.parametrize("grid", [9, 10, (7, 4), (4, 7)])
@pytest.mark.parametrize("box", [(-1, 3, -3, 3), (-1, 3, -1, 3), (0.1, 0.7, 1 / 3, 2 / 3)])
def test_explicit_box_gives_exactly_linspace(n, grid, box):
    nx, ny = (grid, grid) if isinstance(grid, int) else grid
    result = pseudospectrum(gallery.grcar(n), box=box, grid=grid)
    np.testing.assert_array_equal(result.x, np.linspace(box[0], box[1], nx))
    np.testing.assert_array_equal(result.y, np.linspace(box[2], box[3], ny))
    assert result.sigma_min.shape == (ny, nx)
    np.testing.assert_allclose(
        result.sigma_min, at_each_point(gallery.grcar(n), result), rtol=1e-6, atol=1e-14
    )


@pytest.mark.parametrize(
    ("A", "box", "grid", "rows"),
    [
        (gallery.grcar(20), (-1, 3, -3, 3), (6, 10), 5),
        (gallery.grcar(20), (-1, 3, -3, 3), (6, 11), 6),
        (gallery.grcar(20), (-1, 3, -3, 2), (6, 10), 10),
        (gallery.grcar(20) * (1 + 0j), (-1, 3, -3, 3), (6, 10), 10),
        (gallery.grcar(20), None, (6, 11), 6),
    ],
)
def test_symmetry_is_used_where_it_holds(A, box, grid, rows):
    told = []
    result = pseudospectrum(A, box=box, grid=grid, progress=lambda *counts: told.append(counts))
    assert told[-1] == (rows * 6, rows * 6)
    assert result.sigma_min.shape == grid[::-1]


def test_values_are_mirrored_to_the_right_rows():
    result = pseudospectrum(gallery.grcar(20), grid=11)
    np.testing.assert_array_equal(result.sigma_min, result.sigma_min[::-1])
    np.testing.assert_allclose(
        result.sigma_min, at_each_point(gallery.grcar(20), result), rtol=1e-6, atol=1e-14
    )


@pytest.mark.parametrize("box", [(-1, 3, -3, 3), (-1, 3, -3, 2)])
@pytest.mark.parametrize("grid", [(6, 11), (7, 10)])
def test_strips_change_only_rounding(grid, box, monkeypatch):
    whole = pseudospectrum(gallery.grcar(20), box=box, grid=grid).sigma_min
    monkeypatch.setattr(grid_values, "STRIP", 20)
    strips = pseudospectrum(gallery.grcar(20), box=box, grid=grid).sigma_min
    np.testing.assert_allclose(strips, whole, rtol=1e-6)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_automatic_box_holds_the_largest_level(seed):
    for A in (gallery.ginibre(12, seed), gallery.grcar(15), gallery.kahan(10), 1j * np.eye(3)):
        for epsilon in (1e-3, 0.3):
            s = pseudospectrum(A, levels=[epsilon], grid=40).sigma_min
            assert min(s[[0, -1]].min(), s[:, [0, -1]].min()) > epsilon


def test_automatic_box_follows_the_levels():
    A = gallery.cyclic_shift(10)
    small, large = (pseudospectrum(A, levels=[e], grid=3).x[-1] for e in (0.01, 0.5))
    assert 1.01 < small < 1.2 < 1.5 < large < 1.7


def test_levels_are_kept_or_chosen():
    A = gallery.grcar(20)
    assert pseudospectrum(A, levels=[0.1, 1e-3], grid=5).levels.tolist() == [1e-3, 0.1]
    result = pseudospectrum(A, grid=30)
    assert 3 <= len(result.levels) <= 8
    assert (result.levels > result.sigma_min.min()).all()
    assert (result.levels < result.sigma_min.max()).all()


def test_constant_values_still_have_a_level():
    result = pseudospectrum(np.zeros((2, 2)), box=(1 - 1e-9, 1, -1e-9, 1e-9), grid=3)
    np.testing.assert_allclose(result.levels, 1)


def test_normal_matrix_levels_are_discs():
    result = pseudospectrum(gallery.cyclic_shift(10), grid=25)
    z = result.x + 1j * result.y[:, None]
    distance = np.abs(z[..., None] - result.eigenvalues).min(axis=-1)
    np.testing.assert_allclose(result.sigma_min, distance, rtol=1e-6, atol=1e-14)


@pytest.mark.parametrize("A", [[[2]], [[0.0]], np.zeros((12, 12)), np.eye(12), [[1j]]])
def test_dull_matrices(A):
    result = pseudospectrum(A, grid=8)
    assert result.converged
    assert np.isfinite(result.sigma_min).all()
    assert result.x[0] < result.eigenvalues[0].real < result.x[-1]
    assert result.y[0] < result.eigenvalues[0].imag < result.y[-1]


def test_tolerance_is_passed_on_and_recorded():
    A = gallery.random_orthogonal(40, seed=5)
    loose, tight = (pseudospectrum(A, grid=20, tol=tol) for tol in (0.5, 1e-9))
    assert (loose.tol, tight.tol) == (0.5, 1e-9)
    assert np.abs(loose.sigma_min / tight.sigma_min - 1).max() > 1e-4


def test_the_same_input_gives_the_same_bits():
    A = gallery.ginibre(40, seed=5)
    first, second = pseudospectrum(A, grid=20), pseudospectrum(A, grid=20)
    np.testing.assert_array_equal(first.sigma_min, second.sigma_min)


def test_not_converged_is_recorded_and_gives_upper_bounds(too_few_iterations):
    box = (-0.2, 0.2, -0.1, 0.3)
    with pytest.warns(ConvergenceWarning, match="at 16 of 16 points"):
        result = pseudospectrum(too_few_iterations, box=box, grid=4)
    assert not result.converged
    z = result.x + 1j * result.y[:, None]
    exact = exact_sigma_min(too_few_iterations, z.ravel()).reshape(z.shape)
    assert (result.sigma_min >= exact * (1 - 1e-12)).all()


LEVELS = {
    "ginibre": (gallery.ginibre(40, seed=1), [1e-3, 1e-2, 0.1]),
    "grcar": (gallery.grcar(40), [1e-5, 1e-3, 0.1]),
    "touching_discs": (gallery.cyclic_shift(32), [0.05, 0.1, 0.2]),
    "complex": (gallery.ginibre(12, seed=1) * (1 + 1j), [1e-2, 0.1]),
}


@pytest.mark.parametrize("grid", [(161, 170), (200, 90)])
@pytest.mark.parametrize(("A", "levels"), LEVELS.values(), ids=LEVELS)
def test_adaptive_gives_the_same_contour_lines_from_fewer_points(A, levels, grid):
    full = pseudospectrum(A, levels=levels, grid=grid)
    part = pseudospectrum(A, levels=levels, grid=grid, adaptive=True)
    assert part.points < 0.6 * full.points == 0.6 * grid[0] * grid[1]
    for level in levels:
        np.testing.assert_array_equal(full.sigma_min < level, part.sigma_min < level)
    same = np.isclose(full.sigma_min, part.sigma_min, rtol=2e-6, atol=1e-13)
    assert same.mean() > 0.9 * part.points / full.points


def test_adaptive_on_a_grid_too_small_to_refine_computes_all():
    result = pseudospectrum([[0.0, 1.0], [0.0, 0.0]], levels=[0.5], grid=2, adaptive=True)
    assert result.points == 4


@pytest.mark.parametrize("n", [3, 12])
def test_progress_counts_the_points_of_the_upper_half(n):
    told = []
    pseudospectrum(gallery.grcar(n), grid=(5, 6), progress=lambda *counts: told.append(counts))
    assert told[-1] == (15, 15)
    assert sorted(told) == told


def test_an_interrupted_save_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "a.npz"
    pseudospectrum([[1.0]], grid=2, name="old").save(path)

    def interrupted(*_args, **_arrays):
        raise KeyboardInterrupt

    monkeypatch.setattr(np, "savez", interrupted)
    with pytest.raises(KeyboardInterrupt):
        pseudospectrum([[1.0]], grid=2, name="new").save(path)
    assert Pseudospectrum.load(path).name == "old"


def test_save_and_load(tmp_path):
    result = pseudospectrum(gallery.grcar(12), grid=(5, 6), name="grcar(12)")
    result.save(tmp_path / "grcar.out")
    again = Pseudospectrum.load(tmp_path / "grcar.out")
    for field in fields(Pseudospectrum):
        before, after = getattr(result, field.name), getattr(again, field.name)
        assert type(before) is type(after)
        np.testing.assert_array_equal(before, after)
    with np.load(tmp_path / "grcar.out") as stored:
        assert {"x", "y", "sigma_min", "eigenvalues", "name", "tol"} <= set(stored)
    assert again.name == "grcar(12)"
    assert again.method == "lanczos"


def test_loading_another_file_says_what_is_missing(tmp_path):
    np.savez(tmp_path / "a.npz", x=[1.0])
    with pytest.raises(ValueError, match=r"got .*a\.npz without y, sigma_min"):
        Pseudospectrum.load(tmp_path / "a.npz")


def test_results_are_frozen():
    result = pseudospectrum([[1.0]], grid=2)
    with pytest.raises(FrozenInstanceError):
        result.tol = 1.0


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"adaptive": True}, "`levels` must be given if `adaptive` is set"),
        ({"box": (0, 0, -1, 1)}, "`box` must be four finite numbers xmin < xmax"),
        ({"box": (0, 1, 1, -1)}, "`box` must be four finite numbers xmin < xmax"),
        ({"box": (0, 1, 2)}, "`box` must be four finite numbers xmin < xmax"),
        ({"box": (0, np.inf, 0, 1)}, "`box` must be four finite numbers xmin < xmax"),
        ({"grid": 1}, r"`grid` must be an int or a pair \(nx, ny\), each at least 2, got 1"),
        ({"grid": (3, 4, 5)}, "`grid` must be an int or a pair"),
        ({"grid": (3, 4.5)}, "`grid` must be an int or a pair"),
        ({"grid": 4.5}, "`grid` must be an int or a pair"),
        ({"levels": 0.1}, "`levels` must be a sequence of epsilons, got 0.1"),
        ({"levels": []}, "`levels` must hold at least one epsilon, or be None, got none"),
        ({"levels": [0.1, -1]}, r"`levels` must be a finite number > 0, got -1.0"),
        ({"tol": -1}, "`tol` must be a finite number > 0, got -1"),
        ({"device": "tpu"}, "`device` must be one of cpu, cuda, got 'tpu'"),
    ],
)
def test_bad_options_are_refused(options, text):
    with pytest.raises(ValueError, match=text):
        pseudospectrum(gallery.grcar(10), **options)


@pytest.mark.parametrize("A", [np.zeros((0, 0)), [[np.nan]], np.ones((4, 1)), [1.0]])
def test_bad_matrices_are_refused(A):
    with pytest.raises(ValueError, match="`A` must"):
        pseudospectrum(A)
