"""The errors for files that are not read: what a file is, what was expected, what to do."""

from __future__ import annotations

from pathlib import Path

EXPECTED = (
    "expected a run directory, weights (PyTorch, safetensors, ONNX, Keras, .npz)"
    " or a matrix (.npy, .npz, .mat, .mtx, .csv, .txt)"
)


class Refusal(ValueError):
    """A file that is not read, in one line that says why."""


class LeftOut(Exception):
    """One array of a file that cannot be taken while the others can; its text says why."""


def fault(path: Path, what: str) -> Refusal:
    """The error for a file of the right kind with a fault in it; `what` says what was expected.

    Examples
    --------
    >>> print(fault(Path("a.csv"), "text without a number"))
    a.csv is text without a number
    """
    return Refusal(f"{path} is {what}")


def refusal(path: Path, content: str, way: str = "") -> Refusal:
    """The error for `path`, which is `content`; `way` is what the user can do.

    Examples
    --------
    >>> print(refusal(Path("a.pdf"), "a PDF document"))
    a.pdf is a PDF document; expected a run directory, weights (...) or a matrix (...)
    """
    return Refusal(f"{path} is {content}; {EXPECTED}" + (f"; {way}" if way else ""))


def reason(error: BaseException) -> str:
    r"""The error text of a parser, in one line.

    Examples
    --------
    >>> reason(ValueError("two\nlines")), reason(EOFError())
    ('two', 'EOFError')
    """
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0][:200] if lines else type(error).__name__
