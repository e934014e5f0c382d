import json

import pytest

from rnnspec.study.claims.verdicts import claims
from rnnspec.study.folder import check_folder, write_record, write_tables
from rnnspec.study.results import read_curves, read_results
from rnnspec.study.study_file import read_plan
from rnnspec.study.task import compute


@pytest.fixture
def plan(study_file):
    return read_plan(study_file())


@pytest.fixture
def folder(tmp_path, plan):
    """A study of which nothing is done."""
    write_record(plan, tmp_path / "study", {})
    return tmp_path / "study"


def test_a_new_folder_and_an_empty_one_will_do(tmp_path, plan):
    for resume in (False, True):
        check_folder(plan, tmp_path / "new", resume)
        (tmp_path / "empty").mkdir(exist_ok=True)
        check_folder(plan, tmp_path / "empty", resume)


def test_a_study_is_gone_on_with_only_if_asked(plan, folder):
    check_folder(plan, folder, resume=True)
    with pytest.raises(ValueError, match="holds this study already: --resume goes on with it"):
        check_folder(plan, folder, resume=False)


def test_a_study_of_another_length_says_so(tmp_path, study_file):
    """Studies from before the default length was that of the data."""
    write_record(read_plan(study_file()), tmp_path / "old", {})
    other = read_plan(study_file({"epochs = 3": "", "samples = 8": "samples = 9"}))
    says = (
        r"another study: 4 .* \(.* has epochs = 3 there and not given here, samples = 8 there and"
        r" 9 here: a study file with what is there goes on with it\); choose another"
    )
    with pytest.raises(ValueError, match=says):
        check_folder(other, tmp_path / "old", resume=True)


def test_another_study_is_left_alone(folder, study_file):
    other = read_plan(study_file({"[0, 1]": "[1, 2]"}))
    with pytest.raises(ValueError, match="another study: 2 of its 4 runs are none of this one's 4"):
        check_folder(other, folder, resume=True)


def test_a_study_may_grow(folder, study_file):
    larger = read_plan(study_file({"[0, 1]": "[0, 1, 2]"}))
    check_folder(larger, folder, resume=True)
    with pytest.raises(ValueError, match="--resume goes on with it"):
        check_folder(larger, folder, resume=False)


@pytest.mark.parametrize("left", [".study.json.x7", "study.json"])
def test_a_study_stopped_as_it_began_is_gone_on_with(plan, folder, left):
    for path in folder.iterdir():
        if path.name != left:
            path.unlink()
    (folder / left).touch()
    check_folder(plan, folder, resume=True)


def test_the_same_study_by_another_name_is_the_same(folder, study_file):
    check_folder(read_plan(study_file({'"tiny"': '"small"'})), folder, resume=True)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"runs": 3}', '{"runs": [3]}', "\x00"])
def test_a_damaged_record_is_told_and_no_run_is_lost(plan, folder, text):
    (folder / "cells").mkdir()
    (folder / "study.json").write_text(text)
    with pytest.raises(ValueError, match="study.json is damaged .*; delete it, no run is lost"):
        check_folder(plan, folder, resume=True)
    (folder / "study.json").unlink()
    with pytest.raises(ValueError, match="holds runs already: --resume goes on with them"):
        check_folder(plan, folder, resume=False)
    check_folder(plan, folder, resume=True)


def test_a_folder_of_something_else(plan, tmp_path):
    with pytest.raises(ValueError, match="must be empty or hold a study, found Walk_TEST.tsv"):
        check_folder(plan, tmp_path, resume=True)
    with pytest.raises(ValueError, match="must be a folder, found a file"):
        check_folder(plan, tmp_path / "Walk_TEST.tsv", resume=True)


def test_the_record_says_what_became_of_each_task(plan, folder):
    compute(plan.tasks[0], folder)
    write_record(plan, folder, {plan.tasks[1].run: "ValueError: why", plan.tasks[0].run: "once"})
    record = json.loads((folder / "study.json").read_text())
    states = [(run["state"], run["reason"]) for run in record["runs"]]
    assert states == [("done", None), ("failed", "ValueError: why"), *[("missing", None)] * 2]
    assert record["runs"][2]["settings"]["normalize"] == "radius"
    assert record["runs"][0]["measure"]["samples"] == 8
    assert "torch" in record["versions"]
    assert (folder / "study.toml").read_text() == plan.text


def test_the_tables_hold_what_is_done(plan, folder):
    for task in plan.tasks[1:3]:
        compute(task, folder)
    write_tables(plan, folder)
    rows, curves = read_results(folder / "results.csv"), read_curves(folder / "curves.csv")
    runs = {task.run for task in plan.tasks[1:3]}
    assert {row["run"] for row in rows} == {row["run"] for row in curves} == runs
    assert (len(rows), len(curves)) == (4, 2 * (2 + 2 + 1))
    written = json.loads((folder / "claims.json").read_text())["claims"]
    assert written == [claim.to_dict() for claim in claims(rows)]


def test_nothing_done_makes_tables_without_rows(plan, folder):
    write_tables(plan, folder)
    assert read_results(folder / "results.csv") == read_curves(folder / "curves.csv") == []
