"""Files of figures: the formats, and one way to write each of them."""

from __future__ import annotations

from pathlib import Path

from rnnspec._files import write_atomically


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
