r"""A kick to the state in mid-sequence: its unit vector, and the two networks that follow.

After `step` inputs the state is moved, :math:`s \to s + \delta_0`.  The moved and the unmoved
network read the same further inputs; :math:`\delta_k` is their difference k inputs later.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from rnnspec._checks import one_of, seed_number
from rnnspec.dynamics.product_norms import log_product_norms
from rnnspec.models.call import evaluation_mode, unwrap
from rnnspec.models.classifier import SequenceClassifier
from rnnspec.models.formula import has_known_formula
from rnnspec.models.layers import Cell
from rnnspec.models.motion import Motion
from rnnspec.models.stack import stack_step

Array = NDArray[np.float64]
KICKS = ("worst", "random", "transient")


def check_kick(kick: str, cells: tuple[Cell, ...]) -> None:
    """Refuse a `kick` that is unknown, or that the layers `cells` do not have.

    Raises
    ------
    ValueError
        If `kick` is none of `KICKS`, or is ``transient`` and `cells` are not one layer of ``rnn``.
    """
    one_of(kick, "kick", KICKS)
    if kick == "transient" and not has_one_matrix(cells):
        raise ValueError(
            "`kick` must be 'worst' or 'random' for this model: 'transient' is the unit vector that"
            " the powers of one recurrent matrix amplify most, which only one layer of the cell"
            f" rnn has; got {len(cells)} of {cells[0].kind}"
        )


def has_one_matrix(cells: tuple[Cell, ...]) -> bool:
    """Whether one recurrent matrix alone acts on the state: one layer of the cell ``rnn``."""
    return len(cells) == 1 and cells[0].kind == "rnn"


def unit_kicks(kick: str, worst: Array, A: Array, steps: int, seed: int) -> Array:
    """The unit vectors (n, s) along which the states are kicked.

    Parameters
    ----------
    kick : {"worst", "random", "transient"}
    worst : (n, s) array
        For each sequence, the unit vector that its product of Jacobians amplifies most.
    A : (s, s) array
        The recurrent matrix, for ``transient``.
    steps : int
        The largest power of `A` that counts.
    seed : int
        Seed of the random vectors.

    Examples
    --------
    >>> shear = np.array([[0.0, 4.0], [0.0, 0.0]])
    >>> abs(unit_kicks("transient", np.empty((1, 2)), shear, 3, 0)).tolist()
    [[0.0, 1.0]]
    """
    if kick == "transient":
        _, most_amplified = log_product_norms(np.broadcast_to(A, (1, steps, *A.shape)))
        return np.broadcast_to(most_amplified, worst.shape)
    if kick == "worst":
        return worst
    drawn = np.random.default_rng(seed_number(seed)).standard_normal(worst.shape)
    return np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True))


@torch.no_grad()
def follow(motion: Motion, step: int, delta: Array) -> tuple[Array, Tensor, Tensor]:
    """Run the network with its states moved by `delta` before the input `step`, and unmoved.

    Returns
    -------
    sizes : (n, t - step + 1) array
        Distances between the two states after k = 0, 1, ... further inputs.
    kicked, unmoved : (n, s) tensors
        The two states after the last true step of each sequence.
    """
    (cells,) = motion.cells
    states = torch.cat(motion.before[0], dim=2)[:, step]
    kicked = states + torch.from_numpy(delta).to(states)
    apart, last = [(kicked - states).norm(dim=1)], (kicked, states)
    for now in range(step, motion.real.shape[1]):
        x, real = motion.read[0][0][:, now], motion.real[:, now, None]
        states, kicked = stack_step(cells, x, states), stack_step(cells, x, kicked)
        last = torch.where(real, kicked, last[0]), torch.where(real, states, last[1])
        apart.append((kicked - states).norm(dim=1))
    sizes: Array = torch.stack(apart, dim=1).cpu().numpy()
    return sizes, *last


@torch.no_grad()
def compare_decisions(model: nn.Module, one: Tensor, other: Tensor) -> NDArray[np.bool_] | None:
    """Whether the classes (n,) that `model` reads from two last states (n, s) differ.

    None if `model` is no `SequenceClassifier` with a forward of its class: nothing tells what
    another model decides.
    """
    model = unwrap(model)
    if not isinstance(model, SequenceClassifier) or not has_known_formula(model):
        return None
    with evaluation_mode(model):
        A, b = model.readout.weight.double(), model.readout.bias.double()
    end = one.shape[1] - (model.hidden if model.cell == "lstm" else 0)  # where the top h ends
    top = slice(end - model.hidden, end)
    classes = [(states[:, top] @ A.T + b).argmax(1) for states in (one, other)]
    changed: NDArray[np.bool_] = (classes[0] != classes[1]).cpu().numpy()
    return changed
