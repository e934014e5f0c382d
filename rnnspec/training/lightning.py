"""`SpectralMonitor` for a network that Lightning trains; ``pip install 'rnnspec[lightning]'``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rnnspec._checks import count
from rnnspec.training.monitor import SpectralMonitor

if TYPE_CHECKING:
    from lightning.pytorch import Callback


def spectral_callback(every: int = 1) -> Callback:
    """A callback that logs the row of a `SpectralMonitor` after every `every`-th training epoch.

    Its attribute ``monitor`` is the monitor of the present fit; loggers see the names of its rows.

    Raises
    ------
    ImportError
        If Lightning is not installed.
    ValueError
        If `every` is not a positive integer; or, when a fit begins, if the module holds no
        recurrent weights.

    Examples
    --------
    >>> trainer = Trainer(callbacks=[spectral_callback(every=5)])  # doctest: +SKIP
    """
    try:
        from lightning.pytorch import Callback
    except ImportError as error:
        raise ImportError(
            f"the callback needs Lightning: pip install 'rnnspec[lightning]' ({error})"
        ) from error
    count(every, "every")

    class SpectralCallback(Callback):
        monitor: SpectralMonitor | None = None

        def on_fit_start(self, _trainer: Any, pl_module: Any) -> None:
            self.monitor = SpectralMonitor(pl_module, every)

        def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
            assert self.monitor is not None  # Lightning has begun a fit before
            row = self.monitor(trainer.current_epoch + 1)
            # The loggers already have the epoch, under that name.
            pl_module.log_dict({name: row[name] for name in row if name != "epoch"})

    return SpectralCallback()
