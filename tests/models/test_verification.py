"""Networks of others: which step by the formula of their recurrent part, and which do not."""

import copy
import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.func import functional_call, jacrev
from torch.nn.functional import layer_norm, one_hot

import rnnspec
from rnnspec import SequenceClassifier, fixed_points, state_jacobians, state_trajectory
from rnnspec.dynamics.visited import visited_fixed_points
from rnnspec.models.formula import has_known_formula
from rnnspec.models.reading import own_cells, read_along

spec = importlib.util.spec_from_file_location("foreign", Path(__file__).with_name("foreign.py"))
foreign = sys.modules["foreign"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(foreign)
D, H = foreign.D, foreign.H
N, T = 4, 6
LENGTHS = torch.tensor([3, 6, 1, 5])
CELLS = {"rnn": nn.RNNCell, "lstm": nn.LSTMCell, "gru": nn.GRUCell}


@pytest.fixture(autouse=True)
def drawn():
    torch.manual_seed(0)


def sequences(n=N):
    return torch.randn(n, T, D, generator=torch.Generator().manual_seed(5))


def chain(step, s, t):
    """Jacobians of t steps by automatic differentiation, along the states from `s`."""
    found = []
    for now in range(t):
        found.append(jacrev(lambda s, now=now: step(now, s))(s).detach().numpy())
        s = step(now, s).detach()
    return np.array(found)


def truth(part, read, start=None):
    """The Jacobians of a fused layer along `read` (t, d), by PyTorch itself in float64."""
    part = copy.deepcopy(part).double()
    kind = {nn.RNN: nn.RNNCell, nn.GRU: nn.GRUCell, nn.LSTM: nn.LSTMCell}[type(part)]
    cell = kind(part.input_size, H).double()
    weights = {name.removesuffix("_l0"): value for name, value in part.named_parameters()}

    def step(now, s):
        parts = s[None].split(H, dim=1)
        state = parts if kind is nn.LSTMCell else parts[0]
        new = functional_call(cell, weights, (read[now][None].double(), state))
        return torch.cat(new, dim=1)[0] if kind is nn.LSTMCell else new[0]

    size = H * (1 + (kind is nn.LSTMCell))
    s = torch.zeros(size, dtype=torch.float64) if start is None else start.double()
    return chain(step, s, len(read))


@pytest.mark.parametrize("recurrent", [nn.RNN, nn.LSTM, nn.GRU])
def test_jacobians_behind_an_encoder_are_along_what_the_layer_reads(recurrent):
    model, x = foreign.Encoded(recurrent), sequences()
    found = state_jacobians(model, x)
    with torch.no_grad():
        read = model.encoder(x)
    for i in range(N):
        np.testing.assert_allclose(found[i], truth(model.rnn, read[i]), atol=1e-13)


@pytest.mark.parametrize(
    "make",
    [
        lambda model: model,
        nn.DataParallel,
        lambda model: nn.DataParallel(nn.DataParallel(model)),
        lambda model: torch.compile(model, backend="eager"),
        lambda model: nn.Sequential(model),
    ],
)
def test_what_wraps_a_network_changes_nothing(make):
    x = sequences()
    for model in (foreign.Encoded(), SequenceClassifier("lstm", D, 2, H, layers=2)):
        found = state_jacobians(make(model), x)
        np.testing.assert_array_equal(found, state_jacobians(model, x))


@pytest.mark.parametrize("kind", CELLS)
@pytest.mark.parametrize("between", [None, lambda _, new: new.detach().clone()])
def test_a_plain_loop_over_a_cell_is_its_cell(kind, between):
    cell, x = CELLS[kind](D, H), sequences()
    J = state_jacobians(foreign.Loop(cell, between), x)
    np.testing.assert_array_equal(J, state_jacobians(cell, x))


@pytest.mark.parametrize("recurrent", [nn.RNN, nn.LSTM])
def test_chunks_of_a_layer_are_the_layer(recurrent):
    model, x = foreign.Chunks(recurrent), sequences()
    np.testing.assert_array_equal(state_jacobians(model, x), state_jacobians(model.rnn, x))


def test_lengths_go_to_a_forward_that_names_them():
    model, x = foreign.Packed(), sequences()
    found = state_jacobians(model, x, LENGTHS, direction="reverse")
    expected = state_jacobians(model.rnn, x, LENGTHS, direction="reverse")
    np.testing.assert_array_equal(found, expected)
    assert np.isnan(found[0, 3:]).all()
    x[0, 3:] = torch.nan  # padding means nothing
    again = state_jacobians(model, x, LENGTHS.numpy(), direction="reverse")
    np.testing.assert_array_equal(again, expected)


def test_a_batch_cut_to_its_longest_sequence():
    model, x, lengths = foreign.Ragged(), sequences(), [3, 2, 1, 3]
    found = state_jacobians(model, x, lengths)
    expected = state_jacobians(model.rnn, x, lengths)[:, :3]
    np.testing.assert_array_equal(found, expected)


def test_a_learned_start_is_where_the_states_start():
    model, x = foreign.Started(), sequences()
    J = state_jacobians(model, x)
    np.testing.assert_allclose(J[1], truth(model.rnn, x[1], model.start.detach()), atol=1e-13)
    states = state_trajectory(model, x)["layer0"]
    np.testing.assert_allclose(states[:, -1], model(x).detach(), atol=1e-6)
    few = rnnspec.dynamics.mean_jacobian(model, x)
    np.testing.assert_allclose(few, J.mean((0, 1)), atol=1e-14)


def test_words_and_half_precision():
    words = torch.randint(9, (N, T))
    model = foreign.Words()
    expected = truth(model.rnn, model.table(words[2]).detach())
    np.testing.assert_allclose(state_jacobians(model, words.numpy())[2], expected, atol=1e-13)
    for dtype in (torch.bfloat16, torch.float64):
        low = foreign.Encoded().to(dtype)
        assert read_along(low, sequences()).inputs.dtype == torch.float64


def test_a_state_that_outlives_the_forward_pass_is_put_back():
    model, x = foreign.Stateful(), sequences()
    J = state_jacobians(model, x)
    assert model.state is None
    np.testing.assert_array_equal(J, state_jacobians(model.rnn, x))
    model(x[:1])
    kept = model.state.clone()
    later = state_jacobians(model, x[:1])
    assert torch.equal(model.state, kept)
    np.testing.assert_allclose(later[0], truth(model.rnn, x[0], kept[0, 0].detach()), atol=1e-13)


def test_the_module_and_the_random_numbers_are_left_as_they_were():
    model, x = foreign.Encoded(), sequences().requires_grad_()
    model.train()
    model.rnn.eval()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    torch.manual_seed(3)
    expected = torch.rand(3)
    torch.manual_seed(3)
    state_jacobians(model, x)
    assert torch.equal(torch.rand(3), expected)
    assert model.training
    assert not model.rnn.training
    assert not model.rnn._forward_hooks
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())


