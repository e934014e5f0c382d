import sys

import numpy as np
import pytest
import torch
from torch import nn

from rnnspec import SequenceClassifier, recurrent_matrices, state_jacobians, state_trajectory
from rnnspec.dynamics import jacobian as room
from rnnspec.dynamics import jacobian_products, mean_jacobian
from rnnspec.models.gates import CELLS

MODULES = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
H, D, T = 4, 3, 7
LENGTHS = [T, 1, 4]


def model_of(cell, layers=1, **options):
    """A classifier in float64 with weights large enough to be far from linear."""
    model = SequenceClassifier(cell, D, 2, H, layers, init="torch", **options).double()
    with torch.no_grad():
        for weight in model.recurrent.parameters():
            weight.mul_(2.0)
    return model


def sequences(n=3, scale=1.0):
    generator = torch.Generator().manual_seed(7)
    return scale * torch.randn(n, T, D, generator=generator, dtype=torch.float64)


def whole(cell, final):
    """torch's final state, (layers, n, h) or a pair, as whole states (n, s)."""
    layers = torch.cat(final, dim=2) if cell == "lstm" else final
    return layers.transpose(0, 1).flatten(1)


def advance(model, x, s):
    """The whole state (s,) after the steps `x` (t, d) from `s`, by the fused layers."""
    parts = s.view(model.layers, 1, -1)
    start = tuple(p.contiguous() for p in parts.split(H, 2)) if model.cell == "lstm" else parts
    return whole(model.cell, model.recurrent(x[None], start)[1])[0]


def derivative(model, x, s):
    return torch.autograd.functional.jacobian(lambda s: advance(model, x, s), s).numpy()


@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("cell", CELLS)
def test_each_is_the_derivative_of_the_fused_step(cell, layers):
    model, x = model_of(cell, layers), sequences()
    J = state_jacobians(model, x, LENGTHS)
    size = H * layers * (1 + (cell == "lstm"))
    assert J.shape == (3, T, size, size)
    assert J.dtype == np.float64
    for i, length in enumerate(LENGTHS):
        s = torch.zeros(size, dtype=torch.float64)
        for t in range(length):
            expected = derivative(model, x[i, t : t + 1], s)
            np.testing.assert_allclose(J[i, t], expected, rtol=0, atol=1e-10)
            s = advance(model, x[i, t : t + 1], s).detach()
        assert np.isnan(J[i, length:]).all()


@pytest.mark.parametrize("cell", CELLS)
def test_the_product_is_the_derivative_of_the_last_state_in_the_first(cell):
    model, x = model_of(cell, 2), sequences()
    P, log_scale = jacobian_products(state_jacobians(model, x, LENGTHS))
    assert P.shape[:2] == log_scale.shape == (3, 1)
    for i, length in enumerate(LENGTHS):
        start = torch.zeros(P.shape[2], dtype=torch.float64)
        expected = derivative(model, x[i, :length], start)
        np.testing.assert_allclose(P[i, 0] * np.exp(log_scale[i, 0]), expected, rtol=0, atol=1e-12)


def test_a_tanh_network_at_rest_is_its_matrix():
    model = SequenceClassifier("rnn", D, 2, H)
    W = recurrent_matrices(model)["layer0"]
    for scale in (1e-2, 1e-4):
        J = state_jacobians(model, sequences(scale=scale))
        far = abs(J - W).max()
        assert 0 < far < 1e3 * scale**2


@pytest.mark.parametrize("cell", CELLS)
def test_each_direction_is_a_causal_network_of_its_own(cell):
    model, x = model_of(cell, bidirectional=True), sequences()
    for k, (direction, suffix) in enumerate((("forward", ""), ("reverse", "_reverse"))):
        one = model_of(cell)
        weights = {
            n: getattr(model.recurrent, n + suffix) for n, _ in one.recurrent.named_parameters()
        }
        one.recurrent.load_state_dict(weights)
        J = state_jacobians(model, x, LENGTHS, direction=direction)
        s = state_trajectory(model, x, LENGTHS)["layer0" + (".reverse" if k else "")]
        for i, length in enumerate(LENGTHS):
            order = np.arange(length)[:: -1 if k else 1].copy()
            read = x[i : i + 1, order]
            np.testing.assert_allclose(J[i, order], state_jacobians(one, read)[0], atol=1e-14)
            np.testing.assert_allclose(
                s[i, order], state_trajectory(one, read)["layer0"][0], atol=1e-14
            )


