"""What a study says: three claims and a price, each from the numbers alone.

The claims are those of the abstract of B. Sengupta and K. J. Friston, How Robust are Deep
Neural Networks?, arXiv:1804.11313, made so that numbers can contradict them.
"""

from __future__ import annotations

from collections.abc import Iterable

from rnnspec._checks import seed_number
from rnnspec.study.departure import departure
from rnnspec.study.estimate import Claim
from rnnspec.study.fragility import fragility
from rnnspec.study.price import price
from rnnspec.study.ranking import ranking
from rnnspec.study.results import Row
from rnnspec.study.runs import runs_of


def claims(rows: Iterable[Row], seed: int = 0) -> tuple[Claim, ...]:
    """The claims of a study with their numbers, intervals and verdicts.

    A verdict is "supported", "not supported" or "undecided" at this sample size; each claim
    carries the ``rule`` that decides it, and its ``sentence`` is built from its ``numbers``.

    Parameters
    ----------
    rows : iterable of dict
        Of ``results.csv``, see `rnnspec.study.results.read_results`.  Blank numbers are left
        out and counted, infinite ones rank highest.
    seed : int, default 0
        Of the bootstrap of P1; all else is exact.

    Returns
    -------
    tuple of Claim
        P1 `ranking`, P2 `fragility`, P3 `departure` and `price`.

    Raises
    ------
    ValueError
        If `seed` is no seed.

    Examples
    --------
    >>> [(claim.name, claim.verdict) for claim in claims([])]
    [('P1', 'undecided'), ('P2', 'undecided'), ('P3', 'undecided'), ('price', 'undecided')]
    """
    seed_number(seed)
    rows = list(rows)
    runs = runs_of(rows)
    return ranking(runs, seed), fragility(runs), departure(rows), price(runs)
