"""The part of a page that tells of a study, from files as a study writes them."""

import pytest

from rnnspec._files import write_json
from rnnspec.report.page.page import page, write_page
from rnnspec.study.claims.claim import Claim
from rnnspec.study.record import read_study
from rnnspec.study.results import write_curves, write_results
from rnnspec.study.statistics.estimate import Estimate

CLAIM = Claim(
    "P1",
    "Does accuracy fail to rank robustness?",
    "a rule",
    "not supported",
    "It ranks: 0.9 < 1.",
    (Estimate("test accuracy ~ median r*", 0.9, 0.75, 0.97, 12, p_corrected=0.01), Estimate("?")),
)
CONDITIONS = ("plain", "radius")


def place(condition, seed):
    return {"dataset": "digits", "cell": "rnn", "condition": condition, "seed": seed}


@pytest.fixture
def folder(tmp_path):
    runs = [(f"{condition}{seed}", condition, seed) for condition in CONDITIONS for seed in (0, 1)]
    write_results(
        tmp_path / "results.csv",
        (
            {
                **{"run": run, **place(condition, seed), "matrix": matrix},
                **{"test_accuracy": 0.5 + seed / 4, "area": 0.25, "median_r": 1.0 + seed},
                **{"spectral_radius": 0.75, "distance_to_instability": 0.125},
                **{"henrici_relative": None, "kreiss_constant": float("inf")},
            }
            for run, condition, seed in runs
            for matrix in ("layer0", "layer0.jacobian@mean")
        ),
    )
    write_curves(
        tmp_path / "curves.csv",
        (
            {
                **{"run": run, "target": "input", "attack": attack, "norm": "linf"},
                **{"epsilon": epsilon, "accuracy": 1 - epsilon, "ci_low": 0.0, "ci_high": 1.0},
            }
            for run, _, _ in runs
            for attack in ("pgd", "sign")
            for epsilon in (0.0, 0.5)
        ),
    )
    record = [
        {"run": run, **place(c, seed), "state": "done", "reason": None} for run, c, seed in runs
    ]
    record[-1] |= {"state": "failed", "reason": "loss is <nan>"}
    versions = {"rnnspec": "0.1", "torch": "2"}
    write_json(
        tmp_path / "study.json",
        {"format": 1, "name": "tiny", "versions": versions, "runs": record},
    )
    write_json(tmp_path / "claims.json", {"claims": [CLAIM.to_dict()]})
    (tmp_path / "study.toml").write_text('name = "tiny"\n')
    return tmp_path


def test_the_page_of_a_study(folder):
    html = page({}, [read_study(folder)], "")
    for words in (
        *("3 of 4 runs are done", "Does accuracy fail", "not-supported", "It ranks: 0.9 &lt; 1."),
        *("0.9 [0.75, 0.97] (n = 12)", "loss is &lt;nan&gt;", "name = &quot;tiny&quot;"),
        *("62.5 %", "digits, rnn, radius", "∞", "mean accuracy over cells and seeds"),
    ):
        assert words in html, words
    assert html.count("application/json") == 2
    assert "Matrices</h2>" not in html


def test_a_condition_has_the_same_place_in_each_figure(folder):
    curves = (folder / "curves.csv").read_text().splitlines()
    backwards = "\n".join([curves[0], *reversed(curves[1:])])
    as_written = page({}, [read_study(folder)], "")
    (folder / "curves.csv").write_text(backwards + "\n")
    assert page({}, [read_study(folder)], "") == as_written


def test_a_study_of_no_finished_run_has_a_page(folder):
    write_results(folder / "results.csv", [])
    write_curves(folder / "curves.csv", [])
    html = page({}, [read_study(folder)], "")
    assert "application/json" not in html
    assert "It ranks" in html


def test_a_study_without_sizes_of_attacks_still_has_its_scatter(folder):
    write_curves(folder / "curves.csv", [])
    assert page({}, [read_study(folder)], "").count("application/json") == 1


def test_write_page_tells_studies_from_runs(folder, tmp_path):
    record = write_page([folder], tmp_path / "page.html")
    assert (record["sources"], record["matrices"]) == (["tiny"], 0)
