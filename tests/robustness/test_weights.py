"""Moved weights: put back bit by bit, of the size they say, and as they are stored."""

import numpy as np
import pytest
import torch
from torch import nn

import rnnspec
from rnnspec import SequenceClassifier, recurrent_matrices
from rnnspec.robustness.attacks.table import ON_WEIGHTS, SIZED, names
from rnnspec.robustness.budget import BudgetExceeded
from rnnspec.robustness.moved_weights import MovedWeights, weights_moved
from rnnspec.robustness.quantisation import prune_smallest, round_to_bits, to_half_precision
from rnnspec.robustness.weights import weight_robustness
from rnnspec.robustness.worst_weights import worst_perturbation

EPS32 = np.finfo(np.float32).eps


@pytest.fixture
def model():
    return SequenceClassifier("gru", 2, 3, hidden=6, bidirectional=True, seed=1)


def fingerprint(model):
    return {name: weight.clone() for name, weight in model.state_dict().items()}


def unchanged(model, before):
    return all(torch.equal(weight, before[name]) for name, weight in model.state_dict().items())


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_each_matrix_moves_alone_and_comes_back(cell):
    model = SequenceClassifier(cell, 2, 3, hidden=5, layers=2, bidirectional=True, seed=1)
    before, matrices = fingerprint(model), recurrent_matrices(model)
    inputs = torch.randn(4, 6, 2, generator=torch.Generator().manual_seed(0))
    logits = model(inputs)
    for name in matrices:
        E = np.random.default_rng(0).standard_normal((5, 5))
        with weights_moved(model, {name: E}):
            for other, W in recurrent_matrices(model).items():
                expected = matrices[other] + (E if other == name else 0)
                assert np.array_equal(W, expected.astype(np.float32))
            assert not torch.equal(model(inputs), logits)
        assert unchanged(model, before)
    assert torch.equal(model(inputs), logits)


def test_they_come_back_after_an_exception(model):
    before, E = fingerprint(model), {name: np.eye(6) for name in recurrent_matrices(model)}
    with pytest.raises(RuntimeError, match="in between"), weights_moved(model, E):
        raise RuntimeError("in between")
    assert unchanged(model, before)


def test_any_module_and_precision():
    network = nn.ModuleDict({"a": nn.LSTMCell(2, 3), "b": nn.GRU(2, 3)}).half()
    before = fingerprint(network)
    with weights_moved(network, {"a.layer0.forget": np.eye(3), "b.layer0.new": np.eye(3)}):
        moved = [
            name
            for name, weight in network.state_dict().items()
            if not torch.equal(weight, before[name])
        ]
    assert moved == ["a.weight_hh", "b.weight_hh_l0"]
    assert unchanged(network, before)


@pytest.mark.parametrize("attack", ON_WEIGHTS)
@pytest.mark.parametrize("norm", ["spectral", "frobenius"])
def test_records_say_what_the_network_holds(attack, norm, model, walks):
    data, before, mode = walks(20), fingerprint(model), model.training
    sizes = {"epsilons": (0.0, 0.02, 0.5)} if attack in SIZED else {}
    if attack == "prune":
        sizes = {"fractions": (0.0, 0.25, 1.0)}
    records = weight_robustness(model, data, attack, norm=norm, **sizes)
    assert unchanged(model, before)
    assert model.training == mode
    assert all(weight.requires_grad for weight in model.parameters())
    matrices = recurrent_matrices(model)
    n_sizes = 3 if sizes else 1
    assert [record.matrix for record in records] == list(matrices) * n_sizes
    for record in records:
        W = matrices[record.matrix]
        reach = 50 * EPS32 * (1 + np.linalg.norm(W))
        assert (record.attack, record.norm, record.n) == (attack, norm, 20)
        assert record.distance_to_instability == float(rnnspec.distance_to_instability(W))
        assert record.size <= record.epsilon + reach
        assert abs(record.spectral_radius - rnnspec.spectral_radius(W)) <= float(
            rnnspec.pseudospectral_radius(W, record.size + reach)
        )
        if norm == "frobenius" and attack in ("random", *names("rounding")) and record.epsilon:
            assert record.size < 0.9 * record.epsilon
        if norm == "spectral" or attack == "rank_one":
            assert record.size == pytest.approx(record.epsilon, abs=reach)
        assert record.max_perturbation == pytest.approx(record.epsilon, abs=reach)
        assert record.accuracy == record.n_correct / 20
    if sizes:
        clean = [record for record in records if 0 in (record.epsilon, record.fraction)]
        assert len(clean) == len(matrices)
        assert all(record.size == 0 for record in clean)


