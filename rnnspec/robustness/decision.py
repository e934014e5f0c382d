r"""What logits decide, the class of the largest if it is a number, and losses that attacks raise.

A class whose logit is :math:`-\infty` is masked: it is never chosen, and no gradient leads to
it.  Logits decide nothing if one of them is NaN or :math:`+\infty`, or if all are
:math:`-\infty`; such a decision counts as wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

FIRST = 5  # positions that a refusal names


def is_undecided(logits: Tensor) -> Tensor:
    """(n,) mask: no largest of the logits (n, k) is a number.

    Examples
    --------
    >>> is_undecided(torch.tensor([[1.0, -torch.inf], [1.0, torch.nan], [1.0, torch.inf]]))
    tensor([False,  True,  True])
    """
    return ~logits.amax(1).isfinite()


def wrong(logits: Tensor, labels: Tensor) -> Tensor:
    """(n,) mask: the logits (n, k) do not decide for the label; the first of equal logits counts.

    Examples
    --------
    >>> wrong(torch.tensor([[1.0, 1.0], [torch.nan, 0.0]]), torch.tensor([0, 0]))
    tensor([False,  True])
    """
    largest, classes = logits.max(1)
    # Where the largest logit is not finite, 0 times it is NaN, and so no class equals the label.
    return classes != torch.add(labels, largest, alpha=0)


def cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    r"""(n,) losses :math:`\log\sum_k e^{z_k} - z_y`.

    Examples
    --------
    >>> cross_entropy(torch.zeros(1, 2), torch.tensor([0]))
    tensor([0.6931])
    """
    return functional.cross_entropy(logits, labels, reduction="none")


def logit_difference(logits: Tensor, labels: Tensor) -> Tensor:
    r"""(n,) losses :math:`\max_{k\ne y} z_k - z_y`, above 0 where the class is wrong.

    Its gradient does not vanish where the network is sure, as that of the
    cross-entropy does in finite precision; two classes are enough.

    Examples
    --------
    >>> logit_difference(torch.tensor([[3.0, 1.0, -2.0]]), torch.tensor([0]))
    tensor([-2.])
    """
    own, others = _two_that_decide(logits, labels)
    return others - own


LOSSES = {"cross_entropy": cross_entropy, "logit_difference": logit_difference}


def excess(logits: Tensor, labels: Tensor) -> Tensor:
    """(n,) logit differences; 0 on the decision boundary, infinite where nothing is decided.

    Examples
    --------
    >>> logits = torch.tensor([[3.0, 4.0, -1e9], [3.0, torch.nan, 0.0]])
    >>> excess(logits, torch.tensor([0, 0]))
    tensor([1., inf])
    """
    own, others = _two_that_decide(logits, labels)
    # 0 * own is NaN if `own` is infinite: the label is masked, or nothing is decided.
    return (others - own + 0 * own).nan_to_num(torch.inf, torch.inf, -torch.inf)


def magnitude(logits: Tensor, labels: Tensor) -> Tensor:
    r"""(n,) sizes :math:`\max(|z_y|, |z_k|)` of the two logits that decide, where finite.

    The rounding of their difference is proportional to it; no other class matters.

    Examples
    --------
    >>> magnitude(torch.tensor([[3.0, -4.0, -1e9]]), torch.tensor([0]))
    tensor([4.])
    """
    sizes = torch.stack(_two_that_decide(logits, labels)).abs()
    return sizes.masked_fill(~sizes.isfinite(), 0).amax(0)


def _two_that_decide(logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """(n,) logits of the label, and of the strongest other class."""
    own = labels[:, None]
    return logits.gather(1, own)[:, 0], logits.scatter(1, own, -torch.inf).amax(1)


def decisive(logits: Tensor) -> Tensor:
    """Return `logits` unchanged, if those of every sequence decide something.

    Raises
    ------
    ValueError
        If some do not; the text says how many, and which are the first.
    """
    lost = torch.nonzero(is_undecided(logits))[:, 0]
    if len(lost):
        named = ", ".join(map(str, lost[:FIRST].tolist())) + (", ..." if len(lost) > FIRST else "")
        raise ValueError(
            "`model` must answer each sequence with logits whose largest is a number: NaN or"
            f" infinity decide nothing for {len(lost)} of {len(logits)} sequences, those at"
            f" {named} (weights or inputs that overflow, a division by 0? a class masked by -inf"
            " is understood)"
        )
    return logits


def answers_fail(undecided: int, n: int) -> str | None:
    """Whether the perturbed network has NaN or infinite logits for some sequences.

    Examples
    --------
    >>> answers_fail(2, 40)
    'the logits of 2 of 40 sequences become NaN or infinite under perturbation: ...'
    """
    if not undecided:
        return None
    return (
        f"the logits of {undecided} of {n} sequences become NaN or infinite under perturbation:"
        " they count as wrong, though what failed is the arithmetic of the model, and not a"
        " decision (a logarithm, a root or a division whose argument left its range?)"
    )


@dataclass(frozen=True)
class Aim:
    """What an attack raises and when it has won: away from the label, or towards a target."""

    loss: Callable[[Tensor, Tensor], Tensor]
    targeted: bool

    def __call__(self, logits: Tensor, labels: Tensor) -> Tensor:
        """(n,) losses, to be raised."""
        losses = self.loss(logits, labels)
        return -losses if self.targeted else losses

    def is_reached(self, logits: Tensor, labels: Tensor) -> Tensor:
        """(n,) mask: the class is the target, or is no longer the label."""
        elsewhere = wrong(logits, labels)
        return ~elsewhere if self.targeted else elsewhere
