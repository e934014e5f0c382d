"""The training loop: Adam, a cosine schedule, clipped gradients, the best validation weights."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import torch

from rnnspec._checks import ConvergenceWarning, seed_number
from rnnspec.data.arrays import Labelled
from rnnspec.data.splits import DataSplits, as_splits
from rnnspec.models.classifier import SequenceClassifier
from rnnspec.models.recurrent import recurrent_matrices
from rnnspec.training.accuracy import tensors_of
from rnnspec.training.adversarial import Adversarial
from rnnspec.training.adversarial_loss import AdversarialLoss
from rnnspec.training.checks import check_fit, check_model, check_shared
from rnnspec.training.config import DEFAULTS
from rnnspec.training.curvature import CurvaturePenalty
from rnnspec.training.distributed import ALONE, Processes
from rnnspec.training.normalization import Normalize
from rnnspec.training.normalized_weights import normalize_recurrent
from rnnspec.training.objective import objective
from rnnspec.training.result import TrainedRun, doubts_of, finish_run
from rnnspec.training.rundir import RunWriter
from rnnspec.training.schedule import default_epochs, lr_schedule
from rnnspec.training.settings import check_setting
from rnnspec.training.state import Row, TrainingDiverged, TrainingState
from rnnspec.training.updates import Updates


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
    r"""Train `model` on `data.train`, and keep the weights with the lowest validation loss.

    Adam minimises the cross-entropy.  The learning rate follows
    :math:`\eta_k = \tfrac12 \eta (1 + \cos \pi k/K)` over all K batches, where :math:`\eta` is `lr`
    and k is the number of the batch.  The norm of the gradient is clipped.  The last batch of an
    epoch may be smaller.  Batches follow from `seed` and the epoch alone, so that the same seed on
    the same machine gives the same weights, whether or not the training was interrupted.

    With `adversarial`, the loss that chooses the weights is that of the validation part under
    attack.  An epoch's row then has ``robust_validation_loss`` and ``robust_validation_accuracy``,
    and its ``train_accuracy`` is the accuracy on what the network was trained on, perturbed or not.

    Parameters
    ----------
    model : SequenceClassifier
        Trained in place.
    data : DataSplits, or pair (X, y)
        From `load_dataset`, or from arrays by `DataSplits.from_arrays`.  A pair is cut 70 / 10 /
        20, as `DataSplits.from_arrays` does.  Without a validation part the last epoch is kept.
    epochs : int, optional
        Passes through `data.train`; by default 40, more if 40 make fewer than 1,600 updates, and
        fewer if they make more than 16,000: see `rnnspec.training.schedule`.
    batch_size : int, default 32
        Sequences in each update.
    lr : float, default 2e-3
        Largest learning rate.
    clip_norm : float, default 1.0
        Bound on the norm of the gradient.
    normalize : Normalize, optional
        Spectral normalisation of the recurrent matrices during training.
    seed : int, default 0
        Seed of the order of the batches, modulo 4096; the model brings its own initial weights.
    device : str, default "cpu"
        Where the network trains.
    writer : RunWriter, optional
        Writes the run directory as training goes on, and resumes from it.
    on_epoch : callable, optional
        Called with each epoch's row, for progress or monitoring.
    adversarial : Adversarial, optional
        Train on the worst inputs within a distance, by PGD, by a fast form of it, or by TRADES.
    curvature : CurvaturePenalty, optional
        Add a penalty on the curvature of the loss in the input.
    processes : Processes, optional
        The processes that share each batch, see `rnnspec.training.distributed`.  All of them
        train, validate and return the same; only the first is given a `writer`.

    Returns
    -------
    TrainedRun
        The trained network, its accuracies, and its history with one row for each epoch.

    Raises
    ------
    ValueError
        If model and data do not fit, if a number is out of range, or if several processes would
        have to draw random numbers for a batch that they share.
    TrainingDiverged
        When the loss is not finite; it names epoch, batch and spectral radius.

    Warns
    -----
    ConvergenceWarning
        If an estimate of `normalize` was off by more than 2 % of the exact value at the end of an
        epoch; or if the accuracy is not significantly above that of always naming the most frequent
        class.

    Examples
    --------
    >>> import rnnspec
    >>> data = rnnspec.load_dataset("synthetic:sine")
    >>> model = rnnspec.SequenceClassifier("rnn", data.n_features, data.n_classes, hidden=16)
    >>> run = rnnspec.train(model, data, epochs=2)
    >>> len(run.history)
    2
    """
    check_model(model)
    data = as_splits(data, n_classes=model.n_classes, name="data")
    check_fit(model, data)
    given = {"epochs": epochs, "batch_size": batch_size, "lr": lr, "clip_norm": clip_norm}
    for name, value in given.items():
        check_setting(value, name)
    check_shared(processes, device, adversarial, curvature)
    if epochs is None:
        epochs = default_epochs(len(data.train), batch_size)
    seed, initial = seed_number(seed), recurrent_matrices(model)
    model.to(device)
    if normalize is not None:
        normalize_recurrent(model, normalize)
    training, validation = (tensors_of(part, device) for part in (data.train, data.validation))
    n_updates = epochs * -(-len(data.train) // batch_size)
    robust = None
    if adversarial is not None:
        robust = AdversarialLoss(model, data, training, adversarial, seed, n_updates)
    batch_loss = processes.split(model, objective(model, training, robust, curvature, seed))
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    schedule = lr_schedule(optimizer, n_updates, robust is not None and robust.periods)
    state = TrainingState(model, optimizer, schedule, robust)
    updates = Updates(state, batch_loss, training[2], batch_size, clip_norm, seed, processes)
    if writer is not None:
        writer.begin(state)
    processes.follow(state)
    try:
        for epoch in range(len(state.history) + 1, epochs + 1):
            row = updates.run_epoch(epoch, validation)
            if writer is not None:
                writer.epoch(state, last=epoch == epochs)
            if on_epoch is not None:
                on_epoch(row)
    except TrainingDiverged as error:
        if writer is None:
            raise
        raise TrainingDiverged(f"{error}; {writer.describe_checkpoint()}") from error
    run = finish_run(state, data, initial, None if writer is None else writer.directory)
    if writer is not None:
        writer.finish(run)
    for doubt in doubts_of(run, data, normalize) if processes.first else ():
        warnings.warn(doubt, ConvergenceWarning, stacklevel=2)
    return run
