import ast
import json
import sys
from dataclasses import FrozenInstanceError, dataclass, make_dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

import rnnspec
from rnnspec._result import Result, Table, brief, plain


@dataclass(frozen=True, eq=False, repr=False)
class Found(Result):
    values: np.ndarray
    largest: float
    by_size: dict
    texts: tuple


@dataclass(frozen=True, eq=False, repr=False)
class Listed(Table):
    sizes: tuple

    def rows(self):
        return [{"size": size} for size in self.sizes]


FOUND = Found(np.arange(4.0).reshape(2, 2), np.inf, {0.1: np.float64(1 / 3)}, ("a",))


def test_repr_is_short_and_names_shapes():
    assert repr(FOUND) == (
        "Found(values=<(2, 2) array>, largest=inf, by_size={0.1: 0.333333}, texts=('a',))"
    )
    many = Found(np.zeros(9), 0.5, dict.fromkeys(range(9)), ("word",) * 9)
    assert repr(many) == (
        "Found(values=<(9,) array>, largest=0.5, by_size=<9 entries>, texts=<9 items>)"
    )
    assert len(repr(Found(np.zeros(1), 1.0, {}, ("x" * 500,)))) < 130
    assert repr(Found(np.zeros(1), 1.0, {}, FOUND)).endswith("texts=<Found>)")


def test_the_last_fields_of_a_long_repr_are_left_out():
    many = make_dataclass("Many", [f"a{k:02}" for k in range(60)], bases=(Result,), repr=False)
    shown = [f"a{k:02}=1" for k in range(60)]
    text = repr(many(*[1] * 60))
    (n,) = (n for n in range(60) if text == f"Many({', '.join(shown[:n])}, ...)")
    assert len(text) < 400 < len(", ".join(shown[: n + 8]))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.float32(1.5), "1.5"),
        (np.float64(1 / 3), "0.333333"),
        (np.int64(3), "3"),
        (np.bool_(True), "True"),
        (np.array(2.5), "2.5"),
        (np.array(1 / 3 + 1j), "0.333333+1j"),
        (np.zeros((0, 3)), "<(0, 3) array>"),
        (torch.zeros(2, 3, requires_grad=True), "<(2, 3) array>"),
        (torch.tensor(0.25, requires_grad=True), "0.25"),
        (float("nan"), "nan"),
        (None, "None"),
        ((), "()"),
        ([1 / 3, "a"], "[0.333333, 'a']"),
        ({np.float64(0.1): np.eye(2)}, "{0.1: <(2, 2) array>}"),
        ("x" * 100, "'" + "x" * 56 + "..."),
        (object, "<class 'object'>"),
        (SimpleNamespace(text="x" * 100), "<SimpleNamespace>"),
    ],
)
def test_a_value_in_brief(value, text):
    assert brief(value) == text


@dataclass(frozen=True)
class Inner:
    size: float


@pytest.mark.parametrize(
    ("value", "form"),
    [
        (np.float32(0.5), 0.5),
        (np.int8(3), 3),
        (np.bool_(True), True),
        (True, True),
        (np.array(2.5), 2.5),
        (np.array([1 + 1j, complex(np.nan, np.inf)]), [[1.0, 1.0], [None, "inf"]]),
        (torch.tensor([0.5, float("-inf")], requires_grad=True), [0.5, "-inf"]),
        (torch.tensor(3), 3),
        (torch.tensor([0.5], dtype=torch.bfloat16), [0.5]),
        ([Inner(float("nan"))], [{"size": None}]),
        ({("a", 1): {}}, {"('a', 1)": {}}),
        (Path("runs/a"), "runs/a"),
        (np.array(["a", "b"]), ["a", "b"]),
    ],
)
def test_a_value_as_json_has_it(value, form):
    assert plain(value) == form
    assert type(plain(value)) is type(form)
    json.dumps(plain(value), allow_nan=False)


@pytest.mark.parametrize("value", [len, object(), Inner, {1, 2}, b"bytes"])
def test_what_json_cannot_hold_is_refused(value):
    with pytest.raises(TypeError, match="JSON has no form for"):
        plain({"a": [value]})


def test_results_are_compared_by_identity_and_can_be_keys():
    same = Found(*(getattr(FOUND, name) for name in ("values", "largest", "by_size", "texts")))
    assert same != FOUND
    assert len({FOUND, same}) == 2
    with pytest.raises(FrozenInstanceError):
        FOUND.largest = 1.0


def declarations():
    """Each class of the package that is a result, with its arguments of `dataclass`."""
    for path in sorted(Path(rnnspec.__file__).parent.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            bases = {ast.unparse(base) for base in getattr(node, "bases", ())}
            if bases & {"Result", "Table"} and node.name != "Table":
                calls = [one for one in node.decorator_list if isinstance(one, ast.Call)]
                keywords = {
                    word.arg: ast.literal_eval(word.value) for c in calls for word in c.keywords
                }
                yield pytest.param(keywords, id=f"{path.stem}.{node.name}")


@pytest.mark.parametrize("keywords", [*declarations()])
def test_every_result_is_declared_alike(keywords):
    expected = {"frozen": True, "eq": False, "repr": False}
    assert expected.items() <= keywords.items()


def test_to_dict_is_strict_json():
    record = json.loads(json.dumps(FOUND.to_dict(), allow_nan=False))
    assert record == {
        "values": [[0.0, 1.0], [2.0, 3.0]],
        "largest": "inf",
        "by_size": {"0.1": 1 / 3},
        "texts": ["a"],
    }
    strange = Found(np.array([-np.inf, np.nan]), 1j, {}, (FOUND,)).to_dict()
    assert strange["values"] == ["-inf", None]
    assert strange["largest"] == [0.0, 1.0]
    assert strange["texts"] == [FOUND.to_dict()]


def test_a_table_is_a_frame_where_pandas_is():
    frame = Listed((0.1, 0.2)).to_frame()
    assert frame["size"].tolist() == [0.1, 0.2]


def test_without_pandas_it_says_what_to_do(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match="pip install pandas, or take the dictionaries"):
        Listed(()).to_frame()
