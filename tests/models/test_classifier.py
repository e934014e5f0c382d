import itertools

import pytest
import torch
from torch import nn

from rnnspec import SequenceClassifier
from rnnspec.models.gates import CELLS, GATES, cell_of_shape, n_gates

SHAPES = list(itertools.product(CELLS, (1, 2), (False, True)))


def batch(lengths, seed=3, d=3):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(len(lengths), max(lengths), d, generator=generator), torch.tensor(lengths)


@pytest.mark.parametrize(("cell", "layers", "bidirectional"), SHAPES)
@pytest.mark.parametrize("lengths", [(9, 4, 1, 9), (2, 9, 5, 3)])
def test_a_sequence_is_classified_the_same_alone_and_in_company(
    cell, layers, bidirectional, lengths
):
    model = SequenceClassifier(cell, 3, 5, 6, layers, bidirectional, init="torch").eval()
    inputs, n = batch(lengths)
    with torch.no_grad():
        together = model(inputs, n)
        alone = torch.cat(
            [
                model(x[None, :k], n[i : i + 1])
                for i, (x, k) in enumerate(zip(inputs, n, strict=True))
            ]
        )
        bare = torch.cat([model(x[None, :k]) for x, k in zip(inputs, n, strict=True)])
        for i, k in enumerate(n):
            inputs[i, k:] = 1e3
        padded_otherwise = model(inputs, n)
        longer = model(torch.cat([inputs, inputs], 1), n)
    for other in (alone, bare, padded_otherwise, longer):
        assert (together - other).abs().max() < 1e-6


@pytest.mark.parametrize(("cell", "layers", "bidirectional"), SHAPES)
def test_it_is_the_readout_of_torchs_own_layers(cell, layers, bidirectional):
    model = SequenceClassifier(cell, 3, 5, 6, layers, bidirectional).eval()
    inputs, lengths = batch((7, 7))
    states, _ = model.recurrent(inputs)
    last = states[:, -1, :6]
    if bidirectional:
        last = torch.cat([last, states[:, 0, 6:]], 1)
    torch.testing.assert_close(model(inputs, lengths), model.readout(last))


def test_gradients_do_not_see_the_padding():
    inputs, lengths = batch((6, 2))
    inputs.requires_grad_()
    for bidirectional in (False, True):
        model = SequenceClassifier("gru", 3, 2, 4, bidirectional=bidirectional)
        (gradient,) = torch.autograd.grad(model(inputs, lengths).sum(), inputs)
        assert (gradient[1, 2:] == 0).all()
        assert (gradient[1, :2] != 0).all()


def blocks(weight):
    h = weight.shape[1]
    return weight.detach().view(-1, h, h)


@pytest.mark.parametrize(("cell", "layers", "bidirectional"), SHAPES)
def test_orthogonal_blocks_and_an_open_forget_gate(cell, layers, bidirectional):
    model = SequenceClassifier(cell, 3, 5, 6, layers, bidirectional, init="orthogonal")
    for name, parameter in model.recurrent.named_parameters():
        if name.startswith("weight_hh"):
            W = blocks(parameter)
            assert len(W) == n_gates(cell)
            torch.testing.assert_close(W @ W.mT, torch.eye(6).expand_as(W), atol=2e-6, rtol=0)
            assert not torch.allclose(W[0], torch.eye(6), atol=0.1)
        elif name.startswith("weight_ih"):
            for block in parameter.view(n_gates(cell), 6, -1):
                bound = (6 / sum(block.shape)) ** 0.5
                assert 0.7 * bound < block.abs().max() <= bound
    biases = {k: v for k, v in model.recurrent.named_parameters() if k.startswith("bias_ih")}
    for name, bias in biases.items():
        total = bias + getattr(model.recurrent, name.replace("_ih", "_hh"))
        for gate, part in zip(GATES[cell] or ("",), total.view(-1, 6), strict=True):
            assert (part == (1.0 if gate == "forget" else 0.0)).all()


@pytest.mark.parametrize("cell", CELLS)
def test_identity_blocks(cell):
    model = SequenceClassifier(cell, 3, 5, 6, init="identity")
    assert (blocks(model.recurrent.weight_hh_l0) == torch.eye(6)).all()


@pytest.mark.parametrize("cell", CELLS)
def test_torchs_own_bound(cell):
    model = SequenceClassifier(cell, 3, 5, hidden=16, init="torch")
    for parameter in model.recurrent.parameters():
        assert 0.8 / 4 < parameter.abs().max() <= 1 / 4


@pytest.mark.parametrize("init", ["orthogonal", "torch", "identity"])
def test_the_seed_decides_and_the_global_stream_is_left_alone(init):
    def weights(seed):
        return SequenceClassifier("lstm", 3, 5, 6, init=init, seed=seed).state_dict()

    before = torch.random.get_rng_state()
    first = weights(4)
    assert torch.equal(torch.random.get_rng_state(), before)
    torch.manual_seed(99)
    again, other = weights(4), weights(5)
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert not torch.equal(first["recurrent.weight_ih_l0"], other["recurrent.weight_ih_l0"])
    assert not torch.equal(first["readout.weight"], other["readout.weight"])


def test_a_plain_model_has_plain_names():
    model = SequenceClassifier("gru", 3, 5, 6)
    own = {f"recurrent.{name}" for name in nn.GRU(3, 6).state_dict()}
    assert set(model.state_dict()) == own | {"readout.weight", "readout.bias"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("elman", 3, 5), "`cell` must be one of rnn, lstm, gru, got 'elman'"),
        (("rnn", 3, 5, 6, 1, False, "torch", -1), "`seed` must be an integer from 0"),
        (("rnn", 0, 5), "`n_features` must be at least 1, got 0"),
        (("rnn", 3, 0), "`n_classes` must be at least 1, got 0"),
        (("rnn", 3, 5, 0), "`hidden` must be at least 1, got 0"),
        (("rnn", 3, 5, 6, -1), "`layers` must be at least 1, got -1"),
        (
            ("rnn", 3, 5, 6, 1, False, "zero"),
            "`init` must be one of orthogonal, torch, identity, got 'zero'",
        ),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        SequenceClassifier(*arguments)


@pytest.mark.parametrize(
    ("rows", "columns", "cell"),
    [(1, 1, "rnn"), (3, 1, "gru"), (4, 1, "lstm"), (8, 4, None), (0, 0, None), (20, 4, None)],
)
def test_the_shape_tells_the_cell(rows, columns, cell):
    assert cell_of_shape(rows, columns) == cell


def test_an_empty_sequence_is_refused():
    model = SequenceClassifier("rnn", 2, 3, hidden=4)
    with pytest.raises(ValueError, match=r"`lengths` must be at least 1, got 0"):
        model(torch.zeros(2, 5, 2), torch.tensor([5, 0]))
