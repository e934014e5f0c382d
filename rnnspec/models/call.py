"""Running a module on sequences: what its forward is given, and the mode that it runs in.

Only the names of its parameters say what a forward expects: ``forward(x, hidden=None)`` and
``forward(x, noise=0.0)`` have a second argument too, but it is not the lengths.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from inspect import Parameter, signature
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy
from torch.optim.swa_utils import AveragedModel

NAMED = ("lengths", "state")
WRAPPERS = (nn.DataParallel, nn.parallel.DistributedDataParallel, AveragedModel)

Run = Callable[[Tensor, Tensor | None, Tensor | None], Any]


def unwrap(model: nn.Module) -> nn.Module:
    """The module inside its wrapper, if `model` is one.

    Wrappers are DataParallel, DistributedDataParallel, AveragedModel and what torch.compile gives.

    Examples
    --------
    >>> gru = nn.GRU(2, 3)
    >>> unwrap(nn.DataParallel(nn.DataParallel(gru))) is gru
    True
    """
    while True:
        # To import the class that torch.compile gives would take a second.
        compiled = getattr(model, "_orig_mod", None)
        if isinstance(compiled, nn.Module):
            model = compiled
        elif isinstance(model, WRAPPERS):
            model = model.module
        else:
            return model


def parameters_of(model: nn.Module) -> Mapping[str, Parameter]:
    """The parameters of the forward of `model`, without its wrapper, by name and in order.

    Examples
    --------
    >>> list(parameters_of(nn.GRU(2, 3)))
    ['input', 'hx']
    """
    forward = unwrap(model).forward
    # A TorchScript module that was read from a file has no signature in Python.
    schema = getattr(forward, "schema", None)
    if schema is None:
        return signature(forward).parameters
    return {
        argument.name: Parameter(
            argument.name,
            Parameter.KEYWORD_ONLY if argument.kwarg_only else Parameter.POSITIONAL_OR_KEYWORD,
            default=argument.default_value if argument.has_default_value() else Parameter.empty,
        )
        for argument in schema.arguments[1:]  # the first is the module itself
    }


def takes(model: nn.Module, name: str) -> bool:
    """Whether the forward of `model` has a parameter `name` behind the first, its inputs.

    Examples
    --------
    >>> takes(nn.GRU(2, 3), "hx"), takes(nn.GRU(2, 3), "lengths")
    (True, False)
    """
    found = list(parameters_of(model).values())[1:]
    variadic = (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)
    return any(one.name == name and one.kind not in variadic for one in found)


def runner(model: nn.Module) -> Run:
    """A function that runs `model` as `call` does, but inspects its forward only once.

    Returns
    -------
    function
        It takes inputs, and lengths and state or None, and returns what the module returns.

    Raises
    ------
    ValueError
        If the forward takes no inputs, or requires something beside inputs, lengths and state.
    """
    others = list(parameters_of(model).values())
    if not others or others.pop(0).kind in (Parameter.KEYWORD_ONLY, Parameter.VAR_KEYWORD):
        raise ValueError(
            "`model` must have a forward whose first argument is the inputs,"
            f" that of {type(unwrap(model)).__name__} takes none by position"
        )
    variadic = (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)
    others = [one for one in others if one.kind not in variadic]
    for one in others:
        if one.name not in NAMED and one.default is Parameter.empty:
            raise ValueError(_REQUIRED.format(type(unwrap(model)).__name__, one.name))
    required = {one.name for one in others if one.default is Parameter.empty}
    by_position = [one for one in others if one.kind is Parameter.POSITIONAL_ONLY]
    by_keyword = [one.name for one in others if one.name in NAMED and one not in by_position]

    def run(inputs: Tensor, lengths: Tensor | None = None, state: Tensor | None = None) -> Any:
        if lengths is None and "lengths" in required:
            n, t = inputs.shape[:2]
            lengths = torch.full((n,), t, device=inputs.device)
        if state is None and "state" in required:
            raise ValueError(_REQUIRED.format(type(unwrap(model)).__name__, "state"))
        given = {"lengths": lengths, "state": state}
        values = ((given.get(one.name), one.default) for one in by_position)
        in_order = [default if value is None else value for value, default in values]
        by_name = {name: given[name] for name in by_keyword if given[name] is not None}
        return model(inputs, *in_order, **by_name)

    return run


_REQUIRED = (
    "`model` must run on its inputs alone, or with `lengths` and `state`, but the forward of {0}"
    " requires `{1}`: give it a default, wrap the module in one that hands it over, or, if it is"
    " the true lengths (n,) of the sequences, name it `lengths`"
)


def call(
    model: nn.Module, inputs: Tensor, lengths: Tensor | None = None, state: Tensor | None = None
) -> Any:
    """What `model` returns for `inputs`; it gets lengths and state if its forward names them.

    Parameters
    ----------
    model : module
        It runs as it is, in its wrapper (``DataParallel``, `torch.compile`) if it has one.
    inputs : tensor, shape (n, t, d)
        The first argument.
    lengths : tensor of int, shape (n,), optional
        Given by keyword to a forward that has a parameter of exactly this name, or by position if
        it takes no keyword.  Default: the default of the forward, or all t if it has none.
    state : tensor, optional
        Given as `lengths` are.

    Raises
    ------
    ValueError
        If the forward takes no inputs, or requires another argument, or a state that is not
        given.

    Examples
    --------
    >>> class Last(nn.Module):
    ...     def forward(self, x, lengths, gain=1.0):
    ...         return gain * x[torch.arange(len(x)), lengths - 1]
    >>> x = torch.arange(6.0).view(2, 3, 1)
    >>> call(nn.DataParallel(Last()), x, torch.tensor([1, 3])).flatten()
    tensor([0., 5.])
    >>> call(nn.Flatten(), x, torch.tensor([1, 3])).shape
    torch.Size([2, 3])
    """
    return runner(model)(inputs, lengths, state)


@contextmanager
def evaluation_mode(module: nn.Module) -> Iterator[None]:
    """Evaluation mode inside the ``with`` block, and afterwards the modes as they were.

    In training mode a forward pass, and even reading a weight, may update a normalisation.

    Examples
    --------
    >>> model = nn.Dropout()
    >>> with evaluation_mode(model):
    ...     print(model.training)
    False
    >>> model.training
    True
    """
    # A frozen TorchScript module has no modes.
    modes = {part: part.training for part in module.modules() if hasattr(part, "training")}
    if modes:
        module.eval()
    try:
        yield
    finally:
        for part, training in modes.items():
            part.training = training


@contextmanager
def without_weight_gradients(model: nn.Module) -> Iterator[None]:
    """No weight asks for a gradient inside the ``with`` block; afterwards those do that did."""
    asked = [weight for weight in model.parameters() if weight.requires_grad]
    try:
        for weight in asked:
            weight.requires_grad_(False)
        yield
    finally:
        for weight in asked:
            weight.requires_grad_()


@contextmanager
def leave_unchanged(model: nn.Module, seed: int = 0) -> Iterator[None]:
    """Evaluation mode with random numbers from `seed` on; afterwards all is put back.

    That is attributes, buffers and the state of the random numbers, whatever a forward does to
    them.
    """
    own = [part for part in model.modules() if not isinstance(part, torch.jit.ScriptModule)]
    kept = [(part, dict(vars(part)), dict(part._buffers)) for part in own]
    attributes = [one for part in own for one in vars(part).values() if isinstance(one, Tensor)]
    values = [(one, one.detach().clone()) for one in (*model.buffers(), *attributes)]
    with evaluation_mode(model), torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        try:
            yield
        finally:
            for part, before, buffers in kept:
                vars(part).clear()
                vars(part).update(before)
                part._buffers.clear()
                part._buffers.update(buffers)
            with torch.no_grad():
                for one, value in values:
                    if not torch.equal(one, value):
                        one.copy_(value)


def check_weights_have_values(model: nn.Module) -> None:
    """Refuse a module whose weights wait for a first batch or lie on the device 'meta'.

    Raises
    ------
    ValueError
        If it has such weights.
    """
    if any(weight.is_meta or is_lazy(weight) for weight in model.parameters()):
        raise ValueError(
            "`model` must have weights with values, some have none: they lie on the device 'meta',"
            " or wait for a first batch (load them with assign=True, or run the model once)"
        )
