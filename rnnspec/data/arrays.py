"""A `SequenceDataset` from labelled arrays, tensors or lists of sequences."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rnnspec.data.forms import pad_inputs, read_columns, read_pair
from rnnspec.data.preparation import moments
from rnnspec.data.sequences import SequenceDataset, real_steps
from rnnspec.data.values import keep_digits


class HoldsTensors(Protocol):
    """What is used here of a ``torch.utils.data.TensorDataset``."""

    @property
    def tensors(self) -> tuple[Any, ...]:
        """The inputs and the labels."""


# The end of the error for values that lose their digits in float32: it says what to do.
WAY_OUT = (
    "standardise them, as SequenceDataset.from_raw does by `mean` and `std`, or subtract the offset"
    " (if the network was trained on float32 values, give X.astype('float32'))"
)
# What `as_dataset` takes.
Labelled = SequenceDataset | tuple[Any, Any] | HoldsTensors


def as_dataset(data: Labelled, name: str = "data", n_classes: int | None = None) -> SequenceDataset:
    """A `SequenceDataset` from arrays; a given `SequenceDataset` is returned unchanged.

    The values of arrays reach the network as they are, bit for bit: they are neither shifted nor
    scaled, `raw` returns them, and one raw unit is one unit of the arrays.  The unit of
    perturbations is the standard deviation of a channel (``spread``).  It is taken over all steps
    that are not padding, and is 1 for a channel that never changes.  Labels are the numbers of the
    logits' columns, and are not renumbered.

    Parameters
    ----------
    data : SequenceDataset, or pair, or torch.utils.data.TensorDataset
        A pair (X, y): X of shape (n, t, d), or (n, t) for one channel, or a list of n sequences
        of shapes (t_i, d) or (t_i,); y of shape (n,).  Steps at the end of a sequence that are
        NaN in all channels are padding.
    name : str
        Name of `data` in error messages.
    n_classes : int, optional
        How many columns the logits have; by default, and at least, the largest label + 1.

    Returns
    -------
    SequenceDataset

    Raises
    ------
    ValueError
        If the data have another form, are several parts at once (a `DataSplits`) or hold no
        sequence; if a value is missing before the end of a sequence; if labels are texts, negative
        or no whole numbers; or if float32 does not hold the digits of float64 values.

    Examples
    --------
    The largest label is 2, so there are 3 classes.  The spread is the standard deviation of
    1, 3 and 5, ``sqrt(8 / 3)``:

    >>> data = as_dataset(([[1.0, 3.0], [5.0]], [0, 2]))
    >>> data.inputs[:, :, 0].tolist(), data.lengths.tolist(), data.n_classes
    ([[1.0, 3.0], [5.0, 0.0]], [2, 1], 3)
    >>> data.spread.round(3)
    array([1.633])
    """
    if isinstance(data, SequenceDataset):
        return data
    X, y = read_pair(data, name)
    values = pad_inputs(X, name)
    labels = read_columns(y, len(values), name)
    if not len(labels):
        raise ValueError(f"`{name}` must hold at least one sequence, got none")
    lengths = _lengths(values)
    real = real_steps(lengths, values.shape[1])
    _check_complete(values, real, name)
    with np.errstate(over="ignore"):
        keep_digits(values, values.astype(np.float32), real, name, WAY_OUT)
    k = max(int(labels.max()) + 1, n_classes or 1)
    d = values.shape[2]
    dataset = SequenceDataset(
        np.where(real[:, :, np.newaxis], values, 0).astype(values.dtype),
        lengths,
        labels,
        tuple(map(str, range(k))),
        lower=np.full(d, -np.inf),
        upper=np.full(d, np.inf),
        mean=np.zeros(d),
        std=np.ones(d),
    )
    return measure_spread(dataset)


def measure_spread(data: SequenceDataset) -> SequenceDataset:
    """`data` with the mean and standard deviation of its inputs as the unit of perturbations."""
    center, std = moments(data.inputs[data.mask()])
    return replace(data, center=center, spread=np.where(std > 0, std, 1.0))


def _lengths(values: NDArray[Any]) -> NDArray[np.int64]:
    """(n,) numbers of steps up to the last one that is not NaN in all channels."""
    there = ~np.isnan(values).all(axis=2)
    t = values.shape[1]
    return np.where(there.any(axis=1), t - there[:, ::-1].argmax(axis=1), 0)


def _check_complete(values: NDArray[Any], real: NDArray[np.bool_], name: str) -> None:
    if not (filled := real.any(axis=1)).all():
        i = int(np.argmin(filled))
        raise ValueError(f"`{name}` must have a step in every sequence, got none in sequence {i}")
    wrong = ~np.isfinite(values) & real[:, :, np.newaxis]
    if wrong.any():
        i, step, c = (int(j) for j in np.argwhere(wrong)[0])
        raise ValueError(
            f"`{name}` must be finite, got {values[i, step, c]} at [{i}, {step}, {c}]: fill"
            " missing values before (NaN in all channels at the end of a sequence is padding)"
        )
