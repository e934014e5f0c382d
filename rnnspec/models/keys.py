"""The keys of a mapping that name PyTorch's recurrent weights, and what they say of them."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from rnnspec.models.arrays import INTEGERS, as_array, first_not_finite, is_integer
from rnnspec.models.assembly import assemble
from rnnspec.models.gates import GATES, cell_of_shape
from rnnspec.models.nested import flat, none_found

_KEY = re.compile(r"(?P<prefix>.*?)weight_hh(?P<suffix>(_l(?P<layer>\d+)(?P<reverse>_reverse)?)?)")
_PART = re.compile(
    r"(.*\.)?[^.]*weight_hh[^.]*"
)  # from which a weight is computed, such as weight_hh_l0_mask
_OWN = re.compile(r"(weight|bias)_(ih|hh|hr)(_l\d+(_reverse)?)?")
_STATE = re.compile(r"[hc](x|_?0)?|hidden|state|(init|initial)_\w+")  # a state to start from
_CLASS = {"rnn": "nn.RNN", "lstm": "nn.LSTM", "gru": "nn.GRU"}
SAY = "to say what it is: --matrix KEY --cut CELL:GATES:AXIS, in Python `key` and `cut`"


class LeftOutWarning(UserWarning):
    """An array of a source was not taken; the text names it and says why."""

    with_the_answer = True  # the command line says it after the answer, and not before an error


class AssumptionWarning(UserWarning):
    """The source does not say what cell or formula it has; the text says what was assumed."""

    with_the_answer = True


@dataclass(frozen=True, eq=False)
class Stack:
    """One recurrent weight: (g*h, h), the gates of a layer and direction below one another."""

    name: str  # layer0, layer1.reverse, encoder.layer0
    key: str
    prefix: str
    suffix: str  # of the keys of the layer and direction: _l0, _l0_reverse, or none
    cell: str
    weight: Any

    @property
    def layer(self) -> int:
        """The number of the layer, from 0."""
        return int(self.suffix.split("_")[1][1:]) if self.suffix else 0


@dataclass(frozen=True, eq=False)
class Found:
    """The recurrent weights of a mapping, and sentences on what was left out or assumed."""

    stacks: tuple[Stack, ...]
    left_out: tuple[str, ...]
    assumed: tuple[str, ...]
    arrays: dict[str, Any]  # all arrays, each put together under its plain key


def stacks_of_state_dict(source: Mapping[str, Any], where: str = "`source`") -> tuple[Stack, ...]:
    """The recurrent weights of a state dict, with a warning for what is left out or assumed.

    Raises
    ------
    ValueError
        If no weight can be taken: it names the reason for each, or the keys that there are.
    """
    found = weights_in(source)
    if not found.stacks:
        if found.left_out:
            raise ValueError(
                f"{where}: no recurrent weight can be taken; " + "; ".join(found.left_out)
            )
        raise ValueError(none_found(where, found.arrays))
    tell(found.left_out, found.assumed)
    return found.stacks


def tell(left_out: tuple[str, ...], assumed: tuple[str, ...], where: str = "") -> None:
    """Warn once of each sentence, by `LeftOutWarning` or `AssumptionWarning`."""
    start = f"{where}: " if where else ""
    for texts, category, what in (
        (left_out, LeftOutWarning, "left out: "),
        (assumed, AssumptionWarning, ""),
    ):
        for text in dict.fromkeys(texts):
            warnings.warn(start + what + text, category, stacklevel=4)


def weights_in(source: Mapping[str, Any]) -> Found:
    """The recurrent weights among the items of `source`, nested ones under dotted keys.

    A reparametrised weight is put together, see `assemble`.  A weight is left out, and named, if
    it cannot be put together; if its shape is not (h, h), (3h, h) or (4h, h); if it holds
    integers, a NaN or an infinity; or if it does not fit the other weights of its layer: those of
    PyTorch's cells have equally many rows, and other weights belong to another cell.  The state
    dict of a cell class does not name the cell; what is assumed then is in `Found.assumed`.

    Examples
    --------
    >>> found = weights_in({"encoder": {"weight_hh_l0": np.zeros((8, 2))}})
    >>> [(stack.name, stack.key, stack.cell) for stack in found.stacks]
    [('layer0', 'encoder.weight_hh_l0', 'lstm')]
    """
    arrays, refused = assemble(flat(source))
    left_out = [f"`{key}`: {why}" for key, why in refused.items() if _KEY.fullmatch(key)]
    matches = [(match, W) for key, W in arrays.items() if (match := _KEY.fullmatch(key))]
    stacks, assumed = [], []
    for match, W in matches:
        beside = _keys_beside(match, arrays)
        stack, reason = _stack(match, W, matches)
        if stack is not None:
            reason = _doubt(stack, beside)
        if stack is None or reason:
            left_out.append(f"`{match[0]}` {reason}")
            continue
        stacks.append(stack)
        assumed += _assumption(stack, beside, _parts_of_cell(match, arrays))
    plain = {match[0] for match, _ in matches} | refused.keys()
    left_out += [
        f"`{key}` is no weight of PyTorch's, nor all the parts of one ({SAY})"
        for key in arrays
        if _PART.fullmatch(key) and key not in plain and not _is_explained(key, plain)
    ]
    return Found(tuple(stacks), tuple(left_out), tuple(assumed), arrays)


def _stack(
    match: re.Match[str], W: Any, matches: list[tuple[re.Match[str], Any]]
) -> tuple[Stack | None, str]:
    """The weight with its name and cell, or why its shape is that of no cell."""
    shape = tuple(np.shape(W))
    cell = cell_of_shape(*shape) if len(shape) == 2 else None
    if cell is None:
        wanted = "(h, h), (3h, h) or (4h, h) (rnn, gru, lstm)"
        return None, f"must have shape {wanted}, got {shape} ({_cause(shape)})"
    several = len({other["prefix"] for other, _ in matches}) > 1
    name = f"layer{match['layer'] or 0}" + (".reverse" if match["reverse"] else "")
    prefix = match["prefix"]
    full = f"{prefix}{name}" if several else name
    return Stack(full, match[0], prefix, match["suffix"], cell, W), ""


def _cause(shape: tuple[int, ...]) -> str:
    """The likely reason for a shape that no cell has."""
    if len(shape) == 2 and shape[0] > 4 * shape[1] and shape[0] % 4 == 0:
        return (
            "an LSTM with proj_size is not supported; the gates of weight_hh @ weight_hr, which"
            " takes h to h, can be measured"
        )
    if len(shape) == 2 and 0 not in shape and cell_of_shape(*shape[::-1]) is not None:
        return f"gates beside one another; {SAY}"
    if len(shape) == 1 and shape[0]:
        return "a diagonal, as units have that read themselves alone? numpy.diag makes it a matrix"
    return "no cell of PyTorch has it; a square block is measured if numpy.save writes it alone"


def _keys_beside(match: re.Match[str], arrays: Mapping[str, Any]) -> dict[str, Any]:
    """The arrays of the same module by their names in it."""
    start = match["prefix"]
    return {
        rest: W
        for key, W in arrays.items()
        if key.startswith(start) and "." not in (rest := key[len(start) :])
    }


def _doubt(stack: Stack, beside: Mapping[str, Any]) -> str:
    """Why the weight cannot be taken, or belongs to another cell than PyTorch's; "" if it can."""
    if f"weight_hr{stack.suffix}" in beside:
        return "belongs to an LSTM with proj_size, which is not supported"
    strange = [rest for rest in beside if _is_strange(rest, stack.suffix)]
    if strange:
        return (
            f"is not that of a {_CLASS[stack.cell]}: beside it stands {', '.join(strange)},"
            f" which no cell of PyTorch has ({SAY})"
        )
    rows = len(stack.weight)
    for part in ("weight_ih", "bias_ih", "bias_hh"):
        W = beside.get(part + stack.suffix)
        if W is not None and (len(np.shape(W)) == 0 or np.shape(W)[0] != rows):
            return (
                f"is not that of a {_CLASS[stack.cell]}: {part}{stack.suffix} has shape"
                f" {tuple(np.shape(W))} where {rows} rows belong to {tuple(np.shape(stack.weight))}"
                f" ({SAY})"
            )
    if is_integer(stack.weight):
        return INTEGERS
    W = as_array(stack.weight)
    if (where := first_not_finite(W)) is not None:
        gate = GATES[stack.cell] or ("",)
        h = W.shape[1]
        block = f"{stack.name}.{gate[where[0] // h]}".rstrip(".")
        return (
            f"must be finite, got {W[where]:g} at [{where[0]}, {where[1]}], in {block} at"
            f" [{where[0] % h}, {where[1]}] (a training that diverged?)"
        )
    return ""


