"""A module runs on data while its recurrent part is recorded, and is left as it was."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from rnnspec.models.call import leave_unchanged, runner
from rnnspec.models.parts import Part
from rnnspec.models.recorded_call import Call
from rnnspec.models.recording import Change, UnknownCall, record_calls


@dataclass(frozen=True, eq=False)
class Trial:
    """A module with its recurrent part, and the data on which it runs.

    Attributes
    ----------
    model : module
    part : Part
        The recurrent part of `model`.
    inputs : tensor, shape (n, t, ...)
    lengths : tensor of int, shape (n,), or None
    """

    model: nn.Module
    part: Part
    inputs: Tensor
    lengths: Tensor | None

    def __getitem__(self, rows: Tensor) -> Trial:
        lengths = None if self.lengths is None else self.lengths[rows]
        return replace(self, inputs=self.inputs[rows], lengths=lengths)

    def refusal(self, what: str) -> ValueError:
        """The error which says that the map of the module is another, and what to do."""
        part = f"`{self.part.name}` ({type(self.part.module).__name__})"
        return ValueError(
            f"`model` ({type(self.model).__name__}) must take its state from step to step by the"
            f" formula of its recurrent part {part}: {what}.  If the map of the part alone is"
            f" wanted, pass {self.part.expression} with the inputs that it reads"
        )


def record(trial: Trial, change: Change | None = None, seed: int = 0) -> list[Call]:
    """The calls of the part while the module runs on the data of the trial.

    Parameters
    ----------
    trial : Trial
    change : function, optional
        Applied to what the part returns, before the module goes on with it.
    seed : int, default 0
        Seed of the random numbers that the module draws, if it draws any.

    Raises
    ------
    ValueError
        If the module does not run on the data, or does not call the part.
    """
    model, part = trial.model, trial.part
    if isinstance(part.module, torch.jit.ScriptModule):
        raise ValueError(
            "`model` must be a module before torch.jit.script or trace, which hide what its"
            f" recurrent part reads; or pass that part, {part.expression}, with inputs as that"
            " reads them"
        )
    run = runner(model)  # refuses a forward that wants other arguments, in its own words
    # Clones: others' forwards write into their inputs.
    inputs, lengths = trial.inputs.clone(), trial.lengths
    with leave_unchanged(model, seed), torch.no_grad(), record_calls(part, change) as calls:
        try:
            run(inputs, None if lengths is None else lengths.clone(), None)
        except UnknownCall:
            raise
        except Exception as error:  # another's forward may raise anything
            raise ValueError(
                f"`model` ({type(model).__name__}) must run on `inputs`, but its forward raised"
                f" {type(error).__name__}: {error} (or pass its recurrent part, {part.expression},"
                " with the inputs that it reads)"
            ) from error
    if not calls:
        raise trial.refusal("its forward never calls it, so that nothing shows how its weights act")
    return calls
