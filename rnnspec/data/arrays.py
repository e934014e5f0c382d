"""A `SequenceDataset` from labelled arrays, tensors or lists of sequences."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rnnspec.data.preparation import moments
from rnnspec.data.sequences import SequenceDataset, real_steps
from rnnspec.data.values import are_words, keep_digits, real_values, whole_numbers

OTHER_FORMS = (
    "arrays or tensors come as a pair (X, y), sequences of different lengths as ([x1, x2, ...], y),"
    " a TensorDataset holds inputs and labels, a DataLoader's batches are joined by"
    " X, y = map(torch.cat, zip(*loader)), a list of pairs by X, y = zip(*pairs), and a data set's"
    " parts are .train, .validation and .test"
)
# A label above this is taken for something else, such as an identifier or a regression target: a
# linear readout of 100 units for so many classes would already hold 10 million weights.
MOST_CLASSES = 100_000


class HoldsTensors(Protocol):
    """What is used here of a ``torch.utils.data.TensorDataset``."""

    @property
    def tensors(self) -> tuple[Any, ...]:
        """The inputs and the labels."""


# What `as_dataset` takes.
Labelled = SequenceDataset | tuple[Any, Any] | HoldsTensors


def as_dataset(data: Labelled, name: str = "data", n_classes: int | None = None) -> SequenceDataset:
    """A `SequenceDataset` from arrays; a `SequenceDataset` is returned itself.

    The values of arrays reach the network as they are, bit for bit: they are neither shifted
    nor scaled, `raw` returns them, and one raw unit is one unit of the arrays.  The standard
    deviation of a channel is taken over all steps that are not padding (1 for a channel that never
    changes).  Labels are the numbers of the logits' columns, and are not renumbered.

    Parameters
    ----------
    data : SequenceDataset, or pair, or torch.utils.data.TensorDataset
        A pair (X, y): X of shape (n, t, d), or (n, t) for one channel, or a list of n sequences
        of shapes (t_i, d) or (t_i,); y of shape (n,).  Steps at the end of a sequence that are
        NaN in all channels are padding.
    name : str
        What errors call `data`.
    n_classes : int, optional
        How many columns the logits have; by default the largest label + 1.

    Returns
    -------
    SequenceDataset

    Raises
    ------
    ValueError
        If the data have another form, are several parts at once or hold no sequence; if a value
        is missing before the end of a sequence; if labels are texts, negative or no whole
        numbers; or if float32 does not hold the digits of float64 values.

    Examples
    --------
    >>> data = as_dataset(([[1.0, 3.0], [5.0]], [0, 2]))
    >>> data.inputs[:, :, 0].tolist(), data.lengths.tolist(), data.n_classes
    ([[1.0, 3.0], [5.0, 0.0]], [2, 1], 3)
    >>> data.spread.round(3)
    array([1.633])
    """
    if isinstance(data, SequenceDataset):
        return data
    X, y = _pair(data, name)
    values = _pad(X, name)
    labels = _columns(y, len(values), name)
    if not len(labels):
        raise ValueError(f"`{name}` must hold at least one sequence, got none")
    lengths = _lengths(values)
    real = real_steps(lengths, values.shape[1])
    _check_complete(values, real, name)
    with np.errstate(over="ignore"):
        rounded = values.astype(np.float32)
    keep_digits(
        values,
        rounded,
        real,
        name,
        "standardise them, as SequenceDataset.from_raw does by `mean` and `std`, or subtract the"
        " offset (if the network was trained on float32 values, give X.astype('float32'))",
    )
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


def _pair(data: Any, name: str) -> tuple[Any, Any]:
    if all(hasattr(data, one) for one in ("name", "train", "test")):  # a DataSplits
        raise ValueError(
            f"`{name}` must be one part, got the whole data set {data.name!r}: give its .test"
            " (or .train, .validation)"
        )
    pair = getattr(data, "tensors", data)  # a TensorDataset holds them
    if type(pair) is tuple and len(pair) == 2:
        return pair[0], pair[1]
    if type(pair) is tuple and len(pair) == 3:
        raise ValueError(
            f"`{name}` must be a pair, inputs and labels, got three: which of them are"
            " lengths and which are labels cannot be told; give sequences of different lengths as a"
            " list ([x1, x2, ...], y), or padded with NaN"
        )
    got = type(data).__name__ + (f" of {len(pair)}" if isinstance(pair, tuple | list) else "")
    raise ValueError(f"`{name}` must be a SequenceDataset, got {got} ({OTHER_FORMS})")


def _pad(X: Any, name: str) -> NDArray[Any]:
    """(n, t, d) array that is NaN where a sequence of a list has ended."""
    several = isinstance(X, list | tuple) or (isinstance(X, np.ndarray) and X.dtype == object)
    if not several:
        return _three_axes(real_values(X, name), name)
    if not len(X):
        raise ValueError(f"`{name}` must hold at least one sequence, got none")
    series = [real_values(x, f"{name}[0][{i}]") for i, x in enumerate(X)]
    shapes = {one.ndim for one in series}
    if len(shapes) > 1 or not shapes <= {1, 2}:
        raise ValueError(
            f"`{name}` must hold sequences of shapes (t, d), or (t,) of one channel, got a list of"
            f" arrays of {' and '.join(map(str, sorted(shapes)))} axes"
        )
    series = [one[:, np.newaxis] if one.ndim == 1 else one for one in series]
    if len(widths := sorted({one.shape[1] for one in series})) > 1:
        raise ValueError(
            f"`{name}` must hold sequences of one number of channels, got from {widths[0]} to"
            f" {widths[-1]} (shapes are (t, d), steps first)"
        )
    longest = max(len(one) for one in series)
    dtype = np.result_type(*series)
    values = np.full((len(series), longest, widths[0]), np.nan, dtype=dtype)
    for row, one in zip(values, series, strict=True):
        row[: len(one)] = one
    return _three_axes(values, name)


def _three_axes(values: NDArray[Any], name: str) -> NDArray[Any]:
    if values.ndim == 2:
        values = values[:, :, np.newaxis]
    if values.ndim != 3 or (len(values) and not values.size):
        raise ValueError(
            f"`{name}` must have inputs of shape (n, t, d), or (n, t) of one channel, got"
            f" {values.shape}"
            + (" (labels first? a pair is inputs, labels)" if values.ndim == 1 else "")
        )
    return values


def _columns(y: Any, n: int, name: str) -> NDArray[np.int64]:
    """The labels as numbers of the logits' columns."""
    if are_words(y):
        raise ValueError(
            f"`{name}` must have as labels the numbers of the logits' columns, from 0, got words:"
            " say which is which, y = [class_names.index(word) for word in y]"
        )
    labels = whole_numbers(y, "labels")
    if labels.shape != (n,):
        hint = ""
        if labels.ndim == 2 and len(labels) == n:
            hint = " (one-hot? y.argmax(1))" if labels.shape[1] > 1 else " (a column? y.ravel())"
        raise ValueError(
            f"`{name}` must have a label for each of its {n} sequences, shape ({n},), got"
            f" {labels.shape}{hint}"
        )
    wrong = (labels < 0) | (labels >= MOST_CLASSES)
    if wrong.any():
        i = int(np.argmax(wrong))
        raise ValueError(
            f"`{name}` must have as labels the numbers of the logits' columns, from 0, got"
            f" {labels[i]} at [{i}]"
        )
    return labels


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
