"""What LAPACK says of normalised matrices: errors of estimates, weights that obey the bound."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize, prune, remove_spectral_norm, remove_weight_norm
from torch.nn.utils.spectral_norm import SpectralNorm
from torch.nn.utils.weight_norm import WeightNorm

from rnnspec.models.acting import WEIGHT_HOOKS, at_rest, raw_weight
from rnnspec.models.parts import full_key, recurrent_parts
from rnnspec.spectra.dominant.estimate import exact_pair
from rnnspec.training.normalization import Normalize, SpectralNormalization
from rnnspec.training.normalized_weights import (
    normalization_on,
    recurrent_weights,
    weight_before,
)

REMOVALS: dict[type, Callable[[nn.Module, str], object]] = {
    prune.BasePruningMethod: prune.remove,
    WeightNorm: remove_weight_norm,
    SpectralNorm: remove_spectral_norm,
}


def bake(module: nn.Module) -> tuple[str, ...]:
    """Make what computes the weights of recurrent parts permanent, in place.

    Plain parameters remain, under PyTorch's own keys in the state dict.  This replaces rnnspec's
    own normalisation, every parametrisation of ``torch.nn.utils.parametrize`` (also several on one
    weight), and the hooks of ``torch.nn.utils.prune``, ``weight_norm`` and ``spectral_norm``.

    The estimates of rnnspec's normalisation have errors; so each gate is measured by LAPACK in
    float64, and shrunk where it is above the bound.  Afterwards the radius or the norm is at most
    the bound times 1 + 1e-6.

    Returns
    -------
    tuple of str
        For each weight that was made permanent, its key and what had computed it.

    Warns
    -----
    UserWarning
        If there was nothing to do, or a weight had to be left as it is.

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
            f"left as they are: {', '.join(kept)}, which a module around them computes by dropout"
            " of weights in its forward, and so needs in this form",
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
    with at_rest(module):  # removal reads the weight: no estimator may move
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
        # It reads keys of the older weight_norm, and is a local function, which does not pickle.
        if "_weight_norm_compat_hook" in getattr(hook.hook, "__qualname__", ""):  # type: ignore[attr-defined]
            del part._load_state_dict_pre_hooks[key]
    if isinstance(part, nn.RNNBase):  # what it runs on; not every removal tells it
        part._flat_weights = [getattr(part, name) for name in part._flat_weights_names]


def shrink_to(block: Tensor, normalize: Normalize) -> None:
    """Scale one gate (h, h), in place, until its exact quantity obeys `normalize`."""
    value = exact_values(block, normalize.quantity).item()
    if normalize.mode == "scale" and value > 0:
        block *= normalize.bound / value
    for k in range(12):
        value = exact_values(block, normalize.quantity).item()
        if value <= normalize.bound * (1 + 1e-6):
            return
        # Rounding to float32 moves eigenvalues: aim lower at each further attempt.
        block *= normalize.bound / value * (1 - 1e-7 * 4**k)
    raise AssertionError(f"{normalize.quantity} {value} does not shrink to {normalize.bound}")


def exact_values(W: Tensor, quantity: str, *, double: bool = True) -> Tensor:
    """Spectral radius or norm of each matrix of a stack (..., h, h), by LAPACK."""
    A = W.detach().double() if double else W.detach()
    if not A.isfinite().all():
        return A.new_full(A.shape[:-2], torch.nan)
    values = torch.linalg.svdvals(A) if quantity == "norm" else torch.linalg.eigvals(A).abs()
    largest: Tensor = values.amax(-1)
    return largest


@torch.no_grad()
def settle(module: nn.Module) -> float | None:
    """Put every normalisation on its exact value until training goes on.

    So the network that is validated is the one that `bake` leaves.  Returns the
    largest relative error, over all gates, of the estimates that training made;
    None if nothing is normalised.
    """
    errors = []
    for recurrent, name in recurrent_weights(module):
        normalization = normalization_on(recurrent, name)
        if normalization is not None:
            W = weight_before(recurrent, name).view(normalization.shape)
            estimate = torch.from_numpy(normalization.advance(W))
            exact, u, w = exact_pair(W.double(), normalization.normalize.quantity)
            normalization.hold(u.cpu().numpy(), w.cpu().numpy())
            exact = exact.cpu()
            errors.append(((estimate - exact).abs() / exact.clamp_min(1e-30)).max().item())
    return max(errors, default=None)


@torch.no_grad()
def largest_radius(module: nn.Module) -> float:
    """Largest spectral radius of the recurrent matrices as the network uses them, to monitor it."""
    with at_rest(module):
        radii = [
            exact_values(getattr(recurrent, name).view(-1, h, h), "radius", double=False).max()
            for recurrent, name in recurrent_weights(module)
            for h in [recurrent.hidden_size]
        ]
    return max(radius.item() for radius in radii)
