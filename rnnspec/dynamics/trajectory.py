"""The states that a network passes through along data, in float64."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from rnnspec.models.cells import step
from rnnspec.models.layers import Cell, recurrent_cells
from rnnspec.models.stack import split_state, whole_size

DIRECTIONS = ("forward", "reverse")


@dataclass(frozen=True, eq=False)
class Motion:
    """What each layer of each direction read and was, in the order of its own steps.

    ``read[direction][layer]`` is (n, t, d_l), ``before`` and ``after`` are (n, t, s_l): the
    states before and after the step.  Direction 1 goes from the last true step to the first;
    its time, too, is that of the data: ``order[direction]`` (n, t) are the positions in the
    order in which it reads them, padded ones last.  Values at padded steps mean nothing.
    """

    cells: tuple[tuple[Cell, ...], ...]
    real: Tensor  # shape: (n, t), True at real steps
    order: list[Tensor]
    read: list[list[Tensor]]
    before: list[list[Tensor]]
    after: list[list[Tensor]]


def state_trajectory(
    model: nn.Module, inputs: ArrayLike | Tensor, lengths: ArrayLike | Tensor | None = None
) -> dict[str, NDArray[np.float64]]:
    """The states of every layer and direction after every step, from a zero state.

    Parameters
    ----------
    model : module
        A `SequenceClassifier`, or any module with one recurrent module inside, whose inputs
        are then those of the recurrent layers.  Run in float64 in evaluation mode, without
        dropout; the module itself is left as it is.
    inputs : (n, t, d) array_like or tensor
    lengths : (n,) array_like of int, optional
        True lengths; default: all t.

    Returns
    -------
    dict of str to ndarray, shape (n, t, h) or (n, t, 2h), float64
        ``layer0``, and ``layer0.reverse`` if bidirectional; an LSTM's state is (h, c).  At
        step t the reverse state has read the sequence from its last true step down to t.
        Padded steps hold NaN: no network was there.

    Raises
    ------
    ValueError
        If there is no sequence, `inputs` does not fit `model` or is not finite, a length is
        out of range, or `model` is none that `recurrent_cells` takes.

    Examples
    --------
    >>> states = state_trajectory(nn.LSTM(3, 8, bidirectional=True), np.zeros((5, 7, 3)))
    >>> {name: s.shape for name, s in states.items()}
    {'layer0': (5, 7, 16), 'layer0.reverse': (5, 7, 16)}
    """
    cells = recurrent_cells(model)
    motion = moved(cells, *checked(inputs, lengths, cells))
    return {
        f"layer{layer}{end}": after.masked_fill(~motion.real[:, :, None], torch.nan).cpu().numpy()
        for layer in range(len(motion.cells[0]))
        for end, states in zip(("", ".reverse"), motion.after, strict=False)
        for after in (states[layer],)
    }


@torch.no_grad()
def moved(
    cells: tuple[tuple[Cell, ...], ...],
    x: Tensor,
    lengths: Tensor,
    starts: Sequence[Tensor | None] = (None, None),
) -> Motion:
    """The motion of all layers and directions along `checked` data.

    `starts` are the whole states (n, s) of each direction before its first step, or zero.
    """
    real = torch.arange(x.shape[1], device=x.device) < lengths[:, None]
    order = [_order(lengths, x.shape[1], reverse=k == 1) for k in range(len(cells))]
    motion = Motion(
        cells, real, order, [[] for _ in cells], [[] for _ in cells], [[] for _ in cells]
    )
    first = [
        split_state(row, x.new_zeros(len(x), whole_size(row)) if start is None else start)
        for row, start in zip(cells, starts, strict=False)
    ]
    # A layer reads both directions of the one below, so layers come one after another.
    for k, layer in enumerate(zip(*cells, strict=True)):
        for direction, cell in enumerate(layer):
            before, after = _along(cell, x, order[direction], first[direction][k])
            motion.read[direction].append(x)
            motion.before[direction].append(before)
            motion.after[direction].append(after)
        x = torch.cat([states[-1][:, :, : layer[0].hidden] for states in motion.after], dim=2)
    return motion


def _along(cell: Cell, x: Tensor, order: Tensor, s: Tensor) -> tuple[Tensor, Tensor]:
    """States before and after each step of `x` from `s`, its steps taken in `order` (n, t)."""
    rows = torch.arange(len(x), device=x.device)
    before = x.new_empty(*x.shape[:2], cell.state_size)
    after = torch.empty_like(before)
    for now in order.T:
        before[rows, now] = s
        s = step(cell, x[rows, now], s)
        after[rows, now] = s
    return before, after


def _order(lengths: Tensor, t: int, reverse: bool) -> Tensor:
    """(n, t) positions in the order in which they are read, the padded ones last."""
    now = torch.arange(t, device=lengths.device).expand(len(lengths), t)
    back = lengths[:, None] - 1 - now
    return torch.where(back >= 0, back, now) if reverse else now


def checked(
    inputs: ArrayLike | Tensor,
    lengths: ArrayLike | Tensor | None,
    cells: Sequence[Sequence[Cell]],
) -> tuple[Tensor, Tensor]:
    """Inputs in float64, 0 at padded steps, and lengths, where the weights are.

    Raises
    ------
    ValueError
        If the two do not fit `cells` or one another, or a real step is not finite.
    """
    device, d = cells[0][0].W.device, cells[0][0].n_inputs
    x = _tensor(inputs).detach().to(device, torch.float64)
    if x.ndim != 3 or x.shape[2] != d:
        raise ValueError(
            f"`inputs` must have shape (n, t, {d}) as `model` reads, got {tuple(x.shape)}"
        )
    n, t, _ = x.shape
    if 0 in (n, t):
        raise ValueError(
            f"`inputs` must hold at least one sequence of at least one step, got {tuple(x.shape)}"
        )
    steps = (torch.full((n,), t) if lengths is None else _tensor(lengths)).to(device)
    if steps.shape != (n,) or steps.is_floating_point():
        raise ValueError(
            f"`lengths` must be {n} integers as `inputs` has sequences,"
            f" got shape {tuple(steps.shape)} of {steps.dtype}"
        )
    if bool(((steps < 1) | (steps > t)).any()):
        raise ValueError(
            f"`lengths` must be from 1 to {t}, got {int(steps.min())} to {int(steps.max())}"
        )
    real = torch.arange(t, device=x.device) < steps[:, None]
    if not bool(x[real].isfinite().all()):
        raise ValueError("`inputs` must be finite at real steps: impute missing values before")
    return x.masked_fill(~real[:, :, None], 0.0), steps


def _tensor(values: ArrayLike | Tensor) -> Tensor:
    # A copy: torch warns of arrays that it could not write to, and takes no negative strides.
    return values if isinstance(values, Tensor) else torch.from_numpy(np.array(values, order="C"))


def one_direction(cells: Sequence[Sequence[Cell]], direction: str | None) -> int:
    """The index of `direction`, which a bidirectional network must be asked for.

    Raises
    ------
    ValueError
        If the network is bidirectional and `direction` is None, or has no such direction.
    """
    names = DIRECTIONS[: len(cells)]
    if direction is None and len(names) > 1:
        raise ValueError(
            "`direction` must be 'forward' or 'reverse' for a bidirectional network: it has no"
            " one causal state map; each direction has its own, the other's states held as they"
            " are along the data"
        )
    if direction not in (None, *names):
        raise ValueError(f"`direction` must be one of {', '.join(names)}, got {direction!r}")
    return names.index(direction) if direction else 0
