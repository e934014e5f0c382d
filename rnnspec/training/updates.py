"""The updates of an epoch: a batch, its loss, its clipped gradient, and what Adam makes of it."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from rnnspec.training.accuracy import Tensors
from rnnspec.training.distributed import Processes
from rnnspec.training.objective import BatchLoss
from rnnspec.training.state import Row, TrainingState, divergence_error


@dataclass(frozen=True, eq=False)
class Updates:
    """What all epochs of a training have in common.

    Attributes
    ----------
    state : TrainingState
        Network, optimiser and learning rate, which each update changes.
    batch_loss : function
        What an update minimises.
    labels : tensor of int, shape (n,)
        Those of the training part.
    batch_size : int
    clip_norm : float
        Bound on the norm of the gradient.
    seed : int
        Seed of the order of the sequences.
    processes : Processes
        The processes that share each batch.
    """

    state: TrainingState
    batch_loss: BatchLoss
    labels: Tensor
    batch_size: int
    clip_norm: float
    seed: int
    processes: Processes

    def run_epoch(self, epoch: int, validation: Tensors) -> Row:
        """Train on each sequence once, close the epoch on the validation part; its row."""
        started = time.perf_counter()
        order = order_of(epoch, len(self.labels), self.seed).to(self.labels.device)
        batches = torch.split(order, self.batch_size)
        row = self._train(epoch, batches)
        self.state.close_epoch(row, len(batches), validation, started)
        return row

    def _train(self, epoch: int, batches: tuple[Tensor, ...]) -> Row:
        self.state.model.train()
        total, predicted = 0.0, []
        for number, batch in enumerate(batches, 1):
            loss, logits = self.batch_loss(batch, (epoch - 1) * len(batches) + number - 1)
            value = self.processes.mean(loss.item())
            if not math.isfinite(value):
                what = f"the loss is {value} in"
                raise divergence_error(what, epoch, number, self.state.model)
            self._descend(loss)
            total += value * len(batch)
            predicted.append(logits.detach())  # they are compared with the labels once an epoch
        n = len(self.labels)
        shares = torch.cat([self.processes.share(batch) for batch in batches])
        correct = (torch.cat(predicted).argmax(1) == self.labels[shares]).sum().item()
        return {
            "epoch": epoch,
            "train_loss": total / n,
            "train_accuracy": self.processes.mean(self.processes.count * correct) / n,
            "lr": float(self.state.schedule.get_last_lr()[0]),
        }

    def _descend(self, loss: Tensor) -> None:
        """One update of the weights, by the clipped gradient of the loss."""
        self.state.optimizer.zero_grad()
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(self.state.model.parameters(), self.clip_norm)
        self.state.optimizer.step()
        self.state.schedule.step()


def order_of(epoch: int, n: int, seed: int) -> Tensor:
    """The order in which an epoch reads the n sequences.

    PyTorch's generator takes 32 bits of a seed: 20 are for the epoch, and 12 for `seed`.

    Examples
    --------
    >>> order_of(1, 5, seed=0).sort().values
    tensor([0, 1, 2, 3, 4])
    """
    return torch.randperm(n, generator=torch.Generator().manual_seed(2**20 * seed + epoch))
