import csv
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

import rnnspec
from rnnspec import Normalize, SequenceClassifier, train
from rnnspec.data import DataSplits, SequenceDataset
from rnnspec.robustness.access import under_attack
from rnnspec.robustness.attacks.ascent import random_start
from rnnspec.robustness.budget import BudgetExceeded, sizes
from rnnspec.robustness.decision import cross_entropy
from rnnspec.training import Adversarial, TrainingDiverged
from rnnspec.training.accuracy import evaluate, tensors_of
from rnnspec.training.adversarial import ITERATIONS
from rnnspec.training.adversarial_loss import AdversarialLoss, ascend, divergence
from rnnspec.training.config import METHODS, TrainingConfig
from rnnspec.training.one_update import hold_estimators, random_numbers
from rnnspec.training.run import adversarial_of, curvature_of, default_directory, train_run
from rnnspec.training.schedule import epsilon_at

NORMALIZERS = [Normalize("radius", 0.5), Normalize("norm", 0.5)]
# Estimates that converge slowly: a forward too many shows.
SLOW = [Normalize(q, 0.5, "power", block=2) for q in ("radius", "norm")]
slow = pytest.mark.filterwarnings("ignore:the power estimate:rnnspec.ConvergenceWarning")


def model_for(data, cell="gru", hidden=6, seed=3, **options):
    return SequenceClassifier(cell, data.n_features, data.n_classes, hidden, seed=seed, **options)


def run_of(data, adversarial=None, model_options=None, **options):
    model = model_for(data, **model_options or {})
    options = {"epochs": 2, "batch_size": 45, "seed": 3} | options
    return train(model, data, adversarial=adversarial, **options)


def weights_after(*arguments, **options):
    return run_of(*arguments, **options).model.state_dict()


def equal(a, b):
    return set(a) == set(b) and all(torch.equal(a[key], b[key]) for key in a)


@pytest.fixture
def bounded():
    """Three classes of one-channel sequences of raw values in [0, 1], many on a bound."""
    rng = np.random.default_rng(84)

    def part(n):
        labels, lengths = np.arange(n) % 3, rng.integers(3, 7, n)
        raw = np.clip(rng.standard_normal((n, 6, 1)) + labels[:, None, None] / 2, 0, 1)
        return SequenceDataset.from_raw(
            raw, lengths, labels, ("a", "b", "c"), mean=0.4, std=0.2, lower=0, upper=1
        )

    return DataSplits("bounded", "series", 0, part(60), part(24), part(30), None, {})


# The laws that tie robust training to plain training.


@slow
@pytest.mark.parametrize("normalize", [None, *SLOW], ids=str)
@pytest.mark.parametrize("method", METHODS)
def test_epsilon_zero_is_plain_training(walks, method, normalize):
    data = walks()
    plain = run_of(data, normalize=normalize)
    # 1e-30 is attacked as any other, and lost when it is added to the inputs.
    for epsilon in (0, 1e-30) if method != "trades" else (0,):
        robust = run_of(data, Adversarial(method, epsilon, iterations=2), normalize=normalize)
        assert equal(plain.model.state_dict(), robust.model.state_dict())
        for a, b in zip(plain.history, robust.history, strict=True):
            assert b["robust_validation_loss"] == b["validation_loss"] == a["validation_loss"]
            assert b["train_loss"] == a["train_loss"]


@slow
@pytest.mark.parametrize("normalize", [None, *SLOW], ids=str)
def test_trades_without_its_second_term_is_plain_training(walks, normalize):
    data = walks(validation=0)  # the last epoch stays, chosen under attack or not
    trades = Adversarial("trades", epsilon=0.3, beta=0.0)
    assert equal(
        weights_after(data, normalize=normalize), weights_after(data, trades, normalize=normalize)
    )


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("method", METHODS)
def test_the_same_seed_gives_the_same_weights(walks, method, cell):
    data, adversarial, options = walks(), Adversarial(method, 0.3, 2), {"cell": cell}
    before = torch.random.get_rng_state()
    first = weights_after(data, adversarial, options)
    assert torch.equal(torch.random.get_rng_state(), before)
    torch.manual_seed(85)
    assert equal(first, weights_after(data, adversarial, options))
    assert not equal(first, weights_after(data, None, options))


