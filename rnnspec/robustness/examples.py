"""The smallest classifier of sequences that there is, for the examples of the docstrings."""

from __future__ import annotations

from torch import nn

from rnnspec.data.sequences import SequenceDataset


def two_logits(first: float, second: float) -> tuple[nn.Module, SequenceDataset]:
    r"""A model whose two logits are the two values of a sequence, and one sequence of class 0.

    The boundary lies where the two values are equal, at the distance
    :math:`(a - b)/2` from (a, b) in the norm linf, and :math:`(a - b)/\sqrt 2` in l2.

    Parameters
    ----------
    first, second : float
        The values a and b of the two time steps.

    Returns
    -------
    model : torch.nn.Module
    data : SequenceDataset

    Examples
    --------
    >>> model, data = two_logits(3.0, 1.0)
    >>> data.inputs.ravel().tolist(), data.labels.tolist()
    ([3.0, 1.0], [0])
    """
    data = SequenceDataset.from_raw([[[first], [second]]], [2], [0], ("first", "second"))
    return nn.Flatten(), data
