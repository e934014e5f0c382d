"""What the recurrent part of a network reads along data, and the states from which it starts.

The Jacobians, fixed points and exponents of `rnnspec.dynamics` are those of PyTorch's formula for
the recurrent part.  They are those of the network only if that formula alone takes its state
from step to step.  Where the class does not tell, `rnnspec.models.verification` finds it out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from numpy.typing import ArrayLike
from torch import Tensor, nn

from rnnspec.models.call import check_weights_have_values, unwrap
from rnnspec.models.formula import has_known_formula, random_sequences, trial_difference
from rnnspec.models.inputs import inputs_of_cells, inputs_of_model
from rnnspec.models.layers import Cells, cells_of_part, only_part
from rnnspec.models.motion import Motion, simulate
from rnnspec.models.parts import Part
from rnnspec.models.running import Trial
from rnnspec.models.sequences import Inputs
from rnnspec.models.verification import verify


@dataclass(frozen=True, eq=False)
class Reading:
    """The cells of a recurrent part, and the inputs that they read in each sequence, in float64.

    Attributes
    ----------
    cells : for each direction its layers from below
    inputs : tensor, shape (n, t, d)
        They are 0 at padded steps.
    lengths : tensor of int, shape (n,)
    starts : tuple of tensors, shape (n, s), or None
        The whole state of each direction before the first step; None stands for zero.
    """

    cells: Cells
    inputs: Tensor
    lengths: Tensor
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
    model: nn.Module, inputs: Inputs, lengths: ArrayLike | Tensor | None = None
) -> Reading:
    """The cells of the recurrent part of `model`, and what they read when it runs on `inputs`.

    Parameters
    ----------
    model : module
        A recurrent layer or cell of PyTorch or a `SequenceClassifier`, which read the inputs
        themselves; or a module with one recurrent part inside, whose own forward is run.  Layers
        before that part are called its encoder.
    inputs : data set, array_like or tensor of shape (n, t, d), or list
        What `model` reads: a `SequenceDataset`, padded sequences, or a list of sequences of
        shapes (t_i, d).  A module with an encoder takes what the encoder reads, with steps of any
        shape and any dtype.
    lengths : array_like of int, shape (n,), optional
        True lengths; default: those of the data set or of the list, or all t.

    Returns
    -------
    Reading
        The ``.cells``, their ``.inputs`` of shape (n, t, d) in float64, the true ``.lengths``,
        and in ``.starts`` the states from which the network starts.

    Raises
    ------
    ValueError
        If the data do not fit `model` or are not finite; if both the data and `lengths` say how
        long the sequences are; if there is no recurrent part or there are several; or if the
        states of `model` do not follow the part's formula from step to step.

    Notes
    -----
    A module with an encoder runs on the whole batch once and on at most four sequences a few
    more times.

    Examples
    --------
    The GRU reads 2 sequences of 2 steps, padded, with 3 channels from the linear layer:

    >>> model = nn.Sequential(nn.Linear(2, 3), nn.GRU(3, 8, batch_first=True))
    >>> read_along(model, [[[0.0, 1.0], [1.0, 0.0]], [[1.0, 1.0]]]).inputs.shape
    torch.Size([2, 2, 3])
    """
    model = unwrap(model) if isinstance(model, nn.Module) else model
    if (
        not isinstance(model, nn.Module)
        or has_known_formula(model)
        or only_part(model).module is model
    ):
        cells = own_cells(model)
        data = inputs_of_cells(inputs, lengths, cells)
        if isinstance(model, nn.Module) and not has_known_formula(model):
            _check_formula(model, cells, only_part(model), data[0], "`inputs`")
        return Reading(cells, *data, (None,) * len(cells))
    part = only_part(model)
    check_weights_have_values(model)
    cells, read, steps, starts = verify(
        Trial(model, part, *inputs_of_model(inputs, lengths, model))
    )
    return Reading(cells, *inputs_of_cells(read, steps, cells), starts)


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
    """Refuse a model whose state on `x` is not that of the formula; `fed` says what `x` is."""
    if text := trial_difference(cells, part, x):
        raise ValueError(
            f"`model` ({type(model).__name__}) must step by the formula of PyTorch's"
            f" {part.kind.upper()}, but its state differs from that {text} of {fed}"
            " (a forward of its own, or a hook?); only its matrices can be measured"
        )
