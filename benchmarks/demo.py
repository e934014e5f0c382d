"""Does accuracy say how far a trained network is from instability?

The demo trains the three cells on the bundled digits, each plain, with its spectral radius
bounded and with its spectral norm bounded.  It draws the pseudospectrum of every recurrent
matrix and prints one table.  Training magnifies the last bits of a processor's arithmetic,
so the digits of the table are those of one machine.  `PROMISES` holds on every machine, and
the demo fails if it does not.

The README's figure and table are ``overview.png`` and ``demo.json`` of one run.
"""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from math import inf
from pathlib import Path
from typing import Any, NamedTuple

import click

Row = dict[str, Any]

# Each column with the format of its numbers; None for a column of words.
COLUMNS = {
    "cell": None,
    "normalize": None,
    "accuracy": ".3f",
    "matrix": None,
    "radius": ".3f",
    "norm": ".3f",
    "Henrici": ".2f",
    "distance": ".4f",
    "Kreiss": ".4g",
    "max |W^k|": ".4g",
}
CELLS = ("rnn", "lstm", "gru")
LEVELS = [10**-1.5, 10**-1.0, 10**-0.5]
BOUND = 0.95  # of radius and norm; it is below 1 so that a bounded radius leaves a margin
ACCURATE, ALIKE = 0.95, 0.04  # the least accuracy, and the most by which two may differ
ROUNDING = 1e-6  # weights are saved in float32


class Promise(NamedTuple):
    """What holds on every processor for each matrix of one normalisation."""

    normalize: str
    words: str
    holds: Callable[[Row], bool]


PROMISES = (
    Promise("none", "radius above 1", lambda row: row["radius"] > 1),
    Promise(
        "radius",
        f"radius at most {BOUND}",
        lambda row: row["radius"] <= BOUND + ROUNDING,
    ),
    Promise(
        "radius",
        "distance above 0 and below a third of 1 - radius",
        lambda row: 0 < row["distance"] < (1 - row["radius"]) / 3,
    ),
    Promise(
        "radius",
        "powers that grow at least threefold, but not for ever",
        lambda row: 3 <= row["max |W^k|"] < inf,
    ),
    Promise(
        "norm",
        f"distance at least {1 - BOUND:.2f}",
        lambda row: row["distance"] >= 1 - BOUND - ROUNDING,
    ),
    Promise("norm", "no power that grows", lambda row: row["max |W^k|"] <= 1 + ROUNDING),
)