def test_every_field_changes_the_weights(walks):
    data = walks(validation=0)
    pgd, trades = Adversarial("pgd", 0.3), Adversarial("trades", 0.3)
    choices = [
        pgd,
        trades,
        replace(pgd, method="free"),
        replace(pgd, epsilon=0.2),
        replace(pgd, iterations=2),
        replace(pgd, schedule="linear"),
        replace(pgd, schedule="cosine"),
        replace(trades, beta=1.0),
        replace(pgd, method="free", iterations=2),
    ]
    weights = [weights_after(data, choice) for choice in choices]
    assert not any(equal(a, b) for i, a in enumerate(weights) for b in weights[:i])
    for same in (replace(pgd, iterations=7), replace(pgd, beta=1.0)):
        assert equal(weights_after(data, same), weights[0])


# The inner attack.


def loss_of(model, data, adversarial, total=10, seed=0):
    train_part = tensors_of(data.train, "cpu")
    return AdversarialLoss(model, data, train_part, adversarial, seed, total)


@pytest.mark.parametrize("method", METHODS)
def test_a_batch_is_attacked_inside_its_budget_and_nothing_else_is_touched(bounded, method):
    model = model_for(bounded)
    model.train()
    model.readout.bias.requires_grad_(False)
    seen = []
    model.register_forward_pre_hook(lambda _, given: seen.append((given, model.training)))
    robust = loss_of(model, bounded, Adversarial(method, 0.5, 3))
    batch = torch.arange(10, 30)
    loss, logits = robust(batch, 0)
    assert all(weight.grad is None for weight in model.parameters())
    assert [weight.requires_grad for weight in model.parameters()] == [True] * 5 + [False]
    assert logits.shape == (20, 3)
    clean, largest = robust.victim.inputs[batch], 0.0
    for (inputs, lengths, *_), training in seen:
        assert training
        moved = inputs - clean
        largest = max(largest, moved.abs().max().item())
        padded = torch.arange(6) >= lengths[:, None]
        assert not moved[padded].any()
        raw = (inputs * 0.2 + 0.4)[~padded]
        assert raw.min() >= -1e-6
        assert raw.max() <= 1 + 1e-6
    assert largest == pytest.approx(0.5, rel=1e-5)
    assert loss.requires_grad


def test_the_attack_raises_the_loss_that_is_trained_on(walks):
    data = walks()
    run = run_of(data, epochs=4, lr=0.02)
    model, batch = run.model.train(), torch.arange(90)
    plain = cross_entropy(
        run.model(*tensors_of(data.train, "cpu")[:2]), tensors_of(data.train, "cpu")[2]
    )
    values = {
        steps: loss_of(model, data, Adversarial("pgd", 0.5, steps))(batch, 0)[0].item()
        for steps in (1, 7)
    }
    assert values[7] > values[1] > plain.mean().item()


def test_of_a_linear_model_the_attack_is_the_dual_norm(bounded):
    """Binary logits (0, w.x): the loss rises monotonically, each entry goes to its own end."""
    generator = torch.Generator().manual_seed(86)
    w = torch.randn(6, generator=generator)

    class Linear(torch.nn.Module):
        def forward(self, inputs, lengths):
            real = torch.arange(6) < lengths[:, None]
            score = (inputs[:, :, 0] * real) @ w
            return torch.stack([torch.zeros_like(score), score, torch.zeros_like(score) - 50], 1)

    part = bounded.train.subset(bounded.train.labels < 2)
    with under_attack(Linear(), part) as victim:
        u = random_start(victim.budget, 0.3, random_numbers(0, 0))
        u = ascend(victim, u, 0.3, 7, 2.5 * 0.3 / 7, cross_entropy)
        away = torch.where(victim.labels == 1, -1.0, 1.0)[:, None, None] * w[:, None].sign()
        expected = victim.budget.project(0.3 * away.expand_as(u), 0.3)
        torch.testing.assert_close(u, expected, rtol=1e-5, atol=0)


def test_an_attack_that_left_its_budget_is_found_out(walks, monkeypatch):
    data = walks()
    monkeypatch.setattr("rnnspec.robustness.budget.Budget.project", lambda _, u, __: u)
    with pytest.raises(BudgetExceeded, match="was moved by linf"):
        run_of(data, Adversarial("pgd", 0.1))


