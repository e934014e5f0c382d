"""``rnnspec measure``: stability and non-normality numbers of matrices."""

from __future__ import annotations

import click

from rnnspec.cli.options import cut_option, json_option, numbers, quiet_option
from rnnspec.cli.source import advice_on_gates, check_source, choose, matrices_of


@click.command()
@click.argument("source")
@click.option(
    "--matrix",
    metavar="NAME",
    help="Take one matrix, or any square array; default: all square matrices.",
)
@cut_option
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
    cut: str | None,
    epsilon: str,
    data_dir: str | None,
    no_download: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Measure stability and non-normality of the matrices in SOURCE.

    SOURCE is a run directory, a file of weights (PyTorch, whole modules and
    TorchScript too, safetensors, ONNX, Keras, .npz) or of matrices (.npy, .npz,
    .mat, .mtx, .csv, .txt).  A file is told by its content, not by its name.

    NAME is a name that is printed, or the full key of any square array in the
    file.  Gates stacked in another way than PyTorch's are cut by --cut, with
    their letters in the order of the stack: lstm:ifgo:rows, gru:zrh:columns.

    NAME may also be a state Jacobian: layer0.jacobian@fixed0 at a fixed point,
    stable ones first, of a file under zero input; of a run directory also
    layer0.jacobian@mean, the mean over its test sequences and all steps, or
    layer0.jacobian@step12 at one step.

    \b
    Example:
      rnnspec measure runs/lstm --matrix layer0.forget --epsilon 0.01,0.1
    """  # noqa: D301
    epsilons = numbers(epsilon, "--epsilon")
    check_source(source)
    from rnnspec.report.tables import print_json, print_measures
    from rnnspec.spectra.measures import measure as measure_one

    matrices = matrices_of(source, matrix, data_dir, not no_download, cut)
    found, others = (matrices, []) if matrix else choose(matrices, source)
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
    if others and not quiet:
        click.echo(f"left out, for it is not square: {', '.join(others)}", err=True)
    radii = {name: record["spectral_radius"] for name, record in records.items()}
    if not quiet and (advice := advice_on_gates(radii, source)):
        click.echo(advice, err=True)