@click.command()
@click.option("--out", default="demo", show_default=True, help="Folder for runs and pictures.")
@click.option(
    "--cell",
    "cells",
    multiple=True,
    default=CELLS,
    type=click.Choice(CELLS),
    help="Train this cell only; may be given more than once.",
)
@click.option("--epochs", default=40, show_default=True)
@click.option("--grid", default=100, show_default=True)
def demo(out: str, cells: tuple[str, ...], epochs: int, grid: int) -> None:
    """Train, draw, print the table, and check what holds on every processor."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    import shutil

    from benchmarks.record import stamp
    from rnnspec import plots, pseudospectrum
    from rnnspec._files import write_json
    from rnnspec.plots.figures import save_figure

    folder = Path(out)
    if (folder / "runs").exists():
        shutil.rmtree(folder / "runs")
    rows, panels = [], {}
    for cell in cells:
        for normalize in ("none", "radius", "norm"):
            click.echo(f"training {cell}, normalize {normalize} ...", err=True)
            directory = folder / "runs" / f"{cell}-{normalize}"
            accuracy, matrices = train(cell, normalize, epochs, directory)
            for name, A in matrices.items():
                result = pseudospectrum(A, grid=grid, name=f"{cell}, normalize {normalize}: {name}")
                save_figure(plots.pseudospectrum(result), folder / f"{cell}-{normalize}-{name}.png")
            name = weakest(matrices)
            if cell == cells[0]:
                title = "plain" if normalize == "none" else f"{normalize} at most {BOUND}"
                panels[f"{title}, accuracy {accuracy:.3f}"] = pseudospectrum(
                    matrices[name], box=(-2, 2, -2, 2), levels=LEVELS, grid=grid
                )
            values = (cell, normalize, accuracy, name, *numbers(matrices[name]))
            rows.append(dict(zip(COLUMNS, values, strict=True)))
    save_figure(plots.spectra(panels)[0], folder / "overview.png")
    write_json(folder / "demo.json", stamp((__doc__ or "").splitlines()[0], rows))
    rows = read_rows(folder / "demo.json")
    print_rows(rows)
    click.echo(
        "distance: the smallest change of the matrix (spectral norm) that puts an eigenvalue on"
        " the unit circle;\n0, and infinite Kreiss constant and powers, where one is outside it"
        " already (radius > 1)."
    )
    pictures = sorted(folder.glob("*.png"))
    click.echo(f"{len(pictures)} pictures: {folder.resolve()}/*.png; begin with overview.png")
    if failed := list(broken_promises(rows)):
        raise click.ClickException(f"promises of the README do not hold: {'; '.join(failed)}")
    click.echo("What the README says about every processor holds on this one.")


def train(cell: str, normalize: str, epochs: int, directory: Path) -> tuple[float, dict[str, Any]]:
    """Train one network; return its accuracy on the test images, and each gate's matrix."""
    from rnnspec import load_matrices
    from rnnspec.training.config import TrainingConfig
    from rnnspec.training.run import train_run

    config = TrainingConfig(cell=cell, normalize=normalize, bound=BOUND, epochs=epochs, threads=1)
    run = train_run(config, directory)
    matrices = load_matrices(directory)
    return run.test_accuracy, {name: A for name, A in matrices.items() if "stacked" not in name}


def weakest(matrices: dict[str, Any]) -> str:
    """Name of the matrix with the smallest distance to instability, then the largest radius."""
    from rnnspec import distance_to_instability, spectral_radius

    return min(
        matrices,
        key=lambda name: (
            float(distance_to_instability(matrices[name])),
            -spectral_radius(matrices[name]),
        ),
    )


def numbers(A: Any) -> list[Any]:
    """The numbers of `A` in the last six columns; an infinite one is the string "inf"."""
    from rnnspec import measure

    found = measure(A).to_dict()
    keys = ("spectral_radius", "spectral_norm", "henrici", "distance_to_instability")
    return [found[key] for key in (*keys, "kreiss_constant", "transient_peak")]


def read_rows(path: Path) -> list[Row]:
    """The rows of a ``demo.json``; an infinite number is the string "inf" there."""
    return [
        {key: float(row[key]) if how else row[key] for key, how in COLUMNS.items()}
        for row in json.loads(path.read_text())["rows"]
    ]


def print_rows(rows: Sequence[Row]) -> None:
    """Print the table on stdout."""
    from rnnspec.report.tables import print_table

    print_table(
        "digits: accuracy, and the recurrent matrix that is nearest to instability",
        list(COLUMNS),
        ([format(row[key], how or "") for key, how in COLUMNS.items()] for row in rows),
    )


def broken_promises(rows: Sequence[Row]) -> Iterator[str]:
    """Yield, in words, each promise of the README that `rows` break."""
    accuracies = [row["accuracy"] for row in rows]
    if min(accuracies) < ACCURATE:
        yield f"an accuracy is {min(accuracies):.3f}, not at least {ACCURATE}"
    if (apart := max(accuracies) - min(accuracies)) > ALIKE:
        yield f"accuracies differ by {apart:.3f}, not by at most {ALIKE}"
    for promise in PROMISES:
        for row in rows:
            if row["normalize"] == promise.normalize and not promise.holds(row):
                yield f"{row['cell']}, normalize {row['normalize']}: not {promise.words}"


if __name__ == "__main__":
    demo()