def test_a_cell_written_anew_by_the_same_formula_is_taken():
    same, x = foreign.SameGRU(D, H), sequences()
    plain = nn.GRUCell(D, H)
    plain.load_state_dict(same.state_dict())
    expected = state_jacobians(plain, x)
    np.testing.assert_array_equal(state_jacobians(same, x), expected)
    np.testing.assert_array_equal(state_jacobians(foreign.Loop(same), x), expected)
    assert fixed_points(same, np.zeros((1, H))).residuals.max() < 1e-10


half = 0.5


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (
            lambda: foreign.Loop(nn.GRUCell(D, H), lambda old, new: half * (old + new)),
            r"formula of its recurrent part `cell` \(GRUCell\): the state that it is given differs"
            r" from the one it returned by up to 0\.\d+ \(\d+.* %\) at step 1\..*pass model\.cell",
        ),
        (lambda: foreign.Loop(nn.GRUCell(D, H), lambda o, n: n + 1e-5 * (o - n)), "at step 1"),
        (lambda: foreign.Loop(nn.RNNCell(D, H), lambda _, n: layer_norm(n, (H,))), "at step 1"),
        (lambda: foreign.Loop(nn.RNNCell(D, H), lambda _, n: 0 * n), r"\(100 %\) at step 1"),
        (lambda: foreign.Chunks(forgets=True), r"\(100 %\) at step 2 \(it starts again from zero"),
        (foreign.OneByOne, r"at step 6 \(it starts again from zero"),
        (
            lambda: foreign.Loop(nn.RNNCell(D, H), given=lambda x, h: x + h[:, :D]),
            "depends on what it returned before, .* at step 1, .* reads its own output",
        ),
        (
            lambda: foreign.Loop(
                nn.LSTMCell(D, H), given=lambda x, h: x + one_hot(h[:, :D].argmax(1), D)
            ),
            "reads its own output",
        ),
        (
            lambda: foreign.Loop(foreign.ResetFirst(D, H)),
            r"`cell` \(ResetFirst\): what it returns differs from PyTorch's GRU by up to .* at st",
        ),
        (
            foreign.Standardised,
            "depends on the order of the sequences or on those beside it: .* by up",
        ),
        (foreign.Noisy, "random numbers"),
        (foreign.TimeFirst, "reads 6 sequences of 4 steps where `inputs` has 4 of 6 .*batch_first"),
        (foreign.Unused, "never calls it"),
        (lambda: nn.ModuleDict({"memory": nn.GRU(D, H)}), "raised NotImplementedError.*model.mem"),
        (lambda: nn.Sequential(nn.GRU(D, H), nn.Linear(H, 2)), r"model\.get_submodule\('0'\)"),
        (lambda: nn.Sequential(nn.GRU(D, H), nn.GRU(H, H)), r"got 0 \(GRU\), 1 \(GRU\): pass one"),
        (lambda: foreign.ResetFirst(D, H), "must step by the formula of PyTorch's GRU"),
        (lambda: foreign.Residual(D, H), "LSTM, but its state differs from that by up to 0.1 .*3"),
    ],
)
def test_another_map_is_refused_with_what_differs_and_the_way_out(make, match):
    with pytest.raises(ValueError, match=match):
        state_jacobians(make(), sequences())


