"""The training loop: Adam, a cosine schedule, clipped gradients, the best validation weights."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from rnnspec._checks import ConvergenceWarning, count, positive, seed_number
from rnnspec.data.arrays import Labelled
from rnnspec.data.parts import as_splits
from rnnspec.data.sequences import DataSplits
from rnnspec.models.classifier import SequenceClassifier
from rnnspec.models.recurrent import recurrent_matrices
from rnnspec.training.adversarial import Adversarial, AdversarialLoss
from rnnspec.training.config import DEFAULTS
from rnnspec.training.curvature import CurvaturePenalty
from rnnspec.training.distributed import ALONE, Processes, check_shared
from rnnspec.training.doubts import doubts_of
from rnnspec.training.evaluation import evaluate, tensors_of
from rnnspec.training.exact import make_permanent
from rnnspec.training.length import default_epochs
from rnnspec.training.majority import better_than_majority, majority_accuracy
from rnnspec.training.normalization import Normalize
from rnnspec.training.normalized_weights import normalize_recurrent
from rnnspec.training.objective import BatchLoss, objective
from rnnspec.training.result import TrainedRun
from rnnspec.training.rundir import RunWriter
from rnnspec.training.schedule import step_schedule
from rnnspec.training.state import Row, TrainingDiverged, TrainingState, diverged


def train(
    model: SequenceClassifier,
    data: DataSplits | Labelled,
    epochs: int | None = DEFAULTS.epochs,
    batch_size: int = DEFAULTS.batch_size,
    lr: float = DEFAULTS.lr,
    clip_norm: float = DEFAULTS.clip_norm,
    normalize: Normalize | None = None,
    seed: int = DEFAULTS.seed,
    device: str = DEFAULTS.device,
    writer: RunWriter | None = None,
    on_epoch: Callable[[Row], None] | None = None,
    adversarial: Adversarial | None = None,
    curvature: CurvaturePenalty | None = None,
    processes: Processes = ALONE,
) -> TrainedRun:
    r"""Train `model` on `data.train`, keep the weights of the lowest loss on `data.validation`.

    Cross-entropy by Adam; the step follows :math:`\eta_k = \tfrac12 \eta (1 + \cos
    \pi k/K)` over all K batches; the gradient's norm is clipped.  The last batch
    of an epoch may be smaller.  Batches follow from `seed` and the epoch alone, so
    the same seed on the same machine gives the same weights, interrupted or not.

    With `adversarial` the loss that chooses the weights is that of the validation part
    under attack, its row has ``robust_validation_loss`` and ``_accuracy``, and its
    ``train_accuracy`` is that on what the network was trained on, perturbed or not.

    Parameters
    ----------
    model : SequenceClassifier
        Trained in place.
    data : DataSplits, or pair (X, y)
        From `load_dataset`, or from arrays by `DataSplits.from_arrays`, which also cuts a pair
        70 / 10 / 20.  Without a validation part the last epoch is kept.
    epochs : int, optional
        Passes through `data.train`; by default 40, more if 40 make fewer than 1,600 steps, and
        fewer if they make more than 16,000: see `rnnspec.training.length`.
    batch_size : int, default 32
    lr : float, default 2e-3
    clip_norm : float, default 1.0
    normalize : Normalize, optional
        Spectral normalisation of the recurrent matrices during training.
    seed : int, default 0
        Of the order of the batches (the model brings its own initial weights); modulo 4096.
    device : str, default "cpu"
    writer : RunWriter, optional
        Writes the run directory as training goes on and resumes from it.
    on_epoch : callable, optional
        Called with each epoch's row, for progress or monitoring.
    adversarial : Adversarial, optional
        Train on the worst inputs within a distance, by PGD, a fast form of it, or TRADES.
    curvature : CurvaturePenalty, optional
        Add a penalty on the curvature of the loss in the input.
    processes : Processes, optional
        Those that share each batch, see `rnnspec.training.distributed.joined`; all of them
        train, validate and return the same, only the first is given a `writer`.

    Returns
    -------
    TrainedRun

    Raises
    ------
    ValueError
        If model and data do not fit, a number is out of range, or several processes are to
        draw random numbers for a batch that they share.
    TrainingDiverged
        When the loss is not finite: names epoch, batch and spectral radius.

    Warns
    -----
    ConvergenceWarning
        If an estimate was off by more than 2 % of the exact value at the end of an epoch; or if
        the accuracy is not significantly above that of always naming the most frequent class.

    Examples
    --------
    >>> import rnnspec
    >>> data = rnnspec.load_dataset("synthetic:sine")
    >>> model = rnnspec.SequenceClassifier("rnn", data.n_features, data.n_classes, hidden=16)
    >>> run = rnnspec.train(model, data, epochs=2)
    >>> len(run.history)
    2
    """
    _check_model(model)
    data = as_splits(data, n_classes=model.n_classes, name="data")
    _check_fit(model, data, epochs, batch_size)
    if epochs is None:
        epochs = default_epochs(len(data.train), batch_size)
    check_shared(processes, device, adversarial, curvature)
    positive(lr, "lr")
    positive(clip_norm, "clip_norm")
    seed = seed_number(seed)
    initial = recurrent_matrices(model)
    model.to(device)
    if normalize is not None:
        normalize_recurrent(model, normalize)
    parts = {name: tensors_of(getattr(data, name), device) for name in ("train", "validation")}
    n_batches = -(-len(data.train) // batch_size)
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    total = epochs * n_batches
    robust = None
    if adversarial is not None:
        robust = AdversarialLoss(model, data, parts["train"], adversarial, seed, total)
    batch_loss = processes.split(model, objective(model, parts["train"], robust, curvature, seed))
    schedule = step_schedule(optimizer, total, robust is not None and robust.restarts)
    state = TrainingState(model, optimizer, schedule, robust)
    if writer is not None:
        writer.begin(state)
    processes.follow(state)
    try:
        for epoch in range(len(state.history) + 1, epochs + 1):
            started = time.perf_counter()
            order = torch.randperm(
                len(data.train), generator=torch.Generator().manual_seed(2**20 * seed + epoch)
            ).to(device)
            batches = torch.split(order, batch_size)
            row = _train_epoch(
                state, batch_loss, parts["train"][2], batches, clip_norm, epoch, processes
            )
            state.close_epoch(row, n_batches, parts["validation"], started)
            if writer is not None:
                writer.epoch(state, last=epoch == epochs)
            if on_epoch is not None:
                on_epoch(row)
    except TrainingDiverged as error:
        if writer is None:
            raise
        raise TrainingDiverged(f"{error}; {writer.kept()}") from error
    return _finish(state, data, initial, normalize, writer, processes)


def _train_epoch(
    state: TrainingState,
    batch_loss: BatchLoss,
    labels: Tensor,
    batches: tuple[Tensor, ...],
    clip_norm: float,
    epoch: int,
    processes: Processes,
) -> Row:
    model = state.model
    model.train()
    total, predicted = 0.0, []
    for number, batch in enumerate(batches, 1):
        loss, logits = batch_loss(batch, (epoch - 1) * len(batches) + number - 1)
        value = processes.mean(loss.item())
        if not math.isfinite(value):
            raise diverged(f"the loss is {value} in", epoch, number, model)
        state.optimizer.zero_grad()
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(model.parameters(), clip_norm)
        state.optimizer.step()
        state.schedule.step()
        total += value * len(batch)
        predicted.append(logits.detach())  # counted once an epoch: one call, not one a batch
    n = len(labels)
    shares = torch.cat([processes.share(batch) for batch in batches])
    correct = (torch.cat(predicted).argmax(1) == labels[shares]).sum().item()
    return {
        "epoch": epoch,
        "train_loss": total / n,
        "train_accuracy": processes.mean(processes.count * correct) / n,
        "lr": float(state.schedule.get_last_lr()[0]),
    }


def _finish(
    state: TrainingState,
    data: DataSplits,
    initial: dict[str, Any],
    normalize: Normalize | None,
    writer: RunWriter | None,
    processes: Processes,
) -> TrainedRun:
    model, history = state.model, tuple(state.history)
    model.load_state_dict(state.best["weights"])
    make_permanent(model)
    model.eval()
    device = next(model.parameters()).device
    parts = {name: getattr(data, name) for name in ("train", "validation", "test")}
    accuracy = {
        name: evaluate(model, tensors_of(part, str(device)))[1]
        for name, part in parts.items()
        if len(part)
    }
    judged = next(name for name in ("test", "validation", "train") if name in accuracy)
    labels = parts[judged].labels
    run = TrainedRun(
        model=model,
        history=history,
        best_epoch=state.best["epoch"],
        train_accuracy=accuracy.get("train"),
        validation_accuracy=accuracy.get("validation"),
        test_accuracy=accuracy.get("test"),
        majority_accuracy=majority_accuracy(labels),
        better_than_majority=better_than_majority(accuracy[judged], labels),
        train_seconds=sum(row["seconds"] for row in history),
        initial_matrices=initial,
        directory=None if writer is None else writer.directory,
    )
    if writer is not None:
        writer.finish(run)
    for doubt in doubts_of(run, normalize, judged, len(labels)) if processes.first else ():
        warnings.warn(doubt, ConvergenceWarning, stacklevel=3)
    return run


def _check_model(model: Any) -> None:
    if not isinstance(model, SequenceClassifier):
        raise ValueError(
            f"`model` must be a SequenceClassifier, got {type(model).__name__} (train another"
            " module by a loop of your own; normalize_recurrent, measure and robustness_curve"
            " take it)"
        )


def _check_fit(
    model: SequenceClassifier, data: DataSplits, epochs: int | None, batch_size: int
) -> None:
    if not len(data.train):
        raise ValueError(f"`data` {data.name!r} must hold sequences to train on, found none")
    for name, value in (("epochs", epochs), ("batch_size", batch_size)):
        if value is not None:
            count(value, name)
    for name in ("n_features", "n_classes"):
        if getattr(model, name) != getattr(data, name):
            raise ValueError(
                f"`model` has {name} {getattr(model, name)}, but the data {data.name!r}"
                f" has {getattr(data, name)} (a model made for another data set or view?)"
            )
    of_data = torch.from_numpy(data.train.inputs[:0])
    for name, weight in model.named_parameters():
        if weight.dtype != of_data.dtype:
            raise ValueError(
                f"`model` must have weights of {of_data.dtype}, as the inputs of `data` are, got"
                f" {weight.dtype} of {name} (train model.float(), and cast it afterwards?)"
            )