COMPRESSED = {
    "fp16": to_half_precision,
    "int8": lambda W: round_to_bits(W, 8),
    "int4": lambda W: round_to_bits(W, 4),
    "prune": lambda W: prune_smallest(W, 0.4),
    "worst": lambda W: W + worst_perturbation(W, 0.1),
    "rank_one": lambda W: W + worst_perturbation(W, 0.1, rank_one=True),
}


@pytest.mark.parametrize("attack", COMPRESSED)
def test_accuracy_and_radius_are_those_of_a_network_rewritten_by_hand(attack, walks):
    data = walks(40)
    model = SequenceClassifier("rnn", 2, 3, hidden=8, seed=3)
    W = recurrent_matrices(model)["layer0"]
    by_hand = SequenceClassifier("rnn", 2, 3, hidden=8, seed=3)
    with torch.no_grad():
        by_hand.recurrent.weight_hh_l0.copy_(torch.from_numpy(COMPRESSED[attack](W)))
        logits = by_hand(torch.from_numpy(data.inputs), torch.from_numpy(data.lengths))
    sizes = {"prune": {"fractions": [0.4]}, "worst": {"epsilons": [0.1]}}
    sizes["rank_one"] = sizes["worst"]
    (record,) = weight_robustness(model, data, attack, **sizes.get(attack, {}))
    stored = recurrent_matrices(by_hand)["layer0"]
    assert record.n_correct == int((logits.argmax(1).numpy() == data.labels).sum())
    assert record.spectral_radius == pytest.approx(rnnspec.spectral_radius(stored), rel=1e-5)
    assert record.size == pytest.approx(rnnspec.spectral_norm(stored - W), rel=1e-5)
    assert record.fraction == (0.4 if attack == "prune" else None)


@pytest.mark.parametrize("norm", ["spectral", "frobenius"])
@pytest.mark.parametrize("attack", SIZED)
def test_a_move_beyond_its_budget_raises(attack, norm, model, walks, monkeypatch):
    """A network that stores more than it is given, as a careless parametrisation may."""
    from rnnspec.robustness import weights

    before, data = fingerprint(model), walks(3)

    def call(factor):
        def too_far(model, moves):
            return weights_moved(model, {name: factor * E for name, E in moves.items()})

        monkeypatch.setattr(weights, "weights_moved", too_far)
        return weight_robustness(model, data, attack, [0.3], norm=norm)

    assert len(call(1 + 1e-6)) == len(recurrent_matrices(model))
    with pytest.raises(BudgetExceeded, match=rf"moved by {norm} 0\.30003, its budget is 0\.3$"):
        call(1 + 1e-4)
    assert unchanged(model, before)


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
def test_what_storing_rounds_is_allowed(dtype, walks):
    model = SequenceClassifier("rnn", 2, 3, hidden=6, seed=1).to(dtype)
    with torch.no_grad():
        model.recurrent.weight_hh_l0.mul_(30)
    for epsilon in (1e-9, 1e-3, 1.0):
        (record,) = weight_robustness(model, walks(3), "random", [epsilon])
        assert record.max_perturbation < 1.1 * epsilon + 100 * torch.finfo(dtype).eps


def test_more_bits_move_less(model, walks):
    size = {
        attack: [record.size for record in weight_robustness(model, walks(5), attack)]
        for attack in ("fp16", "int8", "int4")
    }
    assert (np.array(size["fp16"]) < size["int8"]).all()
    assert (np.array(size["int8"]) < size["int4"]).all()


def test_the_worst_beats_chance_and_one_rank_lies_between(walks):
    model, data = SequenceClassifier("rnn", 2, 3, hidden=12, seed=5), walks(5)
    radius = {
        attack: weight_robustness(model, data, attack, [0.2])[0].spectral_radius
        for attack in ("random", "rank_one", "worst")
    }
    assert radius["random"] < radius["rank_one"] < radius["worst"]


