"""Sequences in any of the forms in which users have them, as one tensor and true lengths.

Every function that takes `inputs` and `lengths` takes them in the same four forms: a data set
that has both, an array, a tensor, or a list of sequences of different lengths.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence


@runtime_checkable
class Dataset(Protocol):
    """Padded sequences with their true lengths, for example `rnnspec.SequenceDataset`."""

    @property
    def inputs(self) -> Any:
        """The sequences, shape (n, t, d)."""

    @property
    def lengths(self) -> Any:
        """Their true lengths, shape (n,)."""


Inputs = ArrayLike | Tensor | Sequence[Tensor] | Dataset


def as_sequences(
    inputs: Inputs, lengths: ArrayLike | Tensor | None = None
) -> tuple[Tensor, Tensor | None]:
    """The sequences as one tensor, and their true lengths; None where all steps are real.

    Parameters
    ----------
    inputs : data set, array_like or tensor of shape (n, t, ...), or list
        A data set, for example `rnnspec.SequenceDataset`, has ``.inputs`` and ``.lengths``.  The
        sequences of a list have shapes (t_i, ...); where their lengths differ, the shorter ones
        are padded with 0.
    lengths : array_like of int, shape (n,), optional
        True lengths; default: those of the data set or of the list, or all t.

    Raises
    ------
    ValueError
        If `inputs` has none of these forms, if it has lengths of its own and `lengths` is given
        too, or if `lengths` are not n integers from 1 to t.

    Examples
    --------
    >>> x, lengths = as_sequences([[[1.0], [2.0]], [[3.0]]])
    >>> x[:, :, 0].tolist(), lengths.tolist()
    ([[1.0, 2.0], [3.0, 0.0]], [2, 1])
    """
    own = None
    if isinstance(inputs, Dataset):
        own, inputs = inputs.lengths, inputs.inputs
    x: Tensor
    if isinstance(inputs, list | tuple) and len(inputs):
        x, steps = _pad(inputs)
        own = steps if own is None else own
    else:
        x = _as_tensor(inputs, "inputs").detach()
    if own is not None and lengths is not None:
        raise ValueError(
            "`lengths` must be left out where `inputs` has lengths of its own (a data set, or a"
            " list of sequences of different lengths); to overrule them, pass one padded array"
        )
    given = own if lengths is None else lengths
    return x, None if given is None or x.ndim < 2 else _check_lengths(given, x)


def _pad(sequences: Sequence[Any]) -> tuple[Tensor, Tensor | None]:
    """A list of sequences as one tensor; their lengths, if these differ."""
    parts = [_as_tensor(one, f"inputs[{i}]").detach() for i, one in enumerate(sequences)]
    shapes = {tuple(part.shape[1:]) for part in parts}
    if len(shapes) > 1 or not all(part.ndim for part in parts):
        given = ", ".join(str(tuple(part.shape)) for part in parts[:3])
        raise ValueError(
            "`inputs` must be sequences of shapes (t_i, d) with one d, got a list of shapes"
            f" {given}{', ...' if len(parts) > 3 else ''} (a pair of inputs and labels? pass the"
            " inputs alone)"
        )
    dtype = reduce(torch.promote_types, (part.dtype for part in parts))
    x: Tensor = pad_sequence([part.to(dtype) for part in parts], batch_first=True)
    steps = torch.tensor([len(part) for part in parts], device=x.device)
    return x, steps if len(set(steps.tolist())) > 1 else None


def _as_tensor(values: Any, name: str) -> Tensor:
    """`values` if it is a tensor; anything else is copied into one."""
    if isinstance(values, Tensor):
        return values
    try:
        # A copy: torch warns of arrays that it could not write to, and takes no negative strides.
        return torch.from_numpy(np.array(values, order="C"))
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"`{name}` must be numbers: a data set with inputs and lengths, an array (n, t, d), a"
            f" tensor or a list of sequences (t_i, d), got {type(values).__name__}"
            " (a whole data set? pass one part of it, for example its .test)"
        ) from error


def _check_lengths(lengths: ArrayLike | Tensor, x: Tensor) -> Tensor:
    """`lengths` as n integers from 1 to t, which fit the sequences `x` (n, t, ...)."""
    n, t = x.shape[:2]
    steps = _as_tensor(lengths, "lengths")
    if steps.shape != (n,) or steps.is_floating_point():
        raise ValueError(
            f"`lengths` must be {n} integers as `inputs` has sequences,"
            f" got shape {tuple(steps.shape)} of {steps.dtype}"
        )
    if bool(((steps < 1) | (steps > t)).any()):
        raise ValueError(
            f"`lengths` must be from 1 to {t}, got {int(steps.min())} to {int(steps.max())}"
        )
    return steps
