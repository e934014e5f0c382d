"""What others' modules hand to their recurrent part: a function of each sequence alone, or not."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.func import functional_call
from torch.nn.functional import linear
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from rnnspec import state_jacobians, state_trajectory

spec = importlib.util.spec_from_file_location("foreign", Path(__file__).with_name("foreign.py"))
foreign = sys.modules["foreign"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(foreign)
D, H, N, T = foreign.D, foreign.H, 4, 6
LENGTHS = torch.tensor([3, 6, 1, 5])


@pytest.fixture(autouse=True)
def drawn():
    torch.manual_seed(0)


def sequences(n=N):
    return torch.randn(n, T, D, generator=torch.Generator().manual_seed(5))


class By(nn.Module):
    """A module whose forward is a function of its recurrent part and the rest."""

    def __init__(self, part, run):
        super().__init__()
        self.part, self.run = part, run

    def forward(self, x):
        return self.run(self.part, x)


class ByLengths(By):
    def forward(self, x, lengths):
        return self.run(self.part, x, lengths)


def gru(**options):
    return nn.GRU(D, H, batch_first=True, **options)


def refused(model, match, x=None, lengths=None, **options):
    with pytest.raises(ValueError, match=match):
        state_jacobians(model, sequences() if x is None else x, lengths, **options)


@pytest.mark.parametrize("n", [1, N])
@pytest.mark.parametrize(
    ("run", "match"),
    [
        (
            lambda part, x: part(x, torch.randn(1, len(x), H)),
            "the state from which a sequence",
        ),
        (lambda part, x: part(x + 0.1 * torch.randn_like(x)), "or random numbers"),
    ],
)
def test_chance_is_told_of_one_sequence_too(run, match, n):
    refused(By(gru(), run), match, sequences(n))


def test_a_state_kept_from_another_batch_is_a_start_of_no_sequence():
    model = foreign.Stateful()
    model(sequences())
    refused(model, "a state kept from an earlier batch")
    model.state = None
    assert state_jacobians(model, sequences()).shape == (N, T, H, H)


def test_a_batch_of_one_size_alone():
    model = By(gru(), lambda part, x: part(x, torch.zeros(1, N, H)))
    np.testing.assert_array_equal(
        state_jacobians(model, sequences()), state_jacobians(model.part, sequences())
    )


def test_a_forward_that_writes_into_its_inputs():
    x = sequences()
    model = By(gru(), lambda part, x: part(x.mul_(2)))
    found = state_jacobians(model, x)
    assert torch.equal(x, sequences())
    np.testing.assert_array_equal(found, state_jacobians(model.part, 2 * x))


def backwards(cell, x):
    h = x.new_zeros(len(x), H)
    for now in reversed(range(x.shape[1])):
        h = cell(x[:, now], h)
    return h


def test_sequences_turned_round_with_their_padding():
    model = By(nn.GRUCell(D, H), backwards)
    np.testing.assert_array_equal(
        state_jacobians(model, sequences()), state_jacobians(model.part, sequences().flip(1))
    )
    refused(model, "what it reads at step 0 is padding", lengths=LENGTHS)
    refused(model, "what it reads at step 0 is padding", torch.ones(N, T, D), LENGTHS)
    refused(By(gru(), lambda part, x: part(x.flip(1))), "step 0 is padding", lengths=LENGTHS)


def test_an_encoder_that_sees_beyond_the_end_or_nothing_is_no_turn():
    for encoder in (nn.Conv1d(D, D, 3, padding=1), nn.Conv1d(D, D, 1)):
        for gain in (1.0, 0.0):
            model = By(gru(), lambda part, x, e=encoder, g=gain: part(g * e(x.mT).mT))
            assert state_jacobians(model, sequences(), LENGTHS).shape == (N, T, H, H)


@pytest.mark.parametrize("gain", [1e-1, 1e-4])
def test_a_little_of_its_own_output_is_found(gain):
    model = foreign.Loop(nn.RNNCell(D, H), given=lambda x, h: x + gain * h[:, :D])
    refused(model, "reads its own output")


@pytest.mark.parametrize("cell", [nn.RNNCell, nn.GRUCell])
@pytest.mark.parametrize(
    "between", [lambda old, new: (old + new) / 2, lambda _, new: new.flip(1), lambda *_: _[0]]
)
def test_a_leak_is_found_where_no_state_moves(cell, between):
    model = foreign.Loop(cell(D, H, bias=False), between)
    refused(model, "the state that it is given differs", torch.zeros(N, T, D))


def test_a_bound_out_of_reach_of_the_data_leaves_the_jacobians_along_them():
    model = foreign.Loop(nn.GRUCell(D, H), lambda _, new: new.clamp(-1.5, 1.5))
    np.testing.assert_array_equal(
        state_jacobians(model, sequences()), state_jacobians(model.cell, sequences())
    )


def test_low_precision_hides_no_leak():
    between = lambda old, new: 0.95 * new + 0.05 * old  # noqa: E731
    refused(foreign.Loop(nn.GRUCell(D, H), between).bfloat16(), r"differs .* \([34]\.?\d* %\)")
    plain = foreign.Loop(nn.GRUCell(D, H)).bfloat16()
    assert state_jacobians(plain, sequences()).shape == (N, T, H, H)


def tripled(part):
    return {name: 3 * value for name, value in part.named_parameters()}


def late(cell, x):
    h = x.new_zeros(len(x), H)
    for now in range(x.shape[1]):
        weights = tripled(cell) if now == 5 else dict(cell.named_parameters())
        h = functional_call(cell, weights, (x[:, now], h))
    return h


def chunks(part, x):
    _, h = part(x[:, :3])
    return functional_call(part, tripled(part), (x[:, 3:], h))


def at_once(part, x):
    return functional_call(part, tripled(part), (x,))


@pytest.mark.parametrize(
    ("make", "run"),
    [
        (lambda: nn.GRUCell(D, H), late),
        (gru, chunks),
        (gru, at_once),
        (lambda: gru(bidirectional=True, num_layers=2), at_once),
    ],
)
def test_weights_exchanged_on_the_way_are_found(make, run):
    model = By(make(), run)
    direction = "reverse" if getattr(model.part, "bidirectional", False) else None
    refused(model, "what it returns differs from PyTorch's GRU", direction=direction)


def test_packed_sequences_shorter_than_others():
    def packed(sort):
        def run(part, x, lengths):
            start = torch.full((1, len(x), H), 0.1)
            some = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=sort)
            return pad_packed_sequence(part(some, hx=start)[0], batch_first=True)

        return run

    x, start = sequences(), torch.full((1, N, H), 0.1)
    for sort, lengths in ((False, LENGTHS), (True, LENGTHS.sort(descending=True)[0])):
        model = ByLengths(gru(), packed(sort))
        with torch.no_grad():
            outputs = model.part(x, start)[0]
        found = state_trajectory(model, x, lengths)["layer0"]
        for i, length in enumerate(lengths):
            np.testing.assert_allclose(found[i, :length], outputs[i, :length], atol=1e-6)


def test_a_network_that_amplifies_rounding_is_not_refused_for_it():
    x = torch.randn(3, 200, D)
    for options in ({}, {"num_layers": 2, "bidirectional": True}):
        model = nn.Sequential(nn.RNN(D, 40, batch_first=True, **options))
        with torch.no_grad():
            for weight in model.parameters():
                weight.mul_(6)
        direction = "forward" if options else None
        assert len(state_jacobians(model, x, steps=[3], direction=direction)) == 3


def test_autocast_rounds_as_it_does():
    run = torch.autocast("cpu", dtype=torch.bfloat16)(lambda part, x: part(x))
    model = By(gru(), run)
    np.testing.assert_array_equal(
        state_jacobians(model, sequences()), state_jacobians(model.part, sequences())
    )


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
def test_weights_without_values_and_scripted_parts_are_refused():
    lazy = nn.Sequential(nn.LazyLinear(D), gru())
    for model in (lazy, nn.Sequential(gru().to("meta")), gru().to("meta")):
        refused(model, "must have weights with values")
    assert isinstance(lazy[0], nn.LazyLinear)
    refused(By(torch.jit.script(gru()), lambda part, x: part(x)), "before torch.jit.script")


def test_an_argument_that_nobody_gives_is_named():
    class Tasked(By):
        def forward(self, x, task):
            return linear(self.part(x)[0], task)

    refused(Tasked(gru(), None), "^`model` must run on its inputs alone.* requires `task`")


def test_a_tensor_that_a_forward_changes_in_place_is_put_back():
    class Counted(By):
        def forward(self, x):
            self.seen += 1
            return self.part(x)

    model = Counted(gru(), None)
    model.seen = torch.zeros(())
    state_jacobians(model, sequences())
    assert model.seen == 0
