"""Laws about words: names of functions, beginnings and ends of docstrings, and the glossary.

CONTRIBUTING says why; these are the parts of it that a program can check.
"""

import ast
import re
from pathlib import Path

import pytest

import rnnspec

ROOT = Path(rnnspec.__file__).parent
ROOMS = ["", *sorted(path.parent.name for path in ROOT.glob("*/__init__.py"))]

# Participles that do not end in -ed or -ing.  Those that are also the verb itself, such as read,
# cut, put, set, split, spread, shut, run or become, are no fault.
IRREGULAR = frozenset(
    "been begun bent bit bitten blown born bought broken brought built burnt caught chosen"
    " dealt done drawn dreamt driven drunk eaten fallen fed felt flown forgotten fought found"
    " frozen given gone grown had heard held hidden hung kept known laid learnt led left lent"
    " lit lost made meant met paid risen said seen sent shaken shone shot shown shrunk slept"
    " sold sought spent spoken spun stolen stood struck stuck sung sunk sworn swum swung taken"
    " taught thought thrown told torn understood woken won worn wound written".split()
)
# Nouns and verbs that only look like participles.
TRUE_WORDS = frozenset(
    "annealing bring embed exceed feed king mapping need nothing pairing proceed ring seed"
    " setting sling speed spring string swing thing wing".split()
)

# Where a parameter of a public function may have a name that the glossary defines, and what its
# annotation must hold there.
COUNT, MASK = r"\bint", r"\bbool"
GLOSSARY = {
    "steps": {
        **dict.fromkeys(("data", "dynamics", "models", "plots", "spectra"), COUNT),
        "robustness": MASK,  # a threat says which time steps it may change
    },
    "direction": dict.fromkeys(("dynamics", "models", "plots"), r"\bstr\b"),
    "restarts": {"robustness": COUNT},
}
# Words that no identifier is, and what to say instead.
AVOIDED = {"reach": "radius, excess or extent", "room": "width or margin"}


def sources(room):
    """The files of a room, or the files beside the rooms."""
    paths = sorted((ROOT / room).rglob("*.py") if room else ROOT.glob("*.py"))
    return {path.relative_to(ROOT).as_posix(): ast.parse(path.read_text()) for path in paths}


def is_property(node):
    return any("property" in ast.unparse(one) for one in node.decorator_list)


def participles(tree):
    """Functions that are named by one participle; a property may be, as a field may."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not is_property(node):
            word = node.name.strip("_")
            looks = word.endswith(("ed", "ing")) or word in IRREGULAR
            if "_" not in word and looks and word not in TRUE_WORDS:
                yield node.lineno, node.name


def poor_docstrings(tree):
    """Docstrings that begin in lower case, or whose summary does not end a sentence."""
    kinds = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    for node in ast.walk(tree):
        text = ast.get_docstring(node) if isinstance(node, kinds) else None
        if text is None:
            continue
        summary = text.split("\n\n")[0]
        begins = summary[:1].isupper() or not summary[:1].isalpha()
        if not (begins and summary.endswith((".", "?", ".''", ".``"))):
            yield getattr(node, "lineno", 1), summary.replace("\n", " ")[:80]


def parameters(node):
    """Names and annotations that a caller writes: of a function, or of a class and its methods."""
    if isinstance(node, ast.FunctionDef):
        arguments = node.args
        for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
            yield node.lineno, each.arg, ast.unparse(each.annotation) if each.annotation else ""
    elif isinstance(node, ast.ClassDef):
        for each in node.body:
            if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name):
                yield each.lineno, each.target.id, ast.unparse(each.annotation)
            elif not getattr(each, "name", "_").startswith("_") or (
                getattr(each, "name", "") == "__init__"
            ):
                yield from parameters(each)


def misused(tree, room, names):
    """Parameters of the public `names` of a file that the glossary gives another meaning."""
    for node in tree.body:
        if getattr(node, "name", None) in names:
            for line, name, annotation in parameters(node):
                meaning = GLOSSARY.get(name, {room: ""}).get(room)
                if meaning is None or not re.search(meaning, annotation):
                    yield line, f"{node.name}({name}: {annotation})"


def avoided(tree):
    """Identifiers that are words to avoid."""
    for node in ast.walk(tree):
        for kind in ("id", "arg", "attr", "name"):
            name = str(getattr(node, kind, "")).strip("_").lower()
            if name in AVOIDED:
                yield node.lineno, f"{name}: say {AVOIDED[name]}"


def public_names(room):
    """Names in the stub of a room."""
    stub = ROOT / room / "__init__.pyi"
    tree = ast.parse(stub.read_text()) if room and stub.is_file() else ast.Module([], [])
    imports = (node for node in tree.body if isinstance(node, ast.ImportFrom))
    return {alias.name for node in imports for alias in node.names}


def findings(room, rule, *arguments):
    return [
        f"{path}:{line}: {text}"
        for path, tree in sources(room).items()
        for line, text in rule(tree, *arguments)
    ]


@pytest.mark.parametrize("room", ROOMS)
def test_functions_are_verbs_or_the_noun_they_compute(room):
    assert not findings(room, participles)


@pytest.mark.parametrize("room", ROOMS)
def test_docstrings_are_sentences(room):
    assert not findings(room, poor_docstrings)


@pytest.mark.parametrize("room", ROOMS)
def test_parameters_mean_what_the_glossary_says(room):
    assert not findings(room, misused, room, public_names(room))


@pytest.mark.parametrize("room", ROOMS)
def test_words_to_avoid_are_no_identifiers(room):
    assert not findings(room, avoided)


@pytest.mark.parametrize(
    ("rule", "source", "n"),
    [
        (participles, "def moved(): ...", 1),
        (participles, "class A:\n def _worn(self): ...", 1),
        (participles, "def ranking(): ...", 1),
        (participles, "def moved_weights(): ...", 0),
        (participles, "def read(): ...\ndef embed(): ...", 0),
        (participles, "class A:\n @property\n def certified(self): ...", 0),
        (poor_docstrings, '"""a module."""', 1),
        (poor_docstrings, '"""A module"""', 1),
        (poor_docstrings, 'def f():\n    """Of no full stop\n\n    Here."""', 1),
        (poor_docstrings, '"""A module.\n\nmore"""\ndef f():\n    """``A x = b``, solved."""', 0),
        (lambda tree: misused(tree, "spectra", {"f"}), "def f(steps: int): ...", 0),
        (lambda tree: misused(tree, "robustness", {"f"}), "def f(*, steps: int): ...", 1),
        (
            lambda tree: misused(tree, "robustness", {"f"}),
            "def f(steps: NDArray[np.bool_]): ...",
            0,
        ),
        (lambda tree: misused(tree, "robustness", {"g"}), "def f(*, steps: int): ...", 0),
        (lambda tree: misused(tree, "dynamics", {"f"}), "def f(direction: ArrayLike): ...", 1),
        (lambda tree: misused(tree, "training", {"A"}), "class A:\n restarts: int = 1", 1),
        (
            lambda tree: misused(tree, "training", {"A"}),
            "class A:\n def __init__(self, steps): ...",
            1,
        ),
        (avoided, "def f(reach): return reach", 2),
        (avoided, "_ROOM = self.reach", 2),
    ],
)
def test_the_rules_see_a_breach(rule, source, n):
    assert len(list(rule(ast.parse(source)))) == n
