import json
import re
import sys

import matplotlib.pyplot as plt
import pytest

from rnnspec.cli.options import check_figure, check_out, print_json
from rnnspec.plots.figures import save_figure
from rnnspec.report.progress import show_epochs, show_tasks
from rnnspec.report.stability import print_measures
from rnnspec.report.tables import print_table

ROW = {"epoch": 1, "train_loss": 0.5, "train_accuracy": 0.75, "spectral_radius": 1.25}


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_json_is_strict(value, capsys):
    with pytest.raises(ValueError, match="not JSON compliant"):
        print_json({"x": value})
    assert capsys.readouterr().out == ""


def test_json_goes_to_stdout(capsys):
    print_json({"x": [1, None, "inf"]})
    assert json.loads(capsys.readouterr().out) == {"x": [1, None, "inf"]}


def test_a_table_holds_every_cell(capsys):
    print_table("title", ("name", "x"), [["a", 0.123456], ["b", None]])
    out = capsys.readouterr().out
    assert all(word in out for word in ("title", "name", "0.1235", "-"))


def measured(n):
    names = [f"encoder.layer{k}.forget" for k in range(n)]
    record = {
        "n": 4,
        "spectral_radius": 0.123456,
        "eigenvector_condition": -1.234e-10,
        "pseudospectral_radius": {"0.01": 1.5},
        "pseudospectral_abscissa": {"0.01": 0.25},
        "certified": {"spectral_radius": {"lower": 0.1234561234, "upper": 0.1234567891}},
    }
    return {name: record for name in names}


@pytest.mark.parametrize("n", [1, 4, 16])
@pytest.mark.parametrize("width", [None, 20, 80, 120])
def test_a_table_cuts_nothing(n, width, monkeypatch, capsys):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: width is not None, raising=False)
    monkeypatch.setenv("COLUMNS", str(width or 80))
    monkeypatch.setenv("TERM", "dumb")
    matrices = measured(n)
    print_measures(matrices)
    out = re.sub("\x1b\\[[0-9;]*m", "", capsys.readouterr().out)
    assert "\N{HORIZONTAL ELLIPSIS}" not in out
    assert [re.findall(rf"{name}(?!\w)", out) for name in matrices] == [[name] for name in matrices]
    assert len(re.findall(r"-1\.234e-10", out)) == n
    heads = out.count("number")
    assert out.count("pseudospectral abscissa 0.01") == heads
    if width is None:
        assert heads == 1
    elif width >= 80:
        assert max(map(len, out.splitlines())) <= width
        assert (heads > 1) == (n > 1 if width == 80 else n > 3)
    assert ("0.123456 and 0.123457" in out) == (n == 1)


def test_words_in_brackets_are_no_markup(capsys):
    print_table("title", ("name", "[red]"), [["[bold]", "[/x]"]])
    out = capsys.readouterr().out
    assert all(word in out for word in ("[red]", "[bold]", "[/x]"))


@pytest.mark.parametrize("row", [ROW, ROW | {"validation_accuracy": 0.5}])
@pytest.mark.parametrize("enabled", [True, False])
def test_no_bar_where_nobody_looks(row, enabled, capsys):
    with show_epochs(enabled=enabled) as (on_start, on_epoch):
        on_start(2)
        on_epoch(row)
    assert capsys.readouterr().out == ""


def test_the_bar_tells_loss_accuracy_and_radius(monkeypatch, capsys):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "120")
    with show_epochs(enabled=True) as (on_start, on_epoch):
        on_start(2)
        on_epoch(ROW)
    out, err = capsys.readouterr()
    assert out == ""
    assert all(text in err for text in ("1/2", "loss 0.5000", "accuracy 0.750", "radius 1.250"))


@pytest.mark.parametrize(("enabled", "tell"), [(True, True), (True, False), (False, True)])
def test_a_length_that_nobody_gave_is_told_at_the_start(enabled, tell, capsys):
    with show_epochs(enabled=enabled, tell=tell) as (on_start, on_epoch):
        on_start(229)
        on_epoch(ROW)
    said = "229 epochs, by the size of the data; --epochs sets another number\n"
    assert capsys.readouterr() == ("", said if enabled and tell else "")


def test_a_study_tells_how_many_are_done_and_where_to_look(monkeypatch, capsys):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "120")
    with show_tasks(enabled=True) as (on_start, on_task):
        on_start("http://there/status", 3, 9)
        on_task("digits rnn plain 0", None)
        on_task("digits rnn plain 1", "why")
    out, err = capsys.readouterr()
    assert out == ""
    assert "http://there/status" in err
    assert all(text in err for text in ("5/9", "digits rnn plain 1 failed"))


def test_where_nobody_looks_a_study_tells_the_dashboard_alone(capsys):
    for enabled, said in ((True, "dashboard: http://there/status\n"), (False, "")):
        with show_tasks(enabled=enabled) as (on_start, on_task):
            on_start("http://there/status", 0, 1)
            on_task("digits rnn plain 0", None)
        assert capsys.readouterr() == ("", said)


def test_figures_are_whole_and_closed(tmp_path):
    _, ax = plt.subplots()
    save_figure(ax, tmp_path / "a.svg")
    assert [path.name for path in tmp_path.iterdir()] == ["a.svg"]
    assert plt.get_fignums() == []


@pytest.mark.parametrize("check", [check_figure, check_out])
def test_no_file_is_no_fault(check):
    check(None)
