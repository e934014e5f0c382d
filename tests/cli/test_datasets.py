import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from rnnspec.cli import main
from rnnspec.cli.datasets import datasets
from rnnspec.data.download import sha256_of
from rnnspec.data.registry import ARCHIVE_SHA256


@pytest.fixture(autouse=True)
def cache(tmp_path_factory, monkeypatch):
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setattr("pooch.os_cache", lambda name: folder / name)
    monkeypatch.setenv("RNNSPEC_OFFLINE", "1")
    monkeypatch.delenv("RNNSPEC_DATA_DIR", raising=False)
    monkeypatch.delenv("RNNSPEC_DEBUG", raising=False)


@pytest.fixture
def toy(tmp_path):
    lines = "".join(f"{i},2,{i}:{'ab'[i % 2]}\n" for i in range(10))
    for half in ("TRAIN", "TEST"):
        (tmp_path / f"Toy_{half}.ts").write_text("@classLabel true a b\n@data\n" + lines)
    return tmp_path


def call(*arguments):
    return CliRunner().invoke(datasets, list(map(str, arguments)), catch_exceptions=False)


def refused(capsys, monkeypatch, *arguments):
    """What the program says when it leaves with exit code 2."""
    monkeypatch.setattr(sys, "argv", ["rnnspec", "datasets", *map(str, arguments)])
    with pytest.raises(SystemExit) as stop:
        main()
    out, err = capsys.readouterr()
    assert (stop.value.code, out, err.count("\n")) == (2, "", 1)
    return err


def test_list_says_what_is_here():
    out = call("list").stdout
    assert "digits " in out
    assert len(out.splitlines()) == 10
    status = {
        row["name"]: row["status"] for row in json.loads(call("list", "--json").stdout)["datasets"]
    }
    assert status["digits"] == status["synthetic:sine"] == "here"
    assert status["mnist"] == status["japanese-vowels"] == "not here"
    assert status["ucr:NAME"] is status["ts:PATH"] is None


def test_list_looks_in_the_data_folder(toy, monkeypatch):
    for half in ("TRAIN", "TEST"):
        path = (toy / f"Toy_{half}.ts").rename(toy / f"JapaneseVowels_{half}.ts")
        monkeypatch.setitem(ARCHIVE_SHA256, path.name, sha256_of(path))
    (toy / "t10k-labels-idx1-ubyte").write_text("nothing of the kind")
    rows = json.loads(call("list", "--data-dir", toy, "--json").stdout)["datasets"]
    status = {row["name"]: row["status"] for row in rows}
    assert status["japanese-vowels"] == "here"
    assert status["mnist"] == "damaged"
    monkeypatch.setitem(ARCHIVE_SHA256, "JapaneseVowels_TEST.ts", "of another file")
    rows = json.loads(call("list", "--data-dir", toy, "--json").stdout)["datasets"]
    assert {row["name"]: row["status"] for row in rows}["japanese-vowels"] == "damaged"


def test_info(toy):
    record = json.loads(call("info", "ucr:Toy", "--data-dir", toy, "--json").stdout)
    assert (record["n_train"], record["n_validation"], record["n_test"]) == (8, 2, 10)
    assert (record["lengths"], record["n_features"]) == ([3, 3], 1)
    assert record["class_names"] == ["a", "b"]
    assert set(record["sources"]) == {"Toy_TRAIN.ts", "Toy_TEST.ts"}
    text = call("info", f"ts:{toy}").stdout
    assert "n_train: 8" in text
    assert "class_names: a, b" in text
    assert call("info", f"ts:{toy}", "--quiet").stdout == ""


def test_fetch(toy):
    record = json.loads(call("fetch", "ucr:Toy", "--data-dir", toy, "--json").stdout)
    assert list(record["files"]) == [str(toy / "Toy_TRAIN.ts"), str(toy / "Toy_TEST.ts")]
    assert "none (bundled or generated)" in call("fetch", "digits").stdout
    assert call("fetch", "digits", "--quiet").stdout == ""


def test_fetch_without_download(capsys, monkeypatch):
    assert "RNNSPEC_OFFLINE is set" in refused(capsys, monkeypatch, "fetch", "mnist")
    monkeypatch.setenv("RNNSPEC_OFFLINE", "0")
    assert "switched off" in refused(capsys, monkeypatch, "fetch", "mnist", "--no-download")


def test_bad_input_is_one_line(toy, capsys, monkeypatch):
    assert "must be one of digits" in refused(capsys, monkeypatch, "info", "cifar")
    assert "folder that exists" in refused(capsys, monkeypatch, "list", "--data-dir", "nowhere")
    (toy / "Toy_TEST.ts").write_text("@classLabel true a b\n@data\n1,?,2:a\n")
    error = refused(capsys, monkeypatch, "info", f"ts:{toy}")
    assert "Toy_TEST.ts, series 1, line 3, channel 1: expected a number at step 2, got '?'" in error


@pytest.mark.parametrize("command", ["list", "info", "fetch"])
def test_help_has_an_example(command):
    assert f"rnnspec datasets {command}" in call(command, "--help").stdout


def test_help_imports_no_numpy():
    code = "import sys, rnnspec.cli.datasets; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
