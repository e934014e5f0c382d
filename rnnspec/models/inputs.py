"""The sequences that a user hands over, as tensors that fit the network which reads them.

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
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from rnnspec.models.layers import Cell


@runtime_checkable
class Dataset(Protocol):
    """Padded sequences with their true lengths, such as `rnnspec.SequenceDataset`."""

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
        A data set, such as `rnnspec.SequenceDataset`, has ``.inputs`` and ``.lengths``.  The
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


def inputs_of_cells(
    inputs: Inputs, lengths: ArrayLike | Tensor | None, cells: Sequence[Sequence[Cell]]
) -> tuple[Tensor, Tensor]:
    """The sequences that the lowest of `cells` read, in float64 and where the weights are.

    Parameters
    ----------
    inputs, lengths : data set, array_like, tensor or list; array_like of int
        See `as_sequences`; the steps of a sequence have shape (d,).
    cells : for each direction its layers from below

    Returns
    -------
    tensor, shape (n, t, d)
        It is 0 at padded steps.
    tensor of int, shape (n,)
        The true lengths.

    Raises
    ------
    ValueError
        If the sequences do not fit `cells`, or a real step is not finite.
    """
    device, d = cells[0][0].W.device, cells[0][0].n_inputs
    x, steps = as_sequences(inputs, lengths)
    x = x.to(device, torch.float64)
    if x.ndim != 3 or x.shape[2] != d:
        raise ValueError(
            f"`inputs` must have shape (n, t, {d}) as `model` reads, got {tuple(x.shape)}"
        )
    n, t, _ = x.shape
    if 0 in (n, t):
        raise ValueError(
            f"`inputs` must hold at least one sequence of at least one step, got {tuple(x.shape)}"
        )
    steps = torch.full((n,), t, device=device) if steps is None else steps.to(device)
    x = _fill_padding(x, steps)
    _check_finite(x)
    return x, steps


def inputs_of_model(
    inputs: Inputs, lengths: ArrayLike | Tensor | None, model: nn.Module
) -> tuple[Tensor, Tensor | None]:
    """The sequences (n, t, ...) in the precision and on the device of `model`, and their lengths.

    Integers, such as the numbers of words, stay integers.

    Raises
    ------
    ValueError
        If there is no sequence or no step, or a real step is not finite.
    """
    x, steps = as_sequences(inputs, lengths)
    if x.ndim < 2 or 0 in x.shape[:2]:
        raise ValueError(
            f"`inputs` must have shape (n, t, ...), at least one of each, got {tuple(x.shape)}"
        )
    reference = next((p for p in model.parameters() if p.is_floating_point()), torch.zeros(()))
    steps = None if steps is None else steps.to(reference.device)
    if not x.is_floating_point():
        return x.to(reference.device), steps
    x = x.to(reference)
    if steps is not None:
        x = _fill_padding(x, steps)
    _check_finite(x)
    return x, steps


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
            " (a whole data set? pass one part of it, such as its .test)"
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


def _fill_padding(x: Tensor, steps: Tensor) -> Tensor:
    """`x` with 0 at all steps beyond the true lengths."""
    padded = torch.arange(x.shape[1], device=x.device) >= steps[:, None]
    return x.masked_fill(padded.view(*padded.shape, *[1] * (x.ndim - 2)), 0.0)


def _check_finite(x: Tensor) -> None:
    if not bool(x.isfinite().all()):
        raise ValueError("`inputs` must be finite at real steps: impute missing values before")
