"""The recurrent weights and the arrays of a module, by name, as they act when it runs."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import torch
from torch import Tensor, nn

from rnnspec.models.acting import acting_weights, refresh_hooks, weight_hooks
from rnnspec.models.call import evaluation_mode
from rnnspec.models.nested import list_keys
from rnnspec.models.parts import Part, full_key, recurrent_parts
from rnnspec.models.remarks import LeftOutWarning


def stacks_in_module(module: nn.Module) -> Iterator[tuple[str, str, Tensor]]:
    """The name, cell and (g*h, h) weight, as it acts, of each layer and direction.

    Raises
    ------
    ValueError
        If there is no recurrent weight, or none whose values are known.

    Warns
    -----
    LeftOutWarning
        For each weight whose values or order of gates are not known, if others are.
    """
    found: list[tuple[str, str, str, Tensor]] = []
    left_out = foreign_cells(module)
    for part in recurrent_parts(module):
        try:
            weights = acting_weights(module, part)
        except ValueError as error:
            left_out.append(str(error))
            continue
        for place in part.layers:
            if f"weight_hr{place.suffix}" in weights:
                left_out.append(_why_projected(part, place.suffix))
            else:
                W = weights[f"weight_hh{place.suffix}"]
                found.append((part.name, place.name, part.kind, W))
    if not found:
        reason = "; ".join(left_out) or (
            f"found none in {type(module).__name__}; {list_keys(module.state_dict())}"
        )
        raise ValueError(
            "`source` must hold recurrent weights of nn.RNN, nn.LSTM, nn.GRU or their cells:"
            f" {reason}"
        )
    for text in left_out:
        warnings.warn(f"left out: {text}", LeftOutWarning, stacklevel=4)
    several = len({prefix for prefix, *_ in found}) > 1
    for prefix, name, kind, W in found:
        yield full_key(prefix, name) if several else name, kind, W


def arrays_in_module(module: nn.Module) -> dict[str, Tensor]:
    """The parameters and buffers of `module` by their keys, as they act in evaluation mode.

    A parametrised, pruned or normalised weight stands under its plain key.

    Raises
    ------
    ValueError
        If the values of a recurrent part's weights are not known.
    """
    arrays = {k: v for k, v in module.state_dict().items() if "parametrizations." not in k}
    for prefix, sub in module.named_modules():
        with evaluation_mode(sub), torch.no_grad(), refresh_hooks(sub):
            computed = [*getattr(sub, "parametrizations", ()), *dict(weight_hooks(sub))]
            arrays |= {full_key(prefix, name): getattr(sub, name).detach() for name in computed}
    for part in recurrent_parts(module):
        weights = acting_weights(module, part)
        arrays |= {full_key(part.name, name): weight for name, weight in weights.items()}
    return arrays


def foreign_cells(module: nn.Module) -> list[str]:
    """A sentence for each submodule with recurrent weights whose formula is not PyTorch's."""
    known = {sub for part in recurrent_parts(module) for sub in part.module.modules()}
    sentences = []
    for prefix, sub in module.named_modules():
        names = [name for name, _ in sub.named_parameters(recurse=False) if "weight_hh" in name]
        owned = [name for name in names if not name.endswith("_raw")]  # those of weight dropout
        if sub not in known and owned:
            sentences.append(
                f"{full_key(prefix, owned[0])} of {type(sub).__name__}, which is none of PyTorch's"
                " cells, so that the order of its gates is not known (where it is PyTorch's, pass"
                " its state_dict(), or say the cut: cut='lstm:ifgo:rows')"
            )
    return sentences


def _why_projected(part: Part, suffix: str) -> str:
    return (
        f"{full_key(part.name, f'weight_hh{suffix}')} acts on a projection of the state (proj_size)"
        f" and is not square: what takes h to h is weight_hh{suffix} @ weight_hr{suffix}, whose"
        " blocks of h rows can be measured"
    )
