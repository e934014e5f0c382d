"""The result that all numbers share."""

from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from rnnspec import ConvergenceWarning
from rnnspec._checks import warn_if_uncertified
from rnnspec.spectra.bracket import Bracket


def test_float_and_angle():
    found = Bracket(2.0, 1.0, 3.0, certified=True, witness=-1.0 + 0j)
    assert float(found) == 2.0
    assert found.angle == pytest.approx(np.pi)
    assert np.isnan(Bracket(2.0, 1.0, 3.0, certified=True).angle)


def test_is_frozen():
    with pytest.raises(FrozenInstanceError):
        Bracket(2.0, 1.0, 3.0, certified=True).value = 1.0


def test_json_and_repr():
    found = Bracket(2.0, 1.0, np.inf, certified=False, witness=1j, why="too far")
    assert found.to_dict()["upper"] == "inf"
    assert found.to_dict()["witness"] == [0.0, 1.0]
    assert repr(found).startswith("Bracket(value=2, lower=1, upper=inf, certified=False")


def test_an_uncertified_bracket_warns_with_its_reason_and_a_certified_one_is_quiet():
    search = warn_if_uncertified(lambda ok: Bracket(1.0, 0.0, 1.0, certified=ok, why="too long"))
    with pytest.warns(ConvergenceWarning, match="too long"):
        search(False)
    assert search(ok=True).certified
