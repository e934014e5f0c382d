"""Rows of a `SpectralMonitor` in TensorBoard; ``pip install 'rnnspec[tensorboard]'``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter


def write_row(writer: SummaryWriter, row: Mapping[str, float]) -> None:
    """Add the numbers of a row as scalars: a chart for each quantity, with a line for each matrix.

    Parameters
    ----------
    writer : torch.utils.tensorboard.SummaryWriter
    row : mapping
        What a `SpectralMonitor` returns: ``epoch``, and numbers such as ``layer0.forget.henrici``,
        which gets the tag ``henrici/layer0.forget``.  An empty row writes nothing.

    Examples
    --------
    >>> from torch.utils.tensorboard import SummaryWriter  # doctest: +SKIP
    >>> write_row(SummaryWriter("runs/lstm"), monitor(epoch))  # doctest: +SKIP
    """
    for key, value in row.items():
        if key != "epoch":
            matrix, _, quantity = key.rpartition(".")
            writer.add_scalar(f"{quantity}/{matrix}", value, int(row["epoch"]))
