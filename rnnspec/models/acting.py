"""The recurrent weights of a module as they act when it runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch import nn

from rnnspec.models.keys import stacks_in_mapping


def stacks_in_module(module: nn.Module) -> Iterator[tuple[str, str, Any]]:
    """Name, cell and (g*h, h) weight of each layer and direction, a normalised one normalised."""
    # Attributes, not the state dict: a parametrised weight counts as it acts.
    with at_rest(module):
        weights = {
            f"{prefix}.{name}" if prefix else name: getattr(part, name)
            for prefix, part in module.named_modules()
            if isinstance(part, nn.RNNBase | nn.RNNCellBase)
            for name in _hh_names(part)
        }
    return stacks_in_mapping(weights)


@contextmanager
def at_rest(module: nn.Module) -> Iterator[None]:
    """Evaluation mode for a while: to look at a weight must not move its normalisation."""
    modes = {part: part.training for part in module.modules()}
    module.eval()
    try:
        yield
    finally:
        for part, training in modes.items():
            part.training = training


def _hh_names(module: nn.Module) -> list[str]:
    if isinstance(module, nn.RNNCellBase):
        return ["weight_hh"]
    assert isinstance(module, nn.RNNBase)
    directions = ("", "_reverse") if module.bidirectional else ("",)
    return [f"weight_hh_l{k}{d}" for k in range(module.num_layers) for d in directions]
