"""Progress bars on stderr: over epochs of a training, tasks of a study, points of a grid."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

# Seconds of work from which the time left is told: the last ones, or all of a study's.
LAST, WHOLE = 30.0, 30 * 86400.0


@contextmanager
def show_epochs(
    enabled: bool, tell: bool = False
) -> Iterator[tuple[Callable[[int], None], Callable[[dict[str, float]], None]]]:
    """Yield what to call with the number of epochs, and then with each epoch's row.

    The number is printed with `tell`, for a user who did not give it; the bar is shown only on a
    terminal.
    """
    with _described_bar(enabled) as progress:

        def on_start(epochs: int) -> None:
            if enabled and tell:
                progress.console.print(
                    f"{epochs} epochs, by the size of the data; --epochs sets another number",
                    highlight=False,
                    soft_wrap=True,
                )
            progress.add_task("", total=epochs)

        def on_epoch(row: dict[str, float]) -> None:
            accuracy = row.get("validation_accuracy", row["train_accuracy"])
            progress.update(
                progress.task_ids[0],
                completed=row["epoch"],
                description=f"loss {row['train_loss']:.4f}  accuracy {accuracy:.3f}"
                f"  radius {row['spectral_radius']:.3f}",
            )

        yield on_start, on_epoch


@contextmanager
def show_tasks(
    enabled: bool,
) -> Iterator[tuple[Callable[[str, int, int], None], Callable[[object, str | None], None]]]:
    """Yield what to call at the start of a study and after each task.

    The address of the dashboard is printed; the bar is shown only on a terminal.
    """
    with _described_bar(enabled, WHOLE) as progress:

        def on_start(dashboard: str, done: int, total: int) -> None:
            if enabled:
                progress.console.print(f"dashboard: {dashboard}", highlight=False, soft_wrap=True)
            progress.add_task("runs", total=total, completed=done)

        def on_task(task: object, reason: str | None) -> None:
            said = f"runs, last {task}{' failed' if reason else ''}"
            progress.update(progress.task_ids[0], advance=1, description=said)

        yield on_start, on_task


@contextmanager
def show_points(enabled: bool) -> Iterator[Callable[[int, int], None] | None]:
    """Yield the `progress` of `rnnspec.pseudospectrum`: a bar that counts points; None if not."""
    if not enabled:
        yield None
        return
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("points", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _described_bar(enabled: bool, period: float = LAST) -> Progress:
    """A bar with a count, a description and the time left, which only a terminal shows."""
    console = Console(stderr=True)
    return Progress(
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TextColumn("{task.description}"),
        TimeRemainingColumn(),
        console=console,
        disable=not (enabled and console.is_terminal),
        speed_estimate_period=period,
    )
