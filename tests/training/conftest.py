import numpy as np
import pytest

from rnnspec.data import DataSplits, SequenceDataset


def sequences(n, rng):
    """Walks of 2 channels and 3 to 8 steps; the class is the sign of the drift."""
    lengths = rng.integers(3, 9, n)
    labels = np.arange(n) % 3
    values = rng.standard_normal((n, 8, 2)) + (labels - 1)[:, None, None]
    return SequenceDataset.from_raw(values, lengths, labels, ("down", "none", "up"))


@pytest.fixture
def walks():
    """A small data set of variable length; without a validation part if asked."""

    def make(validation=24):
        rng = np.random.default_rng(81)
        parts = [sequences(n, rng) for n in (90, 24, 30)]
        parts[1] = parts[1].subset(range(validation))
        return DataSplits("walks", "series", 0, *parts, None, {"walks": "81"})

    return make
