import json
import warnings
from dataclasses import replace

import numpy as np
import pytest

import rnnspec
from rnnspec import ConvergenceWarning, SequenceClassifier, train
from rnnspec.robustness.result import Z
from rnnspec.training.accuracy import better_than_majority, majority_accuracy
from rnnspec.training.config import TrainingConfig
from rnnspec.training.run import train_run

SAID = "no better than the majority class"


@pytest.mark.parametrize("counts", [(5, 5), (1, 30, 9), (150, 30), (7,)])
def test_better_is_above_the_share_by_more_than_chance(counts):
    """Wilson's interval is that of the shares which the score test does not reject."""
    labels = np.repeat(np.arange(len(counts)), counts)
    m, n = max(counts) / sum(counts), sum(counts)
    assert majority_accuracy(labels) == m
    for correct in range(n + 1):
        above = correct / n - m - Z * np.sqrt(m * (1 - m) / n)
        assert abs(above) > 1e-12 or m == 1
        assert better_than_majority(correct / n, labels) == (above > 0)


def test_of_one_class_nothing_is_learned():
    assert not better_than_majority(1.0, np.zeros(1000, np.int64))


@pytest.mark.parametrize("empty", [(), ("test",), ("test", "validation")])
def test_a_run_that_learned_nothing_says_so(walks, empty):
    data = walks()
    data = replace(data, **{name: getattr(data, name).subset([]) for name in empty})
    judged = {0: "test", 1: "validation", 2: "train"}[len(empty)]
    part = getattr(data, judged)
    with pytest.warns(ConvergenceWarning, match=SAID) as caught:
        run = train(SequenceClassifier("rnn", 2, 3, hidden=2), data, epochs=1, lr=1e-9)
    (said,) = (str(each.message) for each in caught)
    accuracy = getattr(run, f"{judged}_accuracy")
    assert f"{accuracy:.4f} on the {judged} part ({len(part)} sequences)" in said
    assert f"on the training part it is {run.train_accuracy:.4f}; more epochs than 1," in said
    assert run.majority_accuracy == majority_accuracy(part.labels) == 1 / 3
    assert not run.better_than_majority


def test_a_run_that_learned_says_nothing(walks):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run = train(SequenceClassifier("gru", 2, 3, hidden=8), walks(), epochs=20, lr=0.02)
    assert run.better_than_majority
    assert run.test_accuracy > 0.6


@pytest.mark.filterwarnings("ignore:the network (ends|may be) no better")
def test_the_summary_says_it_too(tmp_path):
    data = rnnspec.load_dataset("digits")
    config = TrainingConfig(cell="gru", hidden=5, epochs=1, batch_size=256, lr=1e-9)
    for name, change in {"chance": {}, "better": {"lr": 0.05, "epochs": 5}}.items():
        run = train_run(replace(config, **change), tmp_path / name)
        summary = json.loads((tmp_path / name / "summary.json").read_text())
        assert summary["majority_accuracy"] == majority_accuracy(data.test.labels)
        assert summary["better_than_majority"] == run.better_than_majority == (name == "better")
