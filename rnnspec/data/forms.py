"""The forms in which a user gives labelled sequences: pairs of inputs and labels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnspec.data.values import are_words, real_values, whole_numbers

OTHER_FORMS = (
    "arrays or tensors come as a pair (X, y), sequences of different lengths as ([x1, x2, ...], y),"
    " a TensorDataset holds inputs and labels, a DataLoader's batches are joined by"
    " X, y = map(torch.cat, zip(*loader)), a list of pairs by X, y = zip(*pairs), and a data set's"
    " parts are .train, .validation and .test"
)
# A label above this is taken for something else (an identifier, or a regression target): a
# linear readout of 100 units for so many classes would already hold 10 million weights.
MOST_CLASSES = 100_000


def read_pair(data: Any, name: str) -> tuple[Any, Any]:
    """Inputs and labels of a pair or a TensorDataset; other forms are refused with a way out."""
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


def pad_inputs(X: Any, name: str) -> NDArray[Any]:
    """Inputs as an (n, t, d) array that is NaN where a sequence of a list has ended."""
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


def read_columns(y: Any, n: int, name: str) -> NDArray[np.int64]:
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
