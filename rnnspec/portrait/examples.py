"""Smallest changes of single sequences that change a decision, to be drawn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from rnnspec.data.sequences import SequenceDataset
from rnnspec.models.classifier import SequenceClassifier
from rnnspec.robustness.access import under_attack
from rnnspec.robustness.attacks.fmn import fmn
from rnnspec.robustness.threat import Threat

CANDIDATES = 64  # sequences searched for examples
EXAMPLES = 4


@dataclass(frozen=True, eq=False)
class Example:
    """A sequence, and the nearest one found that the network takes for another class."""

    clean: NDArray[np.float64]  # shape: (t, d), standardised; real steps alone
    changed: NDArray[np.float64]  # shape: (t, d)
    was: str
    became: str
    size: float  # l2, in standard deviations


def smallest_changes(model: SequenceClassifier, data: SequenceDataset) -> tuple[Example, ...]:
    """Up to four examples, from easy to hard: quantiles of the sizes of what `fmn` finds.

    Looked for among the first 64 sequences of `data`; only such as are right unperturbed
    and changed in the end.
    """
    part = data.subset(np.arange(min(CANDIDATES, len(data))))
    with under_attack(model, part, Threat(norm="l2")) as victim, torch.no_grad():
        right = ~victim.wrong()
        with torch.enable_grad():
            u = fmn(victim)
        became = victim.logits(u).argmax(1)
        found = np.flatnonzero((right & (became != victim.labels)).cpu().numpy())
        moved = victim.perturb(u).double().cpu().numpy()
        size = u.flatten(1).norm(dim=1).double().cpu().numpy()
    ranked = found[np.argsort(size[found], kind="stable")]
    places = np.unique(np.linspace(0, len(ranked) - 1, EXAMPLES).round().astype(int))
    return tuple(
        Example(
            clean=part.inputs[i, : part.lengths[i]].astype(np.float64),
            changed=moved[i, : part.lengths[i]],
            was=part.class_names[part.labels[i]],
            became=part.class_names[int(became[i])],
            size=float(size[i]),
        )
        for i in ranked[places[places >= 0]]
    )
