"""The inputs that the recurrent part of a network reads on data, its first states, its formula.

The Jacobians, fixed points and exponents of `rnnspec.dynamics` are those of PyTorch's formula for
the recurrent part.  They are those of the network only if that formula alone takes its state
from step to step.  Where the class does not tell, `rnnspec.models.verification` finds it out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from rnnspec.models.call import unwrap
from rnnspec.models.formula import has_known_formula, random_sequences, trial_difference
from rnnspec.models.layers import Cell, Cells, cells_of_part, only_part
from rnnspec.models.motion import Motion, simulate
from rnnspec.models.parts import Part
from rnnspec.models.running import Trial, check_weights_have_values
from rnnspec.models.verification import verify


@dataclass(frozen=True, eq=False)
class Reading:
    """The cells of a recurrent part, and the inputs that they read in each sequence, in float64.

    ``starts[direction]`` are the whole states (n, s) before the first step, None for zero.
    """

    cells: Cells
    inputs: Tensor  # shape: (n, t, d), 0 at padded steps
    lengths: Tensor  # shape: (n,)
    starts: tuple[Tensor | None, ...]

    def __len__(self) -> int:
        return len(self.inputs)

    def __getitem__(self, rows: Tensor) -> Reading:
        return replace(
            self,
            inputs=self.inputs[rows],
            lengths=self.lengths[rows],
            starts=tuple(None if s is None else s[rows] for s in self.starts),
        )

    def simulate(self) -> Motion:
        """The states of all layers and directions along the inputs."""
        return simulate(self.cells, self.inputs, self.lengths, self.starts)


def read_along(
    model: nn.Module, inputs: ArrayLike | Tensor, lengths: ArrayLike | Tensor | None = None
) -> Reading:
    """The cells of the recurrent part of `model`, and what they read when it runs on `inputs`.

    Parameters
    ----------
    model : module
        A recurrent layer or cell of PyTorch or a `SequenceClassifier`, which read the inputs
        themselves; or a module with one recurrent part inside, whose own forward is run.
    inputs : (n, t, d) array_like or tensor
        What `model` reads; of a module with an encoder, what the encoder reads, of any shape
        (n, t, ...) and any dtype.
    lengths : (n,) array_like of int, optional
        True lengths; default: all t.

    Raises
    ------
    ValueError
        If the data do not fit `model` or are not finite, there is no recurrent part or there are
        several, or the state of `model` does not go from step to step by the part's formula.

    Notes
    -----
    A forward pass of the whole batch, and two of at most three sequences.

    Examples
    --------
    >>> model = nn.Sequential(nn.Linear(2, 3), nn.GRU(3, 8, batch_first=True))
    >>> read_along(model, np.zeros((5, 7, 2))).inputs.shape  # what the GRU reads
    torch.Size([5, 7, 3])
    """
    model = unwrap(model) if isinstance(model, nn.Module) else model
    x = as_tensor(inputs).detach()
    if (
        not isinstance(model, nn.Module)
        or has_known_formula(model)
        or only_part(model).module is model
    ):
        cells = own_cells(model)
        data = check_inputs(x, lengths, cells)
        if isinstance(model, nn.Module) and not has_known_formula(model):
            _check_formula(model, cells, only_part(model), data[0], "`inputs`")
        return Reading(cells, *data, (None,) * len(cells))
    part = only_part(model)
    check_weights_have_values(model)
    steps = None if lengths is None else check_lengths(lengths, x)
    cells, read, true_lengths, starts = verify(
        Trial(model, part, *_as_model_reads(model, x, steps))
    )
    return Reading(cells, *check_inputs(read, true_lengths, cells), starts)


def own_cells(model: nn.Module) -> Cells:
    """The cells of a network that consists of its recurrent part, as its class tells.

    Raises
    ------
    ValueError
        If `model` does more than its recurrent part, or that part has another formula.

    Examples
    --------
    >>> own_cells(nn.Sequential(nn.GRU(2, 3)))
    Traceback (most recent call last):
    ...
    ValueError: `model` (Sequential) does more than its recurrent part `0`, ...
    """
    part = only_part(model := unwrap(model) if isinstance(model, nn.Module) else model)
    if part.module is not model and not has_known_formula(model):
        raise ValueError(
            f"`model` ({type(model).__name__}) does more than its recurrent part `{part.name}`, and"
            " without data nothing shows whether its state goes by the part's formula alone: pass"
            f" the part, {part.expression}, with inputs as that reads them, or take"
            " rnnspec.state_jacobians(model, inputs), which runs the model on data"
        )
    check_weights_have_values(model)
    cells = cells_of_part(model, part)
    if not has_known_formula(model):
        _check_formula(model, cells, part, random_sequences(cells), "a random sequence")
    return cells


def _check_formula(model: nn.Module, cells: Cells, part: Part, x: Tensor, fed: str) -> None:
    if text := trial_difference(cells, part, x):
        raise ValueError(
            f"`model` ({type(model).__name__}) must step by the formula of PyTorch's"
            f" {part.kind.upper()}, but its state differs from that {text} of {fed}"
            " (a forward of its own, or a hook?); only its matrices can be measured"
        )


def _as_model_reads(
    model: nn.Module, x: Tensor, lengths: Tensor | None
) -> tuple[Tensor, Tensor | None]:
    """Inputs in the precision and on the device of `model`, 0 at padded steps of numbers."""
    if x.ndim < 2 or 0 in x.shape[:2]:
        raise ValueError(
            f"`inputs` must have shape (n, t, ...), at least one of each, got {tuple(x.shape)}"
        )
    reference = next((p for p in model.parameters() if p.is_floating_point()), torch.zeros(()))
    lengths = None if lengths is None else lengths.to(reference.device)
    if not x.is_floating_point():  # numbers of words, say
        return x.to(reference.device), lengths
    x = x.to(reference)
    if lengths is not None:
        padded = torch.arange(x.shape[1], device=x.device) >= lengths[:, None]
        x = x.masked_fill(padded.view(*padded.shape, *[1] * (x.ndim - 2)), 0.0)
    if not bool(x.isfinite().all()):
        raise ValueError("`inputs` must be finite at real steps: impute missing values before")
    return x, lengths


def check_inputs(
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
    x = as_tensor(inputs).detach().to(device, torch.float64)
    if x.ndim != 3 or x.shape[2] != d:
        raise ValueError(
            f"`inputs` must have shape (n, t, {d}) as `model` reads, got {tuple(x.shape)}"
        )
    n, t, _ = x.shape
    if 0 in (n, t):
        raise ValueError(
            f"`inputs` must hold at least one sequence of at least one step, got {tuple(x.shape)}"
        )
    steps = torch.full((n,), t) if lengths is None else check_lengths(lengths, x)
    steps = steps.to(device)
    real = torch.arange(t, device=x.device) < steps[:, None]
    if not bool(x[real].isfinite().all()):
        raise ValueError("`inputs` must be finite at real steps: impute missing values before")
    return x.masked_fill(~real[:, :, None], 0.0), steps


def check_lengths(lengths: ArrayLike | Tensor, x: Tensor) -> Tensor:
    """Lengths (n,) that fit the sequences `x` (n, t, ...).

    Raises
    ------
    ValueError
        If they are no n integers from 1 to t.
    """
    n, t = x.shape[:2]
    steps = as_tensor(lengths)
    if steps.shape != (n,) or steps.is_floating_point():
        raise ValueError(
            f"`lengths` must be {n} integers as `inputs` has sequences,"
            f" got shape {tuple(steps.shape)} of {steps.dtype}"
        )
    if bool(((steps < 1) | (steps > t)).any()):
        raise ValueError(
            f"`lengths` must be from 1 to {t}, got {int(steps.min())} to {int(steps.max())}"
        )
    return steps


def as_tensor(values: ArrayLike | Tensor) -> Tensor:
    """A tensor as it is, anything else as an array."""
    # A copy: torch warns of arrays that it could not write to, and takes no negative strides.
    return values if isinstance(values, Tensor) else torch.from_numpy(np.array(values, order="C"))
