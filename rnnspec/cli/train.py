"""``rnnspec train``: from data to a run directory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from rnnspec.cli.options import check_writable, json_option, quiet_option
from rnnspec.training.config import (
    DEFAULTS,
    EPOCHS,
    ESTIMATORS,
    FORMS,
    LEAST_STEPS,
    METHODS,
    MODES,
    MOST_STEPS,
    QUANTITIES,
    SCHEDULES,
)


def option(flag: str, default: object, kind: Any = None, help: str = "") -> Callable[[Any], Any]:
    """A flag that is None unless given, and tells its default."""
    told = "none" if default is None else default
    return click.option(flag, type=kind, default=None, help=f"{help}  [default: {told}]".strip())


@click.command()
@option("--dataset", DEFAULTS.dataset, help="See `rnnspec datasets list`.")
@option(
    "--view",
    "the data set's first",
    help="How an image is read: by rows, cols, pixels or permuted.",
)
@option(
    "--cell", DEFAULTS.cell, click.Choice(("rnn", "lstm", "gru")), "Vanilla (tanh), LSTM or GRU."
)
@option("--hidden", DEFAULTS.hidden, click.IntRange(1), "Units per layer and direction.")
@option("--layers", DEFAULTS.layers, click.IntRange(1), "Recurrent layers, one upon another.")
@click.option("--bidirectional", is_flag=True, default=None, help="Read both ways.")
@option(
    "--init",
    DEFAULTS.init,
    click.Choice(("orthogonal", "torch", "identity")),
    "Recurrent weights at the start; torch: uniform, PyTorch's own.",
)
@option(
    "--normalize",
    DEFAULTS.normalize,
    click.Choice(("none", *QUANTITIES)),
    "What of each gate's recurrent matrix is bounded: spectral radius or spectral norm.",
)
@option(
    "--estimator",
    DEFAULTS.estimator,
    click.Choice(ESTIMATORS),
    "How radius or norm is followed from step to step; rayleigh: Rayleigh quotients on"
    " tracked subspaces; power: one step of the power method, cheap and inexact;"
    " exact: LAPACK in each step, accurate and slow.",
)
@option("--bound", DEFAULTS.bound, float, "Of the radius or norm.")
@option(
    "--normalize-mode",
    DEFAULTS.normalize_mode,
    click.Choice(MODES),
    "clip: only when above the bound; scale: always onto it.",
)
@option("--block", DEFAULTS.block, click.IntRange(1), "Vectors; 1: the textbook power method.")
@option(
    "--adversarial",
    DEFAULTS.adversarial,
    click.Choice(("none", *METHODS)),
    "Train on the worst inputs nearby; pgd: found anew for each batch; free: kept from epoch to"
    " epoch, fast; trades: plain loss plus the divergence to them.",
)
@option("--adv-epsilon", DEFAULTS.adv_epsilon, float, "How far, in standard deviations.")
@option("--adv-steps", "7; free: 1", click.IntRange(1), "Gradients of the attack per batch.")
@option(
    "--adv-schedule",
    DEFAULTS.adv_schedule,
    click.Choice(SCHEDULES),
    "How epsilon grows; linear: until half way; cosine: in three periods, with Adam's step.",
)
@option("--adv-beta", DEFAULTS.adv_beta, float, "Weight of the divergence in trades.")
@option(
    "--curvature-penalty",
    DEFAULTS.curvature_penalty,
    float,
    "Weight of the curvature of the loss in the input.",
)
@option(
    "--curvature-form",
    DEFAULTS.curvature_form,
    click.Choice(FORMS),
    "Of gradients along their own sign, or of the whole Hessian by random directions.",
)
@option("--curvature-step", DEFAULTS.curvature_step, float, "Length of the finite difference.")
@option(
    "--epochs",
    "by the size of the data",
    click.IntRange(1),
    f"Passes through the training data.  Unless given, {EPOCHS}: more if these make fewer than"
    f" {LEAST_STEPS:,} steps, fewer if they make more than {MOST_STEPS:,}.",
)
@option("--batch-size", DEFAULTS.batch_size, click.IntRange(1), "Sequences per step.")
@option("--lr", DEFAULTS.lr, float, "Adam's step at its peak.")
@option("--clip-norm", DEFAULTS.clip_norm, float, "Bound on the gradient's norm.")
@option("--seed", DEFAULTS.seed, click.IntRange(0), "Of weights and batches.")
@option("--device", DEFAULTS.device, click.Choice(("cpu", "cuda")), "Where the network trains.")
@option("--threads", "PyTorch's", click.IntRange(1), "CPU threads.")
@click.option("--data-dir", metavar="DIR", help="Where data files are.")
@click.option("--no-download", is_flag=True, help="Never use the network.")
@click.option("--config", metavar="FILE.toml", help="Settings; flags win over them.")
@click.option("--resume", is_flag=True, help="Go on with the run in --out, exactly.")
@click.option("--out", metavar="DIR", help="Run directory.  [default: runs/DATASET-CELL-...]")
@json_option
@quiet_option
def train(
    data_dir: str | None,
    no_download: bool,
    config: str | None,
    resume: bool,
    out: str | None,
    as_json: bool,
    quiet: bool,
    **flags: Any,
) -> None:
    """Train a recurrent classifier and write a run directory.

    \b
    Example:
      rnnspec train --dataset digits --cell lstm --normalize radius --out runs/lstm
      rnnspec pseudospectrum runs/lstm --figure lstm.png

    Under torchrun its processes share each batch; the result is that of one, but for rounding:

    \b
      torchrun --standalone --nproc-per-node 2 -m rnnspec train --batch-size 512
    """  # noqa: D301
    import json
    from pathlib import Path

    from rnnspec.cli.settings import check_resumed, merge
    from rnnspec.report.progress import show_epochs
    from rnnspec.report.stability import print_training
    from rnnspec.training.distributed import joined
    from rnnspec.training.run import default_directory, train_run
    from rnnspec.training.rundir import read_config

    settings = merge(flags, config)
    directory = Path(out) if out else default_directory(settings)
    if resume:
        settings = read_config(directory)
        check_resumed(flags, config, settings, directory)
    if not directory.is_file():
        check_writable(str(directory), "--out")
    with (
        joined() as processes,
        show_epochs(
            enabled=processes.first and not (quiet or as_json), tell=settings.epochs is None
        ) as (on_start, on_epoch),
    ):
        train_run(
            settings,
            directory,
            data_dir=Path(data_dir) if data_dir else None,
            download=not no_download,
            resume=resume,
            on_start=on_start,
            on_epoch=on_epoch,
            processes=processes,
        )
    if not processes.first:
        return
    summary = json.loads((directory / "summary.json").read_text())
    print_training(summary, directory, as_json=as_json, quiet=quiet)
