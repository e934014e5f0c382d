import json
from dataclasses import replace

import numpy as np
import pytest
import torch

import rnnspec
from rnnspec import ConvergenceWarning, Normalize, SequenceClassifier, train
from rnnspec.training import TrainingDiverged
from rnnspec.training.accuracy import evaluate


def model_for(data, cell="gru", hidden=6, **options):
    return SequenceClassifier(cell, data.n_features, data.n_classes, hidden, **options)


def weights_after(data, seed=3, model_seed=3, **options):
    model = model_for(data, seed=model_seed)
    train(model, data, **{"epochs": 2, "batch_size": 16, "seed": seed} | options)
    return model.state_dict()


def equal(a, b):
    return set(a) == set(b) and all(torch.equal(a[key], b[key]) for key in a)


@pytest.mark.parametrize("normalize", [None, Normalize("radius"), Normalize("norm", bound=0.5)])
def test_the_same_seed_gives_the_same_weights(walks, normalize):
    data, before = walks(), torch.random.get_rng_state()
    first = weights_after(data, normalize=normalize)
    assert torch.equal(torch.random.get_rng_state(), before)
    torch.manual_seed(1234)
    assert equal(first, weights_after(data, normalize=normalize))
    assert not equal(first, weights_after(data, normalize=normalize, seed=4))
    assert not equal(first, weights_after(data, normalize=normalize, model_seed=4))


