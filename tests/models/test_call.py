import functools
import io
from itertools import product

import pytest
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

from rnnspec import SequenceClassifier
from rnnspec.models.call import call, parameters_of, takes, unwrap

LENGTHS, STATE = torch.tensor([1, 3]), torch.full((2, 1, 1, 1), 5.0)
INPUTS = torch.arange(6.0).view(2, 3, 1)


class Plain(nn.Module):
    def forward(self, x):
        return x.sum((1, 2))


class Named(nn.Module):
    """Sums the true steps, above the state."""

    def forward(self, x: torch.Tensor, lengths: torch.Tensor | None = None, gain: float = 1.0):
        if lengths is None:
            return gain * x.sum((1, 2))
        real = torch.arange(x.shape[1]) < lengths[:, None]
        return gain * (x.sum(2) * real).sum(1)


class WithState(Named):
    def forward(self, x, *, gain=1.0, state=None, lengths=None):
        return super().forward(x, lengths, gain) + (0 if state is None else state.flatten())


class Required(Named):
    def forward(self, x, lengths):
        return super().forward(x, lengths)


class ByPosition(Named):
    def forward(self, x, gain=1.0, lengths=None, /):
        return super().forward(x, lengths, gain)


class NoGrad(Named):
    @torch.no_grad()
    def forward(self, x, lengths=None):
        return super().forward(x, lengths)


def decorated(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return function(*args, **kwargs)

    return wrapper


class Decorated(Named):
    @decorated
    def forward(self, x, lengths=None):
        return super().forward(x, lengths)


def taking(arguments):
    """A module whose forward has these further parameters, all of which are to be left alone."""
    scope = {}
    exec(  # noqa: S102 - the signature is what is tested
        f"def forward(self, x, {arguments}):\n    return [v for k, v in locals().items()][2:]",
        scope,
    )
    return type("Other", (nn.Module,), {"forward": scope["forward"]})()


ALL, TRUE = INPUTS.sum((1, 2)), torch.tensor([0.0, 12.0])


@pytest.mark.parametrize(
    "module", [Named(), WithState(), Required(), ByPosition(), NoGrad(), Decorated()]
)
def test_lengths_reach_a_forward_that_names_them(module):
    assert call(module, INPUTS, LENGTHS).tolist() == TRUE.tolist()
    assert call(module, INPUTS).tolist() == ALL.tolist()
    assert takes(module, "lengths")


def test_a_state_reaches_a_forward_that_names_it():
    assert call(WithState(), INPUTS, LENGTHS, STATE).tolist() == (TRUE + 5).tolist()
    assert call(WithState(), INPUTS, state=STATE).tolist() == (ALL + 5).tolist()
    assert call(Named(), INPUTS, LENGTHS, STATE).tolist() == TRUE.tolist()
    assert takes(WithState(), "state")
    assert not takes(Named(), "state")


@pytest.mark.parametrize(
    ("arguments", "got"),
    [
        ("noise=0.0", [0.0]),
        ("hidden=None", [None]),
        ("keep=None, seq_lengths=None", [None, None]),
        ("length=None", [None]),
        ("lens=1, *, hx=2", [1, 2]),
        ("**kw", [{}]),
        ("*args, **kw", [(), {}]),
        ("*lengths, **state", [(), {}]),
    ],
)
def test_to_others_nothing_but_the_inputs(arguments, got):
    module = taking(arguments)
    assert call(module, INPUTS, LENGTHS, STATE) == got
    assert not takes(module, "lengths")


def test_the_first_argument_is_the_inputs_whatever_its_name():
    class Odd(nn.Module):
        def forward(self, lengths):
            return lengths

    assert call(Odd(), INPUTS, LENGTHS) is INPUTS
    assert not takes(Odd(), "lengths")


class Nested(nn.Module):
    """A wrapper that tells nothing of what it takes."""

    def __init__(self, module):
        super().__init__()
        self.inner = module

    def forward(self, *args, **kwargs):
        return self.inner(*args, **kwargs)


def test_a_wrapper_that_names_nothing_gets_nothing():
    assert call(Nested(Named()), INPUTS, LENGTHS).tolist() == ALL.tolist()


def scripted(module):
    return torch.jit.script(module)


def reloaded(module):
    file = io.BytesIO()
    torch.jit.save(torch.jit.script(module), file)
    file.seek(0)
    return torch.jit.load(file)


def frozen(module):
    return torch.jit.freeze(torch.jit.script(module.eval()))


def compiled(module):
    return torch.compile(module, backend="eager")


def traced(module):
    return torch.jit.trace(module, (INPUTS, LENGTHS))


WRAPPERS = [nn.DataParallel, AveragedModel, compiled]


@pytest.mark.parametrize("wrap", [*WRAPPERS, scripted, reloaded, frozen, traced])
@pytest.mark.filterwarnings("ignore:.*torch.jit.*:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:.*torch.jit.*:FutureWarning")
def test_a_wrapped_module_gets_what_the_plain_one_gets(wrap):
    module = wrap(Named())
    assert takes(module, "lengths")
    assert not takes(module, "state")
    assert call(module, INPUTS, LENGTHS, STATE).tolist() == TRUE.tolist()


# torch.compile gives a function, and no module, of what it compiled before.
@pytest.mark.parametrize(
    ("wrap", "again"), [pair for pair in product(WRAPPERS, WRAPPERS) if set(pair) != {compiled}]
)
def test_a_module_is_unwrapped_from_any_nesting(wrap, again):
    plain, named = again(wrap(Plain())), again(wrap(Named()))
    assert type(unwrap(plain)) is Plain
    assert list(parameters_of(plain)) == ["x"]
    assert call(plain, INPUTS, LENGTHS).tolist() == ALL.tolist()
    assert call(named, INPUTS, LENGTHS).tolist() == TRUE.tolist()


def test_a_plain_module_is_itself():
    module = SequenceClassifier("gru", 1, 2)
    assert unwrap(module) is module
    assert takes(module, "lengths")
    assert takes(module, "state")


@pytest.mark.parametrize("arguments", ["seq_lengths", "lens, k=1", "*, mask", "mask, /", "length"])
def test_another_required_argument_is_refused_by_name(arguments):
    name = next(part for part in ("seq_lengths", "lens", "mask", "length") if part in arguments)
    with pytest.raises(ValueError, match=f"the forward of Other requires `{name}`.*`lengths`"):
        call(taking(arguments), INPUTS, LENGTHS)


def test_a_required_state_must_be_given():
    module = taking("state")
    assert call(module, INPUTS, state=STATE) == [STATE]
    with pytest.raises(ValueError, match="requires `state`"):
        call(module, INPUTS)


def test_a_forward_without_inputs_is_refused():
    class Nothing(nn.Module):
        def forward(self, *, x=None):
            return x

    with pytest.raises(ValueError, match="first argument is the inputs, that of Nothing"):
        call(Nothing(), INPUTS)
