"""Rows of matrices are gathered into runs."""

import numpy as np
import pytest

from rnnspec.study.runs import (
    MEASURES,
    UNBOUNDED,
    blank_at_unit_radius,
    column,
    is_trained_with,
    number,
    runs_of,
)

ROW = {"run": "a", "dataset": "digits", "cell": "gru", "seed": 0, "start": "c0ffee"}


def rows(name, *values, **more):
    """A run's matrices with the given values of a number."""
    return [ROW | {"matrix": f"layer{i}.new", name: v} | more for i, v in enumerate(values)]


@pytest.mark.parametrize("name", [*MEASURES, "pseudospectral_radius@0.01", "henrici_initial"])
def test_the_worst_matrix_counts(name):
    small = name in ("distance_to_instability", "stability_radius_real")
    (run,) = runs_of(rows(name, 0.3, 0.1, 0.2))
    assert run[name] == (0.1 if small else 0.3)
    assert "matrix" not in run
    assert runs_of(rows(name, None, None))[0][name] is None


def test_jacobians_stand_apart():
    both = rows("henrici", 0.1, 0.2) + [ROW | {"matrix": "layer0.jacobian@mean", "henrici": 0.9}]
    (run,) = runs_of(both)
    assert (run["henrici"], run["jacobian henrici"]) == (0.2, 0.9)
    assert runs_of(rows("henrici", 0.1))[0]["jacobian henrici"] is None


def test_a_blank_is_left_out_unless_it_might_be_the_worst():
    assert runs_of(rows("henrici", 0.3, None, 0.2))[0]["henrici"] == 0.3
    for name in UNBOUNDED:
        assert runs_of(rows(name, 3.0, None, 2.0))[0][name] is None
        assert runs_of(rows(name, np.inf, None))[0][name] == np.inf


def test_infinite_is_worst():
    assert runs_of(rows("kreiss_constant", 2.0, np.inf))[0]["kreiss_constant"] == np.inf


@pytest.mark.parametrize("excess", [5e-8, -5e-8, 0.0])
def test_what_rounding_decides_is_blank(excess):
    """Of an orthogonal matrix in single precision the Kreiss constant is 1, or infinite."""
    at_one = ROW | {"matrix": "layer0", "spectral_radius": 1 + excess, "transient_peak": 1.0}
    (run,) = runs_of([at_one | {"kreiss_constant": np.inf if excess > 0 else 1.0}])
    assert run["kreiss_constant"] is run["transient_peak"] is None
    before = {"spectral_radius_initial": 1 + excess, "kreiss_constant_initial": np.inf}
    beyond = at_one | before | {"spectral_radius": 1 + 1e-5, "kreiss_constant": np.inf}
    found = blank_at_unit_radius(beyond)
    assert found["kreiss_constant"] == np.inf
    assert found["kreiss_constant_initial"] is None


@pytest.mark.parametrize(
    ("rho", "beta", "ratio"),
    [(0.5, 0.25, 0.5), (1.0, 0.0, None), (1 - 1e-9, 0.0, None), (1.2, 0.0, None)],
)
def test_the_distance_over_what_it_would_be_if_normal(rho, beta, ratio):
    (run,) = runs_of(rows("spectral_radius", rho, distance_to_instability=beta))
    assert run["distance_ratio"] == ratio


def test_the_distance_of_a_blank_is_blank():
    assert np.isnan(number(runs_of(rows("spectral_radius", None))[0], "distance_ratio"))


def test_the_gap_of_the_pseudospectral_radius():
    found = runs_of(rows("spectral_radius", 0.5, **{"pseudospectral_radius@0.01": 0.75}))
    assert found[0]["pseudospectral_gap@0.01"] == 0.25


def test_numbers_and_settings():
    assert np.isnan(column([{"a": None}, {"a": "inf"}, {}], "a")).all()
    assert column([{"a": 1}, {"a": np.inf}], "a").tolist() == [1, np.inf]


@pytest.mark.parametrize("blank", [{}, {"normalize": "", "adversarial": None}])
def test_how_a_run_was_trained(blank):
    assert is_trained_with(blank)
    assert is_trained_with(blank | {"normalize": "norm"}, "norm")
    assert not is_trained_with(blank | {"normalize": "norm"})
    assert not is_trained_with(blank | {"adversarial": "pgd"})
    assert not is_trained_with(blank | {"curvature_penalty": 0.5})


def test_rows_of_something_else_are_refused():
    with pytest.raises(ValueError, match="got one without 'matrix'"):
        runs_of([ROW])
