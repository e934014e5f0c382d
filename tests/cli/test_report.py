"""``rnnspec report``: its record, its file, and what it refuses."""

import errno
import json

import numpy as np
import pytest

import rnnspec
from rnnspec.models.checkpoint import save_weights

SHEAR = np.array([[0.5, 3.0], [0.0, 0.4]])


@pytest.fixture
def files(tmp_path):
    np.save(tmp_path / "a.npy", SHEAR)
    save_weights(
        tmp_path / "w.safetensors", rnnspec.SequenceClassifier("gru", 2, 3, 4).state_dict()
    )
    (tmp_path / "readme.md").write_text("no source")
    (tmp_path / "empty").mkdir()
    return tmp_path


def test_json_and_the_file(program, files):
    out = files / "page.html"
    code, printed, err = program(
        "report", files / "w.safetensors", files / "a.npy", "--out", out, "--json"
    )
    assert (code, err) == (0, "")
    record = json.loads(printed, parse_constant=pytest.fail)
    assert set(record) == {"out", "bytes", "sources", "matrices", "left_out", "seconds"}
    assert record["sources"] == ["w.safetensors", "a.npy"]
    assert record["matrices"] == 4
    assert record["bytes"] == out.stat().st_size <= 6_000_000
    assert out.read_text().startswith("<!DOCTYPE html>")


def test_it_says_where_the_page_is(program, files):
    code, out, err = program("report", files / "a.npy", "--out", files / "page.html")
    assert (code, err) == (0, "")
    assert out.startswith("sources: a.npy\n")
    assert f"page: {files / 'page.html'} (" in out
    assert program("report", files / "a.npy", "--out", files / "page.html", "--quiet").out == ""


def test_an_older_page_is_replaced_whole_or_kept(program, files, monkeypatch):
    out = files / "page.html"
    out.write_text("older")
    assert program("report", files / "empty", "--out", out).code == 2
    assert out.read_text() == "older"

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.write_bytes", full)
        assert program("report", files / "a.npy", "--out", out).code == 1
    assert out.read_text() == "older"
    assert program("report", files / "a.npy", "--out", out).code == 0
    assert out.read_text().endswith("</html>\n")
    assert sorted(path.name for path in files.iterdir() if path.name.startswith(".")) == []


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (("missing",), "missing"),
        (
            ("readme.md",),
            "text that holds no numbers: line 1 begins with 'no source'; expected a run",
        ),
        (("empty",), "must be a run directory with model.safetensors"),
        (("a.npy", "missing.npy"), "missing.npy does not exist"),
        ((), "Missing argument"),
    ],
)
def test_what_is_no_source_is_one_line(refused, files, monkeypatch, arguments, match):
    monkeypatch.chdir(files)
    assert match in refused("report", *arguments)
    assert not (files / "report.html").exists()


@pytest.mark.parametrize(
    ("out", "match"),
    [
        ("page.txt", "must end in .html"),
        ("nowhere/page.html", "folder"),
        ("empty", "got a folder"),
    ],
)
def test_an_output_that_cannot_be_is_one_line(refused, files, monkeypatch, out, match):
    monkeypatch.chdir(files)
    assert match in refused("report", "a.npy", "--out", out)
