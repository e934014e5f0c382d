"""Every attack, once: what kind it is, the function that runs it, and its usual strength.

The curve, the smallest perturbations, the weights, the choices and help of the command line and
the words of the page are made from this table.  It imports none of the functions, so that
``rnnspec robustness --help`` stays quick.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Attack:
    """What is known of one attack.

    Attributes
    ----------
    kind : str
        ``search`` looks for a perturbation within a budget, ``single`` computes one perturbation
        for each budget, ``noise`` draws one, and ``minimal`` looks for the smallest.  The
        recurrent matrices are moved by a given size (``sized``), or as far as ``rounding`` or
        ``pruning`` moves them.
    words : str
        A few words for tables and pages.
    function : str
        Name in `rnnspec.robustness`; empty where `weight_robustness` moves matrices itself.
    options : mapping
        Arguments that make the function this attack.
    iterations, restarts : int or None
        Usual numbers; None where the attack takes none.
    white_box : bool
        Whether it follows a gradient.
    seeded : bool
        Whether it draws random numbers.
    warm : bool
        Whether it can begin at the result of another budget.
    together : bool
        Whether one perturbation is for all sequences, so that they cannot be cut into batches.
    capped : bool
        Whether it counts time steps instead of a norm, each moved by at most a cap `epsilon`.
    """

    kind: str
    words: str
    function: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    iterations: int | None = None
    restarts: int | None = None
    white_box: bool = True
    seeded: bool = True
    warm: bool = False
    together: bool = False
    capped: bool = False


def _noise(distribution: str, words: str) -> Attack:
    return Attack("noise", words, "noise", {"distribution": distribution}, white_box=False)


ATTACKS = {
    "pgd": Attack("search", "worst case (PGD)", "pgd", iterations=40, restarts=5, warm=True),
    "apgd": Attack("search", "worst case (APGD)", "apgd", iterations=100, restarts=5, warm=True),
    "square": Attack(
        "search", "random search (Square)", "square", iterations=1000, restarts=1, white_box=False
    ),
    "fgsm": Attack("single", "one update along the gradient (FGSM)", "fgsm", seeded=False),
    "universal": Attack(
        "single", "one perturbation for all", "universal", iterations=100, together=True
    ),
    "gaussian": _noise("gaussian", "Gaussian noise"),
    "uniform": _noise("uniform", "uniform noise"),
    "sign": _noise("sign", "noise of random signs"),
    "sphere": _noise("sphere", "noise on the sphere"),
    "deepfool": Attack("minimal", "smallest change (DeepFool)", "deepfool", seeded=False),
    "fmn": Attack("minimal", "smallest change (FMN)", "fmn", seeded=False),
    "bisection": Attack("minimal", "smallest change (PGD, bisected)", "bisection"),
    "sparse": Attack("minimal", "fewest time steps", "sparse", seeded=False, capped=True),
    "random": Attack("sized", "random change of the weights"),
    "worst": Attack("sized", "worst change of the weights"),
    "rank_one": Attack("sized", "worst change of rank one"),
    "fp16": Attack("rounding", "weights in half precision"),
    "int8": Attack("rounding", "weights of 8 bits"),
    "int4": Attack("rounding", "weights of 4 bits"),
    "prune": Attack("pruning", "smallest weights set to zero"),
}


def names(*kinds: str) -> tuple[str, ...]:
    """Names of the attacks of these kinds, in the order of the table.

    Examples
    --------
    >>> names("noise")
    ('gaussian', 'uniform', 'sign', 'sphere')
    """
    return tuple(name for name, attack in ATTACKS.items() if attack.kind in kinds)


CURVES = names("search", "single", "noise")
MINIMAL = names("minimal")
ON_SEQUENCES = (*CURVES, *MINIMAL)
SIZED = names("sized")
ON_WEIGHTS = names("sized", "rounding", "pruning")
