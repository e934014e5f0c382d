import pytest
import torch
from torch import nn
from torch.func import jacrev, vmap

from rnnspec import Normalize, SequenceClassifier, normalize_recurrent, recurrent_matrices
from rnnspec.models.cells import jacobian, jacobian_product, state_jacobian, step
from rnnspec.models.gates import CELLS
from rnnspec.models.layers import recurrent_cells
from rnnspec.models.stack import (
    read_jacobian,
    read_jacobian_product,
    split_state,
    stack_jacobian,
    stack_step,
    whole_size,
)

MODULES = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
SINGLE = {"rnn": nn.RNNCell, "lstm": nn.LSTMCell, "gru": nn.GRUCell}
ROUNDING = {torch.float64: 1e-12, torch.float32: 1e-6}


def drawn(*shape, seed=3):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)).double()


def module_of(cell, *sizes, seed=1, **options):
    torch.manual_seed(seed)
    return MODULES[cell](*sizes, batch_first=True, **options).double()


def along(cell, x, reverse):
    """Outputs (n, t, h) of one cell, and its last state (n, s)."""
    s, outputs = x.new_zeros(len(x), cell.state_size), {}
    for now in range(x.shape[1])[:: -1 if reverse else 1]:
        s = step(cell, x[:, now], s)
        outputs[now] = s[:, : cell.hidden]
    return torch.stack([outputs[now] for now in sorted(outputs)], dim=1), s


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("sizes", [(3, 5, 1), (1, 1, 1), (2, 4, 3)])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("name", CELLS)
@torch.no_grad()
def test_whole_sequences_agree_with_the_fused_layers(name, bidirectional, sizes, bias, dtype):
    module = module_of(name, *sizes, bias=bias, bidirectional=bidirectional).to(dtype)
    cells = recurrent_cells(module, dtype)
    x = drawn(1 if sizes[1] == 1 else 4, 12, sizes[0]).to(dtype)
    expected, final = module(x)
    final = torch.cat(final, dim=2) if name == "lstm" else final
    for layer in range(sizes[2]):
        both = [along(row[layer], x, reverse=k == 1) for k, row in enumerate(cells)]
        for k, (_, last) in enumerate(both):
            place = final[layer * len(cells) + k]
            torch.testing.assert_close(last, place, rtol=0, atol=ROUNDING[dtype])
        x = torch.cat([outputs for outputs, _ in both], dim=2)
    torch.testing.assert_close(x, expected, rtol=0, atol=ROUNDING[dtype])


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("sizes", [(3, 5), (1, 1), (4, 2)])
@pytest.mark.parametrize("n", [1, 6])
@pytest.mark.parametrize("name", CELLS)
def test_jacobians_agree_with_automatic_differentiation(name, n, sizes, bias):
    ((cell,),) = recurrent_cells(module_of(name, *sizes, bias=bias))
    x, s = 2 * drawn(n, cell.n_inputs), 2 * drawn(n, cell.state_size, seed=4)
    one = jacrev(lambda x, s: step(cell, x[None], s[None])[0], argnums=(1, 0))
    found = jacobian(cell, x, s)
    for J, expected in zip(found, vmap(one)(x, s), strict=True):
        torch.testing.assert_close(J, expected, rtol=0, atol=1e-10)
    torch.testing.assert_close(state_jacobian(cell, x, s), found[0], rtol=0, atol=0)


@pytest.mark.parametrize("name", CELLS)
def test_jacobians_agree_with_the_differentiated_fused_layer(name):
    module = module_of(name, 3, 5)
    ((cell,),) = recurrent_cells(module)
    x, s = drawn(1, 3), drawn(1, cell.state_size, seed=4)

    def fused(s, x):
        start = tuple(s[None].split(5, dim=2)) if name == "lstm" else s[None]
        _, new = module(
            x[:, None], tuple(part.contiguous() for part in start) if name == "lstm" else start
        )
        return torch.cat(new, dim=2)[0] if name == "lstm" else new[0]

    expected = torch.autograd.functional.jacobian(fused, (s, x))
    for found, wanted in zip(jacobian(cell, x, s), expected, strict=True):
        torch.testing.assert_close(found[0], wanted[0, :, 0], rtol=0, atol=1e-10)


