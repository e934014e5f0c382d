"""Gates: how PyTorch stacks them, and what each is called.

A recurrent weight of a layer with ``g`` gates is one (g*h, h) matrix whose
``i``-th block of ``h`` rows belongs to the ``i``-th gate.  This table is the
one place that knows the order.
"""

from __future__ import annotations

GATES: dict[str, tuple[str, ...]] = {
    "rnn": (),
    "lstm": ("input", "forget", "cell", "output"),
    "gru": ("reset", "update", "new"),
}

CELLS = tuple(GATES)


def n_gates(cell: str) -> int:
    """Blocks of ``h`` rows in the weights of `cell`.

    Examples
    --------
    >>> [n_gates(cell) for cell in CELLS]
    [1, 4, 3]
    """
    return max(1, len(GATES[cell]))


def cell_of_shape(rows: int, columns: int) -> str | None:
    """The cell whose recurrent weight has shape (`rows`, `columns`), if any.

    Examples
    --------
    >>> cell_of_shape(256, 64)
    'lstm'
    >>> cell_of_shape(65, 64) is None
    True
    """
    return next((cell for cell in CELLS if rows == n_gates(cell) * columns > 0), None)
