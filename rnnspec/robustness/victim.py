r"""A trained classifier as a function of the perturbation of a batch.

.. math:: F(u) = f(x + s u) \quad\text{or, for the initial state,}\quad F(u) = f(x;\, h_0 = u)

Attacks know nothing of networks or data: they see F, its gradient and a budget.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from rnnspec._checks import one_of, positive
from rnnspec.robustness.budget import ROUNDING, Budget
from rnnspec.robustness.decision import LOSSES, Aim, decisive, excess, magnitude, wrong

Classify = Callable[[Tensor, Tensor, Tensor | None], Tensor]
"""Maps inputs, lengths and the state (or None) to logits."""

# Rows of the largest batch: more gain no speed, and memory grows with them.
BATCH = {"cpu": 512}
ON_DEVICE = 2048  # the same on an accelerator


def in_batches(rows: Tensor) -> tuple[Tensor, ...]:
    """`rows` in pieces that memory holds."""
    return torch.split(rows, BATCH.get(rows.device.type, ON_DEVICE))


@dataclass(frozen=True, eq=False)
class Victim:
    """The classifier on a batch, open to perturbation; made by `under_attack`.

    ``victim.logits(u)`` are the (n, k) logits under the perturbation u, whose shape
    and admissible values ``victim.budget`` holds; ``victim[rows]`` is the victim on
    some of the sequences.

    Attributes
    ----------
    classify : callable
        Maps inputs, lengths and state (or None) to logits.
    inputs : tensor, shape (n, t, d)
        Standardised sequences.
    lengths, labels : tensor, shape (n,)
        Their lengths and classes.
    scale : tensor, shape (d,), or None
        How much of an input one unit of u is; None if u is the initial state.
    budget : Budget
        Norm and box of the perturbations.
    clean : tensor, shape (n, k), or None
        The logits without perturbation, once they are known.
    rounding : float
        Relative error of the larger of two logits, which differ from batch to batch.
    doubts : tuple of str
        What is doubtful about the model, in words.
    """

    classify: Classify
    inputs: Tensor
    lengths: Tensor
    labels: Tensor
    scale: Tensor | None
    budget: Budget
    clean: Tensor | None = field(default=None, kw_only=True)
    rounding: float = field(default=ROUNDING, kw_only=True)
    doubts: tuple[str, ...] = field(default=(), kw_only=True)

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, rows: Tensor) -> Victim:
        return replace(
            self,
            inputs=self.inputs[rows],
            lengths=self.lengths[rows],
            labels=self.labels[rows],
            budget=self.budget[rows],
            clean=None if self.clean is None else self.clean[rows],
        )

    def zeros(self) -> Tensor:
        """The perturbation u = 0."""
        return torch.zeros_like(self.budget.lower)

    def perturb(self, u: Tensor) -> Tensor:
        """(n, t, d) inputs x + s u."""
        return self.inputs if self.scale is None else self.inputs + self.scale * u

    def logits(self, u: Tensor) -> Tensor:
        """(n, k) logits under the perturbation `u`."""
        return self.classify(self.perturb(u), self.lengths, u if self.scale is None else None)

    @torch.no_grad()
    def answers(self, u: Tensor) -> Tensor:
        """The `logits` of any number of sequences, computed in batches and without a gradient."""
        batches = in_batches(torch.arange(len(self), device=self.labels.device))
        return torch.cat([self[rows].logits(u[rows]) for rows in batches])

    @torch.no_grad()
    def clean_logits(self) -> Tensor:
        """(n, k) logits under no perturbation.

        Raises
        ------
        ValueError
            If they decide nothing for a sequence, see `rnnspec.robustness.decision`.
        """
        return decisive(self.logits(self.zeros())) if self.clean is None else self.clean

    def with_clean_logits(self) -> Victim:
        """The victim that holds its logits under no perturbation: every attack asks for them.

        Raises
        ------
        ValueError
            If they decide nothing for a sequence, see `rnnspec.robustness.decision`.
        """
        return replace(self, clean=decisive(self.answers(self.zeros())))

    def wrong(self) -> Tensor:
        """(n,) mask: the class is not the true one, without any perturbation."""
        return wrong(self.clean_logits(), self.labels)

    @torch.no_grad()
    def is_fooled(self, u: Tensor) -> Tensor:
        """(n,) mask: the class is no longer the true one; logits that decide nothing fool."""
        return wrong(self.logits(u), self.labels)

    @torch.no_grad()
    def at_boundary(self, u: Tensor, logits: Tensor | None = None) -> Tensor:
        """(n,) mask: the class is wrong, or another logit equals that of the label.

        Where u is not 0, they are equal up to the rounding of the two, which may differ from
        batch to batch.  Their unperturbed sizes count too, because logits near 0 are not rounded
        less.  The logits at `u` are computed unless they are given.
        """
        logits = self.logits(u) if logits is None else logits
        here, clean = (magnitude(z, self.labels) for z in (logits, self.clean_logits()))
        moved = (u != 0).flatten(1).any(1)
        return excess(logits, self.labels) >= -self.rounding * torch.maximum(here, clean) * moved

    def aim(self, loss: str, targets: Tensor | None) -> tuple[Victim, Aim]:
        """The victim whose labels an attack is measured by, and what the attack raises.

        Raises
        ------
        ValueError
            If the loss is unknown, or the targets are no classes, one per sequence.
        """
        aim = Aim(LOSSES[one_of(loss, "loss", LOSSES)], targets is not None)
        if targets is None:
            return self, aim
        targets = torch.as_tensor(targets, device=self.labels.device)
        if targets.shape != self.labels.shape or targets.dtype.is_floating_point:
            raise ValueError(
                f"`targets` must hold {len(self)} classes, one per sequence,"
                f" got {targets.dtype} of shape {tuple(targets.shape)}"
            )
        with torch.no_grad():
            k = self[torch.zeros_like(self.labels[:1])].logits(self.zeros()[:1]).shape[1]
        outside = (targets < 0) | (targets >= k)
        if outside.any():
            raise ValueError(
                f"`targets` must be classes from 0 to {k - 1}, got {int(targets[outside][0])}"
            )
        return replace(self, labels=targets.long()), aim

    def per_sequence(self, value: float | Tensor, name: str = "epsilon") -> Tensor:
        """(n,) budgets, or whatever else `name` says; a single number counts for all sequences.

        Raises
        ------
        ValueError
            If one is negative or not finite, or there is another number of them.
        """
        lower = self.budget.lower
        amounts = torch.as_tensor(value, dtype=lower.dtype, device=lower.device)
        if amounts.shape not in ((), (len(self),)):
            raise ValueError(
                f"`{name}` must be a number or {len(self)} numbers, one per sequence,"
                f" got shape {tuple(amounts.shape)}"
            )
        for worst in (amounts.min(), amounts.max()):  # either is NaN if one number is
            positive(float(worst), name, zero=True)
        return amounts.expand(len(self))

    def gradient(
        self, u: Tensor, loss: Callable[[Tensor, Tensor], Tensor]
    ) -> tuple[Tensor, Tensor, Tensor]:
        r"""Losses (n,), gradients :math:`\partial\ell_i/\partial u_i`, and logits at `u`.

        `loss` maps logits (n, k) and labels (n,) to losses (n,).

        Raises
        ------
        ValueError
            If the logits do not depend on `u` through autograd.
        """
        leaf = u.detach().requires_grad_()
        with torch.enable_grad():
            logits = self.logits(leaf)
            losses = loss(logits, self.labels)
            if not losses.requires_grad:
                raise ValueError(_NO_GRADIENT)
            (gradient,) = torch.autograd.grad(losses.sum(), leaf, allow_unused=True)
        if gradient is None:
            raise ValueError(_NO_GRADIENT)
        # A slope that is NaN, as that of a root at 0, counts as 0; it would make u NaN.
        return losses.detach(), gradient.nan_to_num(0.0), logits.detach()


_NO_GRADIENT = (
    "`model` must be differentiable in what is attacked, its logits carry no gradient"
    " (a detach, an argmax or a NumPy step inside? black-box attacks need none: square)"
)
