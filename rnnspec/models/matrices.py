"""The named matrices of a file: of a network's weights, or of matrices alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from rnnspec.models.arrays import finite_matrices
from rnnspec.models.files.contents import MATRICES, SINGLE, Contents
from rnnspec.models.files.reading import read_contents


def load_matrices(
    source: str | Path, key: str | None = None, cut: str | None = None
) -> dict[str, NDArray[Any]]:
    """Named matrices of a run directory, a file of weights or a file of matrices.

    The content of a file decides how it is read, not its name: see `rnnspec.models.files`.
    Recurrent weights under PyTorch's keys are cut into gates, for example ``layer0.forget``, and
    their stack is there too, as ``layer0.stacked``.  Square arrays with other recurrent names,
    which are names that recurrent weights usually have, for example ``0.wh``, keep those names.
    Where no name in a file of matrices is recurrent, every two-dimensional array is taken.  The
    matrix of a file that holds only one is named as the file is, without the ending.

    Parameters
    ----------
    source : path
        The run directory or the file.
    key : str, optional
        Take one matrix only: a name as above, or the full key of any square array.
    cut : str, optional
        How the gates of the array `key` are stacked, for example ``gru:rzn:rows``: see
        `rnnspec.models.cut`.  Without `key`, each array is cut that has a recurrent name and
        a fitting shape.

    Returns
    -------
    dict of str to ndarray of shape (h, h), float64 or complex128
        A stack has shape (g*h, h), and a matrix without a recurrent name may have any shape.

    Warns
    -----
    LeftOutWarning
        If something in the file was not taken; the warning names it and says why.
    AssumptionWarning
        If the file does not say which cell its weights belong to.

    Raises
    ------
    ValueError
        If the file is missing, not readable or without a matrix, or `key` or `cut` do not fit it.

    Examples
    --------
    >>> import tempfile, numpy as np
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.save(f"{folder}/jordan.npy", [[0.5, 1.0], [0.0, 0.5]])
    ...     load_matrices(f"{folder}/jordan.npy")
    {'jordan': array([[0.5, 1. ],
           [0. , 0.5]])}
    """
    contents, where = read_contents(source), str(source)
    if cut is not None or key is not None:
        return _chosen_matrices(contents, key, cut, where)
    found, left_out, assumed = _all_matrices(contents, where)
    if left_out or assumed:
        from rnnspec.models.remarks import warn_of

        warn_of(left_out, assumed, where)
    return found


def _all_matrices(
    contents: Contents, where: str
) -> tuple[dict[str, NDArray[Any]], tuple[str, ...], tuple[str, ...]]:
    """The matrices in `contents` by name; sentences on what is left out, and on what is assumed."""
    if contents.kind in SINGLE:  # the one array has no name of its own that could be recurrent
        found, reasons = finite_matrices(contents.arrays)
        left_out, assumed = (*contents.left_out, *reasons), contents.assumed
    else:
        from rnnspec.models.among import matrices_among

        found, left_out, assumed = matrices_among(contents)
    if not found:
        from rnnspec.models.among import why_no_matrix

        raise ValueError(why_no_matrix(contents, where, left_out))
    return found, left_out, assumed


def _chosen_matrices(
    contents: Contents, key: str | None, cut: str | None, where: str
) -> dict[str, NDArray[Any]]:
    """The array with the key, cut into its gates if `cut` is given, or the matrix of that name."""
    from rnnspec.models.by_key import keys_of, matrices_by_key, near
    from rnnspec.models.nested import list_keys
    from rnnspec.models.remarks import warn_of

    if cut is not None or (key or "").replace("/", ".") in keys_of(contents.arrays):
        return matrices_by_key(contents.arrays, key, cut, where, contents.kind in MATRICES)
    assert key is not None
    try:
        found, _, assumed = _all_matrices(contents, where)
        has = f"; it has {', '.join(found)}; {list_keys(contents.arrays)}"
    except ValueError as error:
        found, has = {}, str(error).removeprefix(where)
    if key not in found:
        hint = near(key, [*found, *contents.arrays])
        raise ValueError(f"{where} has no matrix {key!r}{hint}{has}")
    warn_of((), assumed, where)
    return {key: found[key]}
