"""Accuracy against the size of a perturbation."""

from __future__ import annotations

import time
import warnings as python_warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from rnnspec import robustness
from rnnspec._checks import SanityWarning, count, one_of, positive, seed_number
from rnnspec.data.arrays import Labelled, as_dataset
from rnnspec.data.sequences import SequenceDataset
from rnnspec.robustness.access import under_attack
from rnnspec.robustness.attacks.table import ATTACKS, CURVES, Attack
from rnnspec.robustness.budget import sizes as norms_of
from rnnspec.robustness.decision import answers_fail, cross_entropy, wrong
from rnnspec.robustness.result import RobustnessCurve, curve_of
from rnnspec.robustness.sanity import accuracy_rises, check_slopes, probe
from rnnspec.robustness.threat import Threat, either
from rnnspec.robustness.thresholds import Thresholds
from rnnspec.robustness.victim import Victim, in_batches

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
    iterations: int | None = None,
    restarts: int | None = None,
    samples: int | None = None,
    seed: int = 0,
    checks: bool = True,
) -> RobustnessCurve:
    r"""Accuracy of `model` on `data` when each sequence may be moved by up to :math:`\varepsilon`.

    .. math:: a(\varepsilon) = \frac1n\,\#\{i : f(x_i + u) = y_i
              \text{ for each } u \text{ tried with } \|u\| \le \varepsilon\}

    For the searching attacks (``pgd``, ``apgd``, ``square``) this is one search for the whole list,
    see `rnnspec.robustness.thresholds`.  The others try one perturbation at each size, and their
    accuracy counts this one alone, so it may rise with the size.

    Parameters
    ----------
    model : torch.nn.Module
        Maps inputs, and `lengths` if its forward names them, to logits; see `under_attack`.
    data : SequenceDataset, or pair (X, y)
        For instance ``load_dataset("digits").test``.  Arrays, tensors and lists of sequences come
        to the model as they are, see `rnnspec.data.as_dataset`.
    attack : str
        ``pgd`` and ``apgd`` search along the gradient, ``square`` without it; ``fgsm`` is one
        update along the gradient; ``universal`` finds one perturbation for all sequences of
        `data` together; ``gaussian``, ``uniform``, ``sign`` and ``sphere`` are noise.
    epsilons : sequence of float, shape (m,)
        Sizes, increasing, in units of the threat.
    norm : {"linf", "l2"}
        The largest entry, or the Euclidean length of a sequence's perturbation.
    units : {"std", "raw"}
        Standard deviations of each channel, or raw units.
    target : {"input", "state"}
        What moves, see `Threat`; `weight_robustness` moves the weights.
    threat : Threat, optional
        In place of `norm`, `units` and `target`; it can mask time steps and channels.
    iterations : int, optional
        Updates of each start, by default 40 (``pgd``) or 100 (``apgd``); updates of
        ``universal``, 100; queries of ``square``, 1000.  The other attacks ignore it.
    restarts : int, optional
        Random starts before a sequence is given up, by default 5 (``pgd``, ``apgd``) or 1
        (``square``).  The other attacks ignore it.
    samples : int, optional
        Use at most so many sequences, chosen by `seed`.
    seed : int, default 0
        Seed of the choice of sequences and of all random numbers.
    checks : bool, default True
        Run the sanity checks that cost little, warn of what they find and keep it in
        ``warnings``.

    Returns
    -------
    RobustnessCurve
        Accuracy at each size, with intervals, losses, and the threshold of each sequence.

    Raises
    ------
    ValueError
        If sizes are negative, not finite or out of order, the attack, norm or target is unknown,
        a count is no integer of at least 1 (whether the attack takes it or not), or
        `under_attack` refuses the model or the data.

    Warns
    -----
    SanityWarning
        For each sign that the accuracy does not mean what it seems to mean.

    Notes
    -----
    Perturbed logits that decide nothing, because NaN is among them, count as wrong; a warning says
    for how many sequences.

    Cost: a search takes one full attack (``iterations * restarts`` gradients) for each sequence
    that is not fooled at the smallest size, and about a tenth more.  Every sequence that counts
    as right at a size withstood a full attack at that size or at a larger one of the list.

    References
    ----------
    .. [1] N. Carlini et al., On Evaluating Adversarial Robustness, arXiv:1902.06705.

    Examples
    --------
    The logits are the two values 3 and 1, which meet when each moves by 1:

    >>> from rnnspec.robustness.examples import two_logits
    >>> curve = robustness_curve(*two_logits(3.0, 1.0), epsilons=[0, 0.9, 1.1])
    >>> curve.accuracy.tolist(), curve.thresholds.tolist()
    ([1.0, 1.0, 0.0], [1.1])
    """
    sizes = increasing_sizes(epsilons)
    chosen = ATTACKS[one_of(attack, "attack", CURVES)]
    options = _options_of(chosen, iterations, restarts)
    threat = either(threat, Threat(target=target, norm=norm, units=units), usual="linf")
    part = at_most(data, samples, seed_number(seed))
    function = getattr(robustness, chosen.function)
    said: list[str | None] = []
    with under_attack(model, part, threat) as doubtful:
        victim = doubtful.with_clean_logits()
        if chosen.kind == "search":
            found = Thresholds(
                victim, sizes[sizes > 0].tolist(), function, **options, warm=chosen.warm, seed=seed
            ).find()
            fooled, losses, norms, seconds = found.at_sizes(sizes)
            said += probe(found, threat, seed) if checks and chosen.white_box else []
        else:
            seeds = np.random.default_rng(seed) if chosen.seeded else None
            tried = partial(function, **options)
            fooled, losses, norms, seconds = try_each(victim, sizes, tried, seeds, chosen.together)
            said.append(check_slopes(victim) if checks and chosen.white_box else None)
        said.append(answers_fail(int(losses.isnan().any(0).sum()), len(victim)))
        clean = victim.wrong()
    curve = curve_of(threat, attack, sizes, fooled, clean, losses, norms, seconds)
    if checks:
        said.append(accuracy_rises(curve.epsilons, curve.accuracy, curve.ci_high))
    texts = [text for text in said if text]
    for text in texts:
        python_warnings.warn(text, SanityWarning, stacklevel=2)
    return replace(curve, warnings=(*doubtful.doubts, *texts))


