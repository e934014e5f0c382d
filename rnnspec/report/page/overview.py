"""The first section of a page: what was trained, and the few numbers to begin with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rnnspec._format import figures, percent
from rnnspec.report.page.parts import Table, anchor
from rnnspec.spectra.numbers import NUMBERS
from rnnspec.study.portrait import Portrait

ACCURACIES = ("test", "validation", "train")
MEASURES = (
    *("spectral_radius", "distance_to_instability", "spectral_norm"),
    *("transient_peak", "kreiss_constant", "henrici_relative"),
)


@dataclass(frozen=True)
class Card:
    """A source in a few words and numbers.

    Attributes
    ----------
    name, what : str
    facts : dict of str to str
        Numbers, by their names in words.
    """

    name: str
    what: str
    facts: dict[str, str]


def cards(runs: Mapping[str, Portrait]) -> list[Card]:
    """A card for each source."""
    return [Card(name, _what(portrait), _facts(portrait)) for name, portrait in runs.items()]


def all_matrices(runs: Mapping[str, Portrait]) -> Table:
    """A row for each matrix of each source, with the numbers that matter most."""
    found = [
        (name, source, portrait.matrices[name])
        for name in matrix_names(runs)
        for source, portrait in runs.items()
        if name in portrait.matrices
    ]
    rows = [
        [
            f"{source}: {name}" if len(runs) > 1 else name,
            *(figures(getattr(shown.measures, key)) for key in MEASURES),
            figures(next((one.change for one in shown.roundings if one.name == "int8"), None)),
        ]
        for name, source, shown in found
    ]
    columns = ("matrix", *(NUMBERS[key].label for key in MEASURES), "change by rounding to int8")
    return Table("All matrices", columns, rows, [anchor(name) for name, _, _ in found])


def matrix_names(runs: Mapping[str, Portrait]) -> list[str]:
    """Names of the matrices of all sources, in order, each once."""
    return list(dict.fromkeys(name for portrait in runs.values() for name in portrait.matrices))


def _what(portrait: Portrait) -> str:
    if config := portrait.records.get("config"):
        return (
            f"{str(config['cell']).upper()} of {config['hidden']} units on {config['dataset']},"
            f" {config['epochs']} epochs, normalisation {config['normalize']},"
            f" initialisation {config['init']}, seed {config['seed']}"
        )
    sizes = [one.measures.n for one in portrait.matrices.values()]
    if len(sizes) == 1:
        return f"one matrix of {sizes[0]} rows; no data"
    return f"{len(sizes)} matrices of up to {max(sizes)} rows; no data"


def _facts(portrait: Portrait) -> dict[str, str]:
    summary = portrait.records.get("summary", {})
    shares = {part: summary.get(f"{part}_accuracy") for part in ACCURACIES}
    facts = {f"{part} accuracy": percent(v) for part, v in shares.items() if v is not None}
    if portrait.robustness:
        facts |= _robustness(portrait.robustness)
    distances = [one.measures.distance_to_instability for one in portrait.matrices.values()]
    facts["least distance to instability"] = figures(min(distances))
    facts["matrices unstable by themselves"] = f"{distances.count(0)} of {len(distances)}"
    return facts


def _robustness(record: Mapping[str, Any]) -> dict[str, str]:
    """Accuracy under an attack that usually hurts, and the median of the smallest changes."""
    facts = {
        f"accuracy under attack, ε = {row['epsilon']:g}": percent(row["accuracy"])
        for row in record["results"]
        if (row["target"], row["attack"], row["epsilon"]) == ("input", "pgd", 0.1)
    }
    for found in record["minimal"].values():
        facts["median smallest change"] = figures(found["median"], 4)
    return facts