def test_random_starts_fill_the_box_and_differ_from_step_to_step(walks):
    with under_attack(model_for(walks()), walks().train) as victim:
        starts = [
            random_start(victim.budget, 0.2, random_numbers(*key))
            for key in ((0, 0), (0, 1), (1, 0))
        ]
        movable = victim.budget.movable
        for u in starts:
            victim.budget.check(u, 0.2)
            assert u[movable].std().item() == pytest.approx(0.2 / 3**0.5, rel=0.1)
        assert not torch.equal(starts[0], starts[1])
        assert not torch.equal(starts[0], starts[2])
        assert torch.equal(starts[0], random_start(victim.budget, 0.2, random_numbers(0, 0)))


def test_seeds_beyond_twelve_bits_have_their_own_numbers():
    draws = [torch.rand(4, generator=random_numbers(seed, 5)) for seed in (0, 2**12, 2**31)]
    assert not any(torch.equal(a, b) for i, a in enumerate(draws) for b in draws[:i])


def test_divergence_is_that_of_the_probabilities():
    generator = torch.Generator().manual_seed(87)
    a, b = torch.randn(2, 5, 4, generator=generator, dtype=torch.float64)
    p, q = a.softmax(1), b.softmax(1)
    expected = (p * (p / q).log()).sum(1)
    torch.testing.assert_close(divergence(a)(b, torch.zeros(5)), expected)
    assert divergence(a)(a, torch.zeros(5)).abs().max() < 1e-15


def test_trades_adds_the_weighted_divergence(walks):
    data, batch = walks(), torch.arange(30)
    model = model_for(data)
    values = [
        loss_of(model, data, Adversarial("trades", 0.5, 3, beta=b))(batch, 4) for b in (0, 1, 6)
    ]
    plain, one, six = (loss.item() for loss, _ in values)
    assert one > plain
    assert six - plain == pytest.approx(6 * (one - plain), rel=1e-4)
    clean = model(*(tensor[:30] for tensor in tensors_of(data.train, "cpu")[:2]))
    assert torch.equal(values[1][1], clean)


def path_of(robust, attempt):
    """The perturbations at which `attempt` takes gradients, and the last one."""
    seen = []

    def watch(_, given):
        if torch.is_grad_enabled():
            seen.append(given[0].detach() - robust.victim.inputs[: len(given[0])])

    handle = robust.model.register_forward_pre_hook(watch)
    attempt()
    handle.remove()
    return torch.stack(seen)


@pytest.mark.parametrize("method", METHODS)
def test_size_of_an_update_and_where_it_starts(walks, method):
    data, batch = walks(), torch.arange(20)
    robust = loss_of(model_for(data), data, Adversarial(method, 0.4, 4))
    paths = [path_of(robust, lambda k=k: robust(batch, k))[:4] for k in (0, 1, 1)]
    moves = paths[0].diff(dim=0).abs().flatten(1).amax(1)
    size = 0.2 if method == "free" else 0.25
    torch.testing.assert_close(moves, torch.full((3,), size), rtol=1e-5, atol=0)
    starts = [path[0] for path in paths]
    assert not torch.equal(starts[0], starts[1])
    assert torch.equal(starts[1], starts[2]) == (method != "free")


@pytest.mark.parametrize("method", METHODS)
def test_only_trades_attacks_without_the_labels(walks, method):
    data = walks()
    wrong = replace(data, train=replace(data.train, labels=(data.train.labels + 1) % 3))
    one, other = (
        path_of(robust, lambda robust=robust: robust(torch.arange(20), 0))
        for robust in (
            loss_of(model_for(data), part, Adversarial(method, 0.4, 4)) for part in (data, wrong)
        )
    )
    assert torch.equal(one, other) == (method == "trades")


@pytest.mark.parametrize("method", METHODS)
def test_validation_makes_ten_updates_whatever_trains(walks, method):
    data = walks()
    robust = loss_of(model_for(data).eval(), replace(data, train=data.validation),
                     Adversarial(method, 0.4, 4))  # fmt: skip
    path = path_of(robust, robust.attacked_validation)
    moves = path.diff(dim=0).abs().flatten(1).amax(1)
    torch.testing.assert_close(moves, torch.full((9,), 0.1), rtol=1e-5, atol=0)


