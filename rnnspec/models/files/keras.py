"""The recurrent weights of a Keras network, under PyTorch's keys and in its order of gates.

In Keras weights act from the right, ``h @ recurrent_kernel``, and the gates stand beside one
another: i, f, c, o of an LSTM, z, r, h of a GRU.  This module reads ``.keras`` archives,
``.weights.h5`` and the ``.h5`` files of Keras 1 to 3, of weights or of a whole model; it leaves
out the weights of optimisers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
from numpy.typing import NDArray

from rnnspec.models.files.contents import Contents, check_unpacked
from rnnspec.models.files.hdf5 import datasets_of, text_of
from rnnspec.models.files.keras_formula import other_formula
from rnnspec.models.files.keras_groups import Group, groups_in, names_of
from rnnspec.models.files.keras_settings import Layer, kind_of, layers_of
from rnnspec.models.files.refusal import LeftOut, Refusal
from rnnspec.models.gates import cell_of_shape, n_gates, reorder_gates
from rnnspec.models.names import weight_suffix

INSTALL = "`pip install 'rnnspec[keras]'` installs what reads it"
ORDER = {"rnn": (0,), "lstm": (0, 1, 2, 3), "gru": (1, 0, 2)}  # PyTorch's gates among Keras's
CLASS = {"rnn": "a SimpleRNN", "lstm": "an LSTM", "gru": "a GRU"}
_OF_KERAS_3 = re.compile(r"(.*/)?vars/\d+")


def read_keras(path: Path) -> Contents:
    """Each recurrent layer as ``LAYER.weight_hh_l0`` and so on; other data sets as they are.

    If an HDF5 file has no recurrent layers, all its data sets are taken.

    Raises
    ------
    Refusal
        If the package h5py is missing.
    """
    try:
        import h5py
    except ModuleNotFoundError as error:
        raise Refusal(f"{path} is HDF5 or a Keras network: {INSTALL}") from error
    config: str | None = None
    source: Any = path
    with path.open("rb") as start:
        packed = start.read(2) == b"PK"
    if packed:
        with ZipFile(path) as archive:
            check_unpacked(path, sum(info.file_size for info in archive.infolist()))
            config = archive.read("config.json").decode()
            source = BytesIO(archive.read("model.weights.h5"))
    with h5py.File(source, "r") as file:
        datasets, left_out = datasets_of(file)
        attributes = {**file.attrs}
        if isinstance(file.get("model_weights"), h5py.Group):
            attributes |= {**file["model_weights"].attrs}
    if config is None and "model_config" in attributes:
        config = text_of(attributes["model_config"])
    groups = groups_in(datasets)
    of_keras = "layer_names" in attributes or any(_OF_KERAS_3.fullmatch(key) for key in datasets)
    if not groups and config is None and not of_keras:
        arrays = {key.replace("/", "."): W for key, W in datasets.items()}
        return Contents("hdf5", arrays, tuple(left_out))
    version = text_of(attributes.get("keras_version", ""))
    return _contents(datasets, groups, layers_of(config), version, left_out)


def _contents(
    datasets: Mapping[str, NDArray[Any]],
    groups: list[Group],
    layers: list[Layer],
    version: str,
    left_out: list[str],
) -> Contents:
    """The recurrent layers under PyTorch's keys, and what is left of the data sets."""
    arrays: dict[str, Any] = {}
    formula: dict[str, str] = {}
    assumed: list[str] = []
    used: set[str] = set()
    for group, (name, reverse) in zip(groups, names_of(groups), strict=True):
        try:
            kind, settings = kind_of(group.path, layers)
            weights, cell = _weights(group, kind)
        except LeftOut as why:
            left_out.append(f"{group.path}: {why}")
            continue
        if not kind:
            assumed.append(
                f"{group.path} is taken for {CLASS[cell]} by the shape"
                f" {group.recurrent.shape}: the file does not name its class"
            )
        start = f"{name}." if name else ""
        arrays |= {f"{start}{part}{weight_suffix(0, reverse)}": W for part, W in weights.items()}
        used |= group.keys
        if reason := other_formula(cell, group, settings, version):
            formula[start] = reason
    others = {key.replace("/", "."): W for key, W in datasets.items() if key not in used}
    return Contents("keras", others | arrays, tuple(left_out), formula, tuple(assumed))


def _weights(group: Group, kind: str) -> tuple[dict[str, NDArray[Any]], str]:
    """The weights of a layer by PyTorch's names, and its cell.

    They are transposed, because in Keras they act from the right.
    """
    R = group.recurrent
    cell = cell_of_shape(*R.shape[::-1]) if R.ndim == 2 else None
    if group.others:
        raise LeftOut(
            f"beside its weights stands {', '.join(group.others)}, so that it is another cell"
        )
    if cell is None or (kind and kind != cell):
        wanted = f"(h, {n_gates(kind)}*h)" if kind else "(h, h), (h, 3*h) or (h, 4*h)"
        raise LeftOut(f"its recurrent kernel must have shape {wanted}, got {R.shape}")
    order, rows, K, b = ORDER[cell], R.shape[1], group.kernel, group.bias
    if K is not None and (K.ndim != 2 or K.shape[1] != rows):
        raise LeftOut(f"its kernel must have {rows} columns, got shape {K.shape}")
    if b is not None and b.shape not in ((rows,), (2, rows), (2 * rows,)):
        raise LeftOut(f"its bias must have shape ({rows},) or (2, {rows}), got {b.shape}")
    if group.is_cudnn:
        R = np.hstack([block.T for block in np.hsplit(R, len(order))])
        K = None if K is None else np.hstack([_refill(k) for k in np.hsplit(K, len(order))])
    found = {"weight_hh": reorder_gates(R.T, order)}
    if K is not None:
        found["weight_ih"] = reorder_gates(K.T, order)
    if b is not None:
        both = b.reshape(-1, rows)
        found |= {
            part: reorder_gates(b, order)
            for part, b in zip(("bias_ih", "bias_hh"), both, strict=False)
        }
    return found, cell


def _refill(block: NDArray[Any]) -> NDArray[Any]:
    """A gate's kernel as a matrix; cuDNN stores it column by column."""
    return block.reshape(block.shape[::-1]).T