def test_large_moves_spoil_a_trained_network(digits, digits_lstm):
    data = digits.test.subset(np.arange(200))
    small, large = (
        weight_robustness(digits_lstm, data, "random", [epsilon])[0].accuracy
        for epsilon in (1e-3, 30.0)
    )
    assert small > 0.8
    assert large < 0.5


def test_seed_norm_and_choice(model, walks):
    def call(**options):
        options = {"attack": "random", "epsilons": [0.5]} | options
        return [record.spectral_radius for record in weight_robustness(model, data, **options)]

    data = walks(5)
    once = call()
    assert once == call()
    assert once != call(seed=1)
    assert once != call(norm="frobenius")
    name = list(recurrent_matrices(model))[3]
    assert call(matrices=[name]) == [once[3]]  # the choice changes no draw


def test_a_chosen_matrix_moves_alone(walks):
    model, data = SequenceClassifier("lstm", 2, 3, hidden=4), walks(30)
    records = weight_robustness(model, data, "random", [40.0], matrices=["layer0.forget"])
    assert [record.matrix for record in records] == ["layer0.forget"]
    every = weight_robustness(model, data, "random", [40.0])
    assert len({record.n_correct for record in every}) == 1


def test_sizes_by_default(walks):
    model, data = SequenceClassifier("rnn", 2, 3, hidden=3), walks(3)
    assert len(weight_robustness(model, data, "random")) == 6
    assert [r.fraction for r in weight_robustness(model, data, "prune")][-1] == 0.9


def test_a_normalised_network_must_be_baked_first(model, walks):
    rnnspec.normalize_recurrent(model, rnnspec.Normalize("norm", bound=0.5))
    with pytest.raises(ValueError, match=r"must hold plain weights .*`rnnspec.bake`"):
        weight_robustness(model, walks(3), "int8")
    rnnspec.bake(model)
    (first, *_) = weight_robustness(model, walks(3), "worst", [0.1])
    assert isinstance(first, MovedWeights)
    assert first.spectral_radius <= 0.6 + 1e-5


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"attack": "pgd"}, r"`attack` must be one of random, worst, .*prune, got 'pgd'"),
        ({"norm": "linf"}, "`norm` must be one of spectral, frobenius, got 'linf'"),
        ({"epsilons": [-1.0]}, "`epsilons` must be a finite number >= 0, got -1.0"),
        ({"epsilons": [np.nan]}, "`epsilons` must be a finite number >= 0, got nan"),
        ({"epsilons": [0.3, 0.1]}, "`epsilons` must increase, got 0.1 after 0.3"),
        ({"epsilons": []}, r"`epsilons` must be a list of sizes, got an array of shape \(0,\)"),
        ({"matrices": ["layer9"]}, "`matrices` must be one of layer0.reset, .* got 'layer9'"),
        ({"matrices": []}, "`matrices` must name at least one matrix, got none"),
        ({"attack": "int8", "epsilons": [0.1]}, "`epsilons` must be None for 'int8'"),
        ({"attack": "prune", "epsilons": [0.1]}, "`epsilons` must be None for 'prune'"),
        ({"fractions": [0.1]}, "`fractions` must be None for 'random'"),
        ({"attack": "prune", "fractions": [0.5, 1.5]}, "`fractions` must be from 0 to 1, got"),
        ({"attack": "prune", "fractions": [0.5, 0.5]}, "`fractions` must increase, got 0.5 after"),
        ({"attack": "prune", "fractions": []}, "`fractions` must be a list of sizes, got an array"),
        ({"model": nn.Linear(2, 2)}, "must hold recurrent weights"),
    ],
)
def test_errors(change, error, model, walks):
    call = {"model": model, "data": walks(3), "attack": "random"} | change
    with pytest.raises(ValueError, match=error):
        weight_robustness(**call)


def test_moves_of_another_shape_or_name(model):
    before = fingerprint(model)
    with (
        pytest.raises(ValueError, match=r"shape \(6, 6\) for layer0.reset, got \(2, 2\)"),
        weights_moved(model, {"layer0.reset": np.eye(2)}),
    ):
        pass
    with (
        pytest.raises(ValueError, match="`moves` must be one of layer0.reset, .* got 'nobody'"),
        weights_moved(model, {"nobody": np.eye(6)}),
    ):
        pass
    assert unchanged(model, before)
