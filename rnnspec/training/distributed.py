r"""One training by several processes, each with its share of every batch.

From a batch B, the process with rank r among R processes takes the sequences
:math:`B_r = (b_r, b_{r+R}, \dots)` and minimises

.. math:: \ell_r = \frac{R\,|B_r|}{|B|} \cdot \frac{1}{|B_r|} \sum_{i \in B_r} \ell(x_i, y_i),
   \qquad \frac1R \sum_r \ell_r = \frac{1}{|B|} \sum_{i \in B} \ell(x_i, y_i),

so that the mean over the processes, of the losses and of their gradients alike, is the mean over
the batch, however unequal the shares are.  DistributedDataParallel takes that mean in each
backward pass.  After that every process holds the same gradient, clips the same norm, makes the
same update and follows the spectra of the same weights.  Several processes differ from one only
in the order in which numbers are summed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

if TYPE_CHECKING:
    from rnnspec.training.objective import BatchLoss
    from rnnspec.training.state import TrainingState


@dataclass(frozen=True)
class Processes:
    """The rank of this process, and the number of processes that train one network.

    Examples
    --------
    >>> Processes(rank=1, count=3).share(torch.arange(8))
    tensor([1, 4, 7])
    >>> Processes().share(torch.arange(3))
    tensor([0, 1, 2])
    """

    rank: int = 0
    count: int = 1

    @property
    def first(self) -> bool:
        """Whether this process is the one that writes and prints."""
        return self.rank == 0

    def share(self, batch: Tensor) -> Tensor:
        """The entries of `batch` that this process takes; there may be none if `batch` is small."""
        return batch[self.rank :: self.count]

    def split(self, model: nn.Module, batch_loss: BatchLoss) -> BatchLoss:
        """`batch_loss` on each share; its backward pass gives the gradient of the whole batch."""
        if self.count == 1:
            return batch_loss
        return DistributedDataParallel(SharedLoss(model, batch_loss, self))

    def mean(self, value: float) -> float:
        """The mean of the values of all processes; each process must call it, and gets the same."""
        if self.count == 1:
            return value
        total = torch.tensor(value, dtype=torch.float64)
        torch.distributed.all_reduce(total)
        return total.item() / self.count

    def follow(self, state: TrainingState) -> None:
        """Take over the state of the first process, which alone reads checkpoints."""
        if self.count == 1:
            return
        box: list[Any] = [state.state_dict() if self.first else None]
        torch.distributed.broadcast_object_list(box)
        if not self.first:
            state.load_state_dict(box[0])


ALONE = Processes()


class SharedLoss(nn.Module):
    """The loss and the logits of a share, as functions of the batch and the update's number."""

    def __init__(self, model: nn.Module, batch_loss: BatchLoss, processes: Processes) -> None:
        super().__init__()
        self.model, self.batch_loss, self.processes = model, batch_loss, processes

    def forward(self, batch: Tensor, update: int) -> tuple[Tensor, Tensor]:
        """The loss and the logits of this process's share of `batch`.

        Every process must take part in the backward pass.  A process whose share is empty
        therefore computes the loss of the first sequence of the batch, times 0.
        """
        share = self.processes.share(batch)
        loss, logits = self.batch_loss(share if len(share) else batch[:1], update)
        return self.processes.count * len(share) / len(batch) * loss, logits[: len(share)]


@contextmanager
def connect_processes() -> Iterator[Processes]:
    """Connect the processes that ``torchrun`` started; without it there is this one alone.

    Raises
    ------
    ValueError
        If the environment variables that ``torchrun`` sets are not numbers.
    """
    try:
        processes = Processes(int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1)))
    except ValueError as error:
        raise ValueError(
            "`RANK` and `WORLD_SIZE` must be the integers that torchrun sets, got"
            f" {os.environ.get('RANK')!r} and {os.environ.get('WORLD_SIZE')!r}"
        ) from error
    if processes.count == 1:
        yield ALONE
        return
    torch.distributed.init_process_group("gloo")
    try:
        yield processes
    finally:
        torch.distributed.destroy_process_group()
