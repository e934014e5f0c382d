import csv
import json
import tomllib

import pytest

import rnnspec
from rnnspec.cli.settings import merge, read_toml
from rnnspec.training.config import DEFAULTS
from rnnspec.training.trained import read_config

SMALL = ("--hidden", 3, "--batch-size", 500, "--cell", "rnn")


@pytest.fixture
def toml(tmp_path):
    def write(text):
        path = tmp_path / "settings.toml"
        path.write_text(text)
        return str(path)

    return write


def test_flags_win_over_the_file_which_wins_over_the_defaults(toml):
    path = toml("hidden = 9\nlr = 1\nbatch-size = 7\n")
    config = merge({"hidden": 5, "seed": None, "layers": None}, path)
    assert (config.hidden, config.lr, config.batch_size) == (5, 1, 7)
    assert (config.seed, config.layers) == (DEFAULTS.seed, DEFAULTS.layers)
    assert merge({}, None) == DEFAULTS


def test_precedence_from_the_command_line(program, toml, tmp_path):
    path = toml(
        'epochs = 2\nhidden = 4\ncell = "gru"\nbatch-size = 500\nnormalize-mode = "scale"\n'
    )
    out = tmp_path / "run"
    code, _, err = program("train", "--config", path, "--hidden", 3, "--out", out, "--quiet")
    assert (code, err) == (0, "")
    config = read_config(out)
    assert (config.epochs, config.hidden, config.cell) == (2, 3, "gru")
    assert (config.normalize_mode, config.lr) == ("scale", DEFAULTS.lr)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hiden = 5", "unknown setting 'hiden'; did you mean hidden?"),
        ("batchsize = 5", "unknown setting 'batchsize'; did you mean batch_size?"),
        ("zzz = 5", "unknown setting 'zzz'; known: dataset, view, cell"),
        ("hidden = 5.5", "hidden must be an integer, got 5.5"),
        ("hidden = true", "hidden must be an integer, got True"),
        ("bidirectional = 1", "bidirectional must be true or false, got 1"),
        ('lr = "fast"', "lr must be a finite number, got 'fast'"),
        ("view = 3", "view must be a quoted text, got 3"),
        ('threads = "2"', "threads must be an integer, got '2'"),
        ("[train]\nhidden = 5", "unknown setting 'train'"),
        ("hidden 5", "is not a readable TOML file"),
        ("hidden = 0", "`hidden` must be an integer of at least 1, got 0"),
        ('cell = "elman"', "`cell` must be one of rnn, lstm, gru"),
        ('normalize = "mean"', "`normalize` must be one of none, radius, norm"),
        ("threads = 0", "`threads` must be an integer of at least 1"),
        ('adversarial = "fgsm"', "`adversarial` must be one of none, pgd, free, trades"),
        (
            'adversarial = "pgd"\nadv-steps = 0',
            "`adv_steps` must be an integer of at",
        ),
        ("adv_steps = 1.5", "adv_steps must be an integer, got 1.5"),
        ('device = "tpu"', "`device` must be one of cpu, cuda"),
    ],
)
def test_bad_settings_files(refused, toml, tmp_path, text, message):
    assert message in refused("train", "--config", toml(text), "--out", tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_settings_file_that_is_not_there(refused, tmp_path):
    assert "no.toml does not exist" in refused("train", "--config", tmp_path / "no.toml")


def test_every_setting_can_be_written_in_a_file(toml):
    samples = {name: json.dumps(value) for name, value in vars(DEFAULTS).items()}
    samples |= {"threads": "2", "view": '"rows"', "adv_steps": "3", "epochs": "5"}
    text = "\n".join(f"{name} = {value}" for name, value in samples.items())
    assert read_toml(toml(text)) == tomllib.loads(text)


def test_every_flag_reaches_the_run(program, tmp_path, monkeypatch):
    given = {
        "dataset": "synthetic:sine",
        "view": "series",
        "cell": "gru",
        "hidden": 3,
        "layers": 2,
        "init": "torch",
        "normalize": "norm",
        "estimator": "power",
        "bound": 0.5,
        "normalize_mode": "scale",
        "block": 2,
        "adversarial": "trades",
        "adv_epsilon": 0.25,
        "adv_steps": 3,
        "adv_schedule": "cosine",
        "adv_beta": 2.5,
        "curvature_penalty": 0.75,
        "curvature_form": "hutchinson",
        "curvature_step": 0.125,
        "epochs": 4,
        "batch_size": 17,
        "lr": 0.25,
        "clip_norm": 0.5,
        "seed": 5,
        "device": "cuda",
        "threads": 2,
    }
    seen = []

    def stop(config, directory, **_):
        seen.append((config, directory))
        raise ValueError("enough")

    monkeypatch.setattr("rnnspec.training.run.train_run", stop)
    flags = [
        word for name, value in given.items() for word in (f"--{name.replace('_', '-')}", value)
    ]
    program("train", *flags, "--bidirectional", "--out", tmp_path)
    assert vars(seen[0][0]) == given | {"bidirectional": True}
    assert all(value != getattr(DEFAULTS, name) for name, value in vars(seen[0][0]).items())
    program("train")
    assert seen[1][0] == DEFAULTS
    assert seen[1][1].as_posix() == "runs/digits-lstm-none-seed0"


def test_train_prints_a_table_or_json_or_nothing(program, tmp_path):
    code, out, err = program("train", *SMALL, "--epochs", 2, "--out", tmp_path / "a")
    assert (code, err) == (0, "")
    assert "test accuracy 0." in out
    assert "layer0" in out
    assert f"run directory: {tmp_path / 'a'}" in out
    assert program("train", *SMALL, "--epochs", 1, "--out", tmp_path / "b", "--quiet").out == ""
    code, out, _ = program("train", *SMALL, "--epochs", 1, "--out", tmp_path / "c", "--json")
    assert json.loads(out) == json.loads((tmp_path / "c" / "summary.json").read_text())
    assert list(json.loads(out)["matrices"]) == ["layer0"]


def test_a_length_that_nobody_gave_is_told_kept_and_resumed(program, tmp_path, monkeypatch):
    monkeypatch.setattr("rnnspec.training.schedule.LEAST_UPDATES", 7)
    monkeypatch.setattr("rnnspec.training.schedule.EPOCHS", 1)
    code, _, err = program("train", *SMALL, "--out", tmp_path / "a")  # three batches
    assert (code, err) == (0, "3 epochs, by the size of the data; --epochs sets another number\n")
    assert read_config(tmp_path / "a").epochs == 3
    assert json.loads((tmp_path / "a" / "summary.json").read_text())["epochs"] == 3
    assert program("train", "--resume", "--out", tmp_path / "a").err == ""
    assert program("train", *SMALL, "--out", tmp_path / "b", "--quiet").err == ""
    assert program("train", *SMALL, "--epochs", 2, "--out", tmp_path / "c").err == ""


@pytest.mark.filterwarnings("always:the network ends no better than the majority class")
def test_a_network_that_learned_nothing_is_told_in_one_line(program, tmp_path):
    flags = ("train", *SMALL, "--epochs", 1, "--lr", 1e-9, "--out", tmp_path / "a", "--json")
    code, out, err = program(*flags)
    assert (code, err.count("\n")) == (0, 1)
    assert err.startswith("Warning: the network ends no better than the majority class: its")
    summary = json.loads(out)
    assert summary["better_than_majority"] is False
    assert summary["majority_accuracy"] == pytest.approx(0.1, abs=0.01)
    assert program("train", "--resume", "--out", tmp_path / "a", "--quiet").err == ""


def test_robust_training_from_the_command_line(program, tmp_path):
    flags = ("--adversarial", "free", "--adv-epsilon", 0.2, "--curvature-penalty", 0.01)
    code, out, _ = program("train", *SMALL, *flags, "--epochs", 1, "--out", tmp_path, "--json")
    summary = json.loads(out)
    assert (code, summary["adversarial"], summary["adv_epsilon"]) == (0, "free", 0.2)
    assert 0 <= summary["robust_validation_accuracy"] <= summary["validation_accuracy"]
    rows = list(csv.DictReader((tmp_path / "metrics.csv").read_text().splitlines()))
    assert float(rows[0]["robust_validation_accuracy"]) == pytest.approx(
        summary["robust_validation_accuracy"]
    )


def test_a_run_is_not_overwritten_and_resume_keeps_its_settings(program, refused, toml, tmp_path):
    out = tmp_path / "run"
    flags = ("train", *SMALL, "--epochs", 1, "--out", out)
    assert program(*flags, "--quiet").code == 0
    before = (out / "model.safetensors").read_bytes()
    assert "holds a run already: --resume goes on with it" in refused(*flags)
    assert "begun with epochs = 1, got 2" in refused(
        "train", "--resume", "--epochs", 2, "--out", out
    )
    path = toml("lr = 0.5")
    assert "begun with lr = 0.002, got 0.5" in refused(
        "train", "--resume", "--config", path, "--out", out
    )
    assert program(*flags, "--resume", "--quiet") == (0, "", "")
    assert program("train", "--resume", "--out", out, "--quiet").code == 0
    assert (out / "model.safetensors").read_bytes() == before
    assert "found none" in refused("train", "--resume", "--out", tmp_path / "none")


def test_divergence_is_exit_code_1_and_keeps_the_checkpoint(program, tmp_path, monkeypatch):
    forward, calls = rnnspec.SequenceClassifier.forward, []

    def overflowing(self, *arguments):
        calls.append(self.training)
        return forward(self, *arguments) * (float("inf") if sum(calls) == 5 else 1)

    monkeypatch.setattr(rnnspec.SequenceClassifier, "forward", overflowing)
    out = tmp_path / "run"
    code, stdout, err = program("train", *SMALL, "--epochs", 3, "--out", out)
    assert (code, stdout, err.count("\n")) == (1, "", 1)
    assert "epoch 2, batch 2, where the largest spectral radius" in err
    assert (out / "checkpoint.pt").is_file()
    assert len(list(csv.reader((out / "metrics.csv").read_text().splitlines()))) == 2
    assert not (out / "summary.json").exists()
    monkeypatch.setattr(rnnspec.SequenceClassifier, "forward", forward)
    assert program("train", "--resume", "--out", out, "--quiet").code == 0


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--seed", 2**70), "`seed` must be an integer from 0"),
        (("--lr", -1), "`lr` must be a finite number > 0"),
        (("--lr", "nan"), "`lr` must be a finite number > 0"),
        (("--normalize", "norm", "--bound", 0), "`bound` must be a finite number > 0"),
        (
            ("--adversarial", "pgd", "--adv-epsilon", -1),
            "`adv_epsilon` must be a finite",
        ),
        (
            ("--adversarial", "trades", "--adv-beta", "nan"),
            "`adv_beta` must be a finite",
        ),
        (("--adversarial", "fgsm"), "'--adversarial'"),
        (("--adversarial", "pgd", "--adv-schedule", "step"), "'--adv-schedule'"),
        (("--adversarial", "pgd", "--adv-steps", 0), "'--adv-steps'"),
        (("--curvature-penalty", -1), "`curvature_penalty` must be a finite number >= 0"),
        (
            ("--curvature-penalty", 1, "--curvature-step", 0),
            "`curvature_step` must be a finite",
        ),
        (("--curvature-form", "exact"), "'--curvature-form'"),
        (("--dataset", "mnistt"), "must be one of digits"),
        (("--view", "spiral"), "`view` must be one of"),
        (("--threads", 0), "'--threads'"),
        (("--data-dir", "nowhere", "--dataset", "ucr:Coffee"), "nowhere"),
    ],
)
def test_bad_flags(refused, tmp_path, flags, message):
    assert message in refused("train", *flags, "--out", tmp_path / "run", "--no-download")
    assert not (tmp_path / "run").exists()


def test_out_is_a_file(refused, tmp_path):
    (tmp_path / "run").write_text("")
    assert "must be a directory, found a file" in refused("train", "--out", tmp_path / "run")


def test_out_that_cannot_be_written_is_found_before_the_work(refused, tmp_path, monkeypatch):
    def read_only(*_, **__):
        raise OSError(30, "Read-only file system")

    (tmp_path / "file").write_text("")
    out = tmp_path / "file" / "run"
    assert f"`--out` '{out}': expected a folder, got the file" in refused("train", "--out", out)
    monkeypatch.setattr("rnnspec.training.run.train_run", lambda *_, **__: pytest.fail("worked"))
    monkeypatch.setattr("tempfile.TemporaryFile", read_only)
    out = tmp_path / "deep" / "run"
    assert f"`--out` '{out}': the folder {tmp_path} cannot be written (Read-only" in refused(
        "train", "--out", out
    )
    assert not out.parent.exists()
