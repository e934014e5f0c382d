import json
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file

import rnnspec
from rnnspec.training import schedule
from rnnspec.training.config import DEFAULTS, EPOCHS, LEAST_UPDATES, MOST_UPDATES, TrainingConfig
from rnnspec.training.run import train_run
from rnnspec.training.schedule import default_epochs
from rnnspec.training.trained import read_config

CONFIG = TrainingConfig(cell="rnn", hidden=3, batch_size=700, seed=7)  # two batches of the digits


@pytest.fixture
def short(monkeypatch):
    """At least 9 updates and 3 epochs instead of 1,600 and 40."""
    monkeypatch.setattr(schedule, "LEAST_UPDATES", 9)
    monkeypatch.setattr(schedule, "EPOCHS", 3)


@pytest.mark.parametrize("batch_size", [1, 32, 10**6])
@pytest.mark.parametrize("n", [1, 29, 32, 33, 1257, 1280, 1281, 12_800, 12_801, 55_000, 10**6])
def test_updates_lie_between_the_floor_and_the_ceiling(n, batch_size):
    n_batches = -(-n // batch_size)
    epochs = default_epochs(n, batch_size)
    assert epochs * n_batches >= LEAST_UPDATES
    if epochs > EPOCHS:
        assert (epochs - 1) * n_batches < LEAST_UPDATES
    if epochs < EPOCHS:
        assert epochs * n_batches >= MOST_UPDATES > (epochs - 1) * n_batches


def test_more_sequences_are_not_read_more_often():
    found = [default_epochs(n, 32) for n in range(1, 60_000, 7)]
    assert found == sorted(found, reverse=True)
    assert found[0] == LEAST_UPDATES
    assert EPOCHS in found


@pytest.mark.parametrize("name", ["digits", "synthetic:sine", "synthetic:adding"])
def test_data_of_middling_size_are_read_as_often_as_ever(name):
    assert default_epochs(len(rnnspec.load_dataset(name).train), DEFAULTS.batch_size) == 40


@pytest.mark.parametrize(("n", "batch_size", "name"), [(0, 32, "n"), (40, 0, "batch_size")])
def test_sizes_below_one(n, batch_size, name):
    with pytest.raises(ValueError, match=f"`{name}` must be an integer of at least 1, got 0"):
        default_epochs(n, batch_size)


@pytest.mark.usefixtures("short")
def test_the_default_is_the_number_given_outright(walks):
    data, weights = walks(), []
    for options in ({}, {"epochs": 5}, {"epochs": 4}):
        model = rnnspec.SequenceClassifier("gru", 2, 3, hidden=3)
        run = rnnspec.train(model, data, batch_size=50, **options)
        assert len(run.history) == options.get("epochs", 5)  # of two batches: 10 updates
        assert run.history[-1]["lr"] == pytest.approx(0, abs=1e-12)
        weights.append(model.state_dict())
    default, five, four = weights
    assert all(torch.equal(default[name], five[name]) for name in default)
    assert not all(torch.equal(default[name], four[name]) for name in default)


class Stop(Exception):
    pass


@pytest.mark.usefixtures("short")
def test_a_run_says_how_many_and_goes_on_exactly(tmp_path):
    told = []
    train_run(CONFIG, tmp_path / "whole", on_start=told.append)
    assert told == [5]
    assert read_config(tmp_path / "whole") == replace(CONFIG, view="rows", epochs=5)
    assert json.loads((tmp_path / "whole" / "summary.json").read_text())["epochs"] == 5

    def stop(row):
        if row["epoch"] == 2:
            raise Stop

    with pytest.raises(Stop):
        train_run(CONFIG, tmp_path / "stopped", on_epoch=stop)
    train_run(CONFIG, tmp_path / "stopped", resume=True)
    one, two = (load_file(tmp_path / n / "model.safetensors") for n in ("whole", "stopped"))
    assert all(torch.equal(one[name], two[name]) for name in one)


@pytest.mark.usefixtures("short")
def test_a_number_given_outright_is_kept(tmp_path):
    told = []
    train_run(replace(CONFIG, epochs=2), tmp_path, on_start=told.append)
    assert (told, read_config(tmp_path).epochs) == ([2], 2)


@pytest.mark.usefixtures("short")
def test_a_run_of_another_rule_goes_on_to_its_own_number(tmp_path):
    def stop(_row):
        raise Stop

    with pytest.raises(Stop):
        train_run(replace(CONFIG, epochs=4), tmp_path, on_epoch=stop)
    run = train_run(CONFIG, tmp_path, resume=True)
    assert (len(run.history), read_config(tmp_path).epochs) == (4, 4)
    with pytest.raises(ValueError, match="was begun with other epochs 4, not 5"):
        train_run(replace(CONFIG, epochs=5), tmp_path, resume=True)
