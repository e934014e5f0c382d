"""What does `rnnspec.train` cost over a bare PyTorch loop, and normalisation over none?"""

import os
import time
from statistics import median
from typing import Any

import click

THREADS = 1


@click.command()
@click.option("--small", is_flag=True, help="Make a few updates only.")
@click.option("--threads", default=THREADS, show_default=True)
def main(small: bool, threads: int) -> None:
    """Time both sides in turns, in one process, with equal threads."""
    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = str(threads)
    import torch

    from benchmarks.record import report

    torch.set_num_threads(threads)
    rows = [*epoch_rows(small), *step_rows(small)]
    for row in rows:
        row["threads"] = threads
    report(f"training_{threads}_threads", (__doc__ or "").strip(), rows, small=small)


def epoch_rows(small: bool) -> list[dict[str, Any]]:
    """Seconds for an epoch of rnnspec.train and of the loop that a careful user writes."""
    sets = (
        [("digits", 64)]
        if small or not os.environ.get("RNNSPEC_DATA_DIR")
        else [
            ("digits", 64),
            ("mnist", 128),
        ]
    )
    return [
        epoch_row(name, cell, hidden, small)
        for name, hidden in sets
        for cell in (("lstm",) if small else ("rnn", "lstm", "gru"))
    ]


def epoch_row(name: str, cell: str, hidden: int, small: bool) -> dict[str, Any]:
    """A row of one cell: the bare loop and `rnnspec.train` in turns, on the same machine."""
    import rnnspec

    data = rnnspec.load_dataset(name)
    turns = 1 if small else (5 if name == "digits" else 3)
    epochs = 2 if small else (20 if name == "digits" else 1)
    warm: list[float] = []
    bare: list[float] = []
    ours: list[float] = []
    rounds = [((warm, bare_loop),)] + [((bare, bare_loop), (ours, our_loop))] * turns
    for turn in rounds:
        for times, function in turn:
            model = rnnspec.SequenceClassifier(cell, data.n_features, data.n_classes, hidden=hidden)
            times.append(function(model, data, epochs) / epochs)
    return {
        "what": f"epoch, {name}, h {hidden}",
        "cell": cell,
        "plain ms": 1e3 * min(bare),
        "ours ms": 1e3 * min(ours),
        "ratio": min(ours) / min(bare),
        "bound": 1.10,
    }


def our_loop(model: Any, data: Any, epochs: int) -> float:
    """Seconds of all epochs, each with validation, exact spectral radii and best weights.

    The accuracies on all data, which follow the last epoch, are not timed.
    """
    import rnnspec

    return rnnspec.train(model, data, epochs=epochs).train_seconds


def bare_loop(model: Any, data: Any, epochs: int) -> float:
    """Seconds of a loop with the same batches, optimiser, schedule and clipping, and no more."""
    import torch

    inputs, lengths, labels = (
        torch.from_numpy(a) for a in (data.train.inputs, data.train.lengths, data.train.labels)
    )
    n_batches = -(-len(labels) // 32)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs * n_batches)
    started = time.perf_counter()
    for _ in range(epochs):
        for batch in torch.split(torch.randperm(len(labels)), 32):
            loss = torch.nn.functional.cross_entropy(
                model(inputs[batch], lengths[batch]), labels[batch]
            )
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
    return time.perf_counter() - started


def step_rows(small: bool) -> list[dict[str, Any]]:
    """Rows that compare a normalised update of an LSTM with a plain one, batch 64, t 28."""
    sizes = ((32, None, 8),) if small else ((64, None, 300), (128, 1.10, 600), (512, 1.05, 520))
    return [
        step_row(hidden, quantity, bound, steps)
        for hidden, bound, steps in sizes
        for quantity in ("radius", "norm")
    ]


def step_row(hidden: int, quantity: str, bound: float | None, steps: int) -> dict[str, Any]:
    """A row of updates in turns from the initial weights on, enough to renew eigenspaces."""
    import rnnspec

    functions = {
        name: one_step(hidden, None if name == "plain" else rnnspec.Normalize(quantity))
        for name in ("plain", "ours")
    }
    times: dict[str, list[float]] = {name: [] for name in functions}
    for _ in range(steps):
        for name, function in functions.items():
            started = time.perf_counter()
            function()
            times[name].append(time.perf_counter() - started)
    warm = steps // 10
    plain, ours = times["plain"][warm:], times["ours"][warm:]
    return {
        "what": f"step, {quantity}, h {hidden}",
        "cell": "lstm",
        "plain ms": 1e3 * sum(plain) / len(plain),
        "ours ms": 1e3 * sum(ours) / len(ours),
        "ratio": sum(ours) / sum(plain),
        "median ratio": median(ours) / median(plain),
        "bound": bound,
    }


def one_step(hidden: int, normalize: Any) -> Any:
    """A function that makes one update on a random batch of 64 sequences with t = 28, d = 28."""
    import torch

    import rnnspec

    model = rnnspec.SequenceClassifier("lstm", 28, 10, hidden=hidden)
    if normalize is not None:
        rnnspec.normalize_recurrent(model, normalize)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(256, 28, 28, generator=generator)
    labels = torch.randint(0, 10, (256,), generator=generator)

    def step() -> None:
        batch = torch.randint(0, 256, (64,), generator=generator)
        loss = torch.nn.functional.cross_entropy(model(inputs[batch]), labels[batch])
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()

    return step


if __name__ == "__main__":
    main()
