"""Whether an array is the recurrent weight of PyTorch's that its key says it is.

Other cells use PyTorch's names too.  What stands beside a weight gives them away: PyTorch's cells
have equally many rows in all their weights, and no other arrays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rnnspec.models.arrays import INTEGERS, as_array, first_not_finite, is_integer
from rnnspec.models.gates import GATES, cell_of_shape
from rnnspec.models.names import WeightKey, has_layer_number, has_suffix, is_of_pytorch

_CLASS = {"rnn": "nn.RNN", "lstm": "nn.LSTM", "gru": "nn.GRU"}
# A state that a network starts from and that it learns.
_STATES = ("h", "c", "hx", "cx", "h0", "c0", "h_0", "c_0", "hidden", "state")
SAY = "to say what it is: --matrix KEY --cut CELL:GATES:AXIS, in Python `key` and `cut`"


def cell_of_weight(W: Any) -> tuple[str | None, str]:
    """The cell whose recurrent weight has the shape of `W`, or None and why no cell has it.

    Examples
    --------
    >>> cell_of_weight(np.ones((6, 2)))
    ('gru', '')
    """
    shape = tuple(np.shape(W))
    cell = cell_of_shape(*shape) if len(shape) == 2 else None
    wanted = "(h, h), (3h, h) or (4h, h) (rnn, gru, lstm)"
    why = "" if cell else f"must have shape {wanted}, got {shape} ({_cause(shape)})"
    return cell, why


def _cause(shape: tuple[int, ...]) -> str:
    """The likely reason for a shape that no cell has."""
    if len(shape) == 2 and shape[0] > 4 * shape[1] and shape[0] % 4 == 0:
        return (
            "an LSTM with proj_size is not supported; the gates of weight_hh @ weight_hr, which"
            " takes h to h, can be measured"
        )
    if len(shape) == 2 and 0 not in shape and cell_of_shape(*shape[::-1]) is not None:
        return f"the gates stand beside one another; {SAY}"
    if len(shape) == 1 and shape[0]:
        return "the diagonal of units that read only their own state? numpy.diag makes it a matrix"
    return "no cell of PyTorch has it; a square block is measured if numpy.save writes it alone"


def why_not_pytorch(W: Any, cell: str, place: WeightKey, beside: Mapping[str, Any]) -> str:
    """Why the weight `W` cannot be taken for that of PyTorch's `cell`; "" if it can.

    Parameters
    ----------
    W : array or tensor, shape (g*h, h)
    cell : {"rnn", "lstm", "gru"}
    place : WeightKey
    beside : mapping of str to array
        The arrays of the same module, by their names in it.
    """
    suffix = place.suffix
    if f"weight_hr{suffix}" in beside:
        return "belongs to an LSTM with proj_size, which is not supported"
    if strange := [name for name in beside if _is_strange(name, suffix)]:
        return (
            f"is not that of a {_CLASS[cell]}: beside it stands {', '.join(strange)},"
            f" which no cell of PyTorch has ({SAY})"
        )
    for name in ("weight_ih", "bias_ih", "bias_hh"):
        other = beside.get(name + suffix)
        if other is not None and (np.ndim(other) == 0 or np.shape(other)[0] != len(W)):
            return (
                f"is not that of a {_CLASS[cell]}: {name}{suffix} has shape"
                f" {tuple(np.shape(other))} where {len(W)} rows belong to {tuple(np.shape(W))}"
                f" ({SAY})"
            )
    return INTEGERS if is_integer(W) else _why_not_finite(W, cell, place)


def _why_not_finite(W: Any, cell: str, place: WeightKey) -> str:
    """Where the weight has its first NaN or infinity, in terms of its gates; "" if it has none."""
    A = as_array(W)
    if (at := first_not_finite(A)) is None:
        return ""
    h = A.shape[1]
    block = f"{place.name}.{(GATES[cell] or ('',))[at[0] // h]}".rstrip(".")
    return (
        f"must be finite, got {A[at]:g} at [{at[0]}, {at[1]}], in {block} at"
        f" [{at[0] % h}, {at[1]}] (a training that diverged?)"
    )


def _is_usual(name: str) -> bool:
    """Whether PyTorch's cells have an array of this name, or it is a state to start from."""
    return is_of_pytorch(name) or name in _STATES or name.startswith(("init_", "initial_"))


def _is_strange(name: str, suffix: str) -> bool:
    """Whether an array of the same layer is one that PyTorch's cells do not have."""
    if _is_usual(name):
        return False
    if not suffix or has_suffix(name, suffix):
        return True
    return name.startswith(("weight_", "bias_")) and not has_layer_number(name)


def assumption(key: str, W: Any, cell: str, suffix: str, around: Sequence[str]) -> list[str]:
    """A sentence on what is assumed of a weight, if its key does not name the cell.

    Parameters
    ----------
    key : str
    W : array or tensor, shape (g*h, h)
    cell : {"rnn", "lstm", "gru"}
    suffix : str
        What ends its name; "" for the weight of a cell class.
    around : sequence of str
        The names of the arrays beside it, and of some in the modules inside its own.
    """
    others = [
        name for name in around if "." in name or not (_is_usual(name) or has_layer_number(name))
    ]
    if suffix and not others:
        return []
    gates, shape = GATES[cell], tuple(np.shape(W))
    named = _CLASS[cell] + ("" if suffix else "Cell")
    how = f"is cut as {named} stacks it ({', '.join(gates)})" if gates else f"is taken as {named}'s"
    why = f"beside it stands {', '.join(others)}" if others else "the keys do not name the cell"
    other = "" if gates else f"; --matrix {key} takes it as it is"
    return [f"`{key}` {shape} {how}; this is an assumption, because {why}{other} ({SAY})"]
