"""A progress bar over epochs, on stderr."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


@contextmanager
def show_epochs(epochs: int, enabled: bool) -> Iterator[Callable[[dict[str, float]], None]]:
    """Yield a function that takes each epoch's row; shown only on a terminal."""
    console = Console(stderr=True)
    columns = (
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TextColumn("{task.description}"),
        TimeRemainingColumn(),
    )
    progress = Progress(*columns, console=console, disable=not (enabled and console.is_terminal))
    with progress:
        task = progress.add_task("", total=epochs)

        def on_epoch(row: dict[str, float]) -> None:
            accuracy = row.get("validation_accuracy", row["train_accuracy"])
            progress.update(
                task,
                completed=row["epoch"],
                description=f"loss {row['train_loss']:.4f}  accuracy {accuracy:.3f}"
                f"  radius {row['spectral_radius']:.3f}",
            )

        yield on_epoch
