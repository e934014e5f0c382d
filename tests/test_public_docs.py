"""The public surface, walked: what `help` must say of every name."""

import inspect
import re
from dataclasses import fields, is_dataclass
from importlib import import_module

import pytest

ROOMS = ("data", "dynamics", "models", "plots", "robustness", "spectra", "study", "training")
SECTIONS = ("Parameters", "Attributes", "Returns", "Yields", "Raises", "Warns", "Notes")
SECTIONS += ("See Also", "References", "Examples", "Other Parameters")
# Rooms of mathematics, whose functions say what they cost and where they come from.
COSTS = ("dynamics", "robustness", "spectra")
SOURCES = ("spectra",)
# Definitions that need no source.
NO_SOURCE = {"eigenvalues", "spectral_abscissa", "spectral_norm", "spectral_radius"}
# Nothing can go wrong in them, or only what goes wrong in what they call and name.
NO_RAISES: set[str] = set()


def public(kind):
    modules = {room: import_module(f"rnnspec.{room}") for room in ROOMS}
    return [
        pytest.param(room, name, thing, id=f"{room}.{name}")
        for room, module in modules.items()
        for name in dir(module)
        if kind(thing := getattr(module, name))
    ]


def sections(thing):
    """{heading: text} of a numpydoc docstring."""
    lines = inspect.getdoc(thing).splitlines()
    starts = [
        i
        for i in range(len(lines) - 1)
        if lines[i] in SECTIONS and set(lines[i + 1]) == {"-"} and lines[i + 1]
    ]
    ends = [*starts[1:], len(lines)]
    return {lines[i]: "\n".join(lines[i + 2 : j]) for i, j in zip(starts, ends, strict=False)}


def described(text):
    """{name: type} of the entries of a section, those of a line `a, b : type` each."""
    found = {}
    for line in text.splitlines():
        if match := re.match(r"(\S[^:]*?)(?: : (.*))?$", line):
            for name in match[1].replace("`", "").split(","):
                found[name.strip().lstrip("*")] = match[2] or ""
    return found


def parameters(function):
    return {
        name: parameter
        for name, parameter in inspect.signature(function).parameters.items()
        if name not in ("self", "cls")
    }


@pytest.mark.parametrize(("room", "name", "function"), public(inspect.isfunction))
def test_a_function_says_what_it_takes_returns_and_raises(room, name, function):
    parts = sections(function)
    expected = parameters(function)
    told = described(parts.get("Parameters", ""))
    assert set(expected) <= set(told), "each parameter is described"
    for parameter in expected.values():
        if str(parameter.annotation).startswith("ArrayLike"):
            kind = told[parameter.name]
            assert not kind or "array_like" in kind, "help shows array_like"
            assert not kind or "shape" in kind or "(" in kind, "the shape stands in Parameters"
    if inspect.signature(function).return_annotation not in (None, "None"):
        assert "Returns" in parts or "Yields" in parts
    if room != "plots" and name not in NO_RAISES:
        assert "Raises" in parts
    assert re.search(r">>> .*", parts.get("Examples", "")), "an example"
    assert re.search(r"^(?!>>>|\.\.\.).*\d", parts["Examples"], re.MULTILINE), "with a number"


@pytest.mark.parametrize(("room", "name", "function"), public(inspect.isfunction))
def test_mathematics_says_what_it_costs_and_where_it_comes_from(room, name, function):
    text = inspect.getdoc(function)
    if room in COSTS:
        assert re.search(r"\b[Cc]osts?\b|O\(", text)
    if room in SOURCES and name not in NO_SOURCE:
        assert "References" in sections(function)


@pytest.mark.parametrize(
    ("room", "name", "result"), public(lambda thing: inspect.isclass(thing) and is_dataclass(thing))
)
def test_a_dataclass_describes_each_field(room, name, result):
    parts = sections(result)
    told = described(parts.get("Attributes", "") + "\n" + parts.get("Parameters", ""))
    assert {field.name for field in fields(result)} <= set(told), f"{room}.{name}"


# What many functions take is described in one wording; a longer text may follow it.
SHARED = {
    "A": r"A : array_like.*, shape \(n, n\)",
    "victim": "victim : Victim\n    The classifier on n sequences, from `under_attack`",
    "ax": "ax : matplotlib Axes",
    "seed": "seed : int",
}
SQUARE = "If `A` is not square"


@pytest.mark.parametrize(("room", "name", "function"), public(inspect.isfunction))
def test_shared_parts_have_one_wording(room, name, function):
    parts = sections(function)
    for parameter, wording in SHARED.items():
        if parameter in parameters(function) and f"\n{parameter} : " in "\n" + parts["Parameters"]:
            assert re.search(wording, parts["Parameters"]), f"{room}.{name}"
    if "A" in parameters(function):
        assert SQUARE in parts["Raises"]
