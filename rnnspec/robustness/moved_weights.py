"""Recurrent weights moved for a while, and what became of the network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from rnnspec._checks import one_of
from rnnspec.models.recurrent import recurrent_blocks

Array = NDArray[np.float64]


@dataclass(frozen=True)
class MovedWeights:
    r"""A network whose recurrent matrices were moved, W + E, seen from one of them.

    Attributes
    ----------
    matrix, attack, norm : str
    epsilon : float
        :math:`\|E\|` in `norm`: as it was asked for, or, where the attack takes none, as it
        came out.
    fraction : float or None
        Of entries pruned.
    n_correct, n : int
        Sequences classified rightly, with all chosen matrices moved, and all sequences.
    spectral_radius : float
        Of W + E, as the network stores it.
    size : float
        :math:`\|E\|_2` as stored, to be compared with the next.
    distance_to_instability : float
        Of W: the least :math:`\|E\|_2`, E complex, that makes it unstable.  0 if it is.
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
        """Share of the sequences classified rightly."""
        return self.n_correct / self.n


@contextmanager
def weights_moved(model: nn.Module, moves: Mapping[str, Array]) -> Iterator[None]:
    """`model` with ``W + E`` for its recurrent matrices W, and bit by bit as before afterwards.

    Parameters
    ----------
    model : torch.nn.Module
    moves : mapping of str to (h, h) array
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