def test_the_other_direction_is_held():
    model, x = model_of("gru", 2, bidirectional=True), sequences(1)
    states = {name: torch.from_numpy(s[0]) for name, s in state_trajectory(model, x).items()}
    J = state_jacobians(model, x, direction="reverse")
    weights = dict(model.recurrent.named_parameters())
    low, high = nn.GRUCell(D, H).double(), nn.GRUCell(2 * H, H).double()
    for layer, cell in enumerate((low, high)):
        cell.load_state_dict(
            {n: weights[f"{n}_l{layer}_reverse"] for n, _ in cell.named_parameters()}
        )

    def advance(s, t):
        below = low(x[0, t], s[:H])
        return torch.cat([below, high(torch.cat([states["layer0"][t], below]), s[H:])])

    for t in range(T - 1):
        before = torch.cat([states["layer0.reverse"][t + 1], states["layer1.reverse"][t + 1]])
        expected = torch.autograd.functional.jacobian(lambda s, t=t: advance(s, t), before)
        np.testing.assert_allclose(J[0, t], expected, rtol=0, atol=1e-12)


def test_some_steps_are_those_of_all():
    model, x = model_of("lstm", 2), sequences()
    J = state_jacobians(model, x, LENGTHS)
    some = state_jacobians(model, x, LENGTHS, steps=[5, 0])
    np.testing.assert_allclose(some, J[:, [5, 0]], rtol=0, atol=1e-14)


@pytest.mark.parametrize("cell", CELLS)
def test_the_mean_is_over_real_steps(cell, monkeypatch):
    model, x = model_of(cell, 2), sequences()
    J = state_jacobians(model, x, LENGTHS)
    monkeypatch.setattr(sys.modules[mean_jacobian.__module__], "BATCH", 2)
    monkeypatch.setattr(room, "CHUNK", 5 * J[0, 0].nbytes)  # several, the last one shorter
    expected = np.nanmean(J, axis=(0, 1))
    np.testing.assert_allclose(mean_jacobian(model, x, LENGTHS), expected, rtol=0, atol=1e-14)
    np.testing.assert_allclose(
        mean_jacobian(model, x, LENGTHS, steps=[5]), J[0, 5], rtol=0, atol=1e-14
    )
    np.testing.assert_allclose(state_jacobians(model, x, LENGTHS), J, rtol=0, atol=1e-14)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("layers", [1, 2])
def test_the_mean_of_a_layer_is_its_block_of_the_whole(cell, layers):
    model, x = model_of(cell, layers), sequences()
    J = np.nanmean(state_jacobians(model, x, LENGTHS), axis=(0, 1))
    size = len(J) // layers
    for layer in range(layers):
        own = slice(layer * size, (layer + 1) * size)
        found = mean_jacobian(model, x, LENGTHS, layer=layer)
        np.testing.assert_allclose(found, J[own, own], rtol=0, atol=1e-14)
    if layers == 1:
        np.testing.assert_allclose(mean_jacobian(model, x, LENGTHS), J, rtol=0, atol=1e-14)


@pytest.mark.parametrize("layer", [-1, 2])
def test_the_mean_of_a_layer_that_is_not_there_is_refused(layer):
    with pytest.raises(ValueError, match=f"`layer` must be from 0 to 1, got {layer}"):
        mean_jacobian(model_of("gru", 2), sequences(), layer=layer)


def test_a_batch_changes_nothing_and_the_model_is_left_as_it_was():
    model, x = model_of("lstm").float().train(), sequences().float().requires_grad_()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    J = state_jacobians(model, x, LENGTHS)
    alone = state_jacobians(model, x[1:2, :1].detach().numpy())
    np.testing.assert_allclose(J[1:2, :1], alone, rtol=0, atol=1e-14)
    assert model.training
    assert all(p.requires_grad and p.grad is None for p in model.parameters())
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


