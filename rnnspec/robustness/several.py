"""Several attacks on one network: what ``rnnspec robustness`` computes, prints and draws."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from torch import nn

from rnnspec._checks import one_of, seed_number
from rnnspec._plot import plot
from rnnspec._result import Table
from rnnspec.data.arrays import Labelled
from rnnspec.robustness.access import under_attack
from rnnspec.robustness.attacks.table import ATTACKS, CURVES, ON_SEQUENCES, ON_WEIGHTS, SIZED
from rnnspec.robustness.curve import EPSILONS, at_most, increasing_sizes, robustness_curve
from rnnspec.robustness.minimal import MinimalPerturbations, minimal_perturbations
from rnnspec.robustness.moved_weights import MovedWeights, by_strength, row_of
from rnnspec.robustness.result import RobustnessCurve
from rnnspec.robustness.threat import TARGETS
from rnnspec.robustness.weights import weight_robustness

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, eq=False, repr=False)
class Survey(Table):
    """The results of several attacks on one network.

    Attributes
    ----------
    n : int
        Number of sequences, the same for all attacks.
    clean_accuracy : float
        Share of the sequences that is right without perturbation.
    units : str or None
        Units of the sizes; None for an initial state, which has none.
    curves : mapping of str to RobustnessCurve
        The attacks within a budget, by name.
    minimal : mapping of str to MinimalPerturbations
        The attacks that look for the smallest perturbation.
    moved : mapping of str to tuple of MovedWeights
        The ways in which the recurrent matrices moved.
    seconds : mapping of str to float
        Time that each way of moving the matrices took.
    """

    n: int
    clean_accuracy: float
    units: str | None
    curves: Mapping[str, RobustnessCurve] = field(default_factory=dict)
    minimal: Mapping[str, MinimalPerturbations] = field(default_factory=dict)
    moved: Mapping[str, tuple[MovedWeights, ...]] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)

    def rows(self) -> list[dict[str, Any]]:
        """Return a record per attack and size, then one per search of the smallest change."""
        return [*self._results(), *(found.to_dict() for found in self.minimal.values())]

    def to_dict(self) -> dict[str, Any]:
        """Return the record that ``rnnspec robustness --json`` prints."""
        return {
            "clean_accuracy": self.clean_accuracy,
            "n": self.n,
            "units": self.units,
            "results": self._results(),
            "minimal": {name: found.to_dict() for name, found in self.minimal.items()},
            "warnings": [
                f"{name}: {text}" for name, curve in self.curves.items() for text in curve.warnings
            ],
        }

    def _results(self) -> list[dict[str, Any]]:
        rows = [row for curve in self.curves.values() for row in curve.rows()]
        for name, moved in self.moved.items():
            strengths = by_strength(moved)
            rows += [row_of(one, self.seconds[name] / len(strengths)) for one in strengths]
        return rows

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw accuracies and smallest changes; see `rnnspec.plots.attacks`."""
        return plot("attacks", self, ax)


def survey(
    model: nn.Module,
    data: Labelled,
    attacks: str | Sequence[str] = ("pgd",),
    epsilons: Sequence[float] | None = None,
    *,
    target: str = "input",
    norm: str | None = None,
    units: str = "std",
    iterations: int | None = None,
    restarts: int | None = None,
    samples: int | None = None,
    seed: int = 0,
) -> Survey:
    """Run several attacks on the same sequences.

    Parameters
    ----------
    model : torch.nn.Module
        A classifier, see `under_attack`.  To perturb weights it must hold recurrent layers of
        PyTorch.
    data : SequenceDataset, or pair (X, y)
        Arrays, tensors or a list of sequences, as `rnnspec.data.as_dataset` takes them.
    attacks : str, or sequence of str
        Names of attacks that `robustness_curve` or `minimal_perturbations` take, or, for the target
        "weights", that `weight_robustness` takes.
    epsilons : sequence of float, shape (m,), optional
        Sizes, increasing, for the attacks that take them; by default those of each function.  The
        last is the cap of ``sparse``.
    target : {"input", "state", "weights"}
        What moves.
    norm : str, optional
        Norm of the perturbations; by default ``linf``, and ``spectral`` for weights.
    units : {"std", "raw"}
        Units of an input.
    iterations, restarts : int, optional
        Effort of the attacks that take them, see `robustness_curve`.
    samples : int, optional
        Use at most so many sequences, chosen by `seed`.
    seed : int, default 0
        Seed of the choice of sequences and of all random numbers.

    Returns
    -------
    Survey
        All results, with the record that the command line prints.

    Raises
    ------
    ValueError
        If there is no attack, an attack or the target is unknown, sizes do not increase, or a
        function that an attack stands for refuses an argument.

    Notes
    -----
    Cost: the sum of the costs of the attacks.

    Examples
    --------
    The logits are the two values 3 and 1, which meet when each moves by 1:

    >>> from rnnspec.robustness.examples import two_logits
    >>> found = survey(*two_logits(3.0, 1.0), ["pgd", "deepfool"], [0.9, 1.1])
    >>> [row["accuracy"] for row in found.to_dict()["results"]]
    [1.0, 0.0]
    """
    one_of(target, "target", (*TARGETS, "weights"))
    known = ON_WEIGHTS if target == "weights" else ON_SEQUENCES
    listed = [attacks] if isinstance(attacks, str) else attacks
    names = [one_of(name, "attacks", known) for name in listed]
    if not names:
        raise ValueError("`attacks` must name at least one attack, got none")
    sizes: list[float] | None = None if epsilons is None else increasing_sizes(epsilons).tolist()
    part = at_most(data, samples, seed_number(seed))
    with under_attack(model, part) as victim:
        clean = float((~victim.wrong()).double().mean())
    curves, minimal, moved, seconds = {}, {}, {}, {}
    threat: dict[str, Any] = {"target": target, "norm": norm or "linf", "units": units}
    effort: dict[str, Any] = {"iterations": iterations, "restarts": restarts}
    for name in names:
        if name in ON_WEIGHTS:
            began = time.perf_counter()
            given = sizes if name in SIZED else None  # the others move as far as they move
            moved[name] = weight_robustness(
                model, part, name, given, norm=norm or "spectral", seed=seed
            )
            seconds[name] = time.perf_counter() - began
        elif name in CURVES:
            these = EPSILONS if sizes is None else sizes
            curves[name] = robustness_curve(model, part, name, these, **threat, **effort, seed=seed)
        else:
            capped = ATTACKS[name].capped and sizes
            cap: dict[str, Any] = {"epsilon": capped[-1]} if capped else {}
            minimal[name] = minimal_perturbations(model, part, name, **threat, **cap, seed=seed)
    shown = {"weights": "absolute", "state": None}.get(target, units)
    return Survey(len(part), clean, shown, curves, minimal, moved, seconds)
