"""P3: training takes the recurrent matrices away from normality."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rnnspec.study.contrasts import (
    as_ratio,
    by_start,
    corrected,
    differences,
    orders,
    rise,
)
from rnnspec.study.estimate import Claim, Estimate, above, all_of
from rnnspec.study.paired import paired
from rnnspec.study.results import Row
from rnnspec.study.runs import settled, trained
from rnnspec.study.words import judged, label, said

ENOUGH = 0.05  # of a number between 0 (normal) and 1 (nilpotent)
RATIOS = ("eigenvector_condition", "kreiss_constant")  # they may be infinite
MEASURES = ("henrici_relative", *RATIOS)

QUESTION = "Does training make the recurrent matrices non-normal?"
RULE = (
    "Plain training only.  Supported if from each initialisation the interval of the rise of"
    " the relative Henrici departure, a mean over gates, lies above 0.05; not supported if from"
    " one of them it ends at or below 0.05; else undecided."
)


def departure(rows: Sequence[Row]) -> Claim:
    r"""P3, training makes the recurrent matrices non-normal.

    Before and after of the same matrix, in runs trained plainly: neither normalised nor
    adversarially.  The rise of the relative Henrici departure
    :math:`\sqrt{\|W\|_F^2 - \sum|\lambda|^2}/\|W\|_F` decides; the ratios of the eigenvector
    condition and of the Kreiss constant are beside it, each overall (a mean over the gates of a
    run, geometric for ratios) and per gate.  All are one family for Holm's correction.

    From a normal start, such as an orthogonal one, any change is a rise: hence the margin.  Its
    Kreiss constant is 1, but in float32 it is often infinite, and then left out.

    Examples
    --------
    >>> departure([]).sentence
    'Training makes matrices non-normal: undecided at this sample size. No run was trained plainly.'
    """
    weights = [
        settled(row) for row in rows if trained(row) and "jacobian" not in str(row["matrix"])
    ]
    inits = sorted({str(row["init"]) for row in weights})
    parts = {f"init {init}": [row for row in weights if row["init"] == init] for init in inits}
    gates = {
        f"{part}, {gate}": [row for row in parts[part] if _gate(row) == gate]
        for part in parts
        for gate in sorted({_gate(row) for row in parts[part]})
    }
    numbers = corrected(
        _change(rows, measure, where)
        for where, rows in {**parts, **gates}.items()
        for measure in MEASURES
    )
    risen = numbers[: len(parts) * len(MEASURES) : len(MEASURES)]
    verdict = all_of(above(one, ENOUGH) for one in risen)
    return Claim("P3", QUESTION, RULE, verdict, _sentence(verdict, parts, numbers), tuple(numbers))


def _gate(row: Row) -> str:
    return f"{row['cell']} {row['matrix']}"


def _change(rows: Sequence[Row], measure: str, where: str) -> Estimate:
    """After against before: a difference, or a ratio of what may be infinite."""
    starts = [[(row, row) for row in start] for start in by_start(rows)]
    compare = orders if measure in RATIOS else rise
    change = differences(starts, measure, f"{measure}_initial", compare)
    if measure in RATIOS:
        return as_ratio(paired(change, f"{label(measure)}, after over before, {where}"))
    return paired(change, f"{label(measure)}, after less before, {where}")


def _sentence(verdict: str, parts: Iterable[str], numbers: Sequence[Estimate]) -> str:
    said_of = []
    for j, part in enumerate(parts):
        henrici, condition, kreiss = numbers[j * len(MEASURES) : (j + 1) * len(MEASURES)]
        said_of.append(
            f"From {part.removeprefix('init ')} weights the relative Henrici departure changed"
            f" by {said(henrici)}, κ(V) by a factor of {said(condition)}, the Kreiss constant"
            f" by a factor of {said(kreiss)}."
        )
    told = " ".join(said_of) or "No run was trained plainly."
    return f"Training makes matrices non-normal: {judged(verdict)}. {told}"
