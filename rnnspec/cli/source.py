"""What commands share about SOURCE: choosing matrices, reading lists of numbers."""

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

SEQUENCES = 1000  # of the test part, evenly spaced, for the mean of their Jacobians


def matrices_of(source: str, name: str | None, data_dir: str | None, download: bool) -> Any:
    """The matrices in `source` by name; only the state Jacobian `name` if it is one."""
    from rnnspec.dynamics.named import MARK, named_jacobian
    from rnnspec.models.checkpoint import load_matrices

    if name is None or MARK not in name:
        return load_matrices(source)
    if not Path(source).is_dir():
        raise ValueError(
            f"`--matrix {name}` needs a network and its data: SOURCE must be a run directory,"
            f" got {source}"
        )
    from rnnspec.training.trained import load_run

    model, data = load_run(source, data_dir, download)
    every = -(-len(data.test) // SEQUENCES)
    inputs, lengths = data.test.inputs[::every], data.test.lengths[::every]
    return {name: named_jacobian(model, inputs, lengths, name)}


def choose(matrices: Mapping[str, Any], name: str | None, source: str) -> dict[str, Any]:
    """The matrix called `name`, or every square one; if none is, all, to be told why not."""
    if name is None:
        return {n: A for n, A in matrices.items() if A.shape[0] == A.shape[1]} or dict(matrices)
    if name not in matrices:
        near = difflib.get_close_matches(name, matrices, 1)
        hint = f" (did you mean {near[0]}?)" if near else ""
        raise ValueError(f"{source} has no matrix {name!r}{hint}; it has {', '.join(matrices)}")
    return {name: matrices[name]}


def numbers(text: str, option: str, count: int | None = None) -> list[float]:
    """Comma-separated numbers, `count` of them if given.

    Examples
    --------
    >>> numbers("0.01,1e-3", "--levels")
    [0.01, 0.001]
    """
    try:
        values = [float(part) for part in text.split(",")]
    except ValueError:
        values = []
    if not values or count not in (None, len(values)):
        wanted = "numbers" if count is None else f"{count} numbers"
        raise ValueError(f"`{option}` must be {wanted} separated by commas, got {text!r}")
    return values


def grid_of(text: str) -> int | tuple[int, int]:
    """``INT`` or ``NX,NY``.

    Examples
    --------
    >>> grid_of("100"), grid_of("60,40")
    (100, (60, 40))
    """
    try:
        values = tuple(int(part) for part in text.split(","))
    except ValueError:
        values = ()
    if len(values) == 1:
        return values[0]
    if len(values) == 2:
        return values[0], values[1]
    raise ValueError(f"`--grid` must be INT or NX,NY, got {text!r}")
