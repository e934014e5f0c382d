"""Is a fixed point that is stable by its eigenvalues far from instability?

The script trains LSTMs on the bundled digits and holds their input at single rows of one image,
at zero and at the mean.  The eigenvalues of each stable fixed point leave a margin of 1 - rho
("room" in the record); beside it stands the norm of the smallest change that ends its stability.
"""

import os
from dataclasses import dataclass
from itertools import product
from typing import Any

import click

IMAGE = 3  # number of the training image, a handwritten 3
STABLE = 0.99  # points with a larger spectral radius are not asked about: their margin is small


@dataclass(frozen=True)
class Point:
    """A stable fixed point at an input held constant."""

    row: dict[str, Any]
    J: Any


@click.command()
@click.option("--small", is_flag=True, help="Train one small network for two epochs only.")
def main(small: bool) -> None:
    """Print the most fragile point of each network; draw two points of the most fragile one."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    import torch

    from benchmarks.record import RESULTS, report

    torch.set_num_threads(1)
    trainings = [("radius", 1)] if small else list(product(("none", "radius"), range(3)))
    networks = [points(normalize, seed, small) for normalize, seed in trainings]
    worst = [max(found, key=ratio, default=None) for found in networks]
    question = (__doc__ or "").partition("\n")[0]
    rows = [point.row for point in worst if point is not None]
    if small:
        report("fragile", question, rows, small=small)
        return
    most = max(networks, key=lambda found: max(map(ratio, found), default=0.0))
    pair = [max(most, key=ratio)]
    # By its eigenvalues the other one is nearer to instability; in truth it is farther from it.
    nearer = [point for point in most if point.row["room"] < pair[0].row["room"]]
    pair.append(max(nearer, key=lambda point: point.row["distance"]))
    rows += [point.row | {"drawn": True} for point in pair]
    report("fragile", question, rows, small=small)
    draw(pair, RESULTS / "fragile.png")


def ratio(point: Point) -> float:
    """The factor by which the distance is smaller than the margin 1 - rho."""
    return float(point.row["room over distance"])


def points(normalize: str, seed: int, small: bool) -> list[Point]:
    """The stable fixed points of one trained network at every constant input."""
    import rnnspec

    data = rnnspec.load_dataset("digits")
    hidden, epochs = (8, 2) if small else (32, 20)
    lstm = rnnspec.SequenceClassifier(
        "lstm", data.n_features, data.n_classes, hidden=hidden, seed=seed
    )
    bound = None if normalize == "none" else rnnspec.Normalize(normalize)
    run = rnnspec.train(lstm, data, epochs=epochs, lr=0.005, seed=seed, normalize=bound)
    states = rnnspec.state_trajectory(lstm, data.test.inputs[: 4 if small else 64])["layer0"]
    image = data.train.inputs[IMAGE]
    held = {f"row {k + 1}": row for k, row in enumerate(image)}
    held |= {"zero": 0 * image[0], "mean": data.train.inputs.mean((0, 1))}
    found = []
    for name, constant in held.items():
        at = rnnspec.fixed_points(lstm, states.reshape(-1, 2 * hidden), constant)
        for J, radius, residual in zip(
            at.jacobians, abs(at.eigenvalues[:, 0]), at.residuals, strict=True
        ):
            if radius < STABLE:
                who = {"normalize": normalize, "seed": seed, "accuracy": run.test_accuracy}
                found.append(Point(who | {"input": name} | numbers(J, residual), J))
    return found


def numbers(J: Any, residual: float) -> dict[str, Any]:
    """What the eigenvalues say about the stability of a point, and what its Jacobian says."""
    import rnnspec

    margin = 1 - rnnspec.spectral_radius(J)
    distance = rnnspec.distance_to_instability(J)
    return {
        "room": margin,
        "distance": distance.value,
        "certified": distance.certified,
        "room over distance": margin / distance.value,
        "real distance": rnnspec.stability_radius_real(J).value,
        "Kreiss": rnnspec.kreiss_constant(J).value,
        "max |J^k|": rnnspec.transient_growth(J, steps=200).peak,
        "norm": rnnspec.spectral_norm(J),
        "residual": float(residual),
    }


def draw(pair: list[Point], path: Any) -> None:
    """Draw both linearisations side by side into the file `path`."""
    import rnnspec
    from rnnspec.plots.figures import save_figure

    names = [f"{point.row['input']} held" for point in pair]
    distances = [rnnspec.distance_to_instability(point.J) for point in pair]
    levels = [*sorted(map(float, distances)), 0.1]
    box = (-1.3, 1.3, -1.3, 1.3)
    spectra = [rnnspec.pseudospectrum(p.J, box=box, grid=200, levels=levels) for p in pair]
    axes = rnnspec.plots.linearisations(
        dict(zip(names, spectra, strict=True)), dict(zip(names, distances, strict=True))
    )
    save_figure(axes[0], path)


if __name__ == "__main__":
    main()
