import ast
from pathlib import Path

import pytest

import rnnspec

ROOT = Path(rnnspec.__file__).parent
ABOVE = ("dynamics", "robustness", "study")
MAY_IMPORT = {
    "data": set(),
    "spectra": set(),
    "models": set(),
    "training": {"data", "models", "spectra", "robustness"},
    "dynamics": {"models", "spectra"},
    "robustness": {"data", "models", "spectra"},
    "study": {"data", "models", "spectra", "training", "dynamics", "robustness"},
    "portrait": {"data", "models", "spectra", "training", *ABOVE},
    "report": {"data", "models", "spectra", "training", "portrait", *ABOVE},
}
MAY_IMPORT["cli"] = {*MAY_IMPORT}
GROUND = {"rnnspec._checks", "rnnspec._files"}


def rooms():
    return sorted(path.name for path in ROOT.iterdir() if (path / "__init__.py").is_file())


def imports(node, inside=""):
    """Each import below `node`: the module, the names, the innermost function around it."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from ((alias.name, (), inside) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            assert child.level == 0, "imports are absolute"
            yield child.module, tuple(alias.name for alias in child.names), inside
        else:
            is_function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)
            yield from imports(child, child.name if is_function else inside)


def breaches(source, room):
    """Modules that `source`, a file of `room`, imports and must not."""
    found = []
    for module, names, inside in imports(ast.parse(source)):
        top, _, rest = module.partition(".")
        if top != "rnnspec" or module in GROUND:
            continue
        if not rest:
            if names != ("__version__",):
                found.append(module)
        elif rest.split(".")[0] not in MAY_IMPORT[room] | {room} and not (
            inside == "plot" and module in ("rnnspec.report.plots", "rnnspec.report.robustness")
        ):
            found.append(module)
    return found


def test_every_room_has_a_rule():
    assert set(rooms()) <= set(MAY_IMPORT)


@pytest.mark.parametrize("room", rooms())
def test_a_room_imports_what_it_may(room):
    wrong = {
        path.relative_to(ROOT).as_posix(): found
        for path in (ROOT / room).rglob("*.py")
        if (found := breaches(path.read_text(), room))
    }
    assert not wrong


@pytest.mark.parametrize("name", ["_checks.py", "_files.py"])
def test_the_ground_rests_on_nothing(name):
    modules = {module for module, _, _ in imports(ast.parse((ROOT / name).read_text()))}
    assert not {module for module in modules if module.startswith("rnnspec")}


@pytest.mark.parametrize(
    ("source", "room", "n"),
    [
        ("from rnnspec.training.loop import train", "spectra", 1),
        ("import rnnspec.models.recurrent", "data", 1),
        ("import rnnspec", "models", 1),
        ("from rnnspec import __version__", "training", 0),
        ("from rnnspec import train", "training", 1),
        ("from rnnspec._checks import square", "spectra", 0),
        ("from rnnspec.data.load import load_dataset", "training", 0),
        ("class P:\n def plot(self):\n  from rnnspec.report.plots import p", "spectra", 0),
        ("class P:\n def draw(self):\n  from rnnspec.report.plots import p", "spectra", 1),
        ("def f():\n from rnnspec.cli import main", "report", 1),
    ],
)
def test_the_rule_sees_a_breach(source, room, n):
    assert len(breaches(source, room)) == n
