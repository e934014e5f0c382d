"""One row for each run, from the rows of ``results.csv``, which are one for each matrix."""

from __future__ import annotations

from collections.abc import Iterable
from math import inf, isnan

from rnnspec.spectra.eigen import EDGE, on_edge
from rnnspec.spectra.numbers import NUMBERS
from rnnspec.study.columns import number
from rnnspec.study.results import Row, Value

# The stability numbers that have a column in ``results.csv``.  The numerical abscissa has never
# had one: it bounds growth in continuous time, and its column would add comparisons to the claims.
MEASURES = tuple(
    name
    for name, known in NUMBERS.items()
    if not known.per_epsilon and name != "numerical_abscissa"
)
SMALL_IS_WORST = (
    *(name for name in MEASURES if NUMBERS[name].better == "larger"),
    "distance_ratio",
)
JACOBIAN = "jacobian "
UNBOUNDED = ("kreiss_constant", "transient_peak")  # They are infinite as soon as rho is above 1.


def runs_of(rows: Iterable[Row]) -> list[Row]:
    r"""Gather the rows of ``results.csv`` into one row for each run.

    A run keeps its own numbers, for example accuracies, and takes each number of a matrix from its
    worst recurrent matrix: the one with the largest value, or with the smallest distance.  Two
    numbers may thus be of different gates.  The numbers of the mean Jacobians stand under the
    same names with "jacobian " before them.  Two columns are derived from the others:

    ``distance_ratio``
        :math:`\beta/(1-\rho)`, the distance to instability over what it would be if the matrix
        were normal; blank where :math:`1-\rho` is below 1e-6.
    ``pseudospectral_gap@E``
        :math:`\rho_\varepsilon - \rho`, which is :math:`\varepsilon` if the matrix is normal, and
        larger if it is not.

    Numbers that rounding decides are blank, see `blank_at_unit_radius`.

    Parameters
    ----------
    rows : iterable of dict
        As `read_results` returns them.

    Returns
    -------
    list of dict
        ``pandas.DataFrame(runs_of(rows))`` is a table with a column for each number.

    Raises
    ------
    ValueError
        If a row lacks ``run`` or ``matrix``.

    Examples
    --------
    >>> row = {"run": "a", "test_accuracy": 0.9, "spectral_radius": 0.5}
    >>> rows = [row | {"matrix": "layer0.reset"}, row | {"matrix": "layer0.new"}]
    >>> rows[1]["spectral_radius"] = 0.75
    >>> rows += [row | {"matrix": "layer0.jacobian@mean", "spectral_radius": 0.25}]
    >>> (run,) = runs_of(rows)
    >>> run["test_accuracy"], run["spectral_radius"], run["jacobian spectral_radius"]
    (0.9, 0.75, 0.25)
    """
    by_run: dict[Value, list[Row]] = {}
    for row in rows:
        if missing := {"run", "matrix"} - row.keys():
            raise ValueError(
                f"`rows` must be those of results.csv, got one without {min(missing)!r}"
                f" ({', '.join(list(row)[:4])} ...)"
            )
        by_run.setdefault(row["run"], []).append(blank_at_unit_radius(row) | _derived_numbers(row))
    return [_gather(matrices) for matrices in by_run.values()]


def blank_at_unit_radius(row: Row) -> Row:
    r"""Return `row` without the numbers that rounding decides.

    Where :math:`|\rho - 1| \le 10^{-6}`, as for an orthogonal matrix in float32, the last bit of
    the weights makes the Kreiss constant and the transient peak finite or infinite.  They are
    then blank; and so are those of before training where :math:`\rho` was 1 then.

    Examples
    --------
    >>> row = {"spectral_radius": 1 + 5e-8, "kreiss_constant": inf}
    >>> row |= {"spectral_radius_initial": 0.5, "kreiss_constant_initial": 3.0}
    >>> found = blank_at_unit_radius(row)
    >>> found["kreiss_constant"], found["kreiss_constant_initial"]
    (None, 3.0)
    """
    blank: Row = {
        name + when: None
        for when in ("", "_initial")
        if on_edge(number(row, f"spectral_radius{when}"))
        for name in UNBOUNDED
        if name + when in row
    }
    return row | blank


def _derived_numbers(row: Row) -> Row:
    rho, beta = number(row, "spectral_radius"), number(row, "distance_to_instability")
    derived: Row = {"distance_ratio": beta / (1 - rho) if 1 - rho > EDGE else None}
    for name in row:
        if name.startswith("pseudospectral_radius@"):
            epsilon = name.removeprefix("pseudospectral_radius@")
            derived[f"pseudospectral_gap@{epsilon}"] = number(row, name) - rho
    return derived


def _gather(matrices: list[Row]) -> Row:
    """Return one row for the `matrices` of a run."""
    names = [name for name in matrices[0] if _is_measure(name)]
    run = {name: value for name, value in matrices[0].items() if name not in {*names, "matrix"}}
    for prefix in ("", JACOBIAN):
        part = [m for m in matrices if ("jacobian" in str(m["matrix"])) == bool(prefix)]
        run |= {prefix + name: _worst(part, name) for name in names}
    return run


def _is_measure(name: str) -> bool:
    derived = ("distance_ratio", "pseudospectral_radius@", "pseudospectral_gap@")
    return name.removesuffix("_initial") in MEASURES or name.startswith(derived)


def _worst(matrices: list[Row], name: str) -> float | None:
    """Return the worst value of a number, or None if no matrix has one or rounding decides."""
    values = [value for m in matrices if not isnan(value := number(m, name))]
    measure = name.removesuffix("_initial")
    if measure in UNBOUNDED and len(values) < len(matrices) and inf not in values:
        return None  # The matrix whose number rounding decides might be the worst.
    small = measure in SMALL_IS_WORST
    return (min if small else max)(values, default=None)
