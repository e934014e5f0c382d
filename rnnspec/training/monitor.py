"""A few spectral numbers of the recurrent matrices, followed while they train."""

from __future__ import annotations

from collections.abc import Mapping

from torch import nn

from rnnspec._checks import count
from rnnspec.models.recurrent import recurrent_matrices
from rnnspec.spectra.engine.dense import blas
from rnnspec.spectra.engine.glance import spectral_numbers


class SpectralMonitor:
    """Spectral numbers of each recurrent matrix of a network in training, epoch by epoch.

    Parameters
    ----------
    model : torch.nn.Module
        It holds ``nn.RNN``, ``nn.LSTM``, ``nn.GRU`` or their cells.  Normalised weights are
        measured as the network uses them, and a row does not change the state of their estimators.
    every : int, default 1
        Epochs from one row to the next.  A row of an LSTM with 64 units takes 5 to 7 ms: if an
        epoch takes a tenth of a second, a row in every third epoch costs less than 3 %.

    Attributes
    ----------
    history : list of dict
        The rows so far.  A row holds ``epoch``, and for each matrix of `recurrent_matrices` its
        numbers, under names such as ``layer0.forget.spectral_radius``.  The numbers are
        ``spectral_radius``, ``spectral_norm``, ``henrici`` (Henrici's departure), and two bounds:
        ``kreiss_lower`` is at most the Kreiss constant, and ``distance_upper`` at least the
        distance to instability.

    Raises
    ------
    ValueError
        If `model` holds no recurrent weights, or `every` is not a positive integer.

    Examples
    --------
    >>> import torch
    >>> gru = torch.nn.GRU(3, 8)
    >>> monitor = SpectralMonitor(gru, every=2)
    >>> for epoch in range(1, 5):  # train gru, then
    ...     row = monitor(epoch)
    >>> [row["epoch"] for row in monitor.history], "layer0.reset.henrici" in row
    ([2, 4], True)

    With `rnnspec.train`, ``on_epoch=SpectralMonitor(model)``.
    """

    def __init__(self, model: nn.Module, every: int = 1) -> None:
        recurrent_matrices(model)
        self.model, self.every = model, count(every, "every")
        self.history: list[dict[str, float]] = []

    def __call__(self, epoch: int | Mapping[str, float]) -> dict[str, float]:
        """The row of `epoch`, a number from 1 on or a row that holds it; empty between two rows."""
        number = int(epoch["epoch"] if isinstance(epoch, Mapping) else epoch)
        if number % self.every:
            return {}
        row: dict[str, float] = {"epoch": number}
        with blas().limit(limits=1, user_api="blas"):  # more threads are slower on small matrices
            for name, W in recurrent_matrices(self.model).items():
                row |= {f"{name}.{key}": value for key, value in spectral_numbers(W).items()}
        self.history.append(row)
        return row
