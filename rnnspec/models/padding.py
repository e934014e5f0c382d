"""Whether a true step of some sequence reads padding."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from rnnspec.models.running import Trial, record


def check_padding(trial: Trial, few: Trial, steps: Tensor) -> None:
    """Check that no true step reads padding, as where sequences are reversed with their padding.

    The module runs once with other numbers in the padding, and once with each sequence reversed
    within its true length.  A step whose reading differs in the first run alone reads padding.

    Raises
    ------
    ValueError
        If a true step changes with the padding and not with the data.
    """
    n, t = few.inputs.shape[:2]
    now = torch.arange(t, device=steps.device).expand(n, t)
    padded = now >= steps[:, None]
    if not bool(padded.any()):
        return
    rows = torch.arange(n, device=steps.device)[:, None]
    filled = few.inputs[rows, now % steps[:, None]]
    turned = few.inputs[rows, torch.where(padded, now, steps[:, None] - 1 - now)]
    read, *others = (
        torch.cat([one.inputs for one in record(replace(few, inputs=inputs), seed=1)], dim=1)
        for inputs in (few.inputs, filled, turned)
    )
    if any(other.shape != read.shape for other in others):
        return
    by_padding, by_data = ((other != read).any(2) for other in others)
    wrong = by_padding & ~by_data & ~padded[:, : read.shape[1]]
    # The middle of a sequence that is turned round stays where it is.
    middle = 2 * now[:, : read.shape[1]] == steps[:, None] - 1
    if bool((wrong & ~middle).any()):
        first = int((wrong & ~middle).any(0).nonzero()[0])
        raise trial.refusal(
            f"what it reads at step {first} is padding (are sequences turned round with their"
            " padding? turn each one round within its true length, or leave `lengths` out)"
        )