@pytest.mark.parametrize(
    "change",
    [
        {"epochs": 3},
        {"batch_size": 15},
        {"lr": 1e-3},
        {"clip_norm": 0.05},
        {"normalize": Normalize("norm", bound=0.5)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_every_setting_changes_the_weights(walks, change):
    assert not equal(weights_after(walks()), weights_after(walks(), **change))


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_networks_learn_from_sequences_of_variable_length(walks, cell, layers, bidirectional):
    data = walks()
    model = model_for(data, cell, layers=layers, bidirectional=bidirectional)
    run = train(model, data, epochs=8, batch_size=16, lr=0.02, normalize=Normalize("radius"))
    assert run.history[-1]["train_loss"] < 0.7 * run.history[0]["train_loss"]
    assert run.train_accuracy > 0.7
    for W in rnnspec.recurrent_matrices(run.model).values():
        assert rnnspec.spectral_radius(W) <= 1 + 1e-6
    assert set(model.state_dict()) == set(
        model_for(data, cell, 6, layers=layers, bidirectional=bidirectional).state_dict()
    )


def parts_of(data, name):
    part = getattr(data, name)
    return tuple(map(torch.from_numpy, (part.inputs, part.lengths, part.labels)))


def test_the_weights_of_the_lowest_validation_loss_come_back(walks):
    data = walks()
    run = train(model_for(data, hidden=16), data, epochs=12, batch_size=8, lr=0.1)
    losses = [row["validation_loss"] for row in run.history]
    assert run.best_epoch == int(np.argmin(losses)) + 1 < 12
    loss, accuracy = evaluate(run.model, parts_of(data, "validation"))
    assert loss == pytest.approx(min(losses), rel=1e-6)
    assert run.validation_accuracy == accuracy
    assert run.history[run.best_epoch - 1]["validation_accuracy"] == accuracy
    assert run.test_accuracy == evaluate(run.model, parts_of(data, "test"))[1]
    assert run.train_accuracy == evaluate(run.model, parts_of(data, "train"))[1]


def test_without_validation_the_last_epoch_stays(walks):
    data = walks(validation=0)
    run = train(model_for(data), data, epochs=3, batch_size=16)
    assert (run.best_epoch, run.validation_accuracy) == (3, None)
    assert all("validation_loss" not in row for row in run.history)
    last = weights_after(data, epochs=3, seed=0, model_seed=0)
    assert equal(run.model.state_dict(), last)
    first = weights_after(data, epochs=3, seed=0, model_seed=0, lr=1e-9)
    assert not equal(first, last)


def test_a_row_per_epoch_reaches_the_callback(walks):
    seen = []
    data = walks()
    run = train(model_for(data), data, epochs=3, on_epoch=seen.append, normalize=Normalize("norm"))
    assert list(run.history) == seen
    assert [row["epoch"] for row in seen] == [1, 2, 3]
    assert seen[-1]["lr"] == 0
    assert seen[0]["lr"] > seen[1]["lr"] > 0
    assert run.estimate_error == max(row["estimate_error"] for row in seen)
    assert run.train_seconds == sum(row["seconds"] for row in seen)
    plain = train(model_for(data), data, epochs=1)
    assert plain.estimate_error is None
    assert "estimate_error" not in plain.history[0]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_initial_matrices_are_those_before_training(walks, dtype):
    data = in_precision(walks(), dtype)
    model = model_for(data).to(dtype)
    expected = {name: W.copy() for name, W in rnnspec.recurrent_matrices(model).items()}
    run = train(model, data, epochs=1)
    for name, W in run.initial_matrices.items():
        assert np.array_equal(W, expected[name])
        assert not np.array_equal(W, rnnspec.recurrent_matrices(model)[name])


def in_precision(data, dtype):
    kind = torch.zeros((), dtype=dtype).numpy().dtype
    parts = ("train", "validation", "test")
    cast = {
        p: replace(getattr(data, p), inputs=getattr(data, p).inputs.astype(kind)) for p in parts
    }
    return replace(data, **cast)


def test_the_estimate_is_close_while_training(walks):
    for quantity in ("radius", "norm"):
        data = walks()
        normalize = Normalize(quantity, bound=0.5)
        run = train(model_for(data, hidden=24), data, epochs=3, batch_size=4, normalize=normalize)
        assert run.history[-1]["estimate_error"] < 1e-3


def test_a_single_vector_says_that_it_has_not_converged(walks):
    data = walks()
    normalize = Normalize("radius", bound=0.5, block=1)
    with pytest.warns(
        ConvergenceWarning, match=r"the rayleigh estimate .*\(block 1\) has not"
    ) as w:
        run = train(model_for(data, hidden=12), data, epochs=1, normalize=normalize)
    assert w[0].filename == __file__
    assert run.estimate_error > 0.02
    for W in rnnspec.recurrent_matrices(run.model).values():
        assert rnnspec.spectral_radius(W) <= 0.5 * (1 + 1e-6)


NORMALIZERS = [
    None,
    *(
        Normalize(q, estimator=e)
        for q in ("radius", "norm")
        for e in ("rayleigh", "power", "exact")
    ),
]


@pytest.mark.parametrize("normalize", NORMALIZERS, ids=str)
@pytest.mark.parametrize("batch_size", [30, 90])
def test_divergence_names_epoch_batch_and_radius(walks, normalize, batch_size):
    data = walks()
    with pytest.raises(
        TrainingDiverged,
        match=r"epoch 1, batch \d.* spectral radius .* is [\dnie]",
    ):
        train(
            model_for(data, "rnn", hidden=64),
            data,
            epochs=1,
            batch_size=batch_size,
            lr=1e37,
            normalize=normalize,
        )


def test_a_loss_that_is_no_number(walks):
    data = walks()
    model = model_for(data)
    with torch.no_grad():
        model.recurrent.weight_hh_l0[0, 0] = torch.nan
    with pytest.raises(TrainingDiverged, match="the loss is nan in epoch 1, batch 1, .* is nan"):
        train(model, data, epochs=1)


@pytest.mark.parametrize("validation", [0, 24])
def test_weights_that_overflow_in_the_last_batch_of_an_epoch(walks, validation):
    data = walks(validation)
    model, gradients, rows = model_for(data), [], []

    def overflow(gradient):
        gradients.append(gradient)
        return gradient * (torch.inf if len(gradients) == 6 else 1)

    model.readout.weight.register_hook(overflow)
    with pytest.raises(TrainingDiverged, match="weights are not finite after epoch 2, batch 3"):
        train(model, data, epochs=4, batch_size=30, on_epoch=rows.append)
    assert len(rows) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epochs": 2.5}, "`epochs` must be an integer of at least 1, got 2.5"),
        ({"epochs": 0}, "`epochs` must be an integer of at least 1, got 0"),
        ({"batch_size": 0}, "`batch_size` must be an integer of at least 1, got 0"),
        ({"seed": 2**32}, r"`seed` must be an integer from 0 to 2\*\*32 - 1"),
        ({"lr": -1.0}, "`lr` must be a finite number > 0, got -1.0"),
        ({"clip_norm": 0}, "`clip_norm` must be a finite number > 0, got 0"),
    ],
)
def test_bad_options(walks, options, message):
    data = walks()
    model = model_for(data)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    with pytest.raises(ValueError, match=message):
        train(model, data, **options)
    assert equal(before, model.state_dict())


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (torch.nn.Linear(2, 3), "`model` must be a SequenceClassifier, got Linear"),
        (
            SequenceClassifier("rnn", 2, 3, 4).double(),
            "weights of torch.float32, as .* got torch.float64",
        ),
        (
            SequenceClassifier("rnn", 2, 3, 4).half(),
            r"weights of torch.float32, as .*train model.float\(\)",
        ),
    ],
)
def test_what_cannot_be_trained(walks, model, message):
    with pytest.raises(ValueError, match=message):
        train(model, walks())


