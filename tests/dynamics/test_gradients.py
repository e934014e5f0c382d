import numpy as np
import pytest
import torch
from torch import nn

from rnnspec import SequenceClassifier
from rnnspec.dynamics import gradient_profile
from rnnspec.models.gates import CELLS
from rnnspec.models.layers import recurrent_cells
from rnnspec.models.stack import stack_step

D, H, T, K = 2, 5, 6, 3
LENGTHS, LABELS = [T, 1, 4], [2, 0, 1]


@pytest.fixture
def x():
    return np.random.default_rng(12).standard_normal((3, T, D))


def model_of(cell, layers=1, **options):
    model = SequenceClassifier(cell, D, K, H, layers, init="torch", seed=6, **options).double()
    with torch.no_grad():
        for weight in model.parameters():
            weight.mul_(2.0)
    return model


def by_autograd(model, cells, x, label, held=None, side=0):
    """Norms of the gradient in each whole state, kept on the tape step by step."""
    s = torch.zeros(1, sum(cell.state_size for cell in cells), dtype=torch.float64)
    states = []
    for now in x:
        s = stack_step(cells, now[None], s).requires_grad_()
        s.retain_grad()
        states.append(s)
    h = s[:, s.shape[1] - cells[-1].state_size :][:, :H]
    read = h if held is None else torch.cat([h, held] if side == 0 else [held, h], dim=1)
    nn.functional.cross_entropy(model.readout(read), torch.tensor([label])).backward()
    return np.array([float(state.grad.norm()) for state in states])


@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("cell", CELLS)
def test_it_is_that_of_automatic_differentiation(cell, layers, x):
    model = model_of(cell, layers)
    found = gradient_profile(model, x, LABELS, LENGTHS)
    for i, length in enumerate(LENGTHS):
        expected = by_autograd(
            model, recurrent_cells(model)[0], torch.from_numpy(x[i, :length]), LABELS[i]
        )
        np.testing.assert_allclose(found.norms[i, :length], expected, rtol=1e-10)
        assert np.isnan(found.log_norms[i, length:]).all()


@pytest.mark.parametrize("cell", ["rnn", "gru"])
def test_at_time_0_it_is_the_gradient_in_the_initial_state_of_the_fused_layers(cell, x):
    # One step of zeros before: its state is the initial one, where no bias acts.
    model = model_of(cell)
    with torch.no_grad():
        model.recurrent.bias_ih_l0.zero_()
        model.recurrent.bias_hh_l0.zero_()
    longer = np.concatenate([np.zeros((3, 1, D)), x], axis=1)
    found = gradient_profile(model, longer, LABELS, [n + 1 for n in LENGTHS])
    start = torch.zeros(3, *model.state_shape, dtype=torch.float64, requires_grad=True)
    logits = model(torch.from_numpy(x), torch.tensor(LENGTHS), start)
    nn.functional.cross_entropy(logits, torch.tensor(LABELS), reduction="sum").backward()
    np.testing.assert_allclose(found.norms[:, 0], start.grad.flatten(1).norm(dim=1), rtol=1e-10)


@pytest.mark.parametrize("cell", CELLS)
def test_each_direction_is_a_chain_of_its_own(cell, x):
    model = model_of(cell, bidirectional=True)
    cells, h = recurrent_cells(model), {}
    with torch.no_grad():
        for i, length in enumerate(LENGTHS):
            last = model.last_state(torch.from_numpy(x[i : i + 1, :length]), None)
            h[i] = last[:, :H], last[:, H:]
    for side, direction in enumerate(("forward", "reverse")):
        found = gradient_profile(model, x, LABELS, LENGTHS, direction)
        assert found.direction == direction
        for i, length in enumerate(LENGTHS):
            order = np.arange(length)[:: 1 - 2 * side].copy()
            read, held = torch.from_numpy(x[i, order]), h[i][1 - side]
            expected = by_autograd(model, cells[side], read, LABELS[i], held, side)
            np.testing.assert_allclose(found.norms[i, order], expected, rtol=1e-10)


@pytest.mark.parametrize("factor", [0.1, 0.5])
def test_a_vanishing_gradient_has_a_logarithm(factor):
    model = SequenceClassifier("rnn", 1, 2, hidden=3, init="identity")
    with torch.no_grad():
        model.recurrent.weight_hh_l0.mul_(factor)
    found = gradient_profile(model, np.zeros((1, 500, 1)), [1])
    assert np.diff(found.log_norms[0]) == pytest.approx(-np.log(factor), rel=1e-6)
    assert found.norms[0, 0] == pytest.approx(factor**499 * found.norms[0, -1], rel=1e-4, abs=0)


def test_no_gradient_is_minus_infinity():
    model = SequenceClassifier("rnn", 1, 2, hidden=3)
    nn.init.zeros_(model.recurrent.weight_hh_l0)
    found = gradient_profile(model, np.zeros((1, 3, 1)), [1])
    np.testing.assert_array_equal(np.isneginf(found.log_norms), [[True, True, False]])
    np.testing.assert_array_equal(found.norms[0, :2], 0)


def test_quantiles_are_over_the_sequences_that_are_there(x):
    found = gradient_profile(model_of("gru"), x, LABELS, LENGTHS, levels=(0.0, 0.5, 1.0))
    np.testing.assert_array_equal(found.levels, [0, 0.5, 1])
    np.testing.assert_array_equal(found.quantiles[:, 5], found.log_norms[[0, 0, 0], 5])
    np.testing.assert_array_equal(found.quantiles[:, 0], np.sort(found.log_norms[:, 0]))


def test_the_model_is_left_as_it_was(x):
    model = model_of("lstm").float().train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    locked = np.array(LABELS)
    locked.flags.writeable = False
    found = gradient_profile(model, x, locked)
    np.testing.assert_array_equal(
        found.log_norms, gradient_profile(model, x, torch.tensor(LABELS)).log_norms
    )
    assert model.training
    assert all(p.requires_grad and p.grad is None for p in model.parameters())
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"labels": None}, "`labels` must be given unless `inputs` is a SequenceDataset"),
        ({"labels": [0, 1]}, r"`labels` must be 3 integers.* got shape \(2,\)"),
        ({"labels": [0.0, 1.0, 2.0]}, "`labels` must be 3 integers.* of float64"),
        ({"labels": [True, False, True]}, "`labels` must be 3 integers.* of bool"),
        ({"labels": [0, 1, 3]}, "`labels` must be from 0 to 2, got 0 to 3"),
        ({"labels": [0, 1, -1]}, "`labels` must be from 0 to 2, got -1 to 1"),
        ({"levels": []}, "`levels` must be increasing, from 0 to 1"),
        ({"inputs": np.full((3, T, D), np.inf)}, "must be finite at real steps"),
        ({"inputs": np.zeros((0, T, D))}, "at least one sequence"),
        ({"model": nn.GRU(D, H)}, "`model` must be a rnnspec.SequenceClassifier.* got GRU"),
        ({"direction": "reverse"}, "`direction` must be one of forward"),
        ({"model": model_of("gru", bidirectional=True)}, "`direction` must be 'forward' or"),
        (
            {"model": model_of("gru", 2, bidirectional=True), "direction": "forward"},
            "must have one layer if it is bidirectional.* got 2 layers",
        ),
    ],
)
def test_what_does_not_fit_is_refused(options, match, x):
    with pytest.raises(ValueError, match=match):
        gradient_profile(**{"model": model_of("gru"), "inputs": x, "labels": LABELS, **options})
