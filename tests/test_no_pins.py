"""Tests state laws: none of them patches, reads or imports a private name of the package."""

import ast
from pathlib import Path

import pytest

import rnnspec

FILES = sorted(Path(__file__).parent.rglob("*.py"))


def is_private(name):
    """Whether it begins with an underscore and does not end with one, as protocols of others do."""
    return name.startswith("_") and not name.endswith("_")


def names_of_the_package():
    """Private functions, methods, constants and attributes that the package defines."""
    for path in Path(rnnspec.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                    yield name
                case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                    yield name


PRIVATE = {name for name in names_of_the_package() if is_private(name)}


def pins(tree):
    """Private names of the package in a test: as attributes, as texts of a patch, imported."""
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(attr=name) if name in PRIVATE:
                yield name
            case ast.Call(func=ast.Attribute() | ast.Name() as called, args=given) if ast.unparse(
                called
            ).endswith(("attr", "patch")):
                texts = [one.value for one in given if isinstance(one, ast.Constant)]
                yield from (text for text in texts if str(text).rpartition(".")[2] in PRIVATE)
            case ast.ImportFrom(module=str(module), names=names) if module.startswith("rnnspec"):
                yield from (alias.name for alias in names if is_private(alias.name))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_private_name_is_pinned(path):
    assert not [*pins(ast.parse(path.read_text()))]


def test_a_pin_would_be_found():
    name = min(PRIVATE)
    for text in (f"a.{name}", f"m.setattr('rnnspec.a.{name}', 1)", f"from rnnspec.a import {name}"):
        assert [*pins(ast.parse(text))]
