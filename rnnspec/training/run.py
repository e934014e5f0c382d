"""From settings to a finished run directory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch

from rnnspec._checks import count, one_of, positive, seed_number
from rnnspec.data.load import load_dataset
from rnnspec.models.classifier import SequenceClassifier
from rnnspec.training.adversarial import Adversarial
from rnnspec.training.config import METHODS, QUANTITIES, TrainingConfig
from rnnspec.training.curvature import CurvaturePenalty
from rnnspec.training.distributed import ALONE, Processes
from rnnspec.training.length import default_epochs
from rnnspec.training.loop import train
from rnnspec.training.normalization import Normalize
from rnnspec.training.result import TrainedRun
from rnnspec.training.rundir import open_run, read_config
from rnnspec.training.state import Row


def default_directory(config: TrainingConfig) -> Path:
    """Where a run goes unless told: ``runs/digits-lstm-radius-seed0``."""
    dataset = Path(config.dataset).stem.replace(":", "-").lower()
    attack = "" if config.adversarial == "none" else f"-{config.adversarial}"
    return Path("runs") / f"{dataset}-{config.cell}-{config.normalize}{attack}-seed{config.seed}"


def normalization_of(config: TrainingConfig) -> Normalize | None:
    """The normaliser that `config` asks for."""
    one_of(config.normalize, "normalize", ("none", *QUANTITIES))
    if config.normalize == "none":
        return None
    return Normalize(
        config.normalize, config.bound, config.estimator, config.normalize_mode, config.block
    )


def adversarial_of(config: TrainingConfig) -> Adversarial | None:
    """The attack on the training data that `config` asks for."""
    one_of(config.adversarial, "adversarial", ("none", *METHODS))
    if config.adversarial == "none":
        return None
    return Adversarial(
        config.adversarial,
        config.adv_epsilon,
        config.adv_steps,
        config.adv_schedule,
        config.adv_beta,
    )


def curvature_of(config: TrainingConfig) -> CurvaturePenalty | None:
    """The penalty on curvature that `config` asks for."""
    if config.curvature_penalty == 0:
        return None
    return CurvaturePenalty(config.curvature_penalty, config.curvature_form, config.curvature_step)


def check_settings(config: TrainingConfig) -> None:
    """Refuse what no training takes, whatever the data.

    Raises
    ------
    ValueError
        Names the setting.
    """
    normalization_of(config)
    adversarial_of(config)
    curvature_of(config)
    one_of(config.device.partition(":")[0], "device", ("cpu", "cuda"))
    if config.device.startswith("cuda") and not torch.cuda.is_available():
        raise ValueError("`device` is cuda, but PyTorch finds no CUDA device; use cpu")
    if config.epochs is not None:
        count(config.epochs, "epochs")
    count(config.batch_size, "batch_size")
    if config.threads is not None:
        count(config.threads, "threads")
    positive(config.lr, "lr")
    positive(config.clip_norm, "clip_norm")
    seed_number(config.seed)


def train_run(
    config: TrainingConfig,
    directory: Path,
    data_dir: Path | None = None,
    download: bool = True,
    resume: bool = False,
    on_start: Callable[[int], None] | None = None,
    on_epoch: Callable[[Row], None] | None = None,
    processes: Processes = ALONE,
) -> TrainedRun:
    """Load the data, build the model, train it and write `directory`, the first process alone.

    If `config` names no number of epochs, a run that is resumed keeps its own, and for a new run
    the size of the data decides.  ``config.json`` holds the number, and `on_start` is called with
    it.

    Raises
    ------
    ValueError
        For settings, data or a directory that cannot be used; before anything is written.
    TrainingDiverged
        When the loss is not finite.
    """
    check_settings(config)
    if config.threads is not None:
        torch.set_num_threads(config.threads)
    data = load_dataset(config.dataset, config.view, data_dir, download=download)
    epochs = config.epochs or _epochs_so_far(directory, resume)
    epochs = epochs or default_epochs(len(data.train), config.batch_size)
    config = replace(config, view=data.view, epochs=epochs)
    model = SequenceClassifier(
        config.cell,
        data.n_features,
        data.n_classes,
        hidden=config.hidden,
        layers=config.layers,
        bidirectional=config.bidirectional,
        init=config.init,
        seed=config.seed,
    )
    writer = open_run(directory, config, data, resume) if processes.first else None
    if on_start is not None:
        on_start(epochs)
    return train(
        model,
        data,
        epochs=epochs,
        batch_size=config.batch_size,
        lr=config.lr,
        clip_norm=config.clip_norm,
        normalize=normalization_of(config),
        seed=config.seed,
        device=config.device,
        writer=writer,
        on_epoch=on_epoch,
        adversarial=adversarial_of(config),
        curvature=curvature_of(config),
        processes=processes,
    )


def _epochs_so_far(directory: Path, resume: bool) -> int | None:
    """The number of epochs of the run in `directory`, if there is one that is to be resumed."""
    there = resume and (directory / "config.json").is_file()
    return read_config(directory).epochs if there else None
