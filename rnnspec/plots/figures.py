"""Files of figures: checked before the work is done, and written after it."""

from __future__ import annotations

from pathlib import Path

from rnnspec._files import write_atomically

FORMATS = (".png", ".svg", ".pdf")


def check_figure(path: str | None) -> None:
    """Refuse a figure file that cannot be written, before any work is done."""
    if path is not None and Path(path).suffix not in FORMATS:
        raise ValueError(f"`--figure` must end in {', '.join(FORMATS)}, got {path!r}")
    check_folder(path, "--figure")


def check_out(path: str | None) -> None:
    """Refuse an output file that cannot be written, before any work is done."""
    if path is not None and Path(path).suffix != ".npz":
        raise ValueError(f"`--out` must end in .npz, got {path!r}")
    check_folder(path, "--out")


def check_folder(path: str | None, option: str) -> None:
    """Refuse a file whose folder does not exist."""
    if path is not None and not Path(path).parent.is_dir():
        raise ValueError(f"`{option}` {path!r}: the folder {Path(path).parent} does not exist")


def save_figure(ax: object, path: Path) -> None:
    """Write the figure of `ax`, whole or not at all, and close it."""
    import matplotlib.pyplot as plt
    from matplotlib.axes import Axes

    assert isinstance(ax, Axes)
    figure = ax.get_figure(root=True)
    assert figure is not None
    kind = path.suffix[1:]
    write_atomically(path, lambda temporary: figure.savefig(temporary, format=kind))
    plt.close(figure)
