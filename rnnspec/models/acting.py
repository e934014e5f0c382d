"""The weights of a recurrent part as they act when it runs, whatever computes them.

PyTorch keeps a pruned weight, or one under the hook-based ``weight_norm`` and ``spectral_norm``,
as a plain attribute that the next forward pass renews.  After ``load_state_dict`` or an update of
an optimiser that attribute is stale.  So the same computation is done here first, as evaluation
mode does it.
"""

from __future__ import annotations

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

from rnnspec.models.call import evaluation_mode
from rnnspec.models.parts import Part, full_key, is_quantised, packed_weights

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
    """The weights and biases of a recurrent part of `root`, under PyTorch's plain names.

    Each is detached and as it acts in evaluation mode; `root` stays as it is.

    Raises
    ------
    ValueError
        If a weight is computed in a way that is not known, or holds integers without a scale.

    Examples
    --------
    >>> from torch.nn.utils import prune
    >>> from rnnspec.models.parts import recurrent_parts
    >>> rnn = nn.RNN(2, 3)
    >>> _ = prune.l1_unstructured(rnn, "weight_hh_l0", amount=4)
    >>> _ = rnn.weight_hh_l0_orig.data.fill_(2.0)  # as an optimiser would
    >>> (part,) = recurrent_parts(rnn)
    >>> acting_weights(rnn, part)["weight_hh_l0"].sum()  # 5 of 9 are left
    tensor(10.)
    """
    with evaluation_mode(part.module), torch.no_grad(), refresh_hooks(part.module):
        found = {name: _acting_weight(root, part, name) for name in part.parameter_names}
        again = {
            name: _acting_weight(root, part, name)
            for name in found
            if parametrize.is_parametrized(part.module, name)
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


def weight_hooks(part: nn.Module) -> list[tuple[str, Callable[[nn.Module], Tensor]]]:
    """The hooks that compute weights of `part`: the name of each weight, and its computation."""
    return [
        (getattr(hook, attribute), partial(compute, hook))
        for hook in part._forward_pre_hooks.values()
        for kind, (attribute, compute) in WEIGHT_HOOKS.items()
        if isinstance(hook, kind)
    ]


def raw_weight(root: nn.Module, part: nn.Module, name: str) -> Tensor | None:
    """The whole weight that a wrapper which drops weights keeps beside `name`, if there is one.

    It is an attribute of `part` or of a module right above it.
    """
    owners = [part, *(m for m in root.modules() if part in m.children())]
    found = (getattr(owner, f"{name}_raw", None) for owner in owners)
    return next((raw for raw in found if isinstance(raw, Tensor)), None)


@contextmanager
def refresh_hooks(part: nn.Module) -> Iterator[None]:
    """Attributes that hooks compute have the values of the next forward inside the block."""
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
    """The value of one weight, a parameter or the result of a computation that is known."""
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
