"""The portrait of one matrix: its plane, and what rounding does to it."""

import numpy as np

from rnnspec.study.matrix_portrait import portrait_of_matrix, roundings

SHEAR = np.array([[0.5, 3.0], [0.0, 0.4]])


def test_the_plane_holds_the_unit_disk_and_all_eigenvalues():
    for A in (1e-3 * SHEAR, 5 * SHEAR):
        spectrum = portrait_of_matrix(A, "A").spectrum
        reach = max(1.0, abs(spectrum.eigenvalues).max())
        assert spectrum.x[0] < -reach
        assert spectrum.x[-1] > reach
        assert spectrum.y[-1] == -spectrum.y[0] == spectrum.x[-1]


def test_what_overflows_half_precision_is_left_out():
    assert [one.name for one in roundings(np.diag([1e6, 1.0]))] == ["int8", "int4"]
