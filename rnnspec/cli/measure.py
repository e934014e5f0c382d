"""``rnnspec measure``: stability and non-normality numbers of matrices."""

from __future__ import annotations

import click

from rnnspec.cli.options import json_option, numbers, print_json, quiet_option
from rnnspec.cli.source import (
    advise_on_gates,
    check_source,
    choose_square,
    matrices_of,
    source_argument,
)


@click.command()
@source_argument("all square matrices")
@click.option(
    "--epsilon",
    metavar="E1,E2,...",
    default="0.01",
    show_default=True,
    help="Sizes of the perturbation for the pseudospectral radius and abscissa, which are the"
    " largest modulus and the largest real part of an eigenvalue of the perturbed matrix.",
)
@json_option
@quiet_option
def measure(
    source: str,
    matrix: str | None,
    cut: str | None,
    epsilon: str,
    data_dir: str | None,
    no_download: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Measure stability and non-normality of the matrices in SOURCE.

    SOURCE_HELP

    \b
    Example:
      rnnspec measure runs/lstm --matrix layer0.forget --epsilon 0.01,0.1
    """  # noqa: D301
    epsilons = numbers(epsilon, "--epsilon")
    check_source(source)
    from rnnspec.spectra.measures import measure as measure_one

    matrices = matrices_of(source, matrix, data_dir, not no_download, cut)
    found, others = (matrices, []) if matrix else choose_square(matrices, source)
    records = {name: measure_one(A, epsilons).to_dict() for name, A in found.items()}
    if as_json:
        print_json({"matrices": records})
    elif not quiet:
        from rnnspec.report.stability import print_measures, warning_in_words

        print_measures(records)
        names: dict[str, list[str]] = {}
        for name, record in records.items():
            for text in dict.fromkeys(record["warnings"]):
                names.setdefault(text, []).append(name)
        for text, named in names.items():
            click.echo(f"{', '.join(named)}: {warning_in_words(text)}", err=True)
    if others and not quiet:
        click.echo(f"left out, because it is not square: {', '.join(others)}", err=True)
    radii = {name: record["spectral_radius"] for name, record in records.items()}
    if not quiet and (advice := advise_on_gates(radii, source)):
        click.echo(advice, err=True)
