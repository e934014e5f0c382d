"""Does accuracy say how far a trained network is from instability?

Trains the three cells on the bundled digits, each plain, with its spectral radius
bounded and with its spectral norm bounded, draws the pseudospectrum of every
recurrent matrix and prints one table.
"""

import os
from pathlib import Path
from typing import Any

import click

COLUMNS = (
    "cell",
    "normalize",
    "accuracy",
    "matrix",
    "radius",
    "norm",
    "Henrici",
    "distance",
    "Kreiss",
    "max |W^k|",
)
LEVELS = [10**-1.5, 10**-1.0, 10**-0.5]


@click.command()
@click.option("--out", default="demo", show_default=True, help="Folder for runs and pictures.")
@click.option("--epochs", default=40, show_default=True)
@click.option("--grid", default=100, show_default=True)
def demo(out: str, epochs: int, grid: int) -> None:
    """Train, draw, and print the table."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    import shutil

    from rnnspec import load_matrices, measure, plot_pseudospectrum, plot_spectra, pseudospectrum
    from rnnspec.report.figures import save_figure
    from rnnspec.report.tables import print_table
    from rnnspec.training.config import TrainingConfig
    from rnnspec.training.run import train_run

    folder = Path(out)
    if (folder / "runs").exists():
        shutil.rmtree(folder / "runs")
    rows, panels = [], {}
    for cell in ("rnn", "lstm", "gru"):
        for normalize in ("none", "radius", "norm"):
            click.echo(f"training {cell}, normalize {normalize} ...", err=True)
            directory = folder / "runs" / f"{cell}-{normalize}"
            config = TrainingConfig(cell=cell, normalize=normalize, epochs=epochs, threads=1)
            run = train_run(config, directory)
            matrices = {
                name: A for name, A in load_matrices(directory).items() if "stacked" not in name
            }
            for name, A in matrices.items():
                result = pseudospectrum(A, grid=grid, name=f"{cell}, normalize {normalize}: {name}")
                save_figure(plot_pseudospectrum(result), folder / f"{cell}-{normalize}-{name}.png")
            name = weakest(matrices)
            m = measure(matrices[name])
            if cell == "rnn":
                title = {"none": "plain", "radius": "radius at most 1", "norm": "norm at most 1"}
                panels[f"{title[normalize]}, accuracy {run.test_accuracy:.3f}"] = pseudospectrum(
                    matrices[name], box=(-2, 2, -2, 2), levels=LEVELS, grid=grid
                )
            rows.append(
                (
                    cell,
                    normalize,
                    f"{run.test_accuracy:.3f}",
                    name,
                    f"{m.spectral_radius:.3f}",
                    f"{m.spectral_norm:.3f}",
                    f"{m.henrici:.2f}",
                    f"{m.distance_to_instability:.4f}",
                    m.kreiss_constant,
                    m.transient_peak,
                )
            )
    save_figure(plot_spectra(panels)[0], folder / "overview.png")
    print_table(
        "digits: accuracy, and the recurrent matrix that is nearest to instability",
        COLUMNS,
        rows,
    )
    click.echo(
        "distance: the smallest change of the matrix (spectral norm) that puts an eigenvalue on"
        " the unit circle;\n0, and infinite Kreiss constant and powers, where one is outside it"
        " already (radius > 1)."
    )
    pictures = sorted(folder.glob("*.png"))
    click.echo(f"{len(pictures)} pictures: {folder.resolve()}/*.png; begin with overview.png")


def weakest(matrices: dict[str, Any]) -> str:
    """The matrix of smallest distance to instability; of unstable ones the largest radius."""
    from rnnspec import distance_to_instability, spectral_radius

    return min(
        matrices,
        key=lambda name: (
            float(distance_to_instability(matrices[name])),
            -spectral_radius(matrices[name]),
        ),
    )


if __name__ == "__main__":
    demo()
