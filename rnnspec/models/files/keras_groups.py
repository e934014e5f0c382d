"""Where the weights of recurrent layers lie in the HDF5 file of a Keras network."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_KERNEL = re.compile(r"(?P<group>.*/|)recurrent_kernel(?P<end>:\d+)?")
_VARIABLE = re.compile(r"(?P<group>(.*/)?[^/]*(cell|rnn|lstm|gru)[^/]*/vars/)1")
_GATE = re.compile(r"(?P<group>.*)_U_(?P<gate>[ifcozrh])(?P<end>:\d+)?")
_GATES = {4: "ifco", 3: "zrh"}
_OF_CELL = re.compile(r"(vars|seed_generator)/")  # its own weights, and how it draws a dropout
# Words of a path that do not name a layer.
_FRAME = re.compile(
    r"model_weights|layers|_layer_checkpoint_dependencies|vars|(\w+_)?cells?(_\d+)?"
    r"|(forward|backward)_\w+"
)

Datasets = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, eq=False)
class Group:
    """The weights of one layer in one direction, as Keras has them.

    Attributes
    ----------
    path : str
        Where they lie in the file.
    keys : frozenset of str
        The full paths of the arrays below.
    recurrent : array, shape (h, g*h)
    kernel : array, shape (d, g*h), or None
    bias : array, shape (g*h,) or (2, g*h), or None
    others : tuple of str
        The names of other arrays in the group.
    inside : tuple of str
        The names of weights of layers inside it, for example a norm.
    """

    path: str
    keys: frozenset[str]
    recurrent: NDArray[Any]
    kernel: NDArray[Any] | None
    bias: NDArray[Any] | None
    others: tuple[str, ...]
    inside: tuple[str, ...] = ()

    @property
    def is_cudnn(self) -> bool:
        """Whether these are the weights of a layer of cuDNN, told by the length of its bias."""
        return self.bias is not None and self.bias.shape == (2 * self.recurrent.shape[-1],)


def groups_in(datasets: Datasets) -> list[Group]:
    """The recurrent layers, in each of the three forms in which Keras 1, 2 and 3 keep them."""
    found = []
    for key in datasets:
        if match := _KERNEL.fullmatch(key):
            end = match["end"] or ""
            found.append(
                _group(datasets, match["group"], ("kernel", "recurrent_kernel", "bias"), end)
            )
        elif (match := _VARIABLE.fullmatch(key)) and datasets[key].ndim >= 2:
            found.append(_group(datasets, match["group"], ("0", "1", "2"), ""))
    return [*found, *_by_gate(datasets)]


def names_of(groups: list[Group]) -> list[tuple[str, bool]]:
    """The name of each group's layer, and whether it is the reverse direction of one."""
    short = [(_layer(group.path), _is_reverse(group.path)) for group in groups]
    counts = Counter(short)
    return [
        one if counts[one] == 1 else (group.path.replace("/", "."), False)
        for one, group in zip(short, groups, strict=True)
    ]


def _group(datasets: Datasets, start: str, names: tuple[str, str, str], end: str) -> Group:
    """The layer whose kernel, recurrent kernel and bias are called start + name + end."""
    inside = {key[len(start) :]: W for key, W in datasets.items() if key.startswith(start)}
    inside = {name: W for name, W in inside.items() if "/" not in name}
    wanted = [name + end for name in names]
    kernel, recurrent, bias = (inside.get(name) for name in wanted)
    assert recurrent is not None
    others = tuple(name for name in inside if name not in wanted)
    used = frozenset(start + name for name in wanted if name in inside)
    path = start.rstrip("/").removesuffix("/vars")
    below = [key[len(path) + 1 :] for key in datasets if path and key.startswith(f"{path}/")]
    inner = tuple(name for name in below if "/" in name and not _OF_CELL.match(name))
    return Group(path, used, recurrent, kernel, bias, others, inner)


def _by_gate(datasets: Datasets) -> Iterator[Group]:
    """The layers of Keras 1, which has an array for each gate, ``lstm_1_U_i``."""
    starts: dict[tuple[str, str], str] = {}
    for key in datasets:
        if match := _GATE.fullmatch(key):
            place = match["group"], match["end"] or ""
            starts[place] = starts.get(place, "") + match["gate"]
    for (start, end), letters in starts.items():
        order = _GATES.get(len(letters), "")
        if sorted(order) != sorted(letters):
            continue
        keys = [[f"{start}_{part}_{gate}{end}" for gate in order] for part in "UWb"]
        R, K, b = (
            np.concatenate([datasets[key] for key in some], axis=-1)
            if all(key in datasets for key in some)
            else None
            for some in keys
        )
        assert R is not None
        used = frozenset(key for some in keys for key in some if key in datasets)
        yield Group(start, used, R, K, b, ())


def _layer(path: str) -> str:
    """The words of a path that name the layer and the models around it, joined by dots."""
    words = [word for word in path.split("/") if word and not _FRAME.fullmatch(word)]
    return ".".join(word for k, word in enumerate(words) if k == 0 or word != words[k - 1])


def _is_reverse(path: str) -> bool:
    """Whether the path is that of the reverse direction of a layer."""
    return any(word.startswith("backward") for word in path.split("/"))
