"""Which weights of a network are normalised: put it on them, find it, and look beneath it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from torch import Tensor, nn
from torch.nn.utils import parametrize

from rnnspec.models.acting import weight_hooks
from rnnspec.models.gates import n_gates
from rnnspec.models.names import weight_suffix
from rnnspec.training.normalization import Normalize, SpectralNormalization


def normalize_recurrent(module: nn.Module, normalize: Normalize) -> None:
    """Put `normalize` on every recurrent weight of the fused layers in `module`, in place.

    The weights become parametrised (``torch.nn.utils.parametrize``); `bake` makes the normalised
    ones plain parameters again.

    Parameters
    ----------
    module : torch.nn.Module
        It holds ``nn.RNN``, ``nn.LSTM`` or ``nn.GRU``, at any depth.
    normalize : Normalize
        How to normalise.  It applies to each gate of each weight, shape (h, h), separately.

    Raises
    ------
    ValueError
        If there is no such layer (``torch.nn.LSTMCell`` and its like are not fused), or a weight
        is normalised already, or a hook computes it.

    Notes
    -----
    An update of an LSTM with 128 units takes 6 % more time.

    References
    ----------
    .. [1] T. Miyato, T. Kataoka, M. Koyama and Y. Yoshida, Spectral normalization for generative
       adversarial networks, ICLR 2018 (the norm, estimated with one vector).

    Examples
    --------
    >>> import torch
    >>> gru = torch.nn.GRU(2, 3)
    >>> with torch.no_grad():
    ...     _ = gru.weight_hh_l0.mul_(9)
    >>> normalize_recurrent(gru, Normalize("norm", bound=0.5))
    >>> round(torch.linalg.matrix_norm(gru.weight_hh_l0[:3], 2).item(), 5)
    0.5
    """
    found = list(recurrent_weights(module))
    if not found:
        raise ValueError(
            "`module` must hold nn.RNN, nn.LSTM or nn.GRU, found none"
            " (cell classes such as nn.LSTMCell are not normalised)"
        )
    for recurrent, name in found:
        if normalization_on(recurrent, name) is not None:
            raise ValueError(f"`{name}` is normalised already; `bake` makes that permanent")
        if name in dict(weight_hooks(recurrent)):
            raise ValueError(
                f"`{name}` must be a parameter to be normalised, but a hook computes it (a pruning"
                " or another normalisation?); `bake` makes that permanent first"
            )
        gates = n_gates(recurrent.mode.split("_")[0].lower())
        weight = getattr(recurrent, name)
        parametrize.register_parametrization(
            recurrent, name, SpectralNormalization(weight, gates, normalize)
        )


def recurrent_weights(module: nn.Module) -> Iterator[tuple[nn.RNNBase, str]]:
    """Each fused recurrent layer in `module` with the name of each of its h-to-h weights."""
    for layer in module.modules():
        if isinstance(layer, nn.RNNBase):
            for k in range(layer.num_layers):
                for reverse in (False, True)[: 1 + layer.bidirectional]:
                    yield layer, f"weight_hh{weight_suffix(k, reverse)}"


def normalization_on(recurrent: nn.RNNBase, name: str) -> SpectralNormalization | None:
    """The normalisation of one weight, if it has one, alone or among other parametrisations."""
    if not parametrize.is_parametrized(recurrent, name):
        return None
    stack: Any = recurrent.parametrizations[name]  # type: ignore[index]
    return next((one for one in stack if isinstance(one, SpectralNormalization)), None)


def weight_before(recurrent: nn.RNNBase, name: str) -> Tensor:
    """The weight that the normalisation receives, after the parametrisations before it."""
    stack: Any = recurrent.parametrizations[name]  # type: ignore[index]
    weights = (
        (stack.original,)
        if stack.is_tensor
        else tuple(getattr(stack, f"original{k}") for k in range(stack.ntensors))
    )
    for one in stack:
        if isinstance(one, SpectralNormalization):
            break
        weights = (one(*weights),)
    weight: Tensor = weights[0].detach()
    return weight
