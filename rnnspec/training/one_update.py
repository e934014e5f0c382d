"""What is fixed within one update: its random numbers, and the estimators of normalised weights."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import numpy as np
import torch
from torch import nn
from torch.nn.utils import parametrize

from rnnspec.models.call import evaluation_mode

START, CURVATURE, VALIDATION = range(3)  # what random numbers are drawn for


def random_numbers(seed: int, update: int, purpose: int = START) -> torch.Generator:
    """The random numbers for one purpose in one update.

    PyTorch's generator takes 32 bits of a seed and ignores the rest, so the three numbers are
    hashed into 32 bits.
    """
    word = np.random.SeedSequence((seed, update, purpose)).generate_state(1)[0]
    return torch.Generator().manual_seed(int(word))


@contextmanager
def hold_estimators(model: nn.Module) -> Iterator[None]:
    """Keep the estimators of normalised weights where they are, and compute each weight once.

    The layers stay in training mode, because only there cuDNN computes gradients.
    """
    with ExitStack() as stack:
        for module in model.modules():
            if isinstance(module, parametrize.ParametrizationList):
                stack.enter_context(evaluation_mode(module))
        stack.enter_context(parametrize.cached())
        yield
