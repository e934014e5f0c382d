"""A source as it is computed: what a run holds, and what is refused."""

import shutil

import numpy as np
import pytest

from rnnspec.study.portrait import portrait_of, portraits_of
from rnnspec.training.config import TrainingConfig
from rnnspec.training.run import train_run


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained") / "run"
    train_run(TrainingConfig(cell="lstm", hidden=4, epochs=1, batch_size=500), folder)
    return folder


@pytest.fixture(scope="module")
def of_run(run):
    return portrait_of(run)


def test_a_jacobian_is_not_rounded(of_run):
    assert not of_run.matrices["layer0.jacobian@mean"].roundings
    assert len(of_run.matrices["layer0.input"].roundings) == 3


def test_examples_are_what_they_say(of_run):
    assert of_run.examples
    sizes = [one.size for one in of_run.examples]
    assert sizes == sorted(sizes)
    for one in of_run.examples:
        assert one.was != one.became
        assert np.linalg.norm(one.changed - one.clean) == pytest.approx(one.size, rel=1e-4)


@pytest.mark.parametrize(
    ("file", "text", "match"),
    [
        ("summary.json", None, "must hold summary.json, found none"),
        ("summary.json", "{", "summary.json is damaged"),
        ("environment.json", "[]", "expected an object, got list"),
        ("config.json", "{", "config.json is damaged"),
        ("model.safetensors", "?", "model.safetensors is text that holds no numbers"),
        ("model.safetensors", None, "found none"),
        ("robustness.json", '{"results": 3}', "expected target, attack, epsilon, accuracy"),
        ("robustness.json", '{"results": [], "minimal": {"fmn": {}}}', "expected norm, median"),
    ],
)
def test_a_damaged_run_is_refused(run, tmp_path, file, text, match):
    copy = shutil.copytree(run, tmp_path / "copy")
    if text is None:
        (copy / file).unlink()
    else:
        (copy / file).write_text(text)
    with pytest.raises(ValueError, match=match):
        portrait_of(copy)


def test_what_holds_no_matrix_is_refused(tmp_path):
    np.save(tmp_path / "wide.npy", np.ones((8, 2)))
    with pytest.raises(ValueError, match="must hold a square matrix, found wide"):
        portrait_of(tmp_path / "wide.npy")
    np.save(tmp_path / "nan.npy", np.full((2, 2), np.nan))
    with pytest.raises(ValueError, match="`nan` must be finite"):
        portrait_of(tmp_path / "nan.npy")


def test_equal_titles_are_told_apart(tmp_path):
    for folder in ("a", "b", "c"):
        (tmp_path / folder).mkdir()
        np.save(tmp_path / folder / "W.npy", np.eye(2) / 2)
    found = portraits_of([tmp_path / folder / "W.npy" for folder in ("a", "b", "c")])
    assert list(found) == ["W.npy", "W.npy (2)", "W.npy (3)"]
