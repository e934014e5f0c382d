"""A stack of gates is cut as the user says: which cell, in which order, along which axis.

A file's own key does not tell the order of the gates: PyTorch stacks an LSTM's as i, f, g, o
in rows, ONNX as i, o, f, c, Keras in columns.  A text such as ``gru:zrh:columns`` tells it.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations
from typing import Any

from rnnspec.models.gates import CELLS, GATES

LETTERS = {
    "rnn": {"h": ""},
    "lstm": {"i": "input", "f": "forget", "g": "cell", "c": "cell", "o": "output"},
    "gru": {"r": "reset", "z": "update", "u": "update", "n": "new", "h": "new"},
}
AXES = ("rows", "columns")
FORM = "CELL:GATES:AXIS, for example lstm:ifgo:rows or gru:zrn:columns"


@dataclass(frozen=True)
class Cut:
    """How the gates of a cell are stacked.

    Attributes
    ----------
    cell : {"rnn", "lstm", "gru"}
    gates : tuple of str
        In the order of the stack; an rnn has one gate without a name.
    axis : {"rows", "columns"}
        In rows the blocks stand below one another and act as W h; in columns they stand side by
        side and act as h W.
    """

    cell: str
    gates: tuple[str, ...]
    axis: str


def parse_cut(text: str) -> Cut:
    """The cut that the text ``CELL:GATES:AXIS`` describes.

    CELL is rnn, lstm or gru.  GATES has a letter for each gate in the order of the stack: i, f,
    g (or c), o of an LSTM; r, z (or u), n (or h) of a GRU; h of an rnn.  AXIS is ``rows`` where
    the stack is (g*h, h) and acts on the state from the left, as PyTorch's, or ``columns``
    where it is (h, g*h) and acts from the right, as Keras's.

    Raises
    ------
    ValueError
        If the text is of another form, or its letters are not one for each gate.

    Examples
    --------
    >>> parse_cut("gru:zrh:columns").gates
    ('update', 'reset', 'new')
    """
    parts = str(text).lower().split(":")
    if len(parts) != 3 or parts[0] not in CELLS or parts[2] not in AXES:
        raise ValueError(
            f"`cut` must be {FORM} (cells: {', '.join(CELLS)}; axes: {', '.join(AXES)}),"
            f" got {text!r}"
        )
    cell, letters, axis = parts
    gates = tuple(LETTERS[cell].get(letter, "?") for letter in letters)
    if gates not in set(permutations(GATES[cell] or ("",))):
        known = ", ".join(f"{letter} {gate}" for letter, gate in LETTERS[cell].items() if gate)
        raise ValueError(
            f"`cut` must name each gate of {cell} once ({known or 'h'}),"
            f" got {letters!r} in {text!r}"
        )
    return Cut(cell, gates, axis)


def fits(shape: tuple[int, ...], cut: Cut) -> bool:
    """Whether an array of this shape can be cut in this way."""
    if len(shape) != 2 or 0 in shape:
        return False
    long, short = shape if cut.axis == "rows" else shape[::-1]
    return long == len(cut.gates) * short


def cut_stack(stack: Any, cut: Cut, key: str) -> dict[str, Any]:
    """The gates of the array `stack`, each (h, h) and acting on the state from the left.

    Names are ``key.reset`` and so on, in the order of the stack; `key` alone for an rnn.

    Raises
    ------
    ValueError
        If the shape does not fit the cut.

    Examples
    --------
    >>> import numpy as np
    >>> W = np.arange(12.0).reshape(2, 6)
    >>> cut_stack(W, parse_cut("gru:zrh:columns"), "W")["W.update"]
    array([[0., 6.],
           [1., 7.]])
    """
    g = len(cut.gates)
    if not fits(stack.shape, cut):
        wanted = f"({g}*h, h)" if cut.axis == "rows" else f"(h, {g}*h)"
        raise ValueError(
            f"`{key}` must have shape {wanted.replace('1*', '')} to be cut as {cut.cell} along"
            f" {cut.axis}, got {tuple(stack.shape)} (another cell, or the other axis?)"
        )
    W = stack if cut.axis == "rows" else stack.T
    h = W.shape[1]
    return {
        f"{key}.{gate}" if gate else key: W[k * h : (k + 1) * h] for k, gate in enumerate(cut.gates)
    }
