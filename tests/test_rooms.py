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
    "plots": {"data", "models", "spectra", "training", *ABOVE},
    "report": {"data", "models", "spectra", "training", "plots", *ABOVE},
}
MAY_IMPORT["cli"] = {*MAY_IMPORT}
FLOOR = ("_checks", "_files", "_format", "_plot", "_result")  # single files: they rest on nothing
GROUND = {f"rnnspec.{name}" for name in FLOOR}


def rooms():
    return sorted(path.name for path in ROOT.iterdir() if (path / "__init__.py").is_file())


def imports(node):
    """Each import below `node`: the module, and the names that are imported from it."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from ((alias.name, ()) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            assert child.level == 0, "imports are absolute"
            yield child.module, tuple(alias.name for alias in child.names)
        else:
            yield from imports(child)


def breaches(source, room):
    """Modules that `source`, a file of `room`, imports and must not."""
    found = []
    for module, names in imports(ast.parse(source)):
        top, _, rest = module.partition(".")
        if top != "rnnspec" or module in GROUND:
            continue
        may = {room, *MAY_IMPORT[room]}
        if not rest:
            named = set(names or ("all of it",)) - may - {"__version__"}
            found += [f"rnnspec.{name}" for name in sorted(named)]
        elif rest.split(".")[0] not in may:
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


@pytest.mark.parametrize("name", FLOOR)
def test_the_ground_rests_on_nothing(name):
    modules = {module for module, _ in imports(ast.parse((ROOT / f"{name}.py").read_text()))}
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
        ("from rnnspec import spectra", "plots", 0),
        ("from rnnspec import plots", "spectra", 1),
        ("class P:\n def plot(self):\n  from rnnspec.plots.study import p", "spectra", 1),
        ("def f():\n from rnnspec.cli import main", "report", 1),
    ],
)
def test_the_rule_sees_a_breach(source, room, n):
    assert len(breaches(source, room)) == n


def edges():
    """{module: modules it imports}, wherever in a file the import stands."""
    paths = {
        ".".join(path.relative_to(ROOT.parent).with_suffix("").parts).removesuffix(
            ".__init__"
        ): path
        for path in ROOT.rglob("*.py")
    }
    graph = {}
    for name, path in paths.items():
        graph[name] = set()
        for module, names in imports(ast.parse(path.read_text())):
            within = {f"{module}.{one}" for one in names} & paths.keys()
            graph[name] |= within or ({module} & paths.keys() - {"rnnspec"})
    return graph


def circles(graph):
    """Groups of nodes that reach each other, by peeling off what nothing leads to or from."""
    graph = {node: set(after) for node, after in graph.items()}
    while ends := [n for n, after in graph.items() if not (after & graph.keys() - {n})]:
        for node in ends:
            del graph[node]
    return graph


def test_no_file_imports_itself_by_way_of_others():
    assert not circles(edges())


def test_no_room_imports_itself_by_way_of_others():
    graph = {}
    for module, after in edges().items():
        room = ".".join(module.split(".")[:2])
        graph.setdefault(room, set()).update(".".join(other.split(".")[:2]) for other in after)
    assert not circles(graph)


def test_a_circle_is_seen():
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": set()}).keys() == {"a", "b", "c"}
