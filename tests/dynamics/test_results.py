"""What every result of dynamics can do: strict JSON, and a table where it is one."""

import json
from dataclasses import fields

import numpy as np
import pytest
from torch import nn

from rnnspec import SequenceClassifier, contraction_check, dynamics, fixed_points, lyapunov_spectrum

LENGTHS = [6, 2, 4]


@pytest.fixture(scope="module")
def results():
    model = SequenceClassifier("gru", 2, 2, hidden=3, init="torch", seed=3)
    x = np.random.default_rng(5).standard_normal((3, 6, 2))
    return {
        "bands": dynamics.stability_bands(model, x, LENGTHS),
        "contraction": contraction_check(dynamics.state_jacobians(model, x, LENGTHS)),
        "fixed points": fixed_points(model, np.zeros((1, 3))),
        "gradients": dynamics.gradient_profile(model, x, [0, 1, 0], LENGTHS),
        "growth": dynamics.finite_time_growth(model, x, LENGTHS, step=1),
        "exponents": lyapunov_spectrum(model, np.tile(x, (1, 40, 1))),
        "axes": dynamics.principal_axes(x, k=2),
    }


RESULTS = ["bands", "contraction", "fixed points", "gradients", "growth", "exponents", "axes"]


@pytest.mark.parametrize("name", RESULTS)
def test_the_record_of_a_result_has_its_fields(results, name):
    found = results[name]
    record = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert list(record) == [field.name for field in fields(found)]


def test_bands_have_a_row_for_each_real_step(results):
    bands = results["bands"]
    rows = bands.rows()
    assert len(rows) == sum(LENGTHS)
    assert list(rows[0]) == ["sequence", "step", *bands.values]
    for row in rows:
        for name, values in bands.values.items():
            assert row[name] == values[row["sequence"], row["step"]]


def test_fixed_points_have_a_row_each():
    unit = nn.RNN(1, 1, bias=False)
    nn.init.constant_(unit.weight_hh_l0, 2.0)
    found = fixed_points(unit, [[-1.0], [0.1], [0.8]])
    rows = found.rows()
    assert [row["kind"] for row in rows] == ["stable", "stable", "unstable"]
    assert [row["count"] for row in rows] == found.counts.tolist()
    assert rows[2]["spectral_radius"] == pytest.approx(2.0, rel=1e-12)
    assert all(row["converged"] for row in rows)


def test_exponents_have_a_row_each_and_a_frame(results):
    pandas = pytest.importorskip("pandas")
    spectrum = results["exponents"]
    frame = spectrum.to_frame()
    assert isinstance(frame, pandas.DataFrame)
    np.testing.assert_array_equal(frame["exponent"], spectrum.exponents)
    np.testing.assert_array_equal(frame["standard_error"], spectrum.standard_errors)
