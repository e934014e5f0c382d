"""``rnnspec robustness``: accuracy against the size of a perturbation."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from rnnspec.cli.options import (
    check_figure,
    check_file,
    data_dir_option,
    json_option,
    no_download_option,
    numbers,
    print_files,
    print_json,
    quiet_option,
)
from rnnspec.robustness.attacks.table import (
    ATTACKS,
    CURVES,
    MINIMAL,
    ON_SEQUENCES,
    ON_WEIGHTS,
    SIZED,
)

if TYPE_CHECKING:
    from rnnspec.robustness.several import Survey

CAPPED = [name for name in MINIMAL if ATTACKS[name].capped]
ITERATIVE = [name for name in CURVES if ATTACKS[name].iterations]
RESTARTED = [name for name in CURVES if ATTACKS[name].restarts]
UNSIZED = [name for name in (*MINIMAL, *ON_WEIGHTS) if name not in (*CAPPED, *SIZED)]


def _usual(names: Sequence[str], of: str) -> str:
    return "[default: " + ", ".join(f"{name} {getattr(ATTACKS[name], of)}" for name in names) + "]"


@click.command()
@click.argument("run")
@click.option(
    "--target",
    type=click.Choice(("input", "state", "weights")),
    default="input",
    show_default=True,
    help="What is perturbed: the test sequences, the initial state of the network, or its recurrent"
    " matrices.",
)
@click.option(
    "--attack",
    metavar="NAME[,NAME...]",
    help=f"One or more attacks.  On input and state, {', '.join(CURVES)} perturb within each size"
    f" of --epsilon, and {', '.join(MINIMAL)} look for the smallest perturbation.  On weights there"
    f" are {', '.join(ON_WEIGHTS)}.  [default: pgd; on weights all but worst]",
)
@click.option(
    "--norm",
    type=click.Choice(("linf", "l2", "spectral", "frobenius")),
    help="Norm that measures the size of a perturbation: linf or l2 on input and state, spectral or"
    " frobenius on weights.  [default: linf; on weights spectral]",
)
@click.option(
    "--epsilon",
    metavar="E1,E2,...",
    help="Sizes of the perturbation, in increasing order.  The attacks"
    f" {', '.join(UNSIZED)} take no sizes.  The attack {', '.join(CAPPED)} changes each time step"
    " by at most the last size.  [default: eight sizes from 0 to 1; on weights six]",
)
@click.option(
    "--units",
    type=click.Choice(("std", "raw")),
    default="std",
    show_default=True,
    help="Units of the sizes on input: each channel's standard deviation, or the data's own (raw).",
)
@click.option(
    "--samples", type=click.IntRange(1), help="Number of test sequences to use.  [default: all]"
)
@click.option(
    "--steps",
    type=click.IntRange(1),
    help=f"Number of iterations of the attack.  {_usual(ITERATIVE, 'iterations')}",
)
@click.option(
    "--restarts",
    type=click.IntRange(1),
    help="Number of random starts that must fail before the attack gives a sequence up."
    f"  {_usual(RESTARTED, 'restarts')}",
)
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Seed of all random numbers.",
)
@data_dir_option
@no_download_option
@click.option(
    "--out",
    metavar="FILE.csv",
    help="Write a row for each attack and size, and one for each smallest perturbation.",
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

    RUN is a run directory.  The size of a perturbation is its norm over a whole sequence, over
    the initial state, or over each recurrent matrix.

    pgd, apgd and square search for the worst change; square uses no gradient.  fgsm tries one
    change along the gradient, and universal looks for one change that serves all sequences.  The
    attacks gaussian, uniform, sign and sphere draw a change at random.  deepfool, fmn and bisection
    look for the smallest change of each sequence, and sparse for the fewest time steps to change.

    On weights, random, worst and rank_one change the matrices by a given size.  fp16, int8 and
    int4 round them, and prune sets their smallest entries to zero.

    \b
    Example:
      rnnspec robustness runs/lstm --attack pgd,sign --epsilon 0,0.1,0.2 --figure robust.png
    """  # noqa: D301
    from rnnspec.robustness.several import survey
    from rnnspec.training.trained import load_run

    check_figure(figure)
    check_file(out, "--out")
    names = attack_names(attack, target)
    check_read(_options_given(), names, target)
    sizes = None if epsilon is None else numbers(epsilon, "--epsilon")
    model, data = load_run(run, data_dir, download=not no_download)
    found = survey(
        model,
        data.test,
        names,
        sizes,
        target=target,
        norm=norm,
        units=units,
        iterations=steps,
        restarts=restarts,
        samples=samples,
        seed=seed,
    )
    _write(found, out, figure)
    if as_json:
        print_json(found.to_dict())
    elif not quiet:
        from rnnspec.report.tables import print_robustness

        print_robustness(found.to_dict())
        print_files(out, figure)


def _write(found: Survey, out: str | None, figure: str | None) -> None:
    """Write the numbers and the figure into the files that are named."""
    if out:
        from rnnspec._files import write_text
        from rnnspec.robustness.result import rows_csv

        write_text(Path(out), rows_csv(found.rows()))
    if figure:
        from rnnspec.plots.figures import save_figure

        save_figure(found.plot(), Path(figure))


def _options_given() -> set[str]:
    """Names of the options that stand on the command line, without those left at their default."""
    context = click.get_current_context()
    return {
        name
        for name in context.params
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE
    }


def attack_names(text: str | None, target: str) -> list[str]:
    """Attacks of the target, separated by commas; by default ``pgd``, or all but one of weights.

    Examples
    --------
    >>> attack_names("pgd,sign", "input")
    ['pgd', 'sign']
    """
    known = ON_WEIGHTS if target == "weights" else ON_SEQUENCES
    if text is None:
        return [name for name in known if name != "worst"] if target == "weights" else ["pgd"]
    names = list(dict.fromkeys(text.split(",")))
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            hint = f" (did you mean {near[0]}?)" if near else ""
            raise ValueError(
                f"`--attack` on {target} must be one of {', '.join(known)}, got {name!r}{hint}"
            )
    return names


def check_read(given: Collection[str], names: Sequence[str], target: str) -> None:
    """Refuse an option among `given` that none of the attacks `names` on `target` takes.

    Examples
    --------
    >>> check_read({"steps"}, ["sign", "pgd"], "input")
    >>> check_read({"restarts"}, ["sign", "fmn"], "input")
    Traceback (most recent call last):
    ...
    ValueError: `--restarts` on input is an option of pgd, apgd, square, but not of sign, fmn: ...
    """
    known = ON_WEIGHTS if target == "weights" else ON_SEQUENCES
    takers = {
        "epsilon": (*CURVES, *CAPPED, *SIZED),
        "units": ON_SEQUENCES if target == "input" else (),
        "steps": ITERATIVE,
        "restarts": RESTARTED,
    }
    for option, all_takers in takers.items():
        if option in given and not set(names) & set(all_takers):
            possible = ", ".join(name for name in known if name in all_takers) or "no attack"
            raise ValueError(
                f"`--{option}` on {target} is an option of {possible}, but not of"
                f" {', '.join(names)}: leave it out"
            )
