"""Accuracy and stability of a network whose recurrent weights move."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from rnnspec._checks import SanityWarning, one_of, seed_number
from rnnspec.data.arrays import Labelled, as_dataset
from rnnspec.data.sequences import SequenceDataset
from rnnspec.models.recurrent import recurrent_blocks, recurrent_matrices
from rnnspec.robustness.access import under_attack
from rnnspec.robustness.attacks.table import ATTACKS, ON_WEIGHTS
from rnnspec.robustness.budget import ROUNDING, BudgetExceeded
from rnnspec.robustness.curve import increasing_sizes
from rnnspec.robustness.decision import answers_fail, is_undecided, wrong
from rnnspec.robustness.moved_weights import MovedWeights, weights_moved
from rnnspec.robustness.quantisation import prune_smallest, round_to_bits, to_half_precision
from rnnspec.robustness.worst_weights import worst_perturbation
from rnnspec.spectra.distance import distance_to_instability
from rnnspec.spectra.eigen import spectral_norm, spectral_radius

Array = NDArray[np.float64]
NORMS = ("spectral", "frobenius")
EPSILONS = (0.0, 0.01, 0.03, 0.1, 0.3, 1.0)
FRACTIONS = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9)


def weight_robustness(
    model: nn.Module,
    data: Labelled,
    attack: str,
    epsilons: Sequence[float] | None = None,
    *,
    fractions: Sequence[float] | None = None,
    norm: str = "spectral",
    matrices: Sequence[str] | None = None,
    seed: int = 0,
) -> tuple[MovedWeights, ...]:
    r"""Accuracy and spectral radius of `model` when its recurrent matrices are perturbed.

    All chosen matrices move at once, each by an E of its own.  E is real, as weights are.

    Parameters
    ----------
    model : torch.nn.Module
        It holds ``nn.RNN``, ``nn.LSTM`` or ``nn.GRU``, and is left exactly as it was.
    data : SequenceDataset, or pair (X, y)
        Arrays, tensors or a list of sequences, as `rnnspec.data.as_dataset` takes them.
    attack : str
        ``random`` has Gaussian entries, the same at all `epsilons` but for a factor.
        ``worst`` is the E of rank 1 or 2 for which an ascent finds the largest spectral radius of
        W + E, and ``rank_one`` is the same with rank 1; see `rnnspec.robustness.worst_weights`.
        They are the worst for stability, which need not be the worst for accuracy.
        ``fp16``, ``int8`` and ``int4`` round the entries, with one scale for each matrix.
        ``prune`` sets the smallest entries to zero.
    epsilons : sequence of float, shape (m,), optional
        Sizes :math:`\|E\|` of ``random``, ``worst`` and ``rank_one``; increasing, absolute.
        By default 0, 0.01, 0.03, 0.1, 0.3, 1.
    fractions : sequence of float, shape (m,), optional
        Shares of the entries that ``prune`` sets to zero, increasing.  By default 0, 0.1, 0.25,
        0.5, 0.75, 0.9.
    norm : {"spectral", "frobenius"}
        The norm that `epsilons` are measured in.
    matrices : sequence of str, optional
        Names as in `rnnspec.recurrent_matrices`.  By default all are moved.
    seed : int, default 0
        Seed of the Gaussian entries.

    Returns
    -------
    tuple of MovedWeights
        For each size, one record for each matrix.

    Raises
    ------
    ValueError
        For an unknown attack, norm or matrix, sizes that the attack does not take, sizes that
        are negative, not finite or out of order, a fraction above 1, or a normalised model
        that was not baked.
    BudgetExceeded
        If an E, as the network stores it, is larger than its epsilon.  This is always checked.
        It may be larger by 1e-5 of epsilon and, for the rounding of what is stored, by eps of its
        precision (1.2e-7 for float32) times :math:`\|W + E\|_F`.

    Notes
    -----
    Cost: at each size one forward pass of `data` and the eigenvalues of each matrix, O(h^3);
    ``worst`` and ``rank_one`` solve up to 120 further eigenvalue problems of size h.

    See Also
    --------
    rnnspec.stability_radius_real : The size at which ``worst`` makes a matrix unstable.

    Examples
    --------
    >>> from rnnspec import SequenceClassifier, SequenceDataset
    >>> data = SequenceDataset.from_raw(np.ones((4, 3, 1)), [3] * 4, [0, 1, 0, 1], ("a", "b"))
    >>> model = SequenceClassifier("rnn", 1, 2, hidden=4, init="identity")
    >>> (moved,) = weight_robustness(model, data, "worst", epsilons=[0.25])
    >>> moved.matrix, moved.accuracy, round(moved.spectral_radius, 6), round(moved.size, 6)
    ('layer0', 0.5, 1.25, 0.25)
    """
    data = as_dataset(data)
    kind = ATTACKS[one_of(attack, "attack", ON_WEIGHTS)].kind
    one_of(norm, "norm", NORMS)
    strengths = _strengths(attack, kind, epsilons, fractions)
    before = recurrent_matrices(model)
    names = _names_among(before, matrices)
    precision = {name: torch.finfo(W.dtype).eps for name, W in recurrent_blocks(model).items()}
    distances = {name: float(distance_to_instability(before[name])) for name in names}
    units = _unit_moves(before, names, norm, seed_number(seed))
    records, sized = [], kind == "sized"
    for strength in strengths:
        moves = {name: _move(before[name], attack, strength, norm, units[name]) for name in names}
        n_correct, after = _evaluate_moved(model, data, moves)
        for name in names:
            E = after[name] - before[name]
            moved = _norm(E, norm)
            if sized:
                rounding = precision[name] * _norm(after[name], "frobenius")
                _check_budget(name, moved, strength, norm, rounding)
            records.append(
                MovedWeights(
                    matrix=name,
                    attack=attack,
                    norm=norm,
                    epsilon=strength if sized else moved,
                    fraction=strength if attack == "prune" else None,
                    n_correct=n_correct,
                    n=len(data),
                    spectral_radius=spectral_radius(after[name]),
                    size=spectral_norm(E),
                    distance_to_instability=distances[name],
                    max_perturbation=moved,
                )
            )
    return tuple(records)


def _names_among(known: Mapping[str, Array], given: Sequence[str] | None) -> list[str]:
    """The matrices that move: all that are known, or those whose names are given."""
    names = list(known) if given is None else [one_of(name, "matrices", known) for name in given]
    if not names:
        raise ValueError("`matrices` must name at least one matrix, got none")
    return names


def _evaluate_moved(
    model: nn.Module, data: SequenceDataset, moves: Mapping[str, Array]
) -> tuple[int, dict[str, Array]]:
    """How many sequences are right while the matrices are moved, and the matrices as stored."""
    with under_attack(model, data) as victim:
        with weights_moved(model, moves), torch.no_grad():
            logits = victim.logits(victim.zeros())
            after = recurrent_matrices(model)
        if text := answers_fail(int(is_undecided(logits).sum()), len(victim)):
            victim.clean_logits()  # refuses a model that answers so without any move
            warnings.warn(text, SanityWarning, stacklevel=3)
        return int((~wrong(logits, victim.labels)).sum()), after


def _strengths(
    attack: str, kind: str, epsilons: Sequence[float] | None, fractions: Sequence[float] | None
) -> list[float]:
    """What is varied: epsilons or fractions; rounding has nothing to vary."""
    if epsilons is not None and kind != "sized":
        raise ValueError(f"`epsilons` must be None for {attack!r}, which finds its own size")
    if fractions is not None and kind != "pruning":
        raise ValueError(f"`fractions` must be None for {attack!r}, they are of 'prune'")
    if kind == "rounding":
        return [0.0]
    name, given, default = (
        ("fractions", fractions, FRACTIONS)
        if attack == "prune"
        else ("epsilons", epsilons, EPSILONS)
    )
    sizes: list[float] = increasing_sizes(default if given is None else given, name).tolist()
    if attack == "prune" and max(sizes) > 1:
        raise ValueError(f"`fractions` must be from 0 to 1, got {max(sizes)}")
    return sizes


def _unit_moves(
    matrices: Mapping[str, Array], names: Sequence[str], norm: str, seed: int
) -> dict[str, Array]:
    """A random E of norm 1 for each of `names`.

    It is drawn for all matrices, so that the choice of some does not change their E.
    """
    rng = np.random.default_rng(seed)
    drawn = {name: rng.standard_normal(W.shape) for name, W in matrices.items()}
    return {name: drawn[name] / _norm(drawn[name], norm) for name in names}


def _move(W: Array, attack: str, strength: float, norm: str, unit: Array) -> Array:
    match attack:
        case "random":
            return strength * unit
        case "worst" | "rank_one":
            return worst_perturbation(W, strength, norm, rank_one=attack == "rank_one")
        case "fp16":
            return to_half_precision(W) - W
        case "prune":
            return prune_smallest(W, strength) - W
        case _:
            return round_to_bits(W, bits=int(attack.removeprefix("int"))) - W


def _check_budget(name: str, moved: float, epsilon: float, norm: str, rounding: float) -> None:
    if moved > epsilon * (1 + ROUNDING) + rounding:
        raise BudgetExceeded(f"{name} was moved by {norm} {moved:.6g}, its budget is {epsilon:.6g}")


def _norm(E: Array, norm: str) -> float:
    return float(np.linalg.norm(E, 2 if norm == "spectral" else "fro"))
