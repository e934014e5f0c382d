"""All claims of a study: three on stability and robustness, and the price of stability.

The claims are those of the abstract of B. Sengupta and K. J. Friston, How Robust are Deep
Neural Networks?, arXiv:1804.11313, stated so that numbers can contradict them.
"""

from __future__ import annotations

from collections.abc import Iterable

from rnnspec._checks import seed_number
from rnnspec.study.claims.claim import Claim
from rnnspec.study.claims.departure import departure_claim
from rnnspec.study.claims.fragility import fragility_claim
from rnnspec.study.claims.price import price_claim
from rnnspec.study.claims.ranking import ranking_claim
from rnnspec.study.results import Row
from rnnspec.study.runs import runs_of


def claims(rows: Iterable[Row], seed: int = 0) -> tuple[Claim, ...]:
    """Judge the claims of a study from its table of results.

    A verdict is "supported", "not supported" or "undecided" at this sample size.  Each claim
    carries the ``rule`` that decides it, and its ``sentence`` is built from its ``numbers``.

    Parameters
    ----------
    rows : iterable of dict
        The rows of ``results.csv``, see `rnnspec.study.read_results`.  Blank numbers are left
        out and counted, and infinite ones rank highest.
    seed : int, default 0
        Seed of the bootstrap of P1; the other claims use no random numbers.

    Returns
    -------
    tuple of Claim
        They answer four questions.  P1: does accuracy fail to rank robustness?  P2: are networks
        with a bounded spectral radius stable but fragile?  P3: does training make recurrent
        matrices non-normal?  price: does distance to instability cost accuracy?

    Raises
    ------
    ValueError
        If `seed` is not an integer from 0 to 2**32 - 1.

    Notes
    -----
    The bootstrap of P1 takes nearly all of the time: some 5 s for a study of 270 runs.

    Examples
    --------
    Without any runs nothing can be decided:

    >>> [(claim.name, claim.verdict) for claim in claims([])]
    [('P1', 'undecided'), ('P2', 'undecided'), ('P3', 'undecided'), ('price', 'undecided')]
    """
    seed_number(seed)
    rows = list(rows)
    runs = runs_of(rows)
    return (
        ranking_claim(runs, seed),
        fragility_claim(runs),
        departure_claim(rows),
        price_claim(runs),
    )