@pytest.mark.parametrize("n", [T, 1])
def test_time_and_sequences_of_one_size_are_told_apart(n):
    x = sequences(n)
    if n == 1:
        x = x[:, :1]
        assert state_jacobians(foreign.TimeFirst(), x).shape == (1, 1, H, H)
    else:
        with pytest.raises(ValueError, match="differs in number, 6 instead of 3"):
            state_jacobians(foreign.TimeFirst(), x)


def test_one_sequence_that_reads_its_own_output():
    model = foreign.Loop(nn.RNNCell(D, H), given=lambda x, h: x + h[:, :D])
    with pytest.raises(ValueError, match="reads its own output"):
        state_jacobians(model, sequences(1))


@pytest.mark.parametrize(
    ("make", "lengths", "match"),
    [
        (lambda: foreign.Packed(sort=True), LENGTHS, "of other lengths than `lengths`, or in ano"),
        (foreign.Every, LENGTHS, "reads 3 steps where `inputs` has 6"),
        (foreign.Packed, [0, 1, 2, 3], "`lengths` must be from 1 to 6, got 0 to 3"),
        (foreign.Packed, [1, 2], "`lengths` must be 4 integers"),
    ],
)
def test_lengths_that_do_not_fit_what_is_read(make, lengths, match):
    with pytest.raises(ValueError, match=match):
        state_jacobians(make(), sequences(), lengths, direction="forward")
    if make is foreign.Every:  # without lengths, what it reads is what there is
        assert state_jacobians(make(), sequences()).shape == (N, 3, H, H)


