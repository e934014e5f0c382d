"""The record of all numbers: its keys, its JSON, and what it says where a number is missing."""

import json

import numpy as np
import pytest

from rnnspec.spectra import gallery
from rnnspec.spectra.measures import measure

KEYS = [
    "n",
    "spectral_radius",
    "spectral_norm",
    "spectral_abscissa",
    "henrici",
    "henrici_relative",
    "commutator_norm",
    "eigenvector_condition",
    "numerical_abscissa",
    "numerical_radius",
    "kreiss_constant",
    "transient_peak",
    "transient_peak_step",
    "distance_to_instability",
    "stability_radius_real",
    "pseudospectral_radius",
    "pseudospectral_abscissa",
    "certified",
    "warnings",
]
DULL = [[[2]], [[0.0]], np.zeros((3, 3)), np.eye(3), [[0.5j]], gallery.jordan(4), -np.eye(2)]


NUMBERS = set(KEYS) - {"certified", "warnings", "pseudospectral_radius", "pseudospectral_abscissa"}
BRACKETED = {
    "numerical_radius",
    "kreiss_constant",
    "transient_peak",
    "distance_to_instability",
    "stability_radius_real",
    "pseudospectral_radius",
    "pseudospectral_abscissa",
}
RECORDS = {
    "trained": 0.999 * gallery.random_orthogonal(12, 4) + 0.01 * gallery.grcar(12),
    "one by one": [[0.5]],
    "unstable one by one": [[-3]],
    "complex": (0.5 + 0.2j) * gallery.grcar(7) / 2,
    "unstable complex": [[2j, 1.0], [0.0, 0.1]],
    "defective": gallery.jordan(6, 0.5),
    "highly nonnormal": gallery.grcar(40) / 2.5,
    "radius 1": [[1.0, 5.0], [0.0, 0.5]],
    "radius 1 to rounding": [[1 - 1e-15, 5.0], [0.0, 0.5]],
    "integers": [[0, 2], [0, 0]],
    "tiny": 1e-8 * gallery.grcar(6),
    "huge": 1e8 * gallery.grcar(6),
}


def number_or_inf(value):
    return value == "inf" or (isinstance(value, (int, float)) and np.isfinite(value))


@pytest.mark.parametrize("name", RECORDS)
def test_whole_record(name):
    text = json.dumps(measure(RECORDS[name], epsilons=[1e-2, 1e-1]).to_dict(), allow_nan=False)
    record = json.loads(text)
    assert list(record) == KEYS
    for key in NUMBERS:
        said = [w for w in record["warnings"] if w.startswith(f"{key}:")]
        assert number_or_inf(record[key]) or (record[key] is None and said), key
    for key in ("pseudospectral_radius", "pseudospectral_abscissa"):
        assert list(record[key]) == ["0.01", "0.1"]
        assert all(number_or_inf(value) for value in record[key].values())
    # Every number with a search is certified, or a warning says why not.
    for key in BRACKETED:
        said = [w for w in record["warnings"] if w.startswith(f"{key}:")]
        assert key in record["certified"] or said, key
    for key, bracket in record["certified"].items():
        assert key in BRACKETED
        for entry, value in (
            [(bracket, record[key])]
            if "lower" in bracket
            else [(bracket[e], record[key][e]) for e in bracket]
        ):
            assert list(entry) == ["lower", "upper"]
            assert float(entry["lower"]) <= float(value) <= float(entry["upper"])


@pytest.mark.parametrize("n", [8, 24])
def test_radius_normalised_to_one(n):
    A = gallery.ginibre(n, seed=n + 3)
    A /= np.abs(np.linalg.eigvals(A)).max()
    below, on, above = (measure((1 + shift) * A) for shift in (-1e-3, 0.0, 1e-6))
    assert set(below.certified) >= BRACKETED - {"pseudospectral_radius", "pseudospectral_abscissa"}
    assert below.warnings == ()
    assert on.distance_to_instability < 1e-13
    assert below.kreiss_constant < on.kreiss_constant < 2 * below.kreiss_constant
    assert any("on the boundary up to rounding" in text for text in on.warnings)
    assert above.kreiss_constant == above.transient_peak == np.inf
    assert above.distance_to_instability == 0
    assert any(
        "grow without bound (the spectral radius is above 1 by 1e-06)" in text
        for text in above.warnings
    )


def test_keys_are_the_promised_ones():
    assert list(measure(np.eye(2)).to_dict()) == KEYS


@pytest.mark.parametrize("A", DULL)
def test_strict_json_for_dull_matrices(A):
    text = json.dumps(measure(A, epsilons=[0.1]).to_dict(), allow_nan=False)
    assert json.loads(text)["n"] == len(A)


@pytest.mark.parametrize("A", DULL)
def test_every_null_has_a_warning(A):
    record = measure(A, epsilons=[0.1]).to_dict()
    nulls = [key for key in KEYS if record[key] is None or record[key] == {"0.1": None}]
    for key in nulls:
        assert any(warning.startswith(f"{key}:") for warning in record["warnings"]), key


