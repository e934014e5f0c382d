"""The keys of a state dict that name recurrent weights, and what they say of them."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from torch import Tensor

from rnnspec.models.gates import cell_of_shape


class LeftOut(UserWarning):
    """Some recurrent weight of a source was not taken; the message says which and why."""


_KEY = re.compile(r"^(?P<prefix>.*?)weight_hh(_l(?P<layer>\d+)(?P<reverse>_reverse)?)?$")


def stacks_in_mapping(source: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Name, cell and (g*h, h) weight of each recurrent weight among the items of `source`.

    Raises
    ------
    ValueError
        If there is none, or one of no known shape.
    """
    found = [(m, W) for key, W in source.items() if (m := _KEY.match(key))]
    if not found:
        raise ValueError(
            "`source` must hold recurrent weights (keys that end in weight_hh_l0 or weight_hh),"
            " found none (a feed-forward network, or weights under other names?)"
        )
    several = len({match["prefix"] for match, _ in found}) > 1
    for match, weight in found:
        W = weight if isinstance(weight, Tensor) else np.asarray(weight)
        cell = cell_of_shape(*W.shape) if W.ndim == 2 else None
        if cell is None:
            raise ValueError(
                f"`{match[0]}` must have shape (h, h), (3h, h) or (4h, h)"
                f" (rnn, gru, lstm), got {tuple(W.shape)} (an LSTM with proj_size is not supported)"
            )
        name = f"layer{match['layer'] or 0}" + (".reverse" if match["reverse"] else "")
        yield (f"{match['prefix']}{name}" if several else name), cell, W
