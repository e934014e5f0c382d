"""The cells of PyTorch: how they stack their gates, and what each gate is called.

A recurrent weight of a cell with ``g`` gates is one (g*h, h) matrix whose ``i``-th block of ``h``
rows belongs to the ``i``-th gate.  The table `GATES` is the one place that knows the order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # The command line lists the cells, and its help must not load NumPy.
    from numpy.typing import NDArray

GATES: dict[str, tuple[str, ...]] = {
    "rnn": (),
    "lstm": ("input", "forget", "cell", "output"),
    "gru": ("reset", "update", "new"),
}

CELLS = tuple(GATES)
INITS = ("orthogonal", "torch", "identity")  # how the recurrent weights of a network may start
# The full name of a recurrent class.  TorchScript compiles a class anew for each set of its
# constants, and mangles its name.
CLASS_OF_PYTORCH = (
    r"(__torch__\.)?torch\.nn\.modules\.rnn\.(___torch_mangle_\d+\.)?"
    r"(?P<name>(RNN|LSTM|GRU)(Cell)?)"
)


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


def reorder_gates(stack: NDArray[Any], order: tuple[int, ...]) -> NDArray[Any]:
    """The blocks of rows of `stack` in another order: entry k is block ``order[k]``.

    Other programs stack gates in other orders; `order` says where PyTorch's gates stand there.

    Examples
    --------
    >>> import numpy as np
    >>> reorder_gates(np.arange(6), (1, 0, 2)).tolist()
    [2, 3, 0, 1, 4, 5]
    """
    rows = len(stack) // len(order)
    return stack[[k * rows + i for k in order for i in range(rows)]]


def cut_gates(cell: str, stack: Any) -> Any:
    """A (g*h, ...) array or tensor of `cell` as a (g, h, ...) view: weights or biases.

    Examples
    --------
    >>> import numpy as np
    >>> cut_gates("gru", np.zeros((24, 5))).shape
    (3, 8, 5)
    """
    g = n_gates(cell)
    return stack.reshape(g, len(stack) // g, *stack.shape[1:])


def named_gates(name: str, cell: str, stack: Any) -> dict[str, Any]:
    """The gates of the (g*h, h) array or tensor `name`, as views: ``name.forget`` and so on.

    Examples
    --------
    >>> import numpy as np
    >>> list(named_gates("layer0", "gru", np.zeros((24, 8))))
    ['layer0.reset', 'layer0.update', 'layer0.new']
    """
    return {
        f"{name}.{gate}" if gate else name: block
        for gate, block in zip(GATES[cell] or ("",), cut_gates(cell, stack), strict=True)
    }
