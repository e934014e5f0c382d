"""A module as it is when it is evaluated, and left as it was before."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy


@contextmanager
def evaluation_mode(module: nn.Module) -> Iterator[None]:
    """Evaluation mode inside the ``with`` block, and afterwards the modes as they were.

    In training mode a forward pass, and even reading a weight, may update a normalisation.

    Examples
    --------
    >>> model = nn.Dropout()
    >>> with evaluation_mode(model):
    ...     print(model.training)
    False
    >>> model.training
    True
    """
    # A frozen TorchScript module has no modes.
    modes = {part: part.training for part in module.modules() if hasattr(part, "training")}
    if modes:
        module.eval()
    try:
        yield
    finally:
        for part, training in modes.items():
            part.training = training


@contextmanager
def leave_unchanged(model: nn.Module, seed: int = 0) -> Iterator[None]:
    """Evaluation mode with random numbers from `seed` on; afterwards all is put back.

    That is attributes, buffers and the state of the random numbers, whatever a forward does to
    them.
    """
    own = [part for part in model.modules() if not isinstance(part, torch.jit.ScriptModule)]
    kept = [(part, dict(vars(part)), dict(part._buffers)) for part in own]
    attributes = [one for part in own for one in vars(part).values() if isinstance(one, Tensor)]
    values = [(one, one.detach().clone()) for one in (*model.buffers(), *attributes)]
    with evaluation_mode(model), torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        try:
            yield
        finally:
            for part, before, buffers in kept:
                vars(part).clear()
                vars(part).update(before)
                part._buffers.clear()
                part._buffers.update(buffers)
            with torch.no_grad():
                for one, value in values:
                    if not torch.equal(one, value):
                        one.copy_(value)


def check_weights_have_values(model: nn.Module) -> None:
    """Refuse a module whose weights wait for a first batch or lie on the device 'meta'.

    Raises
    ------
    ValueError
        If it has such weights.
    """
    if any(weight.is_meta or is_lazy(weight) for weight in model.parameters()):
        raise ValueError(
            "`model` must have weights with values, some have none: they lie on the device 'meta',"
            " or wait for a first batch (load them with assign=True, or run the model once)"
        )
