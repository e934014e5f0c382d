"""What commands share about SOURCE: what it may be, its matrices, and which of them are taken."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from rnnspec.cli.options import cut_option, data_dir_option, no_download_option

# As many sequences of the test set, evenly spaced, as a mean of Jacobians is taken over.
SEQUENCES = 1000

_HELP = """SOURCE is a run directory, a file of weights (PyTorch with whole modules and
    TorchScript, safetensors, ONNX, Keras, .npz) or a file of matrices (.npy,
    .npz, .mat, .mtx, .csv, .txt).  The content of a file decides how it is
    read, not its name.

    The NAME of --matrix is one that this command prints, or the full key of any
    square array in the file.  If the gates are stacked in another order than
    PyTorch's, --cut says in which: lstm:ifgo:rows or gru:zrh:columns.  The
    letters stand in the order of the stack: i, f, g, o for input, forget, cell,
    output, and r, z, h for reset, update, new.  rows means that the network
    multiplies its state h as W h, and columns that it multiplies it as h W.

    NAME may also be the Jacobian of the state map, which takes the state of one
    step to that of the next.  layer0.jacobian@fixed0 is
    the Jacobian at the first fixed point under zero input; stable points come
    before the others.  For a run directory there is also layer0.jacobian@mean,
    the mean over the test sequences and all steps, and layer0.jacobian@step12,
    the mean over the test sequences at step 12."""

Command = Callable[..., Any]


def source_argument(default: str) -> Callable[[Command], Command]:
    """Give a command the argument SOURCE, the options that choose a matrix of it, and their help.

    The help stands where the docstring of the command has ``SOURCE_HELP``.

    Parameters
    ----------
    default : str
        The words for the matrices that are taken if ``--matrix`` is not given.
    """
    matrix_option = click.option(
        "--matrix",
        metavar="NAME",
        help=f"Name of the matrix to take.  [default: {default}]",
    )

    def decorate(command: Command) -> Command:
        command.__doc__ = (command.__doc__ or "").replace("SOURCE_HELP", _HELP)
        for option in (no_download_option, data_dir_option, cut_option, matrix_option):
            command = option(command)
        return click.argument("source")(command)

    return decorate


def check_source(source: str) -> None:
    """Refuse a missing file or one of no known content, before anything heavy is imported.

    Raises
    ------
    ValueError
        It names the path, what that is and what was expected.
    """
    from rnnspec.models.files.reading import content_of

    content_of(source)


def matrices_of(
    source: str, name: str | None, data_dir: str | None, download: bool, cut: str | None = None
) -> Any:
    """The matrices in `source` by name: the one called `name`, the gates of a cut, or all."""
    if name is not None:
        from rnnspec.models.names import MARK

        if MARK in name:
            if cut is not None:
                raise ValueError(
                    f"`--cut` divides an array into gates, but `--matrix {name}` is a Jacobian:"
                    " leave one of them out"
                )
            return {name: _jacobian_of(source, name, data_dir, download)}
    from rnnspec.models.matrices import load_matrices

    return load_matrices(source, name, cut)


def _jacobian_of(source: str, name: str, data_dir: str | None, download: bool) -> Any:
    """The state Jacobian `name` of a file of weights, or of a run along its test sequences."""
    if not Path(source).is_dir():
        from rnnspec.dynamics.weights_jacobian import weights_jacobian
        from rnnspec.models.files.reading import read_contents

        contents = read_contents(source)
        return weights_jacobian(contents.arrays, name, contents.formula, source)
    from rnnspec.dynamics.named import named_jacobian
    from rnnspec.training.trained import load_run

    model, data = load_run(source, data_dir, download)
    every = -(-len(data.test) // SEQUENCES)
    inputs, lengths = data.test.inputs[::every], data.test.lengths[::every]
    return named_jacobian(model, inputs, lengths, name)


def choose_square(matrices: Mapping[str, Any], source: str) -> tuple[dict[str, Any], list[str]]:
    """The square matrices by name, and the names and shapes of the others.

    Raises
    ------
    ValueError
        If none is square: it names each and what it may be.

    Examples
    --------
    >>> import numpy as np
    >>> A, B, stack = np.eye(1), np.ones((2, 3)), np.ones((3, 1))
    >>> choose_square({"A": A, "B": B, "layer0.stacked": stack}, "a.npz")
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
        way = way_to_cut(name, A.shape) if min(A.shape) > 1 else ""
        raise ValueError(
            f"{source} must hold a square matrix, got {shapes}{way or _one_too_many(*A.shape)}"
        )
    return square, others


def _one_too_many(rows: int, columns: int) -> str:
    """What a row or a column too many may be."""
    more = {1: "a line of column numbers", -1: "a column of row numbers"}.get(rows - columns)
    return f" (is there {more}? remove it)" if more else ""


def advise_on_gates(radii: Mapping[str, float], source: str) -> str:
    """The advice to take a Jacobian, if a gate has eigenvalues outside the unit disk; else "".

    Parameters
    ----------
    radii : mapping of str to float
        The spectral radius of each matrix, by its name.
    source : str

    Examples
    --------
    >>> advise_on_gates({"layer0": 1.2, "layer1.forget": 0.9}, "a.pt")
    ''
    """
    outside = [name for name, radius in radii.items() if radius >= 1]
    if outside:
        from rnnspec.models.names import MARK, names_gate

        outside = [name for name in outside if names_gate(name)]
    if not outside:
        return ""
    start = (
        f"{', '.join(outside)}: the network may be stable even if the matrix of one gate is not;"
        " the Jacobian of the network"
    )
    reasons = []
    for layer in dict.fromkeys(name.rpartition(".")[0] for name in outside):
        jacobian = f"{layer}.{MARK}fixed0"
        reasons.append(_why_no_jacobian(source, jacobian))
        if not reasons[-1]:
            return f"{start} decides: --matrix {jacobian}"
    return f"{start} would decide, but {reasons[0]}"


def _why_no_jacobian(source: str, name: str) -> str:
    from rnnspec.dynamics.weights_jacobian import why_no_jacobian

    return "" if Path(source).is_dir() else why_no_jacobian(source, name)
