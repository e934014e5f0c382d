"""How long does each stability number of one matrix take, and is it certified?"""

import time
import warnings
from collections.abc import Callable
from typing import Any

import click
import numpy as np
from threadpoolctl import threadpool_limits

EPSILON = 1e-2


@click.command()
@click.option("--small", is_flag=True, help="Measure matrices of 4 rows only.")
def main(small: bool) -> None:
    """Time every number and the whole record; on the smallest matrices time brute force too."""
    from benchmarks.record import report

    rows = []
    with threadpool_limits(1):
        for n in (4,) if small else (32, 64, 128):
            for name, A in matrices(n).items():
                rows += rows_of(name, A, brute=n <= 32)
    report("measure", (__doc__ or "").strip(), rows, small=small)


def matrices(n: int) -> dict[str, np.ndarray]:
    """Stable matrices of n rows: like a trained one, random, highly non-normal."""
    from rnnspec import gallery, spectral_radius

    rng = np.random.default_rng(60173 + n)
    trained = 0.9 * gallery.random_orthogonal(n, seed=n) + 0.4 * gallery.ginibre(n, seed=n + 1)
    return {
        "trained-like": trained * (1 - 1e-3) / spectral_radius(trained),
        "ginibre": 0.9 * (G := rng.standard_normal((n, n))) / spectral_radius(G),
        "grcar": gallery.grcar(n) / 2.5,
    }


def numbers() -> dict[str, tuple[Callable[..., Any], Callable[..., float]]]:
    """Each bracketed number of the record: the package's function and brute force."""
    from benchmarks import oracle
    from rnnspec.spectra.measures import compute
    from rnnspec.spectra.numbers import NUMBERS

    brute: dict[str, Callable[..., float]] = {
        "numerical_radius": oracle.numerical_radius,
        "kreiss_constant": lambda A: max(1.0, oracle.kreiss(A)),
        "transient_peak": oracle.peak,
        "distance_to_instability": oracle.distance,
        "stability_radius_real": oracle.real_radius,
        "pseudospectral_radius": lambda A: oracle.outermost(A, EPSILON, "radius"),
        "pseudospectral_abscissa": lambda A: oracle.outermost(A, EPSILON, "abscissa"),
    }

    def ours(name: str) -> Callable[..., Any]:
        number = NUMBERS[name]
        return lambda A: compute(number, A, *([EPSILON] if number.per_epsilon else []))

    return {name: (ours(name), oracle) for name, oracle in brute.items()}


def rows_of(name: str, A: np.ndarray, *, brute: bool) -> list[dict[str, Any]]:
    """One row for each number, and one for the whole record."""
    from rnnspec import measure

    rows, spent = [], 0.0
    for number, (function, oracle) in numbers().items():
        row: dict[str, Any] = {"matrix": name, "n": len(A), "number": number}
        found, row["seconds"] = time_call(lambda A=A, function=function: function(A))
        row["certified"] = found.certified
        if brute:
            expected, row["brute_force_seconds"] = time_call(
                lambda A=A, oracle=oracle: oracle(A), repeats=1
            )
            row["ratio"] = row["brute_force_seconds"] / row["seconds"]
            row["relative_difference"] = abs(found.value - expected) / abs(expected)
            spent += row["brute_force_seconds"]
        rows.append(row)
    record, seconds = time_call(lambda: measure(A, epsilons=[EPSILON]))
    whole = {"matrix": name, "n": len(A), "number": "measure", "seconds": seconds}
    whole["certified"] = len(record.certified) == len(numbers())
    whole["bound_seconds"] = 20
    if brute:
        whole |= {"brute_force_seconds": spent, "ratio": spent / seconds, "bound_ratio": 100}
    return [*rows, whole]


def time_call(function: Callable[[], Any], repeats: int = 3) -> tuple[Any, float]:
    """The result of `function`, and its seconds: the fewest of `repeats`, or of one long one."""
    best = float("inf")
    for _ in range(repeats):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            started = time.perf_counter()
            result = function()
            best = min(best, time.perf_counter() - started)
        if best > 1:
            break
    return result, best


if __name__ == "__main__":
    main()
