"""The result that all numbers share."""

from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from rnnspec.spectra.bracket import Bracket


def test_float_and_angle():
    found = Bracket(2.0, 1.0, 3.0, certified=True, witness=-1.0 + 0j)
    assert float(found) == 2.0
    assert found.angle == pytest.approx(np.pi)
    assert np.isnan(Bracket(2.0, 1.0, 3.0, certified=True).angle)


def test_is_frozen():
    with pytest.raises(FrozenInstanceError):
        Bracket(2.0, 1.0, 3.0, certified=True).value = 1.0
