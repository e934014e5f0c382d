"""The states that the cells of a network pass through along inputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from rnnspec.models.cells import step
from rnnspec.models.layers import Cell, Cells
from rnnspec.models.stack import split_state, whole_size


@dataclass(frozen=True, eq=False)
class Motion:
    """The inputs and states of each layer and direction at each step.

    Direction 1 goes from the last true step to the first, but its time, too, is that of the data.
    Values at padded steps mean nothing.

    Attributes
    ----------
    cells : for each direction its layers from below
    real : tensor of bool, shape (n, t)
        True at real steps.
    order : list of tensors of int, shape (n, t)
        For each direction, the positions in the order in which it reads them, padded ones last.
    read : list of lists of tensors, shape (n, t, d_l)
        ``read[direction][layer]`` is what the layer reads.
    before, after : lists of lists of tensors, shape (n, t, s_l)
        The states before and after each step.
    """

    cells: Cells
    real: Tensor
    order: list[Tensor]
    read: list[list[Tensor]]
    before: list[list[Tensor]]
    after: list[list[Tensor]]

    def __getitem__(self, rows: slice) -> Motion:
        def take(sides: list[list[Tensor]]) -> list[list[Tensor]]:
            return [[one[rows] for one in side] for side in sides]

        order = [one[rows] for one in self.order]
        read, before, after = map(take, (self.read, self.before, self.after))
        return Motion(self.cells, self.real[rows], order, read, before, after)

    @property
    def outputs(self) -> Tensor:
        """The outputs (n, t, h) of the topmost layer, those of both directions side by side."""
        hidden = self.cells[0][0].hidden
        return torch.cat([states[-1][:, :, :hidden] for states in self.after], dim=2)


@torch.no_grad()
def simulate(
    cells: Cells,
    x: Tensor,
    lengths: Tensor,
    starts: Sequence[Tensor | None] = (None, None),
) -> Motion:
    """Run all layers and directions along sequences.

    Parameters
    ----------
    cells : for each direction its layers from below
    x : tensor, shape (n, t, d)
    lengths : tensor of int, shape (n,)
    starts : sequence of tensor, shape (n, s), or None
        The whole state of each direction before its first step; None stands for zero.
    """
    real = torch.arange(x.shape[1], device=x.device) < lengths[:, None]
    order = [_order(lengths, x.shape[1], reverse=k == 1) for k in range(len(cells))]
    states: tuple[list[list[Tensor]], ...] = tuple([[] for _ in cells] for _ in range(3))
    motion = Motion(cells, real, order, *states)
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
        x = motion.outputs
    return motion


def _along(cell: Cell, x: Tensor, order: Tensor, s: Tensor) -> tuple[Tensor, Tensor]:
    """States before and after each step from `s` along `x`, whose steps come in `order` (n, t)."""
    rows = torch.arange(len(x), device=x.device)
    before = x.new_empty(*x.shape[:2], cell.state_size)
    after = torch.empty_like(before)
    for now in order.T:
        before[rows, now] = s
        s = step(cell, x[rows, now], s)
        after[rows, now] = s
    return before, after


def _order(lengths: Tensor, t: int, reverse: bool) -> Tensor:
    """The positions (n, t) in the order in which they are read, padded ones last."""
    now = torch.arange(t, device=lengths.device).expand(len(lengths), t)
    back = lengths[:, None] - 1 - now
    return torch.where(back >= 0, back, now) if reverse else now
