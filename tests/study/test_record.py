"""A study that is read is what was written, and a damaged one is refused."""

import pytest

from rnnspec._files import write_json
from rnnspec.study.claims.claim import Claim
from rnnspec.study.record import is_study, read_study
from rnnspec.study.results import write_curves, write_results
from rnnspec.study.statistics.estimate import Estimate

CLAIM = Claim(
    "P1",
    "Does accuracy fail to rank robustness?",
    "a rule",
    "not supported",
    "It ranks.",
    (Estimate("rho", 0.9, 0.75, 0.97, 12, column="test_accuracy"), Estimate("?", why="too few")),
)
PLACE = {"dataset": "digits", "cell": "rnn", "condition": "plain"}
RUNS = [
    PLACE | {"run": "a", "seed": 0, "state": "done", "reason": None},
    PLACE | {"run": "b", "seed": 1, "state": "failed", "reason": "loss is nan"},
    PLACE | {"run": "c", "seed": 2, "state": "missing", "reason": None},
]
CURVE = {"run": "a", "target": "input", "attack": "pgd", "norm": "linf", "epsilon": 0.5}


@pytest.fixture
def folder(tmp_path):
    row = PLACE | {"run": "a", "seed": 0, "matrix": "layer0", "kreiss_constant": float("inf")}
    write_results(tmp_path / "results.csv", [row])
    write_curves(tmp_path / "curves.csv", [CURVE | {"accuracy": 0.25}])
    record = {"format": 1, "name": "tiny", "versions": {"rnnspec": "0.1"}, "runs": RUNS}
    write_json(tmp_path / "study.json", record)
    write_json(tmp_path / "claims.json", {"claims": [CLAIM.to_dict()]})
    (tmp_path / "study.toml").write_text('name = "tiny"\n')
    return tmp_path


def test_a_study_reads_back(folder, tmp_path):
    assert is_study(folder)
    assert not is_study(tmp_path / "elsewhere")
    study = read_study(folder)
    assert [claim.to_dict() for claim in study.claims] == [CLAIM.to_dict()]
    assert study.rows[0]["kreiss_constant"] == float("inf")
    assert study.curves[0]["accuracy"] == 0.25
    assert (study.name, study.settings) == ("tiny", 'name = "tiny"\n')


def test_what_became_of_its_runs(folder):
    study = read_study(folder)
    assert study.failures == {"b": "loss is nan"}
    assert study.to_dict() == {
        "name": "tiny",
        "runs": 3,
        "done": 1,
        "failed": [PLACE | {"run": "b", "seed": 1, "reason": "loss is nan"}],
        "claims": [CLAIM.to_dict()],
    }


def test_a_study_without_its_file_is_still_read(folder):
    (folder / "study.toml").unlink()
    assert read_study(folder).settings == ""


@pytest.mark.parametrize(
    ("file", "text", "match"),
    [
        ("study.json", "{", "study.json is damaged"),
        ("study.json", '{"name": "a", "runs": [{}], "versions": {}}', "damaged claims.json or st"),
        ("study.json", '{"name": "a", "runs": []}', "'versions'"),
        ("claims.json", None, "must hold claims.json, found none"),
        ("claims.json", "[]", "claims.json is damaged: expected an object, got list"),
        ("claims.json", "{}", "damaged claims.json.*'claims'"),
        ("results.csv", None, "results.csv does not exist"),
        ("curves.csv", "a,b\n", "got a table without 'run'"),
    ],
)
def test_a_damaged_study_is_refused(folder, file, text, match):
    if text is None:
        (folder / file).unlink()
    else:
        (folder / file).write_text(text)
    with pytest.raises(ValueError, match=match):
        read_study(folder)
