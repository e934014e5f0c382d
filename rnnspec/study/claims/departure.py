"""P3: whether training makes the recurrent matrices non-normal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rnnspec.study.claims.claim import Claim, above, all_of
from rnnspec.study.claims.contrasts import as_ratio, by_start, differences, orders, rise
from rnnspec.study.results import Row
from rnnspec.study.runs import blank_at_unit_radius, is_trained_with
from rnnspec.study.statistics.estimate import Estimate, find
from rnnspec.study.statistics.holm import correct
from rnnspec.study.statistics.signed_rank import signed_rank
from rnnspec.study.words import describe, label, verdict_phrase

# The relative departure lies between 0 (normal) and 1 (nilpotent).  From a normal start, such as
# an orthogonal one, any change is a rise, hence a margin.  It is six times what two seeds of one
# setting differ by (0.008, median standard deviation in the standard study).
ENOUGH = 0.05
DECIDES = "henrici_relative"
RATIOS = ("eigenvector_condition", "kreiss_constant")  # They may be infinite.
MEASURES = (DECIDES, *RATIOS)

QUESTION = "Does training make the recurrent matrices non-normal?"
RULE = (
    "Plain training only.  Supported if from each initialisation the interval of the rise of"
    " the relative Henrici departure, a mean over gates, lies above 0.05; not supported if from"
    " one of them it ends at or below 0.05; else undecided."
)


def departure_claim(rows: Sequence[Row]) -> Claim:
    r"""Judge P3, training makes the recurrent matrices non-normal.

    The same matrix is compared before and after training, in runs trained plainly: neither
    normalised nor for robustness.  The rise of the relative Henrici departure
    :math:`\sqrt{\|W\|_F^2 - \sum|\lambda|^2}/\|W\|_F` decides.  Beside it stand the ratios of the
    eigenvector condition and of the Kreiss constant.  Each is given for all gates together (a
    mean over the gates of a run, geometric for ratios) and for each gate.  All are one family for
    Holm's correction.

    The Kreiss constant of an orthogonal start is 1, but after rounding to float32 it is often
    infinite, and then it is left out.

    Examples
    --------
    >>> departure_claim([]).sentence
    'Training makes matrices non-normal: undecided at this sample size. No run was trained plainly.'
    """
    weights = [
        blank_at_unit_radius(row)
        for row in rows
        if is_trained_with(row) and "jacobian" not in str(row["matrix"])
    ]
    inits = {
        init: [row for row in weights if row["init"] == init]
        for init in sorted({str(row["init"]) for row in weights})
    }
    gates = {
        f"{init}, {gate}": [row for row in inits[init] if _gate(row) == gate]
        for init in inits
        for gate in sorted({_gate(row) for row in inits[init]})
    }
    numbers = correct(
        _change(rows, measure, part)
        for part, rows in {**inits, **gates}.items()
        for measure in MEASURES
    )
    verdict = all_of(above(_across_gates(numbers, DECIDES, init), ENOUGH) for init in inits)
    sentences = [_sentence(numbers, init) for init in inits] or ["No run was trained plainly."]
    sentence = f"Training makes matrices non-normal: {verdict_phrase(verdict)}."
    return Claim("P3", QUESTION, RULE, verdict, " ".join([sentence, *sentences]), tuple(numbers))


def _gate(row: Row) -> str:
    return f"{row['cell']} {row['matrix']}"


def _change(rows: Sequence[Row], measure: str, part: str) -> Estimate:
    """Compare after with before: by a ratio where numbers may be infinite, else a difference."""
    starts = [[(row, row) for row in start] for start in by_start(rows)]
    compare, words = (orders, "over") if measure in RATIOS else (rise, "less")
    change = differences(starts, measure, f"{measure}_initial", compare)
    found = signed_rank(change, f"{label(measure)}, after {words} before, init {part}")
    found = as_ratio(found) if measure in RATIOS else found
    return replace(found, column=measure, against=f"{measure}_initial", part=part)


def _across_gates(numbers: Sequence[Estimate], measure: str, init: str) -> Estimate:
    """Find the change of a number over all gates of the runs from one initialisation."""
    return find(numbers, measure, f"{measure}_initial", init)


def _sentence(numbers: Sequence[Estimate], init: str) -> str:
    henrici, condition, kreiss = (describe(_across_gates(numbers, name, init)) for name in MEASURES)
    return (
        f"From {init} weights the relative Henrici departure changed by {henrici}, κ(V) by a"
        f" factor of {condition}, the Kreiss constant by a factor of {kreiss}."
    )
