"""Accuracy against the size of a perturbation."""

from __future__ import annotations

import warnings as python_warnings
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from torch import nn

from rnnspec._checks import SanityWarning, count, one_of, positive, seed_number
from rnnspec.data.arrays import Labelled, as_dataset
from rnnspec.data.sequences import SequenceDataset
from rnnspec.robustness.attacks.searches import INDEPENDENT, SEARCHES
from rnnspec.robustness.points import Points, independent_points, points_of_search
from rnnspec.robustness.result import RobustnessCurve
from rnnspec.robustness.sanity import accuracy_rises, answers_fail, probe, vanishing
from rnnspec.robustness.threat import Threat, either
from rnnspec.robustness.thresholds import Thresholds, knowing
from rnnspec.robustness.victim import under_attack
from rnnspec.robustness.wilson import wilson

EPSILONS = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)


def robustness_curve(
    model: nn.Module,
    data: Labelled,
    attack: str = "pgd",
    epsilons: Sequence[float] = EPSILONS,
    *,
    norm: str = "linf",
    units: str = "std",
    target: str = "input",
    threat: Threat | None = None,
    steps: int | None = None,
    restarts: int | None = None,
    samples: int | None = None,
    seed: int = 0,
    checks: bool = True,
) -> RobustnessCurve:
    r"""Accuracy of `model` on `data` when each sequence may be moved by up to :math:`\varepsilon`.

    .. math:: a(\varepsilon) = \frac1n\,\#\{i : f(x_i + u) = y_i
              \text{ for each } u \text{ tried with } \|u\| \le \varepsilon\}

    For the searching attacks this is one search for the whole list: see
    `rnnspec.robustness.thresholds`.  Noise and ``fgsm`` try one perturbation at each size,
    and their a is that of this one: it may rise.

    Parameters
    ----------
    model : torch.nn.Module
        Maps inputs, and `lengths` if its forward names them, to logits; see `under_attack`.
    data : SequenceDataset, or pair (X, y)
        Say ``load_dataset("digits").test``; arrays, tensors and lists of sequences reach the
        model as they are, see `rnnspec.data.as_dataset`.
    attack : str
        ``pgd``, ``apgd`` (along the gradient), ``square`` (black box) search;
        ``fgsm`` is one gradient step; ``gaussian``, ``uniform``, ``sign`` and ``sphere`` are
        noise.
    epsilons : sequence of float
        Sizes, increasing, in units of the threat.
    norm : {"linf", "l2"}
    units : {"std", "raw"}
    target : {"input", "state"}
        See `Threat`; weights are perturbed by `rnnspec.robustness.weights`.
    threat : Threat, optional
        In place of `norm`, `units` and `target`: masks in time and channels.
    steps : int, optional
        Gradient steps of a run, by default 40 (pgd) or 100 (apgd); queries of ``square``,
        1000.  Nothing to the others.
    restarts : int, optional
        Runs from fresh random starts before a sequence is given up: 5; 1 of ``square``.
        Nothing to the others.
    samples : int, optional
        Use at most so many sequences, chosen by `seed`.
    seed : int, default 0
    checks : bool, default True
        Run the sanity checks that cost little, warn of what they find and keep it in
        ``warnings``.

    Returns
    -------
    RobustnessCurve

    Raises
    ------
    ValueError
        For sizes that are negative, not finite or out of order, an unknown attack, a norm
        or target that does not exist, counts that are no integers of at least 1 (whether the
        attack takes them or not), and whatever `under_attack` refuses.

    Notes
    -----
    Perturbed logits that decide nothing, because NaN is among them, count as wrong; a warning says
    for how many sequences.

    A search costs one full attack (``steps * restarts`` gradients) for each sequence that
    is not fooled at the smallest size, and about a tenth more.  Every sequence that counts
    as right at a size withstood a full attack at that size or at a larger one of the list.

    References
    ----------
    .. [1] N. Carlini et al., On Evaluating Adversarial Robustness, arXiv:1902.06705.

    Examples
    --------
    >>> import torch
    >>> from rnnspec.data.sequences import SequenceDataset
    >>> model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(2, 2, bias=False))
    >>> _ = torch.nn.init.eye_(model[1].weight)
    >>> values = [[[1.0], [0.0]], [[3.0], [0.0]]]
    >>> data = SequenceDataset.from_raw(values, [2, 2], [0, 0], ("first", "second"))
    >>> curve = robustness_curve(model, data, epsilons=[0, 0.45, 0.55, 1.6])
    >>> curve.accuracy.tolist(), curve.thresholds.tolist()
    ([1.0, 1.0, 0.5, 0.0], [0.55, 1.6])
    """
    sizes = increasing(epsilons)
    one_of(attack, "attack", (*SEARCHES, *INDEPENDENT))
    for name, value in (("steps", steps), ("restarts", restarts)):
        if value is not None:
            count(value, name)
    threat = either(threat, Threat(target=target, norm=norm, units=units), usual="linf")
    part = at_most(data, samples, seed_number(seed))
    with under_attack(model, part, threat) as victim:
        known = victim.doubts  # which `under_attack` has warned of
        said: list[str] = []
        victim = knowing(victim)
        wrong = victim.wrong().cpu().numpy()
        if attack in SEARCHES:
            search = SEARCHES[attack]
            found = Thresholds(
                victim,
                sizes[sizes > 0].tolist(),
                search.run,
                steps=steps or search.steps,
                restarts=restarts or search.restarts,
                seed=seed,
            ).find()
            points = points_of_search(found, sizes)
            said += probe(found, threat, seed) if checks and search.white_box else []
        else:
            points = independent_points(victim, sizes, INDEPENDENT[attack], seed)
            text = vanishing(victim) if checks and attack == "fgsm" else None
            said += [text] if text else []
    if text := answers_fail(int(points.undecided.sum()), len(wrong)):
        said.append(text)
    curve = _curve(threat, attack, sizes, points, wrong)
    if checks and (text := accuracy_rises(curve.epsilons, curve.accuracy, curve.ci_high)):
        said.append(text)
    for text in said:
        python_warnings.warn(text, SanityWarning, stacklevel=2)
    return replace(curve, warnings=(*known, *said))


