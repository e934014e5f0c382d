import random

import pytest

from rnnspec.study.results import read_curves, read_results, write_curves, write_results

CURVE = {
    **{"run": "c0ffee", "target": "input", "attack": "pgd", "norm": "linf", "epsilon": 0.1},
    **{"accuracy": 1 / 3, "ci_low": 0.1, "ci_high": 0.5, "loss": None},
}


def test_what_is_written_is_read(tmp_path, example_rows):
    path = tmp_path / "results.csv"
    write_results(path, example_rows)
    back = read_results(path)
    by_key = {(row["run"], row["matrix"]): row for row in example_rows}
    assert len(back) == len(by_key)
    assert all(by_key[row["run"], row["matrix"]] == row for row in back)
    assert {type(row["seed"]) for row in back} == {int}


def test_the_order_of_the_rows_given_is_that_of_no_one(tmp_path, example_rows):
    write_results(tmp_path / "a.csv", example_rows)
    shuffled = random.Random(1).sample(example_rows, len(example_rows))
    write_results(tmp_path / "b.csv", shuffled)
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
    keys = ("dataset", "cell", "condition", "seed", "matrix")
    order = [tuple(row[key] for key in keys) for row in read_results(tmp_path / "b.csv")]
    assert order == sorted(order)


def test_curves_are_read_and_ordered(tmp_path):
    rows = [CURVE | {"epsilon": e} for e in (0.5, 0.1, 0.0)]
    write_curves(tmp_path / "curves.csv", rows)
    assert read_curves(tmp_path / "curves.csv") == rows[::-1]


def test_a_table_without_rows_is_a_table(tmp_path):
    write_results(tmp_path / "results.csv", [])
    assert read_results(tmp_path / "results.csv") == []


def test_a_run_whose_name_is_a_number_keeps_it(tmp_path):
    write_curves(tmp_path / "curves.csv", [CURVE | {"run": "0012"}])
    assert read_curves(tmp_path / "curves.csv")[0]["run"] == "0012"


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda _: "", "must be a table of a study, got a table without 'run'"),
        (lambda text: text.replace("matrix", "matrices"), "without 'matrix'"),
        (lambda text: text + "c0ffee,digits\n", "line 74 is damaged: expected 46 cells, got 2"),
        (lambda text: text.replace(",inf,", ",endless,", 1), "line 2 is damaged: could not conv"),
        (lambda text: text + '"', "is damaged: expected a table of text"),
    ],
)
def test_a_damaged_table_is_told(tmp_path, example_rows, damage, said):
    path = tmp_path / "results.csv"
    write_results(path, example_rows)
    path.write_text(damage(path.read_text()))
    with pytest.raises(ValueError, match=said):
        read_results(path)


def test_a_table_that_is_not_text_or_not_there(tmp_path):
    (tmp_path / "results.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match="is damaged: expected a table of text"):
        read_results(tmp_path / "results.csv")
    with pytest.raises(ValueError, match="does not exist"):
        read_curves(tmp_path / "curves.csv")