@pytest.mark.parametrize("name", CELLS)
def test_a_cell_module_is_a_layer(name):
    torch.manual_seed(2)
    module = SINGLE[name](3, 5).double()
    ((cell,),) = recurrent_cells(nn.Sequential(module))
    x, s = drawn(4, 3), drawn(4, cell.state_size, seed=4)
    new = module(x, tuple(s.split(5, dim=1)) if name == "lstm" else s)
    new = torch.cat(new, dim=1) if name == "lstm" else new
    torch.testing.assert_close(step(cell, x, s), new.detach(), rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", CELLS)
def test_a_normalised_weight_counts_as_it_acts(name):
    model = SequenceClassifier(name, 2, 3, hidden=6)
    plain = recurrent_cells(model)[0][0].W
    normalize_recurrent(model, Normalize("norm", bound=0.5, estimator="exact"))
    model.train()
    ((cell,),) = recurrent_cells(model)
    assert model.training
    for block, W in zip(cell.W, recurrent_matrices(model).values(), strict=True):
        assert block.numpy() == pytest.approx(W, abs=1e-15)
        assert torch.linalg.matrix_norm(block, 2) == pytest.approx(0.5, rel=1e-6)
    assert not torch.allclose(plain, cell.W)


def test_weights_are_copies():
    module = module_of("gru", 3, 5)
    recurrent_cells(module)[0][0].W.zero_()
    assert module.weight_hh_l0.abs().min() > 0


@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("name", CELLS)
def test_the_stack_is_one_map_with_one_block_triangular_jacobian(name, layers):
    (cells,) = recurrent_cells(module_of(name, 3, 4, layers))
    size = sum(cell.state_size for cell in cells)
    x, s = drawn(5, 3), drawn(5, size, seed=4)
    J = stack_jacobian(cells, x, s)
    expected = vmap(jacrev(lambda s, x: stack_step(cells, x[None], s[None])[0]))(s, x)
    torch.testing.assert_close(J, expected, rtol=0, atol=1e-10)
    own = cells[0].state_size
    assert not J[:, :own, own:].any()
    first = jacobian(cells[0], x, split_state(cells, s)[0])[0]
    torch.testing.assert_close(J[:, :own, :own], first, rtol=0, atol=0)


def test_only_the_own_direction_passes_from_below():
    _, cells = recurrent_cells(module_of("lstm", 3, 4, 2, bidirectional=True))
    x, other, s = drawn(1, 3), drawn(1, 4, seed=5), drawn(1, 16, seed=6)

    def reverse(s):
        low, high = split_state(cells, s[None])
        low = step(cells[0], x, low)
        return torch.cat([low, step(cells[1], torch.cat([other, low[:, :4]], 1), high)], 1)[0]

    below = step(cells[0], x, s[:, :8])[:, :4]
    found = read_jacobian(cells, [x, torch.cat([other, below], 1)], split_state(cells, s), 4)
    torch.testing.assert_close(found[0], jacrev(reverse)(s[0]), rtol=0, atol=1e-10)


@pytest.mark.parametrize("k", [1, 4, 30])
@pytest.mark.parametrize("sizes", [(3, 5), (1, 1), (4, 2)])
@pytest.mark.parametrize("name", CELLS)
def test_a_product_is_the_jacobians_times_the_directions(name, sizes, k):
    ((cell,),) = recurrent_cells(module_of(name, *sizes))
    x, s = drawn(6, cell.n_inputs), drawn(6, cell.state_size, seed=4)
    Q, X = drawn(6, cell.state_size, k, seed=5), drawn(6, cell.n_inputs, k, seed=6)
    in_state, in_input = jacobian(cell, x, s)
    expected = in_state @ Q
    torch.testing.assert_close(jacobian_product(cell, x, s, Q), expected, rtol=0, atol=1e-13)
    expected = expected + in_input @ X
    torch.testing.assert_close(jacobian_product(cell, x, s, Q, X), expected, rtol=0, atol=1e-13)


@pytest.mark.parametrize("reverse", [0, 1])
@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("name", CELLS)
def test_a_product_with_the_stack_passes_what_is_below(name, layers, reverse):
    cells = recurrent_cells(module_of(name, 3, 4, layers, bidirectional=True))[reverse]
    read = [drawn(5, cell.n_inputs, seed=k) for k, cell in enumerate(cells)]
    states = split_state(cells, drawn(5, whole_size(cells), seed=8))
    Q = drawn(5, whole_size(cells), 6, seed=9)
    expected = read_jacobian(cells, read, states, 4 * reverse) @ Q
    found = read_jacobian_product(cells, read, states, Q, 4 * reverse)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("module", "match"),
    [
        (nn.Linear(2, 2), "found none in Linear"),
        (nn.Sequential(nn.GRU(2, 3), nn.GRU(3, 3)), r"got 0 \(GRU\), 1 \(GRU\): pass one of them"),
        (nn.LSTM(2, 5, proj_size=3), "got proj_size=3"),
        (nn.RNN(2, 3, nonlinearity="relu"), "got nonlinearity='relu'"),
        (nn.RNNCell(2, 3, nonlinearity="relu"), "got nonlinearity='relu'"),
        ({"weight_hh_l0": torch.zeros(3, 3)}, "must be a torch module, got dict"),
    ],
)
def test_what_has_no_state_map_is_refused(module, match):
    with pytest.raises(ValueError, match=match):
        recurrent_cells(module)


def test_weights_of_a_training_that_diverged():
    gru = nn.GRU(2, 3, num_layers=2)
    with torch.no_grad():
        gru.weight_hh_l1[0, 0] = torch.nan
    with pytest.raises(ValueError, match="must have finite weights, got a NaN .* weight_hh_l1"):
        recurrent_cells(gru)