def _options_of(chosen: Attack, iterations: int | None, restarts: int | None) -> dict[str, Any]:
    """The arguments of an attack: those that make it this one, and its effort if it takes any."""
    for name, value in (("iterations", iterations), ("restarts", restarts)):
        if value is not None:
            count(value, name)
    options = dict(chosen.options)
    if chosen.iterations:
        options["iterations"] = iterations or chosen.iterations
    if chosen.kind == "search":
        options["restarts"] = restarts or chosen.restarts or 1
    return options


def try_each(
    victim: Victim,
    epsilons: NDArray[np.float64],
    attack: Callable[..., Tensor],
    seeds: np.random.Generator | None,
    together: bool = False,
) -> tuple[Tensor, Tensor, NDArray[np.float64], NDArray[np.float64]]:
    """Who is fooled (m, n), losses (m, n), norms (m,) and seconds (m,) of one try at each size.

    With the same seed at each size, noise is the same noise, larger or smaller.
    """
    rows = torch.arange(len(victim), device=victim.labels.device)
    batches = (rows,) if together else in_batches(rows)
    given: list[dict[str, int]] = [{}] * len(batches)
    if seeds is not None:
        given = [{"seed": seed} for seed in seeds.integers(2**31, size=len(batches)).tolist()]
    fooled, losses, norms, seconds = [], [], [], []
    for epsilon in epsilons.tolist():
        began = time.perf_counter()
        u = victim.zeros()
        for some, own in zip(batches, given, strict=True):
            u[some] = victim[some].budget.clip(attack(victim[some], epsilon, **own))
        u[victim.wrong()] = 0  # a perturbation never repairs
        victim.budget.check(u, epsilon)
        logits = victim.answers(u)
        fooled.append(wrong(logits, victim.labels))
        losses.append(cross_entropy(logits, victim.labels))
        norms.append(norms_of(u, victim.budget.norm).max().item())
        seconds.append(time.perf_counter() - began)
    return torch.stack(fooled), torch.stack(losses), np.array(norms), np.array(seconds)


def increasing_sizes(given: Sequence[float], name: str = "epsilons") -> NDArray[np.float64]:
    """Sizes as an array, if they are finite, at least 0 and each above the one before.

    Examples
    --------
    >>> increasing_sizes([0, 0.2, 0.1])
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
    data = data if isinstance(data, SequenceDataset) else as_dataset(data)
    if samples is None or count(samples, "samples") >= len(data):
        return data
    return data.subset(np.sort(np.random.default_rng(seed).permutation(len(data))[:samples]))
