"""What commands share about SOURCE: reading and choosing its matrices."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

SEQUENCES = 1000  # of the test part, evenly spaced, for the mean of their Jacobians

_GATE = re.compile(r".*layer\d+(\.reverse)?\.(input|forget|cell|output|reset|update|new)")


def check_source(source: str) -> None:
    """Refuse a missing file or one of no known content, before anything heavy is imported.

    Raises
    ------
    ValueError
        It names the path, what that is and what was expected.
    """
    from rnnspec.models.files.sniff import content_of

    content_of(Path(source))


def matrices_of(
    source: str, name: str | None, data_dir: str | None, download: bool, cut: str | None = None
) -> Any:
    """The matrices in `source` by name: the one called `name`, the gates of a cut, or all."""
    check_source(source)
    from rnnspec.dynamics.named import MARK, named_jacobian

    if name is None or MARK not in name:
        from rnnspec.models.checkpoint import load_matrices

        return load_matrices(source, name, cut)
    if cut is not None:
        raise ValueError(f"`--cut` divides an array into gates, got it with `--matrix {name}`")
    if not Path(source).is_dir():
        from rnnspec.dynamics.weights_jacobian import weights_jacobian
        from rnnspec.models.files.reading import read_contents

        contents = read_contents(source)
        return {name: weights_jacobian(contents.arrays, name, contents.formula, source)}
    from rnnspec.training.trained import load_run

    model, data = load_run(source, data_dir, download)
    every = -(-len(data.test) // SEQUENCES)
    inputs, lengths = data.test.inputs[::every], data.test.lengths[::every]
    return {name: named_jacobian(model, inputs, lengths, name)}


def choose(matrices: Mapping[str, Any], source: str) -> tuple[dict[str, Any], list[str]]:
    """The square matrices by name, and the names and shapes of the others.

    Raises
    ------
    ValueError
        If none is square: it names each and what it may be.

    Examples
    --------
    >>> import numpy as np
    >>> choose({"A": np.eye(1), "B": np.ones((2, 3)), "layer0.stacked": np.ones((3, 1))}, "a.npz")
    ({'A': array([[1.]])}, ['B (2, 3)'])
    """
    square = {name: A for name, A in matrices.items() if A.shape[0] == A.shape[1]}
    others = [
        f"{name} {A.shape}"
        for name, A in matrices.items()
        if name not in square and not name.endswith(".stacked")
    ]
    if not square:
        from rnnspec.models.by_key import way_to_cut

        name, A = next(iter(matrices.items()))
        shapes = ", ".join(f"{one} {B.shape}" for one, B in matrices.items())
        why = (min(A.shape) > 1 and way_to_cut(name, A.shape)) or _margin(*A.shape)
        raise ValueError(f"{source} must hold a square matrix, got {shapes}{why}")
    return square, others


def _margin(rows: int, columns: int) -> str:
    """What a row or a column too many may be."""
    more = {1: "a line of column numbers", -1: "a column of row numbers"}.get(rows - columns)
    return f" ({more}? take it away)" if more else ""


def advice_on_gates(radii: Mapping[str, float], source: str) -> str:
    """The advice to take a Jacobian, if a gate has eigenvalues outside the unit disk.

    Examples
    --------
    >>> advice_on_gates({"layer0": 1.2, "layer1.forget": 0.9}, "a.pt")
    ''
    """
    outside = [name for name, radius in radii.items() if radius >= 1 and _GATE.fullmatch(name)]
    if not outside:
        return ""
    start = (
        f"{', '.join(outside)}: the matrix of one gate is not the whole network, which may be"
        " stable all the same; its Jacobian"
    )
    reasons = []
    for layer in dict.fromkeys(name.rpartition(".")[0] for name in outside):
        jacobian = f"{layer}.jacobian@fixed0"
        reasons.append(_why_no_jacobian(source, jacobian))
        if not reasons[-1]:
            return f"{start} tells: --matrix {jacobian}"
    return f"{start} would tell, but {reasons[0]}"


def _why_no_jacobian(source: str, name: str) -> str:
    from rnnspec.dynamics.weights_jacobian import why_no_jacobian

    return "" if Path(source).is_dir() else why_no_jacobian(source, name)


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
