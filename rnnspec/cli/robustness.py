"""``rnnspec robustness``: accuracy against the size of a perturbation."""

from __future__ import annotations

import click
from click.core import ParameterSource

from rnnspec.cli.options import check_file, json_option, numbers, quiet_option


@click.command()
@click.argument("run")
@click.option(
    "--target",
    type=click.Choice(("input", "state", "weights")),
    default="input",
    show_default=True,
    help="What moves: the sequence, the initial state, the recurrent matrices.",
)
@click.option(
    "--attack",
    metavar="NAME[,NAME...]",
    help="Of input and state: pgd, apgd, square, fgsm, gaussian, uniform, sign, sphere, and for"
    " the smallest perturbation deepfool, fmn, bisection.  Of weights: random, worst, rank_one,"
    " fp16, int8, int4, prune.  [default: pgd; of weights all but worst]",
)
@click.option(
    "--norm",
    type=click.Choice(("linf", "l2", "spectral", "frobenius")),
    help="linf or l2; of weights spectral or frobenius.  [default: linf; spectral]",
)
@click.option(
    "--epsilon",
    metavar="E1,E2,...",
    help="Sizes, increasing; not of deepfool, fmn, bisection, of rounding and pruning."
    "  [default: 0 to 1, eight of them; of weights six]",
)
@click.option(
    "--units",
    type=click.Choice(("std", "raw")),
    default="std",
    show_default=True,
    help="Of an input: standard deviations of its channel, or raw units.",
)
@click.option("--samples", type=click.IntRange(1), help="Test sequences.  [default: all]")
@click.option(
    "--steps",
    type=click.IntRange(1),
    help="Gradient steps of pgd and apgd, queries of square.  [default: 40, 100, 1000]",
)
@click.option(
    "--restarts", type=click.IntRange(1), help="Of pgd, apgd and square.  [default: 5, 5, 1]"
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of all draws.")
@click.option("--data-dir", metavar="DIR", help="Where data files are.")
@click.option("--no-download", is_flag=True, help="Never use the network.")
@click.option(
    "--out",
    metavar="FILE.csv",
    help="Write a row per attack and size, and one per smallest perturbation.",
)
@click.option("--figure", metavar="FILE.png|.svg|.pdf", help="Draw accuracy against size.")
@json_option
@quiet_option
def robustness(
    run: str,
    target: str,
    attack: str | None,
    norm: str | None,
    epsilon: str | None,
    units: str,
    samples: int | None,
    steps: int | None,
    restarts: int | None,
    seed: int,
    data_dir: str | None,
    no_download: bool,
    out: str | None,
    figure: str | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Measure how the accuracy of RUN falls as its test sequences are perturbed.

    RUN is a run directory.  A size is the norm of the perturbation of a whole sequence, or of
    the initial state, or of each recurrent matrix.

    \b
    Example:
      rnnspec robustness runs/lstm --attack pgd,sign --epsilon 0,0.1,0.2 --figure robust.png
    """  # noqa: D301
    from pathlib import Path

    from rnnspec._files import write_text
    from rnnspec.cli.perturbations import attack_names, check_read, of_sequences, of_weights
    from rnnspec.plots.figures import check_figure, check_folder, save_figure
    from rnnspec.report.tables import print_json, print_robustness
    from rnnspec.robustness.result import rows_csv
    from rnnspec.training.trained import load_run

    check_figure(figure)
    check_file(figure, "--figure")
    check_folder(out, "--out")
    check_file(out, "--out")
    names = attack_names(attack, target)
    check_read(_given(), names, target)
    sizes = None if epsilon is None else numbers(epsilon, "--epsilon")
    model, data = load_run(run, data_dir, download=not no_download)
    if target == "weights":
        found = of_weights(model, data.test, names, sizes, norm or "spectral", samples, seed)
    else:
        found = of_sequences(
            model,
            data.test,
            names,
            sizes,
            threat={"target": target, "norm": norm or "linf", "units": units},
            effort={"steps": steps, "restarts": restarts, "samples": samples, "seed": seed},
        )
    if out:
        write_text(Path(out), rows_csv(found.rows()))
    if figure:
        save_figure(found.plot(), Path(figure))
    if as_json:
        print_json(found.record)
    elif not quiet:
        print_robustness(found.record)
        for label, path in (("numbers", out), ("figure", figure)):
            if path:
                click.echo(f"{label}: {path}")


def _given() -> set[str]:
    """Names of the options that the command line holds, not their defaults."""
    context = click.get_current_context()
    return {
        name
        for name in context.params
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE
    }
