"""Stability numbers of the Jacobians along data, as quantile bands over sequences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from rnnspec._checks import count
from rnnspec.dynamics.jacobian import jacobians_along
from rnnspec.dynamics.quantiles import LEVELS, step_quantiles
from rnnspec.models.reading import read_along
from rnnspec.spectra.numbers import NUMBERS

Array = NDArray[np.float64]
MEASURES = ("spectral_radius", "spectral_norm", "henrici", "distance_to_instability")
STEPS = 16  # looked at by default


@dataclass(frozen=True, eq=False)
class StabilityBands:
    """Four numbers of each Jacobian looked at, their quantiles, and the worst sequence.

    Attributes
    ----------
    sequences : (m,) array of int
        The sequences looked at, of `n_sequences`.
    steps : (k,) array of int
        The steps looked at.
    values : dict of str to (m, k) array
        ``spectral_radius``, ``spectral_norm``, ``henrici`` and ``distance_to_instability``, as
        `measure` names them.  NaN at padded steps.
    levels : (q,) array
    quantiles : dict of str to (q, k) array
        Over the sequences that reach a step.
    worst : dict of str to (sequence, step)
        Where each number is largest, the distance smallest; of several unstable Jacobians, whose
        distance is 0, the one with the largest spectral radius.
    n_sequences : int
    """

    sequences: NDArray[np.int64]  # shape: (m,)
    steps: NDArray[np.int64]  # shape: (k,)
    values: dict[str, Array]
    levels: Array  # shape: (q,)
    quantiles: dict[str, Array]
    worst: dict[str, tuple[int, int]]
    n_sequences: int

    @property
    def worst_sequence(self) -> int:
        """The sequence that comes nearest to instability, as ``worst`` of the distance."""
        return self.worst["distance_to_instability"][0]


def stability_bands(
    model: nn.Module,
    inputs: ArrayLike | Tensor,
    lengths: ArrayLike | Tensor | None = None,
    *,
    samples: int | None = 16,
    steps: Sequence[int] | None = None,
    direction: str | None = None,
    levels: Sequence[float] = LEVELS,
) -> StabilityBands:
    r"""Spectral radius, norm, departure from normality and distance to instability of each J_t.

    Parameters
    ----------
    model, inputs, lengths, direction
        As for `state_jacobians`.
    samples : int or None, default 16
        Look at so many sequences, evenly spaced in the order of the data; None: at all.
    steps : sequence of int, optional
        The steps looked at; default: at most 16, evenly spaced from the first to the last.
    levels : sequence of float
        Of the quantiles over sequences.

    Returns
    -------
    StabilityBands
        With the ``sequences`` and ``steps`` that were looked at.

    Raises
    ------
    ValueError
        As `state_jacobians`, and if `samples` is below 1, no sequence looked at reaches any of
        the steps, or the levels are not increasing from 0 to 1.

    Warns
    -----
    ConvergenceWarning
        As `distance_to_instability`.

    Notes
    -----
    The distance costs O((2s)^3), one to four times: 30 to 60 ms a Jacobian with s = 64, ten times
    as much with 128; with the defaults 4 to 8 s for 8 steps of s = 64.  The other three together
    cost a third of it; of an unstable Jacobian the distance costs nothing.

    Examples
    --------
    >>> rnn = nn.RNN(1, 4, bias=False)
    >>> _ = nn.init.eye_(rnn.weight_hh_l0).data.mul_(0.5)
    >>> bands = stability_bands(rnn, np.zeros((3, 2, 1)))  # at rest, where J = W
    >>> {name: round(float(values[2, 0]), 9) for name, values in bands.quantiles.items()}
    {'spectral_radius': 0.5, 'spectral_norm': 0.5, 'henrici': 0.0,
     'distance_to_instability': 0.5}
    """
    reading = read_along(model, inputs, lengths)
    n, t, _ = reading.inputs.shape
    rows = _evenly(n, n if samples is None else count(samples, "samples"))
    columns = _evenly(t, STEPS) if steps is None else np.asarray(steps)
    few = reading[torch.from_numpy(rows).to(reading.inputs.device)]
    J = jacobians_along(few, columns.tolist(), direction)
    values = _measured(J)
    worst = _worst(values, rows, columns)
    quantiles = {name: step_quantiles(each, levels) for name, each in values.items()}
    return StabilityBands(
        rows, columns, values, np.asarray(levels, np.float64), quantiles, worst, n
    )


def _evenly(size: int, count: int) -> NDArray[np.int64]:
    """At most `count` of the numbers 0 .. `size` - 1, the first and the last among them."""
    return np.unique(np.linspace(0, size - 1, min(size, count)).round().astype(np.int64))


def _measured(J: Array) -> dict[str, Array]:
    real = ~np.isnan(J[:, :, 0, 0])
    if not real.any():
        raise ValueError("`steps` must hold one that a sequence looked at reaches, got none")
    values = {name: np.full(real.shape, np.nan) for name in MEASURES}
    for name, each in values.items():
        each[real] = [float(NUMBERS[name].compute(A)) for A in J[real]]
    return values


def _worst(
    values: dict[str, Array], rows: NDArray[np.int64], columns: NDArray[np.int64]
) -> dict[str, tuple[int, int]]:
    found = {}
    for name, each in values.items():
        badness = -each if NUMBERS[name].better == "larger" else each
        largest = badness == np.nanmax(badness)
        i, k = np.unravel_index(
            np.nanargmax(np.where(largest, values["spectral_radius"], np.nan)), each.shape
        )
        found[name] = (int(rows[i]), int(columns[k]))
    return found
