"""The sequences that a user hands over, as tensors that fit the network which reads them."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from rnnspec.models.layers import Cell
from rnnspec.models.sequences import Inputs, as_sequences


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

    Integers, for example the numbers of words, stay integers.

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


def _fill_padding(x: Tensor, steps: Tensor) -> Tensor:
    """`x` with 0 at all steps beyond the true lengths."""
    padded = torch.arange(x.shape[1], device=x.device) >= steps[:, None]
    return x.masked_fill(padded.view(*padded.shape, *[1] * (x.ndim - 2)), 0.0)


def _check_finite(x: Tensor) -> None:
    if not bool(x.isfinite().all()):
        raise ValueError("`inputs` must be finite at real steps: impute missing values before")
