r"""One training by several processes, each with its share of every batch.

Of a batch B, the process of rank r of R takes the sequences :math:`B_r = (b_r, b_{r+R}, \dots)`
and minimises

.. math:: \ell_r = \frac{R\,|B_r|}{|B|} \cdot \frac{1}{|B_r|} \sum_{i \in B_r} \ell(x_i, y_i),
   \qquad \frac1R \sum_r \ell_r = \frac{1}{|B|} \sum_{i \in B} \ell(x_i, y_i),

so that the mean over the processes, of the losses as of their gradients, is the mean over the
batch, however unequal the shares.  DistributedDataParallel takes it in each backward pass; after
that every process holds the same gradient, clips the same norm, makes the same step and follows
the spectra of the same weights.  One process or several differ by the order of sums alone.
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
    from rnnspec.training.adversarial import Adversarial
    from rnnspec.training.curvature import CurvaturePenalty
    from rnnspec.training.objective import BatchLoss
    from rnnspec.training.state import TrainingState


@dataclass(frozen=True)
class Processes:
    """The rank of a process and the number of those that train one network.

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
        """Whether this is the one that writes and prints."""
        return self.rank == 0

    def share(self, batch: Tensor) -> Tensor:
        """The entries of `batch` that are this process's; none of a batch that is too small."""
        return batch[self.rank :: self.count]

    def split(self, model: nn.Module, batch_loss: BatchLoss) -> BatchLoss:
        """`batch_loss` of the share of each batch; backward gives the gradient of the whole."""
        if self.count == 1:
            return batch_loss
        return DistributedDataParallel(SharedLoss(model, batch_loss, self))

    def mean(self, value: float) -> float:
        """Mean of the processes' values, the same on each; each must ask."""
        if self.count == 1:
            return value
        total = torch.tensor(value, dtype=torch.float64)
        torch.distributed.all_reduce(total)
        return total.item() / self.count

    def follow(self, state: TrainingState) -> None:
        """Begin where the first process does, which alone reads checkpoints."""
        if self.count == 1:
            return
        box: list[Any] = [state.state_dict() if self.first else None]
        torch.distributed.broadcast_object_list(box)
        if not self.first:
            state.load_state_dict(box[0])


ALONE = Processes()


class SharedLoss(nn.Module):
    """The loss of a share as above, a function of batch and step, and the logits of the share."""

    def __init__(self, model: nn.Module, batch_loss: BatchLoss, processes: Processes) -> None:
        super().__init__()
        self.model, self.batch_loss, self.processes = model, batch_loss, processes

    def forward(self, batch: Tensor, step: int) -> tuple[Tensor, Tensor]:
        """Of an empty share 0, by way of a sequence: each process must take part in backward."""
        share = self.processes.share(batch)
        loss, logits = self.batch_loss(share if len(share) else batch[:1], step)
        return self.processes.count * len(share) / len(batch) * loss, logits[: len(share)]


@contextmanager
def joined() -> Iterator[Processes]:
    """The processes that ``torchrun`` started, connected; without it, this one alone.

    Raises
    ------
    ValueError
        If the variables in which ``torchrun`` tells rank and number are not numbers.
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


def check_shared(
    processes: Processes,
    device: str,
    adversarial: Adversarial | None,
    curvature: CurvaturePenalty | None,
) -> None:
    """Refuse what several processes cannot do.

    Raises
    ------
    ValueError
        That names the argument and says why.
    """
    drawn = "it draws random numbers for each batch as a whole"
    reasons = {
        "`device` cuda": (device.startswith("cuda"), "all of them would use one GPU"),
        "`adversarial`": (adversarial is not None, drawn),
        "`curvature` of the form 'hutchinson'": (
            curvature is not None and curvature.form == "hutchinson",
            drawn,
        ),
    }
    for name, (asked, reason) in reasons.items():
        if asked and processes.count > 1:
            raise ValueError(
                f"{name} trains in one process only, got {processes.count}"
                f" ({reason}; start it without torchrun)"
            )