def _is_strange(rest: str, suffix: str) -> bool:
    """Whether an array of the same layer is one that PyTorch's cells do not have."""
    if _OWN.fullmatch(rest) or _STATE.fullmatch(rest):
        return False
    if not suffix or re.search(rf"{suffix}(?!_reverse)(_|$)", rest):
        return True
    return rest.startswith(("weight_", "bias_")) and not re.search(r"_l\d", rest)


def _parts_of_cell(match: re.Match[str], arrays: Mapping[str, Any]) -> list[str]:
    """Modules in the one that keeps the weight, which a cell of PyTorch's has not: a norm, say."""
    start = match["prefix"]
    if match["suffix"] and not start:
        return []  # the root of a model, perhaps
    inside = (key[len(start) :] for key in arrays if key.startswith(start))
    return [rest for rest in inside if "." in rest][:3]


def _assumption(stack: Stack, beside: Mapping[str, Any], parts: list[str]) -> list[str]:
    others = [
        rest
        for rest in beside
        if not (_OWN.fullmatch(rest) or _STATE.fullmatch(rest) or re.search(r"_l\d", rest))
    ] + parts
    if stack.suffix and not others:
        return []
    gates, shape = GATES[stack.cell], tuple(np.shape(stack.weight))
    cell = _CLASS[stack.cell] + ("" if stack.suffix else "Cell")
    how = f"is cut as {cell} stacks it ({', '.join(gates)})" if gates else f"is taken as {cell}'s"
    why = f"beside it stands {', '.join(others)}" if others else "the keys do not name the cell"
    other = "" if gates else f"; --matrix {stack.key} takes it as it is"
    return [f"`{stack.key}` {shape} {how}: an assumption, for {why}{other} ({SAY})"]


def _is_explained(part: str, plain: set[str]) -> bool:
    """Whether the sentence on a weight already names this part of it."""
    return any(part.startswith(f"{key}_") for key in plain)


def weights_beside(stack: Stack, arrays: Mapping[str, Any]) -> dict[str, Any]:
    """The other weights of the same layer and direction, by PyTorch's names without suffix."""
    return {
        part: arrays[key]
        for part in ("weight_ih", "bias_ih", "bias_hh")
        if (key := f"{stack.prefix}{part}{stack.suffix}") in arrays
    }