@pytest.mark.parametrize("schedule", ["linear", "cosine"])
def test_the_budget_follows_the_schedule(walks, schedule):
    data, model = walks(), model_for(walks())
    robust = loss_of(model, data, Adversarial("pgd", 0.4, 1, schedule), total=16)
    for step in range(16):
        seen = []
        handle = model.register_forward_pre_hook(lambda _, given, seen=seen: seen.append(given[0]))
        robust(torch.arange(20), step)
        handle.remove()
        moved = (seen[-1] - robust.victim.inputs[:20]).abs().max().item()
        assert moved == pytest.approx(epsilon_at(step / 16, 0.4, schedule), rel=1e-5)


# What is kept of the fast form.


def test_free_goes_on_from_where_a_sequence_was_left(walks):
    data = walks()
    robust = loss_of(model_for(data), data, Adversarial("free", 0.4))
    batch, others = torch.tensor([3, 70, 11]), torch.tensor([0, 1, 89])
    before = robust.kept.clone()
    robust.victim.budget.check(before, 0.4)
    assert before[robust.victim.budget.movable].abs().min() > 0
    robust(batch, 0)
    assert torch.equal(robust.kept[others], before[others])
    expected = before[batch]
    with hold_estimators(robust.model):
        _, gradient, _ = robust.victim[batch].gradient(expected, cross_entropy)
    expected = torch.clamp(expected + 0.2 * gradient.sign(), -0.4, 0.4)
    torch.testing.assert_close(robust.kept[batch], expected)
    # Visits add up to an attack of many steps, on a network that stands still.
    losses = [robust(batch, step)[0].item() for step in range(8)]
    assert losses[-1] > losses[0]
    robust.victim.budget.check(robust.kept, 0.4)


# Normalised networks, devices, and numbers that are none.


@pytest.mark.parametrize("normalize", SLOW, ids=str)
def test_the_attack_sees_normalised_weights_and_leaves_their_estimates(walks, normalize):
    data = walks()
    model = model_for(data)
    with torch.no_grad():
        model.recurrent.weight_hh_l0 *= 3
    rnnspec.normalize_recurrent(model, normalize)
    model.train()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    inputs, lengths, _ = tensors_of(data.train, "cpu")
    with hold_estimators(model):
        assert model.training
        attacked = model(inputs, lengths)
        assert equal(before, model.state_dict())
        with rnnspec.models.call.evaluation_mode(model):
            seen = rnnspec.recurrent_matrices(model)
    measure = rnnspec.spectral_radius if normalize.quantity == "radius" else rnnspec.spectral_norm
    assert max(map(measure, seen.values())) < 2  # of 3, by slow estimates
    model.eval()
    assert torch.equal(attacked, model(inputs, lengths))


@pytest.mark.parametrize("normalize", NORMALIZERS, ids=str)
@pytest.mark.parametrize("method", METHODS)
def test_normalised_networks_keep_their_bound(walks, method, normalize):
    run = run_of(walks(), Adversarial(method, 0.2, 2), normalize=normalize, epochs=3, lr=0.02)
    measure = rnnspec.spectral_radius if normalize.quantity == "radius" else rnnspec.spectral_norm
    for W in rnnspec.recurrent_matrices(run.model).values():
        assert measure(W) <= 0.5 * (1 + 1e-6)
    assert run.estimate_error < 0.02


@pytest.mark.parametrize("method", METHODS)
def test_divergence_of_training_is_told_as_such(walks, method):
    with pytest.raises(TrainingDiverged, match="epoch 1, batch"):
        run_of(walks(), Adversarial(method, 0.1, 2), lr=1e37)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
@pytest.mark.parametrize("method", METHODS)
def test_on_a_cuda_device(walks, method):
    losses = [
        run_of(walks(), Adversarial(method, 0.1, 2), device=device).history[-1]["train_loss"]
        for device in ("cpu", "cuda")
    ]
    assert losses[1] == pytest.approx(losses[0], rel=0.02)


# Which epoch is kept, and what is reported of it.


