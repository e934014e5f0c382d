"""The table of stability numbers: what it declares of each number is true of the number."""

import numpy as np
import pytest

from rnnspec.spectra import gallery
from rnnspec.spectra.measures import compute, measure
from rnnspec.spectra.numbers import NUMBERS

POWERS = {"entries": 1, "entries^2": 2}
A = gallery.grcar(7) / 4


def value_of(name, A, epsilon=0.05):
    number = NUMBERS[name]
    return float(compute(number, A, *([epsilon] if number.per_epsilon else [])))


@pytest.fixture(scope="module")
def record():
    return measure(A, epsilons=[0.05])


@pytest.mark.parametrize("name", NUMBERS)
def test_it_computes_what_the_record_holds(name, record):
    value = getattr(record, name)
    assert value_of(name, A) == (value["0.05"] if NUMBERS[name].per_epsilon else value)


@pytest.mark.parametrize("name", [name for name in NUMBERS if NUMBERS[name].unit in POWERS])
def test_the_unit_says_how_a_number_grows_with_the_entries(name):
    power = POWERS[NUMBERS[name].unit]
    assert value_of(name, 3 * A, 3 * 0.05) == pytest.approx(3**power * value_of(name, A))


@pytest.mark.parametrize("name", [name for name in NUMBERS if NUMBERS[name].unit == "norm"])
def test_a_number_in_norms_is_the_size_of_a_change(name):
    found = compute(NUMBERS[name], A)
    assert np.linalg.norm(found.perturbation, 2) == pytest.approx(float(found), rel=1e-6)


@pytest.mark.parametrize("name", NUMBERS)
def test_better_is_what_a_matrix_nearer_to_zero_has(name):
    near, far = value_of(name, A / 2), value_of(name, A)
    assert near >= far if NUMBERS[name].better == "larger" else near <= far * (1 + 1e-12)


def test_only_what_is_real_only_is_undefined_for_a_complex_matrix():
    record = measure(1j * A, epsilons=[0.05])
    undefined = {name for name in NUMBERS if getattr(record, name) is None}
    assert undefined == {name for name in NUMBERS if NUMBERS[name].real_only}


def test_what_needs_an_explanation_where_it_is_infinite_has_one():
    record = measure(3 * A)
    for name in NUMBERS:
        said = f"{name}: infinite, because {NUMBERS[name].when_infinite}" in record.warnings
        assert said == bool(NUMBERS[name].when_infinite)


def test_names_for_a_sentence_and_for_a_figure():
    assert NUMBERS["distance_to_instability"].label == "distance to instability β"
    assert NUMBERS["henrici"].label == "Henrici departure"
    assert NUMBERS["spectral_norm"].of("W") == "spectral norm ‖W‖₂"
    assert NUMBERS["eigenvector_condition"].of("J") == "eigenvector condition of J"