@pytest.mark.parametrize(
    ("inputs", "match"),
    [
        (torch.zeros(3), r"must have shape \(n, t, \.\.\.\), at least one of each, got \(3,\)"),
        (torch.zeros(0, T, D), "at least one of each"),
        (torch.full((N, T, D), torch.nan), "`inputs` must be finite at real steps"),
        (torch.zeros(N, T, D + 1), "its forward raised RuntimeError"),
    ],
)
def test_data_that_do_not_fit_are_refused(inputs, match):
    with pytest.raises(ValueError, match=match):
        state_jacobians(foreign.Encoded(), inputs)


def test_hooks_that_change_the_state_are_found_and_others_are_not_minded():
    seen = []
    watched, changed = nn.GRU(D, H), nn.GRU(D, H)
    watch = watched.register_forward_hook(lambda *_: seen.append(1))
    changed.register_forward_hook(lambda _, __, out: (out[0], 0.9 * out[1]))
    assert not has_known_formula(watched)
    J = state_jacobians(watched, sequences())
    assert seen
    watch.remove()
    np.testing.assert_array_equal(J, state_jacobians(watched, sequences()))
    with pytest.raises(ValueError, match=r"by the formula of PyTorch's GRU, but .* \(10 %\)"):
        state_jacobians(changed, sequences())


def test_a_forward_of_one_instance_is_seen():
    gru = nn.GRUCell(D, H)
    gru.forward = foreign.ResetFirst.forward.__get__(gru)
    with pytest.raises(ValueError, match="must step by the formula"):
        fixed_points(gru, np.zeros((1, H)))


def test_without_data_only_the_part_has_fixed_points():
    model = foreign.Encoded()
    with pytest.raises(
        ValueError, match=r"\(Encoded\) does more than its recurrent part `rnn`.* pass.*model\.rnn"
    ):
        fixed_points(model, np.zeros((1, H)))
    assert fixed_points(model.rnn, np.zeros((1, H))).residuals.max() < 1e-10
    with pytest.raises(ValueError, match="must step by the formula of PyTorch's GRU"):
        fixed_points(foreign.ResetFirst(D, H), np.zeros((1, H)))
    assert len(own_cells(SequenceClassifier("gru", D, 2, H))) == 1


def test_a_subclass_of_the_classifier_is_run():
    class Doubled(SequenceClassifier):
        def forward(self, inputs, lengths=None, state=None):
            return super().forward(2 * inputs, lengths, state)

    model, x = Doubled("gru", D, 2, H), sequences()
    found = state_jacobians(model, x)
    np.testing.assert_array_equal(found, state_jacobians(model.recurrent, 2 * x))
    with pytest.raises(ValueError, match="whose loss is known, got Doubled"):
        rnnspec.dynamics.gradient_profile(model, x, [0] * N)


@pytest.mark.parametrize(
    "function",
    [
        rnnspec.dynamics.mean_jacobian,
        rnnspec.dynamics.stability_bands,
        rnnspec.finite_time_growth,
        lambda model, x: rnnspec.lyapunov_spectrum(model, x.repeat(1, 40, 1)),
        state_trajectory,
        lambda model, x: visited_fixed_points(model, x),
    ],
)
def test_every_function_along_data_asks_the_module_itself(function):
    leaky = foreign.Loop(nn.GRUCell(D, H), lambda old, new: half * (old + new))
    with pytest.raises(ValueError, match="the state that it is given differs"):
        function(leaky, sequences())
    model, x = foreign.Encoded(), sequences()
    with torch.no_grad():
        read = model.encoder(x)
    found, expected = function(model, x), function(model.rnn, read)
    if isinstance(found, dict):
        found, expected = found["layer0"], expected["layer0"]
    for name in ("exponents", "linear", "states"):
        found, expected = getattr(found, name, found), getattr(expected, name, expected)
    if isinstance(found, np.ndarray):
        np.testing.assert_array_equal(found, expected)
    else:
        assert {k: v.tolist() for k, v in found.quantiles.items()} == {
            k: v.tolist() for k, v in expected.quantiles.items()
        }