def test_the_epoch_of_the_lowest_robust_validation_loss_is_kept(walks):
    data = walks()
    adversarial = Adversarial("pgd", 0.5, 2)
    run = run_of(data, adversarial, {"hidden": 16}, epochs=12, batch_size=15, lr=0.1)
    robust = [row["robust_validation_loss"] for row in run.history]
    clean = [row["validation_loss"] for row in run.history]
    assert run.best_epoch == int(np.argmin(robust)) + 1
    assert np.argmin(robust) != np.argmin(clean)
    assert all(a > b for a, b in zip(robust, clean, strict=True))
    best = run.history[run.best_epoch - 1]
    assert run.robust_validation_accuracy == best["robust_validation_accuracy"]
    assert run.validation_accuracy == best["validation_accuracy"]
    again = loss_of(run.model, data, adversarial, seed=3).attacked_validation()
    assert evaluate(run.model, again)[0] == pytest.approx(min(robust), rel=1e-5)


def test_the_test_part_is_read_after_the_last_epoch_only(walks):
    data = walks()
    other = replace(data, test=data.test.subset([0, 1, 2]))
    adversarial = Adversarial("pgd", 0.3)
    a, b = (run_of(parts, adversarial, epochs=4, lr=0.05) for parts in (data, other))
    assert a.best_epoch == b.best_epoch
    assert equal(a.model.state_dict(), b.model.state_dict())
    assert a.test_accuracy != b.test_accuracy


def test_without_validation_the_last_epoch_stays(walks):
    run = run_of(walks(validation=0), Adversarial("pgd", 0.3))
    assert (run.best_epoch, run.robust_validation_accuracy) == (2, None)


def test_the_validation_attack_is_the_same_for_every_training(walks):
    data, model = walks(), model_for(walks()).eval()
    attacks = [
        Adversarial("pgd", 0.3),
        Adversarial("free", 0.3, 3, "cosine"),
        Adversarial("trades", 0.3, 1, beta=1.0),
    ]
    inputs = [loss_of(model, data, attack).attacked_validation()[0] for attack in attacks]
    assert torch.equal(inputs[0], inputs[1])
    assert torch.equal(inputs[0], inputs[2])
    moved = inputs[0] - torch.from_numpy(data.validation.inputs)
    assert sizes(moved, "linf").max().item() == pytest.approx(0.3, rel=1e-5)


@pytest.mark.parametrize(("method", "cell"), [("pgd", "rnn"), ("free", "lstm"), ("trades", "gru")])
def test_a_network_trained_under_attack_resists_it(walks, method, cell):
    data = walks()
    adversarial = Adversarial(method, 0.6)
    options = {"epochs": 12, "lr": 0.02}
    plain, robust = (
        run_of(data, choice, {"cell": cell, "hidden": 12}, **options).model
        for choice in (None, adversarial)
    )
    losses = []
    for model in (plain, robust):
        attacker = loss_of(model, replace(data, validation=data.test), adversarial)
        losses.append(evaluate(model.eval(), attacker.attacked_validation())[0])
    assert losses[1] < losses[0]


# Run directories.

CONFIG = TrainingConfig(cell="gru", hidden=4, epochs=3, batch_size=500, seed=7)
ATTACKS = {
    "pgd": {"adversarial": "pgd", "adv_steps": 2, "adv_schedule": "cosine"},
    "free": {"adversarial": "free", "curvature_penalty": 0.1, "curvature_form": "hutchinson"},
    "trades": {"adversarial": "trades", "adv_steps": 1, "normalize": "norm", "bound": 0.8},
}


def config_of(name):
    return replace(CONFIG, **ATTACKS[name])


def rows_of(directory):
    rows = list(csv.DictReader((directory / "metrics.csv").read_text().splitlines()))
    return [{key: value for key, value in row.items() if key != "seconds"} for row in rows]


def same_run(a, b):
    one, two = (load_file(directory / "model.safetensors") for directory in (a, b))
    return equal(one, two) and rows_of(a) == rows_of(b)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("robust")
    for name in ATTACKS:
        train_run(config_of(name), folder / name)
    return folder


