"""Stability numbers of the Jacobians along data, as bands of quantiles over sequences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from rnnspec._checks import count
from rnnspec._result import Table
from rnnspec.dynamics.jacobian import jacobians_along
from rnnspec.dynamics.quantiles import LEVELS, step_quantiles
from rnnspec.models.reading import read_along
from rnnspec.models.sequences import Inputs
from rnnspec.spectra.measures import compute
from rnnspec.spectra.numbers import NUMBERS

Array = NDArray[np.float64]
# The numbers of `rnnspec.spectra.numbers` that are computed for each Jacobian: the asymptotic
# growth, the growth in one step, how far the two may differ, and the smallest change of J that
# makes the first exceed 1.
MEASURES = ("spectral_radius", "spectral_norm", "henrici", "distance_to_instability")
STEPS = 16  # time steps taken by default: with 16 sequences 256 Jacobians, some 10 s with s = 64


@dataclass(frozen=True, eq=False, repr=False)
class StabilityBands(Table):
    """Four numbers of the Jacobians of some sequences and steps, with quantiles and the worst.

    Attributes
    ----------
    sequences : array of int, shape (m,)
        The sequences that were taken.
    steps : array of int, shape (k,)
        The time steps that were taken.
    values : dict of str to array, shape (m, k)
        ``spectral_radius``, ``spectral_norm``, ``henrici``, ``distance_to_instability``, as
        `rnnspec.measure` computes them.  NaN at padded steps.
    levels : array, shape (q,)
        The levels of the quantiles.
    quantiles : dict of str to array, shape (q, k)
        Quantiles over the sequences that reach a step.
    worst : dict of str to (sequence, step)
        Where each number is largest, and the distance smallest.  Of several unstable Jacobians,
        whose distance is 0, it is the one with the largest spectral radius.
    n_sequences : int
        The number of sequences from which those were taken.
    """

    sequences: NDArray[np.int64]
    steps: NDArray[np.int64]
    values: dict[str, Array]
    levels: Array
    quantiles: dict[str, Array]
    worst: dict[str, tuple[int, int]]
    n_sequences: int

    @property
    def worst_sequence(self) -> int:
        """The sequence with the smallest distance to instability."""
        return self.worst["distance_to_instability"][0]

    def rows(self) -> list[dict[str, Any]]:
        """Return one dictionary for each sequence and each real step: the numbers of its J."""
        return [
            {
                "sequence": int(sequence),
                "step": int(step),
                **{name: float(each[i, k]) for name, each in self.values.items()},
            }
            for i, sequence in enumerate(self.sequences)
            for k, step in enumerate(self.steps)
            if not np.isnan(self.values["spectral_radius"][i, k])
        ]


def stability_bands(
    model: nn.Module,
    inputs: Inputs,
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
    model : module
        A module as for `state_jacobians`.
    inputs : SequenceDataset, (n, t, d) array_like or tensor, or list of (t_i, d) arrays
        What `model` reads.
    lengths : (n,) array_like of int, optional
        True lengths of the sequences of an array or tensor; by default all have t steps.
    samples : int or None, default 16
        Number of sequences to take, evenly spaced in the order of the data; None takes all.
    steps : sequence of int, optional
        The time steps to take; by default at most 16, evenly spaced from the first to the last.
    direction : {"forward", "reverse"}, optional
        Required for a bidirectional network, as for `state_jacobians`.
    levels : sequence of float
        Levels of the quantiles over sequences.

    Returns
    -------
    StabilityBands
        With the ``sequences`` and ``steps`` that were taken.

    Raises
    ------
    ValueError
        If `state_jacobians` raises one, or if `samples` is below 1, none of the sequences taken
        reaches any of the steps, or the levels do not increase from 0 to 1.

    Warns
    -----
    ConvergenceWarning
        If `distance_to_instability` warns.

    Notes
    -----
    Each distance needs one to four level tests, which cost O((2s)^3) each.  It takes 30 to 60 ms
    for a Jacobian with s = 64, and ten times as much with s = 128.  With the defaults, 8 steps of s
    = 64 take 4 to 8 s.  The other three numbers together cost a third of the distance.  The
    distance of an unstable Jacobian is 0 and costs nothing.

    Examples
    --------
    >>> rnn = nn.RNN(1, 4, bias=False)
    >>> _ = nn.init.eye_(rnn.weight_hh_l0).data.mul_(0.5)
    >>> bands = stability_bands(rnn, np.zeros((3, 2, 1)))  # at rest, where J = W
    >>> {name: round(float(values[2, 0]), 9) for name, values in bands.quantiles.items()}
    {'spectral_radius': 0.5, 'spectral_norm': 0.5, 'henrici': 0.0, 'distance_to_instability': 0.5}
    """
    reading = read_along(model, inputs, lengths)
    n, t, _ = reading.inputs.shape
    rows = _evenly_spaced(n, n if samples is None else count(samples, "samples"))
    columns = _evenly_spaced(t, STEPS) if steps is None else np.asarray(steps)
    few = reading[torch.from_numpy(rows).to(reading.inputs.device)]
    J = jacobians_along(few, columns.tolist(), direction)
    values = _stability_numbers(J)
    worst = _worst(values, rows, columns)
    quantiles = {name: step_quantiles(each, levels) for name, each in values.items()}
    return StabilityBands(
        rows, columns, values, np.asarray(levels, np.float64), quantiles, worst, n
    )


def _evenly_spaced(size: int, count: int) -> NDArray[np.int64]:
    """At most `count` of the numbers 0 .. `size` - 1, the first and the last among them."""
    return np.unique(np.linspace(0, size - 1, min(size, count)).round().astype(np.int64))


def _stability_numbers(J: Array) -> dict[str, Array]:
    """The `MEASURES` (m, k) of the Jacobians (m, k, s, s), NaN where these are."""
    real = ~np.isnan(J[:, :, 0, 0])
    if not real.any():
        raise ValueError("`steps` must hold one that a sequence taken reaches, but none does")
    values = {name: np.full(real.shape, np.nan) for name in MEASURES}
    for name in MEASURES:
        values[name][real] = [float(compute(NUMBERS[name], A)) for A in J[real]]
    return values


def _worst(
    values: dict[str, Array], rows: NDArray[np.int64], columns: NDArray[np.int64]
) -> dict[str, tuple[int, int]]:
    """The sequence and the step of the worst value of each number.

    If several values are equally bad, the one with the largest spectral radius is taken.
    """
    found = {}
    for name, each in values.items():
        worst = np.nanmax(each) if NUMBERS[name].better == "smaller" else np.nanmin(each)
        radii = np.where(each == worst, values["spectral_radius"], np.nan)
        i, k = np.unravel_index(np.nanargmax(radii), each.shape)
        found[name] = (int(rows[i]), int(columns[k]))
    return found