@pytest.mark.parametrize("cell", CELLS)
def test_inputs_come_in_many_forms(cell):
    model, x = model_of(cell), sequences().numpy()
    J = state_jacobians(model, torch.from_numpy(x), torch.tensor(LENGTHS))
    locked = x.copy()
    locked.flags.writeable = False
    for form in (locked, x[::-1].copy()[::-1], x.tolist(), np.asfortranarray(x)):
        np.testing.assert_array_equal(state_jacobians(model, form, tuple(LENGTHS)), J)


def test_padding_is_not_read():
    model, x = model_of("lstm", bidirectional=True), sequences()
    spoilt = x.clone()
    spoilt[1, 1:], spoilt[2, 4:] = torch.nan, 1e9
    for name, s in state_trajectory(model, spoilt, LENGTHS).items():
        np.testing.assert_array_equal(s, state_trajectory(model, x, LENGTHS)[name])
        assert np.array_equal(np.isnan(s).all(2), np.arange(T) >= np.c_[LENGTHS])


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("cell", CELLS)
def test_states_are_those_of_the_fused_layers(cell, layers):
    model, x = model_of(cell, layers, bidirectional=True), sequences()
    states = state_trajectory(model, x)
    outputs = model.recurrent(x)[0].detach().numpy()
    top = layers - 1
    np.testing.assert_allclose(states[f"layer{top}"][..., :H], outputs[..., :H], atol=1e-12)
    np.testing.assert_allclose(states[f"layer{top}.reverse"][..., :H], outputs[..., H:], atol=1e-12)
    if cell == "lstm":
        _, (_, c) = model.recurrent(x)
        np.testing.assert_allclose(states["layer0"][:, -1, H:], c[0].detach(), atol=1e-12)
        np.testing.assert_allclose(states["layer0.reverse"][:, 0, H:], c[1].detach(), atol=1e-12)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"inputs": np.zeros((2, T, D + 1))}, r"must have shape \(n, t, 3\).* got \(2, 7, 4\)"),
        ({"inputs": np.zeros((T, D))}, r"must have shape \(n, t, 3\)"),
        ({"inputs": np.zeros((0, T, D))}, "at least one sequence"),
        ({"inputs": np.zeros((2, 0, D))}, "at least one step"),
        ({"inputs": np.full((2, T, D), np.nan)}, "must be finite at real steps"),
        ({"lengths": [T]}, "must be 2 integers"),
        ({"lengths": [T, 2.5]}, "must be 2 integers"),
        ({"lengths": [T, 0]}, "must be from 1 to 7, got 0 to 7"),
        ({"lengths": [T + 1, 1]}, "must be from 1 to 7, got 1 to 8"),
        ({"steps": [T]}, r"`steps` must be from 0 to 6, got \[7\]"),
        ({"steps": [-1]}, "`steps` must be from 0 to 6"),
        ({"steps": []}, "`steps` must be a sequence of integers"),
        ({"steps": [0.5]}, "`steps` must be a sequence of integers"),
        ({"direction": "reverse"}, "`direction` must be one of forward, got 'reverse'"),
    ],
)
@pytest.mark.parametrize("function", [state_jacobians, mean_jacobian])
def test_what_does_not_fit_is_refused(function, options, match):
    with pytest.raises(ValueError, match=match):
        function(**{"model": model_of("gru"), "inputs": np.zeros((2, T, D)), **options})


def test_two_directions_have_no_one_map():
    with pytest.raises(ValueError, match="it has no one causal state map"):
        state_jacobians(model_of("gru", bidirectional=True), sequences())


def test_a_step_that_nothing_reaches_has_no_mean():
    with pytest.raises(ValueError, match=r"from 0 to 1, got \[5, 6\]"):
        mean_jacobian(model_of("gru"), sequences(), [2, 1, 1], steps=[5, 6])


def test_what_does_not_fit_in_memory_is_refused(monkeypatch):
    monkeypatch.setattr(room, "LARGEST", 8 * 3 * 2 * H * H)
    model, x = model_of("gru"), sequences()
    assert state_jacobians(model, x, steps=[0, 1]).shape == (3, 2, H, H)
    with pytest.raises(ValueError, match="choose `steps` or fewer sequences"):
        state_jacobians(model, x)
