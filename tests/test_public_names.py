import ast
import inspect
from importlib import import_module
from pathlib import Path

import pytest

import rnnspec

ROOT = Path(rnnspec.__file__).parent
ROOMS = ("data", "dynamics", "models", "plots", "robustness", "spectra", "study", "training")
PROMISED = (
    "load_dataset SequenceClassifier train Normalize recurrent_matrices pseudospectrum measure"
    " robustness_curve state_jacobians lyapunov_spectrum fixed_points spectral_radius spectral_norm"
    " spectral_abscissa henrici_departure eigenvector_condition numerical_range numerical_radius"
    " kreiss_constant distance_to_instability stability_radius_real pseudospectral_radius"
    " pseudospectral_abscissa transient_growth gallery SequenceDataset DataSplits Threat"
    " minimal_perturbations weight_robustness under_attack bake normalize_recurrent SpectralMonitor"
    " contraction_check finite_time_growth state_trajectory load_matrices run_study claims explore"
).split()


def listed(package):
    """Names in the stub of a package, with the module that each is imported from."""
    stub = ast.parse(Path(import_module(package).__file__).with_name("__init__.pyi").read_text())
    return [
        (alias.name, node.module)
        for node in stub.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    ]


@pytest.mark.parametrize("package", ["rnnspec", *(f"rnnspec.{room}" for room in ROOMS)])
def test_each_name_is_listed_once_there_and_documented(package):
    names = [name for name, _ in listed(package)]
    assert len(set(names)) == len(names)
    assert sorted(names) == sorted(dir(import_module(package)))
    for name in names:
        thing = getattr(import_module(package), name)
        assert inspect.getdoc(thing)
        assert inspect.ismodule(thing) or thing.__name__ == name


def test_no_name_is_in_two_rooms():
    """Except that a figure has the name of what it draws."""
    names = [name for room in ROOMS if room != "plots" for name, _ in listed(f"rnnspec.{room}")]
    assert len(set(names)) == len(names)


def test_the_top_level_is_the_rooms_and_short():
    top = {name for name, _ in listed("rnnspec")}
    assert set(ROOMS) <= top
    assert len(top - set(ROOMS)) <= 45


@pytest.mark.parametrize("name", PROMISED)
def test_promised_names(name):
    assert name in dir(rnnspec)


def test_a_name_is_the_function_whoever_imported_its_file_first():
    import_module("rnnspec.spectra.pseudospectrum")
    import_module("rnnspec.dynamics.fixed_points")
    assert callable(rnnspec.spectra.pseudospectrum)
    assert callable(rnnspec.dynamics.fixed_points)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="'rnnspec' has no attribute 'spectral_raduis'$"):
        _ = rnnspec.spectral_raduis


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("sigma_min", "spectra.sigma_min"),
        ("corrupt", "robustness.corrupt"),
        ("plot_study", "plots"),
    ],
)
def test_a_name_of_a_room_says_where_it_is(name, place):
    with pytest.raises(AttributeError, match=f"'{name}'; it is in a room: rnnspec.{place}"):
        getattr(rnnspec, name)
