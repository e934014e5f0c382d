"""What part of an epoch does `SpectralMonitor` cost, and how near are its two bounds?"""

import os
import time
from typing import Any

import click
import numpy as np


@click.command()
@click.option("--small", is_flag=True, help="Five epochs of one network.")
def main(small: bool) -> None:
    """Look after every epoch of real trainings, on one thread; the first epoch is warm-up."""
    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
    import torch

    from benchmarks.record import report

    torch.set_num_threads(1)
    settings: list[tuple[str, float | None]] = [
        (cell, bound) for cell in ("rnn", "lstm", "gru") for bound in (None, 0.95)
    ]
    rows = [
        row(cell, bound, epochs=5 if small else 40)
        for cell, bound in (settings[3:4] if small else settings)
    ]
    report("monitor", (__doc__ or "").strip(), rows, small=small)


def row(cell: str, bound: float | None, epochs: int) -> dict[str, Any]:
    """Median milliseconds of an epoch and of the look after it; digits, h 64, bound on the radius.

    Ratios of the bounds to the certified values are over the stable matrices of every fifth epoch.
    """
    import rnnspec

    data = rnnspec.load_dataset("digits")
    model = rnnspec.SequenceClassifier(cell, data.n_features, data.n_classes)
    monitor, times, matrices = rnnspec.SpectralMonitor(model), [], []

    def look(epoch: dict[str, float]) -> None:
        started = time.perf_counter()
        monitor(epoch)
        times.append(time.perf_counter() - started)
        matrices.append(rnnspec.recurrent_matrices(model))

    normalize = None if bound is None else rnnspec.Normalize("radius", bound=bound)
    run = rnnspec.train(model, data, epochs=epochs, normalize=normalize, on_epoch=look)
    epoch_ms = 1e3 * float(np.median([epoch["seconds"] for epoch in run.history[1:]]))
    look_ms = 1e3 * float(np.median(times[1:]))
    looked = list(zip(monitor.history, matrices, strict=True))[4::5]
    stable = [
        (found, name, W)
        for found, by_name in looked
        for name, W in by_name.items()
        if found[f"{name}.spectral_radius"] < 1
    ]
    return {
        "cell": cell,
        "radius": bound,
        "epoch ms": epoch_ms,
        "monitor ms": look_ms,
        "part of epoch": look_ms / epoch_ms,
        "bound": 0.03,
        "stable": f"{len(stable)} of {len(looked) * len(matrices[0])}",
        **nearness(stable),
    }


def nearness(stable: list[tuple[dict[str, float], str, Any]]) -> dict[str, float]:
    """Median and worst ratio of each bound to what it bounds."""
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
