"""Exponents drawn: lines and bands are the fields of the result."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from rnnspec import plots
from rnnspec.dynamics import LyapunovSpectrum

TIMES = np.array([10, 20, 30])


def spectrum(exponents, errors=0.01, n=4, converged=True):
    exponents = np.array(exponents, dtype=float)
    k = len(exponents)
    running = exponents + np.array([[0.2], [0.1], [0.0]])
    running_errors = np.full((3, k), errors)
    return LyapunovSpectrum(
        exponents, running_errors[-1], np.zeros(k), np.tile(exponents, (n, 1)), np.full(n, 30),
        TIMES, running, running_errors, 9, converged,
    )  # fmt: skip


def labels(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_lines_and_bands_are_the_running_estimates():
    found = spectrum([0.1, -0.25])
    ax = plots.lyapunov(found)
    for j, (line, band) in enumerate(zip(ax.lines, ax.collections, strict=False)):
        np.testing.assert_array_equal(line.get_xydata().T, [TIMES, found.running[:, j]])
        edge = band.get_paths()[0].vertices
        for far in (-0.02, 0.02):
            for point in zip(TIMES, found.running[:, j] + far, strict=True):
                assert (np.abs(edge - point).sum(1) < 1e-12).any()
    assert len({line.get_color() if isinstance(line.get_color(), str) else tuple(line.get_color())
                for line in ax.lines[:2]}) == 2  # fmt: skip
    assert labels(ax) == ["± two standard errors", "λ₁ = 0.1 ± 0.01", "λ₂ = −0.25 ± 0.01"]
    assert ax.get_title() == "2 of 9 exponents: settled"
    assert ax.get_xlabel() == "steps after the warm-up (4 trajectories)"


def test_of_many_the_first_and_the_last_are_named():
    ax = plots.lyapunov(spectrum(-1 - np.arange(9.0)))
    assert labels(ax)[1:] == ["λ₁ = −1 ± 0.01", "λ₉ = −9 ± 0.01"]
    assert len(ax.lines) == 10


def test_what_is_not_known_is_not_drawn():
    ax = plots.lyapunov(spectrum([0.1, -np.inf], errors=np.nan, n=1, converged=False))
    assert labels(ax) == ["λ₁ = 0.1"]
    assert len(ax.lines) == 2
    assert ax.get_title() == "2 of 9 exponents: not settled"
    assert ax.get_xlabel() == "steps after the warm-up (1 trajectory)"


@pytest.mark.parametrize("exponents", [[0.1], [-np.inf, -np.inf]])
def test_into_given_axes(exponents):
    _, ax = plt.subplots()
    assert plots.lyapunov(spectrum(exponents), ax) is ax
    ax.figure.canvas.draw()
