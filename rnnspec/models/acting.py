"""The weights of a module as they act when it runs, whatever computes them.

PyTorch keeps a pruned weight, or one under the hook-based ``weight_norm`` and
``spectral_norm``, as a plain attribute that the next forward pass renews.  After
``load_state_dict`` or a step of an optimiser that attribute is stale; so the same
computation is done here first, as evaluation mode does it.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize
from torch.nn.utils.prune import BasePruningMethod
from torch.nn.utils.spectral_norm import SpectralNorm
from torch.nn.utils.weight_norm import WeightNorm

from rnnspec.models.keys import LeftOutWarning
from rnnspec.models.nested import list_keys
from rnnspec.models.parts import Part, full_key, is_quantised, packed_weights, recurrent_parts

# The hooks that compute a weight before each forward: their class, the attribute that holds the
# weight's name, and the computation.
WEIGHT_HOOKS: dict[type, tuple[str, Callable[[Any, nn.Module], Tensor]]] = {
    BasePruningMethod: ("_tensor_name", lambda hook, part: hook.apply_mask(part)),
    WeightNorm: ("name", lambda hook, part: hook.compute_weight(part)),
    SpectralNorm: (
        "name",
        lambda hook, part: hook.compute_weight(part, do_power_iteration=False),
    ),
}


def acting_weights(root: nn.Module, part: Part) -> dict[str, Tensor]:
    """The weights and biases of `part`, a part of `root`, under PyTorch's plain names.

    Each is as it acts in evaluation mode, detached; `root` stays as it is.

    Raises
    ------
    ValueError
        If a weight is computed in a way that is not known, or holds integers without a scale.

    Examples
    --------
    >>> from torch.nn.utils import prune
    >>> rnn = nn.RNN(2, 3)
    >>> _ = prune.l1_unstructured(rnn, "weight_hh_l0", amount=4)
    >>> _ = rnn.weight_hh_l0_orig.data.fill_(2.0)  # as an optimiser would
    >>> (part,) = recurrent_parts(rnn)
    >>> acting_weights(rnn, part)["weight_hh_l0"].sum()  # 5 of 9 are left
    tensor(10.)
    """
    with at_rest(part.module), torch.no_grad(), _refresh_hooks(part.module):
        found = {name: _acting_weight(root, part, name) for name in part.parameter_names}
        again = {
            name: _acting_weight(root, part, name) for name in found if _is_computed(part, name)
        }
    for name, weight in again.items():
        if not torch.allclose(weight, found[name], rtol=1e-3, equal_nan=True):
            raise ValueError(
                f"`{full_key(part.name, name)}` must be the same whenever it is computed, but its"
                " parametrisation draws random numbers, in evaluation mode too"
            )
    for name, weight in found.items():
        if not (weight.is_floating_point() or weight.is_complex()):
            raise ValueError(
                f"`{full_key(part.name, name)}` must hold real or complex numbers, got"
                f" {weight.dtype} without a scale"
                " (a quantised weight? multiply it by its scale first)"
            )
    return found


def stacks_in_module(module: nn.Module) -> Iterator[tuple[str, str, Tensor]]:
    """Name, cell and (g*h, h) weight of each layer and direction, as it acts.

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

    A parametrised, pruned or normalised one stands under its plain key.

    Raises
    ------
    ValueError
        If the values of a recurrent part's weights are not known.
    """
    arrays = {k: v for k, v in module.state_dict().items() if "parametrizations." not in k}
    for prefix, sub in module.named_modules():
        with at_rest(sub), torch.no_grad(), _refresh_hooks(sub):
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


def weight_hooks(part: nn.Module) -> list[tuple[str, Callable[[nn.Module], Tensor]]]:
    """The hooks that compute weights of `part`: the name of each weight, and its computation."""
    return [
        (getattr(hook, attribute), partial(compute, hook))
        for hook in part._forward_pre_hooks.values()
        for kind, (attribute, compute) in WEIGHT_HOOKS.items()
        if isinstance(hook, kind)
    ]


@contextmanager
def at_rest(module: nn.Module) -> Iterator[None]:
    """Evaluation mode inside the block: to read a weight must not update its normalisation."""
    # A frozen TorchScript module has no modes.
    modes = {part: part.training for part in module.modules() if hasattr(part, "training")}
    if modes:
        module.eval()
    try:
        yield
    finally:
        for part, training in modes.items():
            part.training = training


def raw_weight(root: nn.Module, part: nn.Module, name: str) -> Tensor | None:
    """The weight that dropout of weights keeps beside `name`, on the part or on what wraps it."""
    owners = [part, *(m for m in root.modules() if part in m.children())]
    found = (getattr(owner, f"{name}_raw", None) for owner in owners)
    return next((raw for raw in found if isinstance(raw, Tensor)), None)


@contextmanager
def _refresh_hooks(part: nn.Module) -> Iterator[None]:
    """The attributes that hooks compute, as the next forward pass would have them."""
    stale: dict[str, Any] = {}
    for name, compute in weight_hooks(part):
        stale.setdefault(name, getattr(part, name))
        setattr(part, name, compute(part))
    try:
        yield
    finally:
        for name, value in stale.items():
            setattr(part, name, value)


def _acting_weight(root: nn.Module, part: Part, name: str) -> Tensor:
    """One weight: a parameter, or the result of a computation that is known."""
    module = part.module
    if is_quantised(module):
        packed = packed_weights(module)[name]
        return packed.dequantize() if packed.is_quantized else packed.detach()
    if (raw := raw_weight(root, module, name)) is not None:
        return raw.detach()  # evaluation mode drops none of it
    weight: Tensor = getattr(module, name)
    known = (
        isinstance(weight, nn.Parameter)
        or isinstance(module, torch.jit.ScriptModule)
        or parametrize.is_parametrized(module, name)
        or name in dict(weight_hooks(module))
    )
    if not known:
        raise ValueError(
            f"`{full_key(part.name, name)}` must be a parameter, got a plain tensor, which may be"
            " out of date, because it is not known what computes it (if its values are right,"
            f" pass it in a mapping: {{{name!r}: ...}})"
        )
    return weight.detach()


def _is_computed(part: Part, name: str) -> bool:
    return parametrize.is_parametrized(part.module, name)


def _why_projected(part: Part, suffix: str) -> str:
    return (
        f"{full_key(part.name, f'weight_hh{suffix}')} acts on a projection of the state (proj_size)"
        f" and is not square: what takes h to h is weight_hh{suffix} @ weight_hr{suffix}, whose"
        " blocks of h rows can be measured"
    )
