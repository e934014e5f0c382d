"""``rnnspec measure``: stability and non-normality numbers of matrices."""

import click

from rnnspec.cli.options import json_option, quiet_option
from rnnspec.cli.source import choose, matrices_of, numbers


@click.command()
@click.argument("source")
@click.option("--matrix", metavar="NAME", help="One matrix of several; default: all square ones.")
@click.option(
    "--epsilon",
    metavar="E1,E2,...",
    default="0.01",
    show_default=True,
    help="Perturbation sizes for pseudospectral radius and abscissa.",
)
@click.option("--data-dir", metavar="DIR", help="Where data files are, for a Jacobian.")
@click.option("--no-download", is_flag=True, help="Never use the network.")
@json_option
@quiet_option
def measure(
    source: str,
    matrix: str | None,
    epsilon: str,
    data_dir: str | None,
    no_download: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Measure stability and non-normality of the matrices in SOURCE.

    SOURCE is a run directory, a weights file (.safetensors, .pt, .pth) or a
    matrix file (.npy, .npz, .mat, .mtx, .csv, .txt).

    Of a run directory NAME may be a state Jacobian: layer0.jacobian@mean, the
    mean over its test sequences and all steps, layer0.jacobian@step12 at one
    step, or layer0.jacobian@fixed0 at a fixed point, stable ones first.

    \b
    Example:
      rnnspec measure runs/lstm --matrix layer0.forget --epsilon 0.01,0.1
    """  # noqa: D301
    from rnnspec.report.tables import print_json, print_measures
    from rnnspec.spectra.measures import measure as measure_one

    epsilons = numbers(epsilon, "--epsilon")
    found = choose(matrices_of(source, matrix, data_dir, not no_download), matrix, source)
    records = {name: measure_one(A, epsilons).to_dict() for name, A in found.items()}
    if as_json:
        print_json({"matrices": records})
    elif not quiet:
        print_measures(records)
        names: dict[str, list[str]] = {}
        for name, record in records.items():
            for text in dict.fromkeys(record["warnings"]):
                names.setdefault(text, []).append(name)
        for text, named in names.items():
            click.echo(f"{', '.join(named)}: {text}", err=True)
