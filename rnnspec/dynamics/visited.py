"""The fixed points near the states that data visit, and the Jacobian at one of them."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from rnnspec.dynamics.fixed_points import fixed_points_of
from rnnspec.dynamics.linear_maps import FixedPoints
from rnnspec.dynamics.trajectory import causal_cells
from rnnspec.models.names import MARK
from rnnspec.models.reading import read_along
from rnnspec.models.sequences import Inputs

# Searches for fixed points start from so many states, evenly spaced among those that the data
# visit: one batch of `rnnspec.dynamics.search`, and many more than the points of any network seen.
STARTS = 1000


def visited_fixed_points(
    model: nn.Module, inputs: Inputs, lengths: ArrayLike | Tensor | None = None
) -> FixedPoints:
    """The fixed points near the states that data visit, at the mean input of the real steps.

    The searches start from all states along the data, or from about 1000 of them, evenly spaced.

    Raises
    ------
    ValueError
        As `state_trajectory` and `fixed_points`.

    Examples
    --------
    >>> len(visited_fixed_points(nn.LSTM(3, 8), np.zeros((2, 5, 3))))
    1
    """
    reading = read_along(model, inputs, lengths)
    motion = reading.simulate()
    states = torch.cat(motion.after[0], dim=2)[motion.real]
    mean = reading.inputs.sum((0, 1)) / reading.lengths.sum()
    return fixed_points_of(causal_cells(reading.cells), states[:: -(-len(states) // STARTS)], mean)


def jacobian_at(
    found: FixedPoints, number: int, sizes: list[int], layer: str | None
) -> NDArray[np.float64]:
    """The Jacobian at fixed point `number` of those found, or one layer's block of it.

    Raises
    ------
    ValueError
        If there is no such point.
    """
    if number >= len(found):
        there = f"there are {len(found)}, from fixed0 on" if len(found) else "none was found"
        if not len(found) and len(found.slow_speeds):
            there += f"; the slowest state moves by {found.slow_speeds.min():.3g} in a step"
        raise ValueError(f"{MARK}fixed{number} must be one of the fixed points found: {there}")
    J: NDArray[np.float64] = found.jacobians[number]
    if layer is None:
        return J
    end = sum(sizes[: int(layer) + 1])
    own = slice(end - sizes[int(layer)], end)
    return J[own, own]
