"""From settings to a finished run directory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch

from rnnspec.data.load import load_dataset
from rnnspec.training.adversarial import Adversarial
from rnnspec.training.config import TrainingConfig
from rnnspec.training.curvature import CurvaturePenalty
from rnnspec.training.distributed import ALONE, Processes
from rnnspec.training.loop import train
from rnnspec.training.normalization import Normalize
from rnnspec.training.result import TrainedRun
from rnnspec.training.rundir import open_run
from rnnspec.training.schedule import default_epochs
from rnnspec.training.settings import check_settings
from rnnspec.training.state import Row
from rnnspec.training.trained import build_network, read_config


def default_directory(config: TrainingConfig) -> Path:
    """The run directory if none is given: ``runs/digits-lstm-radius-seed0``."""
    dataset = Path(config.dataset).stem.replace(":", "-").lower()
    attack = "" if config.adversarial == "none" else f"-{config.adversarial}"
    return Path("runs") / f"{dataset}-{config.cell}-{config.normalize}{attack}-seed{config.seed}"


def normalization_of(config: TrainingConfig) -> Normalize | None:
    """The normaliser that `config` asks for."""
    if config.normalize == "none":
        return None
    return Normalize(
        config.normalize, config.bound, config.estimator, config.normalize_mode, config.block
    )


def adversarial_of(config: TrainingConfig) -> Adversarial | None:
    """The attack on the training data that `config` asks for."""
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
    """Train a network as `config` says and write a run directory, as ``rnnspec train`` does.

    If `config` names no number of epochs, a run that is resumed keeps its own, and for a new run
    the size of the data decides; ``config.json`` holds the number.  If several processes share the
    training, only the first one writes.

    Parameters
    ----------
    config : TrainingConfig
        The settings.
    directory : path
        It must not hold a run, unless `resume`.
    data_dir : path, optional
        Folder to look for data files in, as for `load_dataset`.
    download : bool, default True
        Whether data that is not on this machine may be downloaded.
    resume : bool, default False
        Go on with the run in `directory`, if there is one, as if it had not stopped.
    on_start : callable, optional
        Called with the number of epochs before the first one.
    on_epoch : callable, optional
        Called with each epoch's row.
    processes : Processes, optional
        The processes that share each batch.

    Returns
    -------
    TrainedRun

    Raises
    ------
    ValueError
        If the settings, the data or the directory cannot be used; nothing is written then.
    TrainingDiverged
        When the loss is not finite.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> config = TrainingConfig("synthetic:sine", cell="rnn", hidden=16, epochs=2)
    >>> with TemporaryDirectory() as folder:
    ...     run = train_run(config, Path(folder) / "run")
    ...     len((Path(folder) / "run" / "metrics.csv").read_text().splitlines())
    3
    """
    check_settings(config)
    if config.threads is not None:
        torch.set_num_threads(config.threads)
    data = load_dataset(config.dataset, config.view, data_dir, download=download)
    epochs = config.epochs or _epochs_so_far(directory, resume)
    epochs = epochs or default_epochs(len(data.train), config.batch_size)
    config = replace(config, view=data.view, epochs=epochs)
    model = build_network(config, data.train)
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
    """The number of epochs of the run in `directory`, if it is to be resumed."""
    there = resume and (directory / "config.json").is_file()
    return read_config(directory).epochs if there else None
