"""What is said of a source: that an array was left out, or that something was assumed."""

from __future__ import annotations

import warnings


class LeftOutWarning(UserWarning):
    """An array of a source was not taken; the text names it and says why."""

    with_the_answer = True  # the command line prints it after the answer, never before an error


class AssumptionWarning(UserWarning):
    """A source does not say which cell or formula it has; the text says what was assumed."""

    with_the_answer = True


def warn_of(left_out: tuple[str, ...], assumed: tuple[str, ...], where: str = "") -> None:
    """Warn once of each sentence, by `LeftOutWarning` or `AssumptionWarning`."""
    start = f"{where}: " if where else ""
    for texts, category, what in (
        (left_out, LeftOutWarning, "left out: "),
        (assumed, AssumptionWarning, ""),
    ):
        for text in dict.fromkeys(texts):
            warnings.warn(start + what + text, category, stacklevel=4)