def test_metrics_and_summary_hold_clean_and_robust_accuracy(finished, tmp_path):
    rows = rows_of(finished / "pgd")
    columns = list(rows[0])
    at = columns.index("validation_accuracy")
    assert columns[at : at + 4] == [
        "validation_accuracy",
        "robust_validation_loss",
        "robust_validation_accuracy",
        "lr",
    ]
    summary = json.loads((finished / "pgd" / "summary.json").read_text())
    best = rows[summary["best_epoch"] - 1]
    assert summary["robust_validation_accuracy"] == pytest.approx(
        float(best["robust_validation_accuracy"])
    )
    assert (summary["adversarial"], summary["adv_epsilon"]) == ("pgd", 0.1)
    train_run(replace(CONFIG, epochs=1, curvature_penalty=0.1), tmp_path / "plain")
    assert not any("robust" in column for column in rows_of(tmp_path / "plain")[0])
    summary = json.loads((tmp_path / "plain" / "summary.json").read_text())
    assert (summary["robust_validation_accuracy"], summary["curvature_penalty"]) == (None, 0.1)


KILL = """
import os, signal, sys
from pathlib import Path
import torch
from rnnspec.training.adversarial_loss import AdversarialLoss
from rnnspec.training.run import train_run
from rnnspec.training.config import TrainingConfig
torch.set_num_threads(1)
loss, calls = AdversarialLoss.__call__, []
def counted(self, *arguments):
    calls.append(0)
    if len(calls) == int(sys.argv[3]):
        os.kill(os.getpid(), signal.SIGKILL)
    return loss(self, *arguments)
AdversarialLoss.__call__ = counted
from rnnspec.training.rundir import RunWriter
RunWriter.__init__.__defaults__ = (0.0,)
train_run(TrainingConfig(**eval(sys.argv[2])), Path(sys.argv[1]))
"""


def test_a_killed_run_resumes_exactly(finished, tmp_path):
    """Three batches an epoch: killed in the third."""
    run, name = tmp_path / "run", "free"
    killed = subprocess.run(
        [sys.executable, "-c", KILL, run, repr(vars(config_of(name))), "8"],
        check=False,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    assert killed.returncode == -signal.SIGKILL
    assert len(torch.load(run / "checkpoint.pt")["history"]) == 2
    train_run(config_of(name), run, resume=True)
    assert same_run(run, finished / name)


class Stop(Exception):
    pass


def stopped(config, directory):
    def stop(_):
        raise Stop

    with pytest.raises(Stop):
        train_run(config, directory, on_epoch=stop)


@pytest.mark.parametrize("name", ["pgd", "trades"])
def test_an_interrupted_run_resumes_exactly(finished, tmp_path, name):
    stopped(config_of(name), tmp_path / "run")
    train_run(config_of(name), tmp_path / "run", resume=True)
    assert same_run(tmp_path / "run", finished / name)


def test_a_run_that_forgot_what_free_keeps_would_differ(finished, tmp_path, monkeypatch):
    stopped(config_of("free"), tmp_path / "run")
    monkeypatch.setattr(AdversarialLoss, "load_state_dict", lambda *_: None)
    train_run(config_of("free"), tmp_path / "run", resume=True)
    assert not same_run(tmp_path / "run", finished / "free")


def test_settings_make_the_attack():
    assert adversarial_of(CONFIG) is None
    assert curvature_of(CONFIG) is None
    assert adversarial_of(config_of("pgd")) == Adversarial("pgd", 0.1, 2, "cosine")
    assert curvature_of(config_of("free")).form == "hutchinson"
    assert default_directory(config_of("free")).name == "digits-gru-none-free-seed7"
    assert (Adversarial("pgd").n_iterations, Adversarial("free").n_iterations) == (7, 1)
    assert set(ITERATIONS) == set(METHODS)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"method": "fgsm"}, "`method` must be one of pgd, free, trades, got 'fgsm'"),
        ({"schedule": "step"}, "`schedule` must be one of constant, linear, cosine, got 'step'"),
        ({"epsilon": -0.1}, "`epsilon` must be a finite number >= 0, got -0.1"),
        ({"epsilon": float("nan")}, "`epsilon` must be a finite number >= 0, got nan"),
        ({"beta": -1.0}, "`beta` must be a finite number >= 0, got -1.0"),
        ({"iterations": 0}, "`iterations` must be an integer of at least 1, got 0"),
    ],
)
def test_bad_attacks(arguments, message):
    with pytest.raises(ValueError, match=message):
        Adversarial(**{"method": "pgd"} | arguments)