def test_epsilons_name_the_entries():
    record = measure(np.eye(2), epsilons=[0.01, 0.5]).to_dict()
    assert list(record["pseudospectral_radius"]) == ["0.01", "0.5"]
    assert list(record["pseudospectral_abscissa"]) == ["0.01", "0.5"]
    assert measure(np.eye(2)).pseudospectral_radius == {}
    with pytest.raises(ValueError, match="`epsilons` must be a finite number > 0, got -0.1"):
        measure(np.eye(2), epsilons=[-0.1])


def test_relative_henrici_is_scale_free():
    A = gallery.grcar(12)
    assert measure(5 * A).henrici_relative == pytest.approx(measure(A).henrici_relative)
    assert measure(np.zeros((2, 2))).henrici_relative == 0


def test_stable_matrix_has_a_certified_peak():
    numbers = measure(gallery.delay_line(5, gain=2.0))
    assert (numbers.transient_peak, numbers.transient_peak_step) == (16, 4)
    assert numbers.certified["transient_peak"] == {"lower": 16, "upper": 16}


def test_unstable_matrix_grows_for_ever():
    record = measure(1.01 * np.eye(2)).to_dict()
    assert record["transient_peak"] == "inf"
    assert record["transient_peak_step"] is None
    assert "grow without bound" in " ".join(record["warnings"])


def test_undecided_growth_says_how_far_it_looked():
    numbers = measure([[1.0, 1.0], [0.0, 1.0]])
    assert "transient_peak" not in numbers.certified
    assert "kreiss_constant" not in numbers.certified
    assert "on the boundary" in " ".join(numbers.warnings)
    assert numbers.transient_peak_step == 10000
    assert "none of the first 10000 powers" in " ".join(numbers.warnings)


def test_orthogonal_matrix_peaks_at_the_start():
    numbers = measure(gallery.random_orthogonal(24, seed=3))
    assert numbers.transient_peak == pytest.approx(1)
    assert numbers.transient_peak_step == 0


def test_defective_matrix_has_infinite_condition():
    assert measure(gallery.jordan(3)).to_dict()["eigenvector_condition"] == "inf"


def test_every_number_with_a_proof_has_its_bracket():
    numbers = measure(gallery.grcar(12) / 2.5, epsilons=[0.01])
    assert sorted(numbers.certified) == [
        "distance_to_instability",
        "kreiss_constant",
        "numerical_radius",
        "pseudospectral_abscissa",
        "pseudospectral_radius",
        "stability_radius_real",
        "transient_peak",
    ]
    record = numbers.to_dict()
    for key, bracket in record["certified"].items():
        for name, found in bracket.items() if "0.01" in bracket else [(None, bracket)]:
            value = record[key][name] if name else record[key]
            assert found["lower"] <= value <= found["upper"]
    assert numbers.warnings == ()


def test_complex_matrix_has_no_real_radius():
    numbers = measure(1j * gallery.grcar(6) / 3)
    assert numbers.stability_radius_real is None
    assert "stability_radius_real: undefined, because the matrix is complex" in numbers.warnings
    same = measure(gallery.grcar(6) / 3)
    assert numbers.kreiss_constant == pytest.approx(same.kreiss_constant, rel=1e-4)


def test_unstable_matrix_has_an_infinite_kreiss_constant_and_no_distance():
    record = measure(1.01 * np.eye(2)).to_dict()
    assert record["kreiss_constant"] == "inf"
    assert record["distance_to_instability"] == 0
    assert "kreiss_constant: infinite" in " ".join(record["warnings"])


def test_search_that_did_not_end_is_a_warning_in_the_record():
    numbers = measure(gallery.grcar(20) / 2.5, epsilons=[1e-17])
    assert "pseudospectral_radius" not in numbers.certified
    assert any(text.startswith("pseudospectral_radius:") for text in numbers.warnings)


@pytest.mark.parametrize("exponent", [-1000, -700, -500, 500, 700, 1000])
def test_matrices_of_any_size_have_numbers(exponent):
    size, G = 2.0**exponent, gallery.ginibre(12, seed=3)
    one, other = measure(G, epsilons=[0.01]), measure(size * G, epsilons=[size * 0.01])
    assert other.henrici == pytest.approx(size * one.henrici)
    assert other.henrici_relative == pytest.approx(one.henrici_relative)
    assert other.numerical_radius == pytest.approx(size * one.numerical_radius)
    for key in ("pseudospectral_radius", "pseudospectral_abscissa"):
        (here,), (there,) = getattr(one, key).values(), getattr(other, key).values()
        assert there == pytest.approx(size * here)
    if exponent < 0:
        assert other.distance_to_instability == pytest.approx(1.0)
        assert other.stability_radius_real == pytest.approx(1.0)
        assert (other.kreiss_constant, other.transient_peak) == (1.0, 1.0)
    else:
        assert (other.kreiss_constant, other.transient_peak) == (np.inf, np.inf)
        assert other.distance_to_instability == other.stability_radius_real == 0


def test_a_real_matrix_stored_as_complex_is_real():
    A = np.array([[0.5, 3.0], [0.0, 0.4]])
    assert measure(A.astype(complex)).to_dict() == measure(A).to_dict()


def test_sizes_that_are_nearly_equal_stay_apart():
    found = measure(np.array([[0.5, 3.0], [0.0, 0.4]]), [0.1234567, 0.12345671])
    assert list(found.pseudospectral_radius) == ["0.1234567", "0.12345671"]
