"""What `train` refuses before it begins: model and data that do not fit, and what is not shared."""

from __future__ import annotations

from typing import Any

import torch

from rnnspec.data.splits import DataSplits
from rnnspec.models.classifier import SequenceClassifier
from rnnspec.training.adversarial import Adversarial
from rnnspec.training.curvature import CurvaturePenalty
from rnnspec.training.distributed import Processes


def check_model(model: Any) -> None:
    """Refuse a model that is no `SequenceClassifier`."""
    if not isinstance(model, SequenceClassifier):
        raise ValueError(
            f"`model` must be a SequenceClassifier, got {type(model).__name__} (train another"
            " module by a loop of your own; normalize_recurrent, measure and robustness_curve"
            " take it)"
        )


def check_fit(model: SequenceClassifier, data: DataSplits) -> None:
    """Refuse data without training sequences, or of other sizes or another type than the model."""
    if not len(data.train):
        raise ValueError(f"`data` {data.name!r} must hold sequences to train on, found none")
    for name in ("n_features", "n_classes"):
        if getattr(model, name) != getattr(data, name):
            raise ValueError(
                f"`model` has {name} {getattr(model, name)}, but the data {data.name!r}"
                f" has {getattr(data, name)} (a model made for another data set or view?)"
            )
    of_data = torch.from_numpy(data.train.inputs[:0])
    for name, weight in model.named_parameters():
        if weight.dtype != of_data.dtype:
            raise ValueError(
                f"`model` must have weights of {of_data.dtype}, as the inputs of `data` are, got"
                f" {weight.dtype} of {name} (train model.float(), and cast it afterwards?)"
            )


def check_shared(
    processes: Processes,
    device: str,
    adversarial: Adversarial | None,
    curvature: CurvaturePenalty | None,
) -> None:
    """Refuse what several processes cannot do together.

    Raises
    ------
    ValueError
        It names the argument and says why.
    """
    drawn = "it draws random numbers for each batch as a whole"
    reasons = {
        "`device` cuda": (device.startswith("cuda"), "all of them would use one GPU"),
        "`adversarial`": (adversarial is not None, drawn),
        "`curvature` of the form 'hutchinson'": (
            curvature is not None and curvature.form == "hutchinson",
            drawn,
        ),
    }
    for name, (asked, reason) in reasons.items():
        if asked and processes.count > 1:
            raise ValueError(
                f"{name} trains in one process only, got {processes.count}"
                f" ({reason}; start it without torchrun)"
            )
