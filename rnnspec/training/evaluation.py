"""Loss and accuracy of a classifier on a part of a data set."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from rnnspec.data.sequences import SequenceDataset

Tensors = tuple[Tensor, Tensor, Tensor]  # inputs (n, t, d), lengths (n,), labels (n,)


def tensors_of(part: SequenceDataset, device: str) -> Tensors:
    """Inputs, lengths and labels of `part` on a device."""
    inputs, lengths, labels = (
        torch.from_numpy(a).to(device) for a in (part.inputs, part.lengths, part.labels)
    )
    return inputs, lengths, labels


@torch.no_grad()
def evaluate(model: nn.Module, part: Tensors, batch_size: int = 1024) -> tuple[float, float]:
    """Mean cross-entropy and accuracy of `model`, which is in evaluation mode."""
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
