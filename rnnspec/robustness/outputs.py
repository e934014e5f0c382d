"""Checks of a classifier's outputs: they must be logits (n, k), each row of one sequence alone.

A measure of robustness means something only if the logits are a function of one sequence alone:
the same at every call, and with any other sequences in the batch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from rnnspec.models.call import parameters_of, takes, unwrap
from rnnspec.robustness.budget import ROUNDING

FEW = 64  # sequences whose logits are checked: enough that logits do not sum to 1 by chance
# Sizes, in standard deviations, of the noise under which outputs that look like shares are tried:
# within the data, at its edge, and far outside.
TRIALS = (0.5, 3.0, 20.0)


def check_outputs(outputs: Any, n: int) -> None:
    """Raise unless `outputs`, of `n` sequences, are (n, k) floating-point numbers, k at least 2.

    Raises
    ------
    ValueError
        The text says what came and how to make logits of it.
    """
    shape = tuple(outputs.shape) if isinstance(outputs, Tensor) else None
    must = f"`model` must map {n} sequences to ({n}, k) logits, got"
    if shape is None:
        raise ValueError(
            f"{must} {type(outputs).__name__} (wrap the module in one that returns the logits"
            " alone: of a pair (logits, state) the first, of a record its field .logits)"
        )
    if not outputs.is_floating_point():
        raise ValueError(
            f"{must} {outputs.dtype} of shape {shape} (an argmax inside? return what it compares)"
        )
    if shape in ((n,), (n, 1)):
        raise ValueError(
            "`model` must tell at least two classes apart, its logits have 1: of one logit z per"
            " sequence return torch.stack([torch.zeros_like(z), z], 1), for z of shape (n,)"
        )
    if len(shape) == 3 and shape[0] == n:
        raise ValueError(
            f"{must} {shape} (outputs of every step? return those of the last true one alone)"
        )
    if len(shape) != 2 or shape[0] != n:
        raise ValueError(
            f"{must} {shape} (a recurrent layer without batch_first=True takes the first axis,"
            " the sequences, for time)"
        )


def check_logits(
    classify: Callable[[Tensor], Tensor], inputs: Tensor, logits: Tensor, eps: float
) -> None:
    """Raise if the logits are probabilities: not negative, and summing to 1 for every input.

    If the `logits` of the inputs (n, t, d) look like probabilities, noise is added to the inputs,
    because a few logits that sum to 1 prove nothing.  The inputs are repeated until there are 64.

    Raises
    ------
    ValueError
        If they are probabilities, and not the same for all inputs.
    """
    generator = torch.Generator().manual_seed(0)
    inputs = inputs.repeat(-(-FEW // len(inputs)), 1, 1)
    noise = torch.randn(inputs.shape, generator=generator, dtype=torch.float64).to(inputs)
    tol, outputs = max(ROUNDING, 4 * eps), logits
    for size in TRIALS:
        if not _are_shares(outputs, tol):
            return
        outputs = torch.cat([outputs, classify(inputs + size * noise)])
    # Constant outputs may be logits or probabilities, and no attack changes them.
    if _are_shares(outputs, tol) and (outputs - outputs[0]).abs().amax() > tol:
        raise ValueError(
            "`model` must return logits, its outputs are probabilities (a softmax at the end?"
            " its gradient vanishes where the network is sure, and hides it from attack): return"
            " the inputs of the softmax, or the logarithm of its outputs (if these are logits that"
            " sum to 1 for every input: add a constant to all, which changes no decision)"
        )


def _are_shares(outputs: Tensor, tol: float) -> bool:
    return bool((outputs >= 0).all() and ((outputs.sum(1) - 1).abs() <= tol).all())


def check_rows(classify: Callable[[Tensor], Tensor], inputs: Tensor, eps: float) -> str | None:
    """Raise if a sequence's logits depend on the rest of the batch; say so if they are random.

    Two batches of two sequences are compared that differ in the first sequence.  The logits of the
    second must agree to rounding, or they are no function of the second alone.

    Raises
    ------
    ValueError
        If they depend on it.
    """
    last = inputs[-1:]
    first = inputs[:1] if not torch.equal(inputs[:1], last) else 1 - last
    pair = torch.cat([first, last])
    one, again = classify(pair), classify(pair)
    if _apart(one, again, eps):
        return (
            "the model gives different logits for the same sequences when it is called twice: it"
            " draws random numbers in evaluation mode (functional.dropout with training=True? a"
            " randomised defence?), and what an attack finds holds for the draws that it saw; wrap"
            " the model in one that averages several evaluations"
        )
    other = classify(torch.cat([last, last]))
    check_outputs(other, 2)
    if changed := _apart(one[1:], other[1:], eps):
        raise ValueError(
            "`model` must answer each sequence by itself, but its logits for one change by"
            f" {changed:.3g} with another sequence in the batch (a recurrent layer without"
            " batch_first=True takes the first axis, the sequences, for time; a normalisation, or a"
            " scale of quantisation, of the whole batch? then wrap it in a module that reads one"
            " sequence at a time)"
        )
    return None


def _apart(one: Tensor, other: Tensor, eps: float) -> float:
    """The largest difference between two batches of logits; 0 if rounding may be its cause."""
    apart = float((one - other).nan_to_num(0.0).abs().amax())
    size = float(one.nan_to_num(0.0, 0.0, 0.0).abs().amax())
    return apart if apart > eps**0.5 * size else 0.0


def padding_is_read(model: nn.Module, lengths: Tensor, n_steps: int) -> str | None:
    """A sentence if sequences are padded and the forward of `model` takes no lengths."""
    shorter = int((lengths < n_steps).sum())
    if not shorter or takes(model, "lengths"):
        return None
    others = ", ".join(f"`{name}`" for name in list(parameters_of(model))[1:])
    return (
        f"{shorter} of {len(lengths)} sequences are padded, and the forward of"
        f" {type(unwrap(model)).__name__} has no parameter `lengths`"
        + (f" (it has {others}, which is given nothing)" if others else "")
        + ": it reads the padding as data, unless it finds the ends by itself, and accuracy"
        " depends on how long the padding is"
    )
