"""What part of an epoch does `SpectralMonitor` cost, and how near are its two bounds?"""

import os
import time
from typing import Any

import click
import numpy as np


@click.command()
@click.option("--small", is_flag=True, help="Train one network for two epochs only.")
def main(small: bool) -> None:
    """Let the monitor look at the network after every epoch of real trainings, on one thread."""
    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
    import torch

    from benchmarks.record import report

    torch.set_num_threads(1)
    settings: list[tuple[str, str, int, float | None, int]] = [
        ("digits", cell, 64, bound, 40) for cell in ("rnn", "lstm", "gru") for bound in (None, 0.95)
    ]
    if os.environ.get("RNNSPEC_DATA_DIR"):
        settings.append(("mnist", "lstm", 128, 0.95, 2))
    if small:
        settings = [("digits", "lstm", 64, 0.95, 2)]
    report("monitor", (__doc__ or "").strip(), [row(*setting) for setting in settings], small=small)


def row(dataset: str, cell: str, hidden: int, radius: float | None, epochs: int) -> dict[str, Any]:
    """Shortest times of an epoch and of the look after it, with or without a bound on `radius`.

    The ratios of the bounds to the certified values are over the stable matrices of ten epochs.
    """
    import rnnspec

    data = rnnspec.load_dataset(dataset)
    model = rnnspec.SequenceClassifier(cell, data.n_features, data.n_classes, hidden=hidden)
    monitor = rnnspec.SpectralMonitor(model)
    times: list[float] = []
    matrices: list[dict[str, Any]] = []

    def look(epoch: dict[str, float]) -> None:
        started = time.perf_counter()
        monitor(epoch)
        times.append(time.perf_counter() - started)
        matrices.append(rnnspec.recurrent_matrices(model))

    normalize = None if radius is None else rnnspec.Normalize("radius", bound=radius)
    run = rnnspec.train(model, data, epochs=epochs, normalize=normalize, on_epoch=look)
    epoch_ms = 1e3 * min(epoch["seconds"] for epoch in run.history)
    look_ms = 1e3 * min(times)
    looked = list(zip(monitor.history, matrices, strict=True))[:: max(1, epochs // 10)]
    stable = [
        (found, name, W)
        for found, by_name in looked
        for name, W in by_name.items()
        if found[f"{name}.spectral_radius"] < 1
    ]
    return {
        "data": dataset,
        "cell": cell,
        "h": hidden,
        "radius": radius,
        "epoch ms": epoch_ms,
        "look ms": look_ms,
        "every epoch": look_ms / epoch_ms,
        "every third": look_ms / epoch_ms / 3,
        "bound": 0.03,
        "stable": f"{len(stable)} of {len(looked) * len(matrices[0])}",
        **nearness(stable),
    }


def nearness(stable: list[tuple[dict[str, float], str, Any]]) -> dict[str, float]:
    """The median and the worst ratio of each bound to the number that it bounds."""
    from rnnspec import distance_to_instability, kreiss_constant

    if not stable:
        return {}
    kreiss = [row[f"{name}.kreiss_lower"] / float(kreiss_constant(W)) for row, name, W in stable]
    distance = [
        row[f"{name}.distance_upper"] / float(distance_to_instability(W)) for row, name, W in stable
    ]
    return {
        "Kreiss ratio": float(np.median(kreiss)),
        "worst Kreiss": min(kreiss),
        "distance ratio": float(np.median(distance)),
        "worst distance": max(distance),
    }


if __name__ == "__main__":
    main()