def _curve(
    threat: Threat,
    attack: str,
    epsilons: NDArray[np.float64],
    points: Points,
    wrong: NDArray[np.bool_],
) -> RobustnessCurve:
    accuracy = (~points.fooled).mean(1)
    low, high = wilson(accuracy, len(wrong))
    smallest = np.where(points.fooled, epsilons[:, np.newaxis], np.inf).min(0)
    return RobustnessCurve(
        target=threat.target,
        attack=attack,
        norm=threat.norm,
        units=threat.units,
        epsilons=epsilons,
        accuracy=accuracy,
        ci_low=low,
        ci_high=high,
        mean_loss=np.where(np.isnan(points.losses), np.inf, points.losses).mean(1),
        max_perturbation=points.norms,
        seconds=points.seconds,
        thresholds=np.where(wrong, 0, smallest),
        n=len(wrong),
        clean_accuracy=float((~wrong).mean()),
    )


def increasing(given: Sequence[float], name: str = "epsilons") -> NDArray[np.float64]:
    """Sizes as an array, if they are finite, at least 0 and each above the one before.

    Examples
    --------
    >>> increasing([0, 0.2, 0.1])
    Traceback (most recent call last):
    ...
    ValueError: `epsilons` must increase, got 0.1 after 0.2
    """
    sizes = np.atleast_1d(np.asarray(given, np.float64))
    if sizes.ndim != 1 or not sizes.size:
        raise ValueError(f"`{name}` must be a list of sizes, got an array of shape {sizes.shape}")
    for size in sizes:
        positive(float(size), name, zero=True)
    if (later := np.flatnonzero(np.diff(sizes) <= 0)).size:
        j = int(later[0])
        raise ValueError(f"`{name}` must increase, got {sizes[j + 1]:g} after {sizes[j]:g}")
    return sizes


def at_most(data: Labelled, samples: int | None, seed: int) -> SequenceDataset:
    """At most so many sequences of `data`, chosen by `seed`; None: all."""
    data = as_dataset(data)
    if samples is None or count(samples, "samples") >= len(data):
        return data
    return data.subset(np.sort(np.random.default_rng(seed).permutation(len(data))[:samples]))
