"""How long the sequences are that a recurrent part reads."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from rnnspec.models.recorded_call import Call
from rnnspec.models.running import Trial


def true_lengths(trial: Trial, calls: Sequence[Call], read: Tensor) -> Tensor:
    """The true lengths (n,) of the sequences that the part reads.

    They are those of packed sequences, else those of the data if they fit what is read.

    Raises
    ------
    ValueError
        If the part reads other sequences than there are, or lengths say nothing of its steps.
    """
    (n, t), given, packed = trial.inputs.shape[:2], trial.lengths, calls[0].lengths
    if len(read) != n:
        raise trial.refusal(
            f"it reads {len(read)} sequences of {read.shape[1]} steps where `inputs` has {n} of {t}"
            " (batch_first=False?)"
        )
    if packed is not None:
        packed = packed.to(trial.inputs.device)
        if given is not None and not torch.equal(packed, given):
            raise trial.refusal(
                "it reads packed sequences of other lengths than `lengths`, or in another order"
            )
        return packed
    if given is None:
        return torch.full((n,), read.shape[1], device=read.device)
    if read.shape[1] in (t, int(given.max())):
        return given
    raise trial.refusal(
        f"it reads {read.shape[1]} steps where `inputs` has {t}, so that `lengths` says nothing of"
        " them (leave `lengths` out for sequences without padding)"
    )
