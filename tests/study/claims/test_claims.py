"""Made-up studies whose answer is known: each claim true, false, and with too little to tell."""

import json
from pathlib import Path

import numpy as np
import pytest

from rnnspec.study.claims.claim import Claim
from rnnspec.study.claims.departure import departure_claim
from rnnspec.study.claims.fragility import fragility_claim
from rnnspec.study.claims.judge import claims
from rnnspec.study.claims.price import price_claim
from rnnspec.study.claims.ranking import ranking_claim
from rnnspec.study.results import read_results, write_results
from rnnspec.study.runs import MEASURES, runs_of

GATES = {"rnn": ["layer0"], "gru": ["layer0.reset", "layer0.new"], "lstm": ["layer0.forget"]}
CONDITIONS = ("plain", "radius", "norm", "adversarial")
MEDIAN = {"plain": 1.0, "norm": 1.05, "adversarial": 2.0}
DISTANCE = {"plain": 0.05, "radius": 0.02, "norm": 0.4, "adversarial": 0.05}
TRUE = {"gain": 0.9, "ratio": 0.2, "risen": 0.3, "cost": 0.05}
FALSE = {"accuracy_ranks": True, "gain": 1.5, "ratio": 0.9, "risen": -0.1, "cost": -0.02}


def study(
    datasets=("digits", "mnist"), seeds=5, *,
    accuracy_ranks=False, gain=1.0, ratio=0.2, rho=0.9, risen=0.0, cost=0.0, init="torch",
):  # fmt: skip
    """Rows of results in which radius normalisation multiplies r* by `gain`, and so on."""
    rng = np.random.default_rng(20180430)

    def near(value, spread=0.02):
        return float(value * (1 + spread * rng.standard_normal()))

    rows = []
    for d, dataset in enumerate(datasets):
        for cell, gates in GATES.items():
            for seed in range(seeds):
                for condition in CONDITIONS:
                    median = near((1 + d) * len(cell) * {**MEDIAN, "radius": gain}[condition])
                    accuracy = near(0.9 - cost * (condition == "norm"), 0.003)
                    run = {
                        "run": f"{dataset}-{cell}-{condition}-{seed}", "dataset": dataset,
                        "cell": cell, "condition": condition, "seed": seed, "hidden": 8,
                        "normalize": condition if condition in ("radius", "norm") else "none",
                        "estimator": "rayleigh", "init": init,
                        "adversarial": "pgd" if condition == "adversarial" else "none",
                        "test_accuracy": median / 30 if accuracy_ranks else accuracy,
                        "median_r": median, "area": near(median / 30),
                        "weights_accuracy@0.1": near(0.8), "lyapunov_max": near(-0.2),
                    }  # fmt: skip
                    for gate in [*gates, "layer0.jacobian@mean"]:
                        rows.append(run | matrix(condition, gate, near, ratio, rho, risen))
    return rows


def matrix(condition, gate, near, ratio, rho, risen):
    row = {"matrix": gate} | {name: near(1.0, 0.1) for name in MEASURES}
    radius = rho if condition == "radius" else near(0.95, 0.01)
    distance = near(DISTANCE[condition])
    row |= {
        "spectral_radius": radius,
        "distance_to_instability": near(ratio * (1 - rho)) if condition == "radius" else distance,
        "pseudospectral_radius@0.01": radius + near(0.02),
        "henrici_relative": near(0.4 + risen),
        "kreiss_constant": near(2.0),
    }
    if "jacobian" not in gate:
        row |= {"henrici_relative_initial": near(0.4), "kreiss_constant_initial": near(2.0)}
        row |= {"eigenvector_condition_initial": near(0.5)}
    return row


def told(rows):
    return {claim.name: claim for claim in claims(rows)}


def records(results):
    return [one.to_dict() for one in results]


ALONE = {
    "P1": lambda rows: ranking_claim(runs_of(rows)),
    "P2": lambda rows: fragility_claim(runs_of(rows)),
    "P3": departure_claim,
    "price": lambda rows: price_claim(runs_of(rows)),
}


