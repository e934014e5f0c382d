import pytest

from rnnspec.study.seal import FILES, NAME, seal, sealed


@pytest.fixture
def done(tmp_path):
    for name in FILES:
        (tmp_path / name).write_text(name)
    seal(tmp_path, {"cpu_seconds": 1.0})
    return tmp_path


def test_a_seal_holds(done):
    assert sealed(done)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", ["changed", "gone"])
def test_any_damage_breaks_it(done, name, damage):
    if damage == "gone":
        (done / name).unlink()
    else:
        (done / name).write_text(name + " ")
    assert not sealed(done)


@pytest.mark.parametrize("text", ["", "{}", "[]", "3", '{"sha256": 3}', '{"sha256": {}}', "\x00"])
def test_a_seal_that_is_damaged_is_none(done, text):
    (done / NAME).write_text(text)
    assert not sealed(done)


def test_what_a_killed_worker_left_goes(done):
    (done / ".checkpoint.pt.x1").write_text("half")
    (done / "checkpoint.pt").write_text("whole")
    seal(done, {})
    assert not (done / ".checkpoint.pt.x1").exists()
    assert (done / "checkpoint.pt").exists()


def test_hidden_files_go_and_hidden_folders_stay(done):
    (done / ".half").write_text("")
    (done / ".ipynb_checkpoints").mkdir()
    seal(done, {})
    assert sealed(done)
    assert [path.name for path in done.glob(".*")] == [".ipynb_checkpoints"]
