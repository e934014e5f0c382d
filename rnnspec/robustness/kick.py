r"""A kick to the state in mid-sequence, and how it grows or dies.

After `step` inputs the state is moved, :math:`h \to h + \delta_0`, and both trajectories
read the same further inputs; :math:`\delta_k` is their difference k inputs later.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from rnnspec._checks import one_of, positive, seed_number
from rnnspec.data.arrays import Labelled, as_dataset
from rnnspec.data.sequences import SequenceDataset
from rnnspec.models.call import unwrap
from rnnspec.models.classifier import SequenceClassifier
from rnnspec.models.evaluation import evaluation_mode
from rnnspec.models.recurrent import recurrent_matrices
from rnnspec.spectra.transient import transient_growth

Array = NDArray[np.float64]
DIRECTIONS = ("random", "transient")


@dataclass(frozen=True, eq=False)
class Kick:
    r"""The sizes :math:`\|\delta_k\|_2` of a kick's trace, beside what the weights say of it.

    Attributes
    ----------
    step : int
        Inputs read before the kick.
    epsilon : float
        :math:`\|\delta_0\|_2`.
    sizes : (n, t - step + 1) array
        Column k holds :math:`\|\delta_k\|_2` over the whole state: all layers, and both h and c
        of an LSTM.  NaN beyond a sequence's true length.
    changed : (n,) array of bool
        Whether the kick changed the decision.
    bound : (t - step + 1,) array or None
        Proved for every kick and input:
        :math:`\varepsilon \min(\|W\|_2^k,\ \|\,|W|^k\|_2)`, with \|W\| the matrix of absolute
        values.  Only one layer of the cell ``rnn`` has it; None for the others.
    predicted : (t - step + 1,) array or None
        :math:`\varepsilon \|W^k\|_2`: the most that a kick can grow to while no unit saturates.
        Not a bound: saturation mostly damps the kick, but can also break a cancellation in
        W^k and let it grow further.  None where `bound` is None.

    Notes
    -----
    Of a tanh layer, :math:`\delta_{k+1} = D_k W \delta_k` exactly, where :math:`D_k` is diagonal
    with entries in (0, 1] by the mean value theorem.  Hence
    :math:`\|\delta_{k+1}\| \le \|W\|\,\|\delta_k\|`, and entry by entry
    :math:`|\delta_{k+1}| \le |W|\,|\delta_k|`.  In a gated cell the state also passes by the
    recurrent matrices, multiplied by a gate, and the gates multiply one another: no gate's matrix
    alone bounds the growth.
    """

    step: int
    epsilon: float
    sizes: Array  # shape: (n, t - step + 1)
    changed: NDArray[np.bool_]  # shape: (n,)
    bound: Array | None
    predicted: Array | None

    @property
    def growth(self) -> Array:
        r"""(n, t - step + 1) factors :math:`\|\delta_k\| / \varepsilon`; NaN as in `sizes`."""
        return self.sizes / self.epsilon


def kick(
    model: nn.Module,
    data: Labelled,
    step: int,
    epsilon: float,
    *,
    direction: str = "random",
    seed: int = 0,
) -> Kick:
    r"""Move the state after `step` inputs by `epsilon`, and follow the difference.

    Both trajectories run in float64 in a copy of the model, so that a kick of 1e-6 is still
    one, and the model is as it was.  Cost: two forward passes, one step at a time.

    Parameters
    ----------
    model : rnnspec.SequenceClassifier
        That reads in one direction; also inside ``DataParallel`` or `torch.compile`.
    data : SequenceDataset, or pair (X, y)
        Arrays, tensors or a list of sequences, as `rnnspec.data.as_dataset` takes them.
    step : int
        From 0, the initial state, to t - 1.  A sequence shorter than that is not kicked: its
        row is NaN.
    epsilon : float
        Euclidean size of the kick, in the state's own units.
    direction : {"random", "transient"}
        Uniform on the sphere, for each sequence anew; or, for one layer of the cell ``rnn``, the
        direction that :math:`W^k` amplifies most, for the k at which
        :math:`\|W^k\|` is largest within the remaining steps.
    seed : int, default 0

    Raises
    ------
    ValueError
        If the model is of another kind, `step` leaves no input to read, or reaches no
        sequence, `epsilon` is not above 0, or the direction is unknown or needs the cell
        ``rnn``.

    See Also
    --------
    rnnspec.transient_growth : the norms :math:`\|W^k\|` alone.

    References
    ----------
    .. [1] L. N. Trefethen and M. Embree, Spectra and Pseudospectra (2005), ch. 16.

    Examples
    --------
    >>> data = SequenceDataset.from_raw(np.zeros((1, 3, 1)), [3], [0], ("a", "b"))
    >>> model = SequenceClassifier("rnn", 1, 2, hidden=4, init="identity")
    >>> found = kick(model, data, step=1, epsilon=1e-4)
    >>> found.growth.shape, bool((found.sizes <= found.bound * (1 + 1e-9)).all())
    ((1, 3), True)
    """
    data = as_dataset(data)
    one_of(direction, "direction", DIRECTIONS)
    model = unwrap(model)
    _check(model, data, step)
    positive(epsilon, "epsilon")
    assert isinstance(model, SequenceClassifier)
    W = recurrent_matrices(model)["layer0"] if model.cell == "rnn" and model.layers == 1 else None
    shape = (len(data), *model.state_shape)
    if direction == "random":
        generator = torch.Generator().manual_seed(seed_number(seed))
        delta = torch.randn(shape, generator=generator, dtype=torch.float64).numpy()
    elif W is not None:
        delta = np.broadcast_to(_most_amplified(W, data.n_steps - step), shape)
    else:
        raise ValueError(
            "`direction` must be 'random' for this model: 'transient' is a direction of the"
            f" one matrix of one layer of the cell rnn, got {model.layers} of {model.cell}"
        )
    unit = np.linalg.norm(delta.reshape(len(data), -1), axis=1).reshape(-1, 1, 1, 1)
    sizes, changed = _follow(model, data, step, torch.from_numpy(epsilon * delta / unit))
    bound, predicted = (None, None) if W is None else _curves(W, epsilon, data.n_steps - step)
    return Kick(step, epsilon, sizes, changed, bound, predicted)


def _check(model: nn.Module, data: SequenceDataset, step: int) -> None:
    if not isinstance(model, SequenceClassifier):
        raise ValueError(
            "`model` must be a rnnspec.SequenceClassifier, whose state can be moved in"
            f" mid-sequence, got {type(model).__name__}"
        )
    if model.bidirectional:
        raise ValueError("`model` must read in one direction: of two, one reads before the kick")
    if isinstance(step, bool) or not isinstance(step, int) or not 0 <= step < data.n_steps:
        raise ValueError(f"`step` must be an integer from 0 to {data.n_steps - 1}, got {step!r}")
    if not (data.lengths > step).any():
        raise ValueError(
            f"`step` must leave an input to read, but no sequence is longer than {step}"
        )


@torch.no_grad()
def _follow(
    model: SequenceClassifier, data: SequenceDataset, step: int, delta: Tensor
) -> tuple[Array, NDArray[np.bool_]]:
    """(n, t - step + 1) sizes, and whether the class changed; `delta` is (n, *state_shape)."""
    n = len(data)
    with evaluation_mode(model):
        twin = deepcopy(model).double().cpu()
    inputs = torch.from_numpy(data.inputs).double()
    start = torch.zeros_like(delta)
    if step:
        start = _read(twin, inputs[:, :step], start)
    inputs, state = inputs.repeat(2, 1, 1), torch.cat([start, start + delta])
    sizes, changed = np.full((n, data.n_steps - step + 1), np.nan), np.zeros(n, dtype=bool)
    for k in range(sizes.shape[1]):
        if k:
            state = _read(twin, inputs[:, step + k - 1 : step + k], state)
        alive = data.lengths >= step + k
        apart = (state[n:] - state[:n]).flatten(1).norm(dim=1).numpy()
        sizes[alive, k] = apart[alive]
        classes = twin.readout(state[:, 0, -1]).argmax(1).numpy()
        ended = data.lengths == step + k
        changed[ended] = (classes[:n] != classes[n:])[ended]
    return sizes, changed


def _read(model: SequenceClassifier, inputs: Tensor, state: Tensor) -> Tensor:
    """The state (n, *state_shape) after some further inputs."""
    # The fused layers want, and give, (layers, n, h), and a pair of them for an LSTM.
    parts = tuple(part.contiguous() for part in state.permute(1, 2, 0, 3))
    _, after = model.recurrent(inputs, parts if model.cell == "lstm" else parts[0])
    return torch.stack(after if model.cell == "lstm" else (after,)).permute(2, 0, 1, 3)


def _most_amplified(W: Array, steps: int) -> Array:
    """(h,) unit vector v with ||W^k v|| = ||W^k||, for the k <= steps of the largest ||W^k||."""
    peak = transient_growth(W, max(1, steps)).peak_step
    power = np.linalg.matrix_power(W, max(1, peak))
    first: Array = np.linalg.svd(power)[2][0]
    return first


def _curves(W: Array, epsilon: float, steps: int) -> tuple[Array, Array]:
    """Bound and prediction for k = 0 .. steps."""
    powers, absolute = transient_growth(W, steps).norms, transient_growth(np.abs(W), steps).norms
    with np.errstate(over="ignore", under="ignore"):
        product = powers[1] ** np.arange(steps + 1)
    return epsilon * np.minimum(product, absolute), epsilon * powers