@pytest.mark.parametrize(("d", "k", "name"), [(3, 3, "n_features 3"), (2, 4, "n_classes 4")])
def test_a_model_for_other_data(walks, d, k, name):
    with pytest.raises(ValueError, match=f"`model` has {name}, but the data 'walks' has"):
        train(SequenceClassifier("rnn", d, k, 4), walks())


def test_every_epoch_reads_each_sequence_once_in_a_new_order(walks):
    data = walks()
    model, batches = model_for(data), []
    model.register_forward_pre_hook(
        lambda module, given: batches.append(given[0]) if module.training else None
    )
    train(model, data, epochs=3, batch_size=40)
    assert [len(batch) for batch in batches] == [40, 40, 10] * 3
    epochs = [torch.cat(batches[k : k + 3]).flatten(1) for k in (0, 3, 6)]
    everything = torch.from_numpy(data.train.inputs).flatten(1)
    for epoch in epochs:
        assert not torch.equal(epoch, everything)
        assert torch.equal(epoch[epoch[:, 0].argsort()], everything[everything[:, 0].argsort()])
    assert not torch.equal(epochs[0], epochs[1])
    assert not torch.equal(epochs[1], epochs[2])


@pytest.mark.parametrize("quantity", ["radius", "norm"])
def test_looking_at_the_matrices_does_not_change_the_training(walks, quantity):
    data, normalize = walks(), Normalize(quantity, bound=0.5)
    plain = model_for(data)
    train(plain, data, epochs=3, normalize=normalize)
    watched = model_for(data)
    modes = []

    def look(_row):
        watched.train()
        first = rnnspec.recurrent_matrices(watched)
        second = rnnspec.recurrent_matrices(watched)
        assert all(np.array_equal(first[name], second[name]) for name in first)
        modes.append(watched.training)

    train(watched, data, epochs=3, normalize=normalize, on_epoch=look)
    assert modes == [True] * 3
    assert equal(plain.state_dict(), watched.state_dict())


@pytest.mark.parametrize("estimator", ["rayleigh", "power"])
def test_what_was_validated_is_what_is_saved(walks, estimator):
    data = walks()
    model = model_for(data, hidden=12)
    normalize = Normalize("radius", bound=0.3, estimator=estimator, block=1)
    with pytest.warns(ConvergenceWarning):
        run = train(model, data, epochs=4, normalize=normalize)
    validated = run.history[run.best_epoch - 1]["validation_loss"]
    part = data.validation
    tensors = [torch.from_numpy(a) for a in (part.inputs, part.lengths, part.labels)]
    assert evaluate(model, tuple(tensors))[0] == pytest.approx(validated, rel=1e-5)


def test_nothing_to_train_on(walks):
    data = walks()
    empty = replace(data, train=data.train.subset([]))
    with pytest.raises(ValueError, match="'walks' must hold sequences to train on, found none"):
        train(model_for(data), empty)


def test_no_test_part(walks):
    data = walks()
    run = train(model_for(data), replace(data, test=data.test.subset([])), epochs=1)
    assert run.test_accuracy is None


def test_a_finished_training_prints_short_and_is_strict_json(walks):
    run = train(model_for(walks()), walks(), epochs=1)
    assert repr(run).startswith("TrainedRun(model=<SequenceClassifier>, history=")
    record = json.loads(json.dumps(run.to_dict(), allow_nan=False))
    assert (record["best_epoch"], record["test_accuracy"]) == (1, run.test_accuracy)
    assert "model" not in record
    np.testing.assert_array_equal(
        record["initial_matrices"]["layer0.new"], run.initial_matrices["layer0.new"]
    )
