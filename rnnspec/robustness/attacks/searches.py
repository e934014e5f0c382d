"""The attacks that a curve can be made with, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from torch import Tensor

from rnnspec.robustness.attacks.apgd import apgd
from rnnspec.robustness.attacks.gradient import fgsm, pgd
from rnnspec.robustness.attacks.noise import DISTRIBUTIONS, noise
from rnnspec.robustness.attacks.square import square
from rnnspec.robustness.thresholds import Attempt
from rnnspec.robustness.victim import Victim


@dataclass(frozen=True)
class Search:
    """One run of an attack that looks for a perturbation, and its usual strength."""

    run: Attempt
    steps: int
    restarts: int
    white_box: bool = True


def _pgd(victim: Victim, epsilon: Tensor, steps: int, start: Tensor | None, seed: int) -> Tensor:
    return pgd(victim, epsilon, steps=steps, start=start, seed=seed)


def _apgd(victim: Victim, epsilon: Tensor, steps: int, start: Tensor | None, seed: int) -> Tensor:
    return apgd(victim, epsilon, steps=steps, start=start, seed=seed)


def _square(
    victim: Victim,
    epsilon: Tensor,
    steps: int,
    start: Tensor | None,  # noqa: ARG001 - it has its own
    seed: int,
) -> Tensor:
    return square(victim, epsilon, queries=steps, seed=seed)


SEARCHES = {
    "pgd": Search(_pgd, steps=40, restarts=5),
    "apgd": Search(_apgd, steps=100, restarts=5),
    "square": Search(_square, steps=1000, restarts=1, white_box=False),
}


def _fgsm(victim: Victim, epsilon: float, *, seed: int) -> Tensor:  # noqa: ARG001
    return fgsm(victim, epsilon)


# Drawn or computed anew at each size: a larger size may fool fewer.
INDEPENDENT: dict[str, Callable[..., Tensor]] = {
    "fgsm": _fgsm,
    **{name: partial(noise, distribution=name) for name in DISTRIBUTIONS},
}
