"""Making the computation of recurrent weights permanent, within the bound of a normalisation."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize, prune, remove_spectral_norm, remove_weight_norm
from torch.nn.utils.spectral_norm import SpectralNorm
from torch.nn.utils.weight_norm import WeightNorm

from rnnspec.models.acting import WEIGHT_HOOKS, raw_weight
from rnnspec.models.call import evaluation_mode
from rnnspec.models.parts import full_key, recurrent_parts
from rnnspec.training.exact import exact_values
from rnnspec.training.normalization import Normalize, SpectralNormalization

REMOVALS: dict[type, Callable[[nn.Module, str], object]] = {
    prune.BasePruningMethod: prune.remove,
    WeightNorm: remove_weight_norm,
    SpectralNorm: remove_spectral_norm,
}


def bake(module: nn.Module) -> tuple[str, ...]:
    """Replace computed weights of recurrent parts by plain parameters, in place.

    The parameters stand under PyTorch's own keys in the state dict.  This replaces rnnspec's
    own normalisation, every parametrisation of ``torch.nn.utils.parametrize`` (also several on one
    weight), and the hooks of ``torch.nn.utils.prune``, ``weight_norm`` and ``spectral_norm``.

    The estimates of rnnspec's normalisation have errors.  The radius or the norm of each
    gate's matrix is therefore computed by LAPACK in float64, and the matrix is scaled down if it
    is above the bound.  Afterwards the radius or the norm is at most the bound times 1 + 1e-6.

    Parameters
    ----------
    module : torch.nn.Module
        It holds recurrent layers or cells, at any depth; it is changed.

    Returns
    -------
    tuple of str
        For each weight that was made permanent, its key and what had computed it.

    Raises
    ------
    ValueError
        If `module` holds no recurrent layers.

    Warns
    -----
    UserWarning
        If there is nothing to do, or if a weight has to be left as it is.

    Examples
    --------
    >>> gru = nn.GRU(2, 3)
    >>> _ = nn.utils.parametrizations.weight_norm(gru, "weight_hh_l0")
    >>> bake(gru)
    ('weight_hh_l0 from _WeightNorm',)
    >>> sorted(gru.state_dict())
    ['bias_hh_l0', 'bias_ih_l0', 'weight_hh_l0', 'weight_ih_l0']
    """
    done = make_permanent(module)
    kept = [
        full_key(part.name, name)
        for part in recurrent_parts(module)
        for name in part.parameter_names
        if raw_weight(module, part.module, name) is not None
    ]
    if kept:
        warnings.warn(
            f"left as they are, because a module around them computes them by dropout of weights in"
            f" its forward: {', '.join(kept)}",
            stacklevel=2,
        )
    elif not done:
        warnings.warn(
            f"nothing to bake in {type(module).__name__}: its recurrent weights are plain"
            " parameters, or rnnspec does not know what computes them",
            stacklevel=2,
        )
    return done


def make_permanent(module: nn.Module) -> tuple[str, ...]:
    """Do what `bake` does, without its warnings."""
    done = []
    with evaluation_mode(module):  # removal reads the weight: no estimator may move
        for part in recurrent_parts(module):
            if not isinstance(part.module, torch.jit.ScriptModule):
                done += [full_key(part.name, text) for text in _remove_computations(part.module)]
    return tuple(done)


def _remove_computations(part: nn.Module) -> Iterator[str]:
    # The hook that was added last works on what the others compute, so it is removed first.
    for hook in reversed(list(part._forward_pre_hooks.values())):
        for kind, remove in REMOVALS.items():
            if isinstance(hook, kind):
                name = getattr(hook, WEIGHT_HOOKS[kind][0])
                remove(part, name)
                yield f"{name} from {type(hook).__name__}"
    for name in list(getattr(part, "parametrizations", ())):
        stack = list(part.parametrizations[name])  # type: ignore[index]
        parametrize.remove_parametrizations(part, name)
        if isinstance(stack[-1], SpectralNormalization):
            with torch.no_grad():
                for block in getattr(part, name).view(stack[-1].shape):
                    shrink_to(block, stack[-1].normalize)
        yield f"{name} from {', '.join(type(one).__name__ for one in stack)}"
    for key, hook in list(part._load_state_dict_pre_hooks.items()):
        # This hook reads keys of the older weight_norm; as a local function it cannot be pickled.
        if "_weight_norm_compat_hook" in getattr(hook.hook, "__qualname__", ""):  # type: ignore[attr-defined]
            del part._load_state_dict_pre_hooks[key]
    if isinstance(part, nn.RNNBase):  # it computes with this list, which may hold old weights
        part._flat_weights = [getattr(part, name) for name in part._flat_weights_names]


def shrink_to(block: Tensor, normalize: Normalize) -> None:
    """Scale one gate, shape (h, h), in place, until its exact quantity is within the bound."""
    value = exact_values(block, normalize.quantity).item()
    if normalize.mode == "scale" and value > 0:
        block *= normalize.bound / value
    for k in range(12):
        value = exact_values(block, normalize.quantity).item()
        if value <= normalize.bound * (1 + 1e-6):
            return
        # Rounding to float32 moves eigenvalues, so each further attempt aims lower.
        block *= normalize.bound / value * (1 - 1e-7 * 4**k)
    raise AssertionError(f"{normalize.quantity} {value} does not shrink to {normalize.bound}")
