"""Do the default settings train accurate networks, with and without spectral normalisation?"""

import os
from pathlib import Path

import click

BOUNDS = {"digits": 0.94, "japanese-vowels": 0.95, "mnist": 0.983}


@click.command()
@click.option("--small", is_flag=True, help="Train one small network only.")
@click.option("--seeds", default=3, show_default=True)
def main(small: bool, seeds: int) -> None:
    """Train every cell on every data set that is on this machine; report the worst seed."""
    import torch

    from benchmarks.record import report

    torch.set_num_threads(1)
    cells = ("rnn", "lstm", "gru")
    plan = [("digits", cell, q, 64, 40) for q in ("none", "radius", "norm") for cell in cells]
    if os.environ.get("RNNSPEC_DATA_DIR") and not small:
        plan += [("japanese-vowels", cell, "none", 64, 40) for cell in cells]
        plan += [("mnist", cell, "none", 128, 3) for cell in cells]
    if small:
        plan, seeds = [("digits", "rnn", "radius", 16, 2)], 1
    rows = [row(*job, seeds) for job in plan]
    report("accuracy", (__doc__ or "").strip(), rows, small=small)


def row(dataset: str, cell: str, normalize: str, hidden: int, epochs: int, seeds: int) -> dict:
    """Train once with each seed, and report the worst of the accuracies."""
    import rnnspec

    bound = BOUNDS[dataset] if normalize == "none" else 0.90
    if (dataset, cell) == ("mnist", "rnn"):
        bound = 0.965
    data = rnnspec.load_dataset(dataset, data_dir=_data_dir())
    runs = []
    for seed in range(seeds):
        model = rnnspec.SequenceClassifier(
            cell, data.n_features, data.n_classes, hidden=hidden, seed=seed
        )
        normalizer = None if normalize == "none" else rnnspec.Normalize(normalize)
        runs.append(rnnspec.train(model, data, epochs=epochs, normalize=normalizer, seed=seed))
    accuracies = [run.test_accuracy for run in runs]
    return {
        "data set": dataset,
        "cell": cell,
        "normalize": normalize,
        "hidden": hidden,
        "epochs": epochs,
        "worst": min(accuracies),
        "accuracies": " ".join(f"{accuracy:.4f}" for accuracy in accuracies),
        "bound": bound,
        "reached": "yes" if min(accuracies) >= bound else "NO",
        "seconds": sum(run.train_seconds for run in runs) / len(runs),
    }


def _data_dir() -> Path | None:
    folder = os.environ.get("RNNSPEC_DATA_DIR")
    return Path(folder) if folder else None


if __name__ == "__main__":
    main()