@pytest.fixture(scope="module")
def true():
    return told(study(**TRUE))


@pytest.fixture(scope="module")
def false():
    return told(study(**FALSE))


@pytest.mark.parametrize("name", ["P1", "P2", "P3", "price"])
def test_the_known_answer_is_found(true, false, name):
    assert true[name].verdict == "supported"
    assert false[name].verdict == "not supported"
    for claim in (true[name], false[name]):
        assert f": {claim.verdict}." in claim.sentence
        assert "left out" not in claim.sentence


def test_too_few_seeds_decide_nothing():
    for known in (TRUE, FALSE | {"accuracy_ranks": False}):
        few = told(study(("digits",), seeds=1, **known))
        assert {claim.verdict for claim in few.values()} == {"undecided"}
        assert "(n = 3: too few for an interval)" in few["P2"].sentence
        assert "(n = 3: too few for an interval)" in few["P3"].sentence


def test_nothing_at_all_is_undecided_and_says_so():
    found = told([])
    assert {claim.verdict for claim in found.values()} == {"undecided"}
    assert "n = 0: too few runs" in found["P1"].sentence
    assert "n = 0: no pair" in found["P2"].sentence
    assert "No run was trained plainly" in found["P3"].sentence
    assert "No condition was paired" in found["price"].sentence


@pytest.mark.parametrize(
    ("part", "name"),
    [("rho", "P2"), ("gain", "P2"), ("ratio", "P2"), ("risen", "P3"), ("cost", "price")],
)
def test_one_false_part_is_enough(part, name):
    changed = TRUE | {part: 1.2 if part == "rho" else FALSE[part]}
    assert ALONE[name](study(**changed)).verdict == "not supported"


def test_accuracy_that_ranks_backwards_ranks():
    rows = study(**TRUE)
    for row in rows:
        row["test_accuracy"] = 1 - row["median_r"] / 30
    claim = ALONE["P1"](rows)
    assert claim.verdict == "not supported"
    assert claim.numbers[0].value < -0.99


def test_the_number_that_predicts_is_named():
    rows = study(**TRUE)
    for row in rows:
        row["lyapunov_max"] = -row["median_r"]
    claim = ALONE["P1"](rows)
    assert claim.verdict == "supported"
    assert "strongest first: largest Lyapunov exponent ~ median r* −1 and" in claim.sentence


def test_none_that_predicts_is_said(true):
    assert "No number is shown to predict robustness (corrected for" in true["P1"].sentence


def test_p_values_are_corrected_for_all_that_was_compared(true):
    for name in ("P1", "P2", "P3"):
        family = [one for one in true[name].numbers if one.p_corrected == one.p_corrected]
        smallest = min(family, key=lambda one: one.p)
        assert smallest.p_corrected == min(1, len(family) * smallest.p)


def test_two_data_sets_are_also_told_apart(true):
    names = [one.name for one in true["P1"].numbers]
    assert "test accuracy ~ median r*, digits" in names
    assert "test accuracy ~ median r*, mnist" in names
    alone = ALONE["P1"](study(("digits",), **TRUE))
    assert not [one for one in alone.numbers if "digits" in one.name]
    assert "on 1 data set " in alone.sentence


def test_one_data_set_more_robust_and_more_accurate_makes_no_correlation(true):
    rows = study(**TRUE)
    for row in rows:
        row["test_accuracy"] -= 0.3 * (row["dataset"] == "digits")
    assert records(ALONE["P1"](rows).numbers[:2]) == records(true["P1"].numbers[:2])


def test_infinite_kreiss_constants_count_as_largest():
    rows = study(**TRUE)
    for row in rows:
        if row["condition"] == "plain":
            row["kreiss_constant"] = np.inf
    kreiss = next(one for one in ALONE["P2"](rows).numbers if one.name.startswith("Kreiss"))
    assert kreiss.high == 0.0
    assert "the Kreiss constant by a factor of ∞ [∞, ∞] (n = 30)" in departure_claim(rows).sentence


