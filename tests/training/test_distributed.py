"""Run by pytest, and by ``torchrun`` as a script, whose processes train every case together."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
import torch

from rnnspec import ConvergenceWarning, Normalize, SequenceClassifier, train
from rnnspec.data import DataSplits, SequenceDataset
from rnnspec.training import Adversarial, CurvaturePenalty, schedule
from rnnspec.training.config import TrainingConfig
from rnnspec.training.distributed import ALONE, Processes, connect_processes
from rnnspec.training.run import train_run

TWO = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
# Of 17 sequences in batches of 8 the last batch is one: a process has nothing to do.
CASES = {
    "plain": {},
    "odd batches": {"batch_size": 5},
    "one batch": {"batch_size": 40},
    "single sequences": {"batch_size": 1},
    "clipped": {"clip_norm": 0.01},
    "radius": {"normalize": Normalize("radius", bound=0.5)},
    "norm": {"normalize": Normalize("norm", bound=0.5)},
    "power": {"normalize": Normalize("radius", bound=0.5, estimator="power")},
    "curvature": {"curvature": CurvaturePenalty(0.1), "normalize": Normalize("norm", bound=0.5)},
    "two ways": {"bidirectional": True, "layers": 2},
    "default length": {"epochs": None},
}


def walks():
    """Walks of 2 to 6 steps; the class is the sign of the drift."""
    rng = np.random.default_rng(3)
    parts = []
    for n in (17, 6, 6):
        labels = np.arange(n) % 2
        values = rng.standard_normal((n, 6, 2)) + labels[:, None, None]
        lengths = rng.integers(2, 7, n)
        parts.append(SequenceDataset.from_raw(values, lengths, labels, ("down", "up")))
    return DataSplits("walks", "series", 0, *parts, None, {})


def trained(case, processes):
    """Epochs and weights of one case, as lists, and what was warned of."""
    options = {"batch_size": 8, "epochs": 3, "seed": 1} | CASES[case]
    shape = {name: options.pop(name) for name in ("layers", "bidirectional") if name in options}
    model = SequenceClassifier("gru", 2, 2, hidden=6, **shape)
    rows, vectors = [], []

    def look(row):
        rows.append({name: value for name, value in row.items() if name != "seconds"})
        states = model.state_dict()
        vectors.append([states[key].tolist() for key in states if key.endswith("_extra_state")])

    # By default 4 epochs of 3 batches, where a process that counted its share would make 5 of 2.
    short = patch.multiple(schedule, LEAST_UPDATES=10, EPOCHS=2)
    with short, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        train(model, walks(), processes=processes, on_epoch=look, **options)
    doubts = [str(each.message) for each in caught if each.category is ConvergenceWarning]
    weights = {name: W.tolist() for name, W in model.state_dict().items()}
    return {"rows": rows, "vectors": vectors, "weights": weights, "doubts": doubts}


def run(command, **options):
    return subprocess.Popen(
        [*TWO, *map(str, command)],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        **options,
    )


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """What each of two processes says of every case."""
    folder = tmp_path_factory.mktemp("shared")
    process = run([__file__, folder])
    _, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return [json.loads((folder / f"{rank}.json").read_text()) for rank in (0, 1)]


@pytest.mark.parametrize("case", CASES)
def test_two_processes_train_as_one(shared, case):
    one, two = trained(case, ALONE), shared[0][case]
    for alone, together in zip(one["rows"], two["rows"], strict=True):
        assert set(alone) == set(together)
        for name in set(alone) - {"estimate_error"}:  # itself rounding
            assert together[name] == pytest.approx(alone[name], rel=1e-5, abs=1e-6), name
    for name, W in one["weights"].items():
        assert np.allclose(two["weights"][name], W, rtol=0, atol=1e-5), name


@pytest.mark.parametrize("case", CASES)
def test_the_processes_hold_the_same_bits(shared, case):
    first, second = ({**one[case], "doubts": None} for one in shared)
    assert first == second
    assert any(shared[0][case]["vectors"]) == ("normalize" in CASES[case])


def test_the_default_length_counts_whole_batches(shared):
    assert len(shared[0]["default length"]["rows"]) == 4


def test_what_is_doubtful_is_told_once(shared):
    assert not any(found["doubts"] for found in shared[1].values())
    told = [text for found in shared[0].values() for text in found["doubts"]]
    assert any("no better than the majority class" in text for text in told)


@pytest.mark.parametrize("n", [1, 2, 5, 6])
@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_shares_are_a_partition_and_differ_by_one_at_most(n, count):
    shares = [Processes(rank, count).share(torch.arange(n)) for rank in range(count)]
    assert torch.cat(shares).sort().values.tolist() == list(range(n))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_what_several_processes_cannot_do():
    model, both = SequenceClassifier("rnn", 2, 2, hidden=3), Processes(0, 2)
    with pytest.raises(ValueError, match="`adversarial` trains in one process only, got 2"):
        train(model, walks(), adversarial=Adversarial("pgd"), processes=both)
    hutchinson = CurvaturePenalty(0.1, "hutchinson")
    with pytest.raises(ValueError, match="'hutchinson' trains in one process only, got 2"):
        train(model, walks(), curvature=hutchinson, processes=both)
    with pytest.raises(ValueError, match="`device` cuda trains in one process only, got 2 .all of"):
        train(model, walks(), device="cuda", processes=both)


def test_without_torchrun_there_is_one(monkeypatch):
    for name in ("RANK", "WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)
    with connect_processes() as processes:
        assert processes is ALONE
    monkeypatch.setenv("WORLD_SIZE", "1")
    with connect_processes() as processes:
        assert processes is ALONE
    assert not torch.distributed.is_initialized()


def test_variables_that_torchrun_did_not_set(monkeypatch):
    monkeypatch.setenv("RANK", "first")
    with (
        pytest.raises(ValueError, match="`RANK` and `WORLD_SIZE` .* got 'first' and"),
        connect_processes(),
    ):
        pass


def ranks(parent):
    """Ids of the processes that `torchrun` started."""
    return [int(k) for k in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="finds the processes in /proc")
def test_a_process_that_dies_ends_the_others_and_resume_goes_on(tmp_path):
    """The one is killed between two epochs; both go on, and the run is that of one process."""
    settings = {"hidden": 4, "epochs": 30, "batch_size": 700, "threads": 1}
    flags = [x for name, value in settings.items() for x in (f"--{name}".replace("_", "-"), value)]
    command = ["-m", "rnnspec", "train", *flags, "--out", tmp_path / "two", "--json"]
    process = run(command)
    while not (tmp_path / "two" / "checkpoint.pt").is_file():
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.01)
    os.kill(ranks(process.pid)[1], signal.SIGKILL)
    process.communicate(timeout=60)
    assert process.returncode == 1
    assert not (tmp_path / "two" / "summary.json").exists()

    process = run([*command, "--resume"])
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert json.loads(out)["epochs"] == 30
    train_run(TrainingConfig(**settings), tmp_path / "one")
    one, two = (
        list(csv.DictReader((tmp_path / name / "metrics.csv").read_text().splitlines()))
        for name in ("one", "two")
    )
    assert len(one) == len(two) == 30
    for alone, together in zip(one, two, strict=True):
        assert float(together["train_loss"]) == pytest.approx(float(alone["train_loss"]), rel=1e-5)


if __name__ == "__main__":
    torch.set_num_threads(1)
    with connect_processes() as processes:
        results = {case: trained(case, processes) for case in CASES}
    Path(sys.argv[1], f"{processes.rank}.json").write_text(json.dumps(results))
