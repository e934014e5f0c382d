import json
import sys
from dataclasses import dataclass

import numpy as np
import pytest

from rnnspec._result import Result, Table


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
        "Found(values=<(2, 2) array>, largest=inf, by_size={0.1: 0.333333}, texts=('a'))"
    )
    many = Found(np.zeros(9), 0.5, dict.fromkeys(range(9)), ("word",) * 9)
    assert repr(many) == (
        "Found(values=<(9,) array>, largest=0.5, by_size=<9 entries>, texts=<9 items>)"
    )
    assert len(repr(Found(np.zeros(1), 1.0, {}, ("x" * 500,)))) < 120


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
