import ast
import inspect
from importlib import import_module
from pathlib import Path

import pytest

import rnnspec

PROMISED = (
    "load_dataset SequenceClassifier train Normalize recurrent_matrices pseudospectrum measure"
    " spectral_radius spectral_norm spectral_abscissa henrici_departure eigenvector_condition"
    " transient_growth gallery"
).split()


def type_checking_imports():
    """{name: module} of what a type checker sees in ``rnnspec/__init__.py``."""
    tree = ast.parse(Path(rnnspec.__file__).read_text())
    block = next(node for node in tree.body if isinstance(node, ast.If))
    assert ast.unparse(block.test) == "TYPE_CHECKING"
    seen = {}
    for node in block.body:
        for alias in node.names:
            assert alias.name == alias.asname, "a re-export repeats the name"
            is_module = alias.name == "gallery"
            seen[alias.name] = f"{node.module}.gallery" if is_module else node.module
    return seen


def test_type_checkers_and_the_interpreter_see_the_same_names():
    assert type_checking_imports() == rnnspec._HOME


@pytest.mark.parametrize("name", sorted(rnnspec._HOME))
def test_each_name_is_there_at_home_and_documented(name):
    thing = getattr(rnnspec, name)
    if inspect.ismodule(thing):
        assert thing is import_module(rnnspec._HOME[name])
    else:
        assert thing.__module__ == rnnspec._HOME[name]
        assert thing.__name__ == name
    assert inspect.getdoc(thing)


def test_all_and_dir_list_them():
    assert sorted(rnnspec.__all__) == dir(rnnspec) == sorted(["__version__", *rnnspec._HOME])
    assert len(set(rnnspec.__all__)) == len(rnnspec.__all__)


@pytest.mark.parametrize("name", PROMISED)
def test_promised_names(name):
    assert name in rnnspec.__all__


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'rnnspec' has no attribute 'spectral_raduis'"):
        _ = rnnspec.spectral_raduis
