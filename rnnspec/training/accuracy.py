r"""Loss and accuracy on a part of a data set, and whether the accuracy beats a trivial answer.

Always naming the most frequent class is right for that class's share m of the n sequences.  A
network has learned something if its accuracy is above m by more than chance, that is, if m lies
below the Wilson interval of the accuracy.  This is the same as

.. math:: \text{accuracy} > m + z \sqrt{m (1 - m) / n}, \qquad z = 1.96.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from rnnspec.data.sequences import SequenceDataset
from rnnspec.robustness.result import wilson

Tensors = tuple[Tensor, Tensor, Tensor]  # inputs (n, t, d), lengths (n,), labels (n,)


def tensors_of(part: SequenceDataset, device: str) -> Tensors:
    """Inputs, lengths and labels of `part` on a device."""
    inputs, lengths, labels = (
        torch.from_numpy(a).to(device) for a in (part.inputs, part.lengths, part.labels)
    )
    return inputs, lengths, labels


@torch.no_grad()
def evaluate(model: nn.Module, part: Tensors, batch_size: int = 1024) -> tuple[float, float]:
    """Mean cross-entropy and accuracy of `model`, which must be in evaluation mode."""
    assert not model.training
    total = correct = 0.0
    for inputs, lengths, labels in _batches(part, batch_size):
        logits = model(inputs, lengths)
        total += cross_entropy(logits, labels, reduction="sum").item()
        correct += (logits.argmax(1) == labels).sum().item()
    n = len(part[0])
    return total / n, correct / n


def _batches(part: Tensors, size: int) -> Iterator[Tensors]:
    inputs, lengths, labels = (torch.split(tensor, size) for tensor in part)
    return zip(inputs, lengths, labels, strict=True)


def majority_accuracy(labels: NDArray[np.int64]) -> float:
    """The share of the most frequent class.

    Examples
    --------
    >>> majority_accuracy(np.array([0, 2, 2, 1]))
    0.5
    """
    return float(np.bincount(labels).max() / len(labels))


def better_than_majority(accuracy: float, labels: NDArray[np.int64]) -> bool:
    """Whether `accuracy`, on sequences of these classes, shows that something was learned.

    Examples
    --------
    >>> labels = np.arange(100) % 2  # 0.5 + 1.96 * 0.05 is 0.598
    >>> better_than_majority(0.59, labels), better_than_majority(0.60, labels)
    (False, True)
    """
    low, _ = wilson(accuracy, len(labels))
    return bool(low > majority_accuracy(labels))
