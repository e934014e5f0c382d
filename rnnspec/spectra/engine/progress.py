"""A bar on stderr that counts points and says how much time is left."""

from __future__ import annotations

from types import TracebackType

from rnnspec._checks import positive


class ProgressBar:
    """Context manager; entered, it is the function that counts points, or None if not `shown`.

    Parameters
    ----------
    shown : bool
    total : int
        Points, above zero.

    Examples
    --------
    >>> with ProgressBar(False, total=10) as count:
    ...     print(count)
    None
    """

    def __init__(self, shown: bool, total: int) -> None:
        self.shown, self.total = shown, positive(total, "total")

    def __enter__(self) -> ProgressBar | None:
        if not self.shown:
            return None
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

        columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self.bar = Progress(*columns, console=Console(stderr=True))
        self.bar.start()
        self.task = self.bar.add_task("points", total=self.total)
        return self

    def __call__(self, points: int) -> None:
        """Count `points` more."""
        self.bar.advance(self.task, points)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.shown:
            self.bar.stop()
