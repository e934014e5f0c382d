"""Recurrent weights that are moved for a while, and the record of what this did."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from rnnspec._checks import one_of
from rnnspec._result import Result
from rnnspec.models.recurrent import recurrent_blocks
from rnnspec.robustness.result import wilson

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class MovedWeights(Result):
    r"""One recurrent matrix W that was changed to W + E, and what this did to the network.

    Attributes
    ----------
    matrix, attack, norm : str
        Name of the matrix, attack that changed it, and norm that measures E.
    epsilon : float
        :math:`\|E\|` in `norm`: the size that was asked for, or, where the attack takes none, the
        size that came out.
    fraction : float or None
        Share of the entries that ``prune`` set to zero.
    n_correct, n : int
        Number of sequences classified correctly while all chosen matrices are moved, and of all.
    spectral_radius : float
        Spectral radius of W + E, as the network stores it.
    size : float
        :math:`\|E\|_2` as stored, to be compared with `distance_to_instability`.
    distance_to_instability : float
        The least :math:`\|E\|_2` of a complex E that makes W unstable; 0 if W is unstable.
    max_perturbation : float
        :math:`\|E\|` in `norm`, as stored; where `epsilon` was asked for, at most that, to
        rounding.
    """

    matrix: str
    attack: str
    norm: str
    epsilon: float
    fraction: float | None
    n_correct: int
    n: int
    spectral_radius: float
    size: float
    distance_to_instability: float
    max_perturbation: float

    @property
    def accuracy(self) -> float:
        """Share of the sequences classified correctly."""
        return self.n_correct / self.n


@contextmanager
def weights_moved(model: nn.Module, moves: Mapping[str, Array]) -> Iterator[None]:
    """Within the ``with`` block, `model` has ``W + E`` in place of its recurrent matrices W.

    Afterwards every weight is as before, bit by bit.

    Parameters
    ----------
    model : torch.nn.Module
        With ``nn.RNN``, ``nn.LSTM`` or ``nn.GRU`` inside.
    moves : mapping of str to array, shape (h, h)
        E by the name of its matrix, as in `rnnspec.recurrent_matrices`.

    Raises
    ------
    ValueError
        If a name is unknown, E has another shape, or a weight is computed from others.

    Examples
    --------
    >>> model = nn.RNN(2, 2)
    >>> with weights_moved(model, {"layer0": 9 * np.eye(2)}):
    ...     bool(model.weight_hh_l0[0, 0] > 8)
    True
    >>> bool(model.weight_hh_l0[0, 0] < 1)
    True
    """
    blocks = recurrent_blocks(model)
    for name, E in moves.items():
        one_of(name, "moves", blocks)
        if E.shape != tuple(blocks[name].shape):
            raise ValueError(
                f"`moves` must hold a matrix of shape {tuple(blocks[name].shape)} for {name},"
                f" got {E.shape}"
            )
    kept = {name: blocks[name].clone() for name in moves}
    try:
        for name, E in moves.items():
            blocks[name].copy_(blocks[name].cpu() + torch.from_numpy(E))  # summed in float64
        yield
    finally:
        for name, W in kept.items():
            blocks[name].copy_(W)


def by_strength(moved: Sequence[MovedWeights]) -> list[tuple[MovedWeights, ...]]:
    """The matrices that moved together, a tuple for each strength."""
    n = len({one.matrix for one in moved})
    return [tuple(moved[j : j + n]) for j in range(0, len(moved), n)]


def row_of(matrices: Sequence[MovedWeights], seconds: float) -> dict[str, Any]:
    """The record of one strength; sizes, radius and distance of the matrix that is worst off."""
    one = matrices[0]
    low, high = wilson(one.accuracy, one.n)
    return {
        "target": "weights",
        "attack": one.attack,
        "norm": one.norm,
        "epsilon": max(moved.epsilon for moved in matrices),
        "accuracy": one.accuracy,
        "ci_low": float(low),
        "ci_high": float(high),
        "max_perturbation": max(moved.max_perturbation for moved in matrices),
        "size": max(moved.size for moved in matrices),
        "spectral_radius": max(moved.spectral_radius for moved in matrices),
        "distance_to_instability": min(moved.distance_to_instability for moved in matrices),
        "fraction": one.fraction,
        "seconds": seconds,
    }