def test_of_two_infinities_nothing_is_known():
    rows = study(**TRUE)
    for row in rows:
        row |= {"kreiss_constant": np.inf, "kreiss_constant_initial": np.inf}
    claim = departure_claim(rows)
    assert "the Kreiss constant by a factor of not known (n = 0, 30 left out" in claim.sentence
    assert claim.verdict == "supported"


def test_blanks_are_left_out_and_counted():
    rows = study(**TRUE)
    for row in rows:
        if row["run"] in ("digits-rnn-radius-0", "mnist-gru-plain-3"):
            row["median_r"] = None
    assert "(n = 118, 2 left out)" in ALONE["P1"](rows).sentence
    assert "(n = 28, 2 left out)" in ALONE["P2"](rows).sentence


def test_a_number_that_is_the_same_in_all_runs_ranks_nothing():
    rows = study(**TRUE)
    for row in rows:
        row["test_accuracy"] = 0.9
    found = ALONE["P1"](rows)
    assert found.verdict == "undecided"
    assert "not known (n = 120: one of the two is constant)" in found.sentence
    assert ALONE["price"](rows).verdict == "not supported"


def test_a_number_blank_everywhere_is_no_candidate(true):
    rows = study(**TRUE)
    for row in rows:
        row["lyapunov_max"] = None
    left = ALONE["P1"](rows).numbers
    assert not [one for one in left if "Lyapunov" in one.name]
    datasets = {row["dataset"] for row in rows}
    assert len(left) == len(true["P1"].numbers) - 2 * (1 + len(datasets))


def test_a_radius_of_one_has_no_ratio():
    found = ALONE["P2"](study(**TRUE, rho=1.0))
    assert "30 of 30 runs have ρ <= 1" in found.sentence
    assert "not known (n = 0, 30 left out: no pair)" in found.sentence
    assert found.verdict == "undecided"


def test_two_estimators_of_one_start_are_one_piece_of_evidence(true):
    rows = study(**TRUE)
    again = [
        row | {"run": row["run"] + "p", "condition": "radius-power", "estimator": "power"}
        for row in rows
        if row["condition"] == "radius"
    ]
    assert records(ALONE["P2"](rows + again).numbers[1:]) == records(true["P2"].numbers[1:])


def test_each_initialisation_by_itself():
    rows = study(("digits",), **TRUE) + study(
        ("digits",), **TRUE | {"risen": 0.0}, init="orthogonal"
    )
    for row in rows:
        row["run"] += row["init"]
    claim = departure_claim(rows)
    assert claim.verdict == "not supported"
    assert "From orthogonal weights" in claim.sentence
    assert "From torch weights" in claim.sentence
    gates = {one.name.rpartition(", ")[2] for one in claim.numbers[6:]}
    assert gates == {"rnn layer0", "gru layer0.reset", "gru layer0.new", "lstm layer0.forget"}


def test_from_a_normal_start_a_trifle_is_no_departure():
    assert departure_claim(study(**TRUE | {"risen": 0.02})).verdict == "not supported"


def test_without_plain_training_there_is_nothing_to_compare_with():
    rows = [row for row in study(**TRUE) if row["condition"] != "plain"]
    assert {ALONE[name](rows).verdict for name in ("P2", "P3", "price")} == {"undecided"}


def test_the_seed_moves_the_bootstrap_and_nothing_else():
    rows = study(("digits",), **TRUE)
    first, again, other = (claims(rows, seed) for seed in (0, 0, 1))
    assert records(first) == records(again)
    assert first[0].numbers[0].low != other[0].numbers[0].low
    assert first[0].numbers[0].value == other[0].numbers[0].value
    assert records(first[1:]) == records(other[1:])
    with pytest.raises(ValueError, match="`seed` must be an integer"):
        claims([], seed=-1)


def test_through_the_table_and_json_nothing_changes(tmp_path, true):
    write_results(tmp_path / "results.csv", study(**TRUE))
    again = told(read_results(tmp_path / "results.csv"))
    for name, claim in again.items():
        assert claim.verdict == true[name].verdict
        record = json.loads(json.dumps(claim.to_dict(), allow_nan=False))
        assert Claim.from_dict(record).to_dict() == claim.to_dict()


