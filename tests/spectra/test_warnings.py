"""A search that did not end says so at the line that asked for it."""

import warnings

import pytest

import rnnspec
from rnnspec import ConvergenceWarning
from rnnspec.spectra import gallery

A = gallery.grcar(8) / 4


@pytest.mark.parametrize(
    "search",
    [
        lambda: rnnspec.pseudospectral_radius(A, 1e-17),
        lambda: rnnspec.pseudospectral_abscissa(A, 1e-17),
        lambda: rnnspec.kreiss_constant([[0.5, 3.0], [0.0, 0.4]], rtol=1e-15),
        lambda: rnnspec.kreiss_constant(gallery.jordan(4, 1.0)),
        lambda: rnnspec.stability_radius_real(A, rtol=1e-18),
        lambda: rnnspec.spectra.transient_peak([[1.0, 1.0], [0.0, 1.0]], max_steps=9),
    ],
)
def test_the_warning_points_at_the_caller(search):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        search()
    assert caught
    assert {warning.filename for warning in caught} == {__file__}