@pytest.mark.parametrize(
    ("part", "value", "name", "verdict"),
    [
        ("gain", 1.05, "P2", "supported"),
        ("gain", 1.15, "P2", "not supported"),
        ("ratio", 0.45, "P2", "supported"),
        ("ratio", 0.55, "P2", "not supported"),
        ("risen", 0.04, "P3", "not supported"),
        ("risen", 0.06, "P3", "supported"),
        ("cost", 0.008, "price", "not supported"),
        ("cost", 0.015, "price", "supported"),
    ],
)
def test_where_a_verdict_turns(part, value, name, verdict):
    assert ALONE[name](study(**TRUE | {part: value})).verdict == verdict


def test_the_numbers_are_those_put_in(true):
    """Adversarial runs, of twice the r*, are no partners of radius-normalised ones."""
    found = {one.name: one.value for name in ("P2", "P3", "price") for one in true[name].numbers}
    for name, value in {
        "share of radius-normalised runs with ρ <= 1": 1.0,
        "β/(1−ρ), radius-normalised": 0.2,
        "median r*, radius over plain": 0.9,
        "median r*, radius over norm": 0.9 / 1.05,
        "relative Henrici departure, after less before, init torch": 0.3,
        "eigenvector condition κ(V), after over before, init torch, rnn layer0": 2.0,
        "accuracy given up, norm": 0.05,
        "distance gained, norm": 0.35,
        "price, norm": 0.05 / 0.35,
    }.items():
        assert found[name] == pytest.approx(value, rel=0.1), name


def test_a_fraction_of_a_bound_is_counted():
    rows = study(**TRUE)
    for row in rows:
        if row["run"] == "digits-rnn-radius-0":
            row["spectral_radius"] = 1.01
    claim = ALONE["P2"](rows)
    assert claim.verdict == "not supported"
    assert "29 of 30 runs have ρ <= 1" in claim.sentence


def test_the_keys_of_a_number_are_its_own(true):
    for claim in true.values():
        keys = {(one.column, one.against, one.part) for one in claim.numbers}
        assert len(keys) == len(claim.numbers)
        assert all(one.column for one in claim.numbers)


@pytest.mark.parametrize(
    ("claim", "keys", "name"),
    [
        ("P1", ("test_accuracy", "area"), "test accuracy ~ area under the PGD curve"),
        ("P1", ("henrici", "median_r", "mnist"), "Henrici departure ~ median r*, mnist"),
        ("P2", ("distance_ratio",), "β/(1−ρ), radius-normalised"),
        ("P2", ("area", "norm"), "area under the PGD curve, radius less norm"),
        (
            "P3",
            ("kreiss_constant", "kreiss_constant_initial", "torch, rnn layer0"),
            "Kreiss constant, after over before, init torch, rnn layer0",
        ),
        ("price", ("test_accuracy", "distance_to_instability", "norm"), "price, norm"),
    ],
)
def test_a_number_is_found_by_its_keys(true, claim, keys, name):
    assert true[claim].number(*keys).name == name


def test_a_number_that_is_not_there(true):
    with pytest.raises(ValueError, match=r"one of the \d+ numbers, for example .*got \('area'"):
        true["P2"].number("area")


def test_a_recorded_study_says_what_it_said():
    """Its claims.json is older than the keys of numbers: these are empty when it is read."""
    folder = Path(__file__).parents[3] / "benchmarks/results/quick"
    recorded = json.loads((folder / "claims.json").read_text())["claims"]
    found = claims(read_results(folder / "results.csv"))
    keys = ("column", "against", "part")
    for record, claim in zip(recorded, found, strict=True):
        again = Claim.from_dict(record).to_dict()
        assert {number.pop(key) for number in again["numbers"] for key in keys} == {""}
        assert again == record
        assert (claim.sentence, claim.verdict) == (record["sentence"], record["verdict"])
        assert [one.name for one in claim.numbers] == [one["name"] for one in record["numbers"]]
