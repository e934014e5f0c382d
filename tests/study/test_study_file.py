from dataclasses import replace
from pathlib import Path

import pytest

from rnnspec.study.results import read_results
from rnnspec.study.study_file import PRESETS, read_plan
from rnnspec.training.config import DEFAULTS


def test_the_grid_is_the_product(study_file):
    plan = read_plan(study_file({'["rnn"]': '["rnn", "gru"]'}))
    assert plan.name == "tiny"
    assert [tuple(task.place.values())[1:] for task in plan.tasks] == [
        (cell, condition, seed)
        for cell in ("rnn", "gru")
        for condition in ("plain", "radius")
        for seed in (0, 1)
    ]
    assert {task.config.threads for task in plan.tasks} == {1}
    assert {task.config.epochs for task in plan.tasks} == {3}
    assert plan.tasks[0].measuring.attack_epsilons == (0.0, 0.5)


@pytest.mark.parametrize(("preset", "n"), [*zip(PRESETS, (36, 270, 720), strict=True)])
def test_a_preset_is_a_study(preset, n):
    plan = read_plan(preset)
    assert (plan.name, len(plan.tasks)) == (preset, n)
    assert len({task.run for task in plan.tasks}) == n


@pytest.mark.parametrize("preset", ["quick", "standard"])
def test_recorded_studies_are_those_of_their_presets(preset):
    folder = Path(__file__).parents[2] / "benchmarks/results" / preset
    runs = {row["run"] for row in read_results(folder / "results.csv")}
    assert runs == {task.run for task in read_plan(preset).tasks}
    assert runs == {task.run for task in read_plan(folder / "study.toml").tasks}


@pytest.mark.parametrize(
    "replaced",
    [
        {'"tiny"': '"another"'},
        {"[conditions.plain]": "[conditions.none]"},
        {"[0, 0.5]": "[0.0, 0.5]"},
    ],
)
def test_a_run_is_named_by_its_settings_alone(study_file, replaced):
    plans = [read_plan(study_file()), read_plan(study_file(replaced))]
    assert [task.run for task in plans[0].tasks] == [task.run for task in plans[1].tasks]


def test_a_data_set_may_have_settings_of_its_own_and_a_condition_wins(study_file, halves):
    own = f'[train."{halves}"]\nhidden = 5\nepochs = 6\n\n[conditions.plain]\nepochs = 7'
    plan = read_plan(study_file({"[conditions.plain]": own}))
    found = {task.condition: (task.config.hidden, task.config.epochs) for task in plan.tasks}
    assert found == {"plain": (5, 7), "radius": (5, 6)}


def test_without_conditions_there_is_one(tmp_path):
    path = tmp_path / "least.toml"
    path.write_text('datasets = ["digits"]\ncells = ["rnn"]\nseeds = [3]')
    plan = read_plan(path)
    assert (plan.name, len(plan.tasks), str(plan.tasks[0])) == ("least", 1, "digits rnn plain 3")
    assert plan.tasks[0].config == replace(DEFAULTS, cell="rnn", seed=3, threads=1)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("seeds =", "seed =", "tiny.toml: unknown setting 'seed'; did you mean seeds?"),
        ("epochs = 3", "epoch = 3", r"\[train\]: unknown setting 'epoch'; did you mean epochs?"),
        ("normalize =", "normalise =", r"\[conditions.radius\]: unknown setting .* normalize?"),
        ("lyapunov", "liapunov", r"\[measure\]: unknown setting 'liapunov'; did you mean lyapunov"),
        ("epochs = 3", "[train.Walk]\nepochs = 3", r"\[train\]: unknown setting 'Walk'"),
        ("seeds = [0, 1]", "seeds = []", "the grid is empty: seeds must be a list of integers"),
        ("seeds = [0, 1]", "", "the grid is empty: seeds"),
        ('cells = ["rnn"]', "cells = []", "the grid is empty: cells must be a list of quoted"),
        ('cells = ["rnn"]', "cells = [1]", "cells must be a list of quoted texts, got 1 in it"),
        ('cells = ["rnn"]', 'cells = "rnn"', "cells must be a list of quoted texts, got 'rnn'"),
        ("[0, 1]", "[0, 0]", "seeds must hold each once, got 0 twice"),
        ("[0, 1]", "[-1]", "`seed` must be an integer from 0"),
        ('normalize = "radius"', "", "conditions plain and radius are the same settings"),
        ("epochs = 3", "seed = 3", "seed is an axis of the grid: give seeds"),
        ("epochs = 3", "threads = 3", "trains each network on one thread; leave out threads"),
        ("epochs = 3", 'epochs = "3"', r"\[train\]: epochs must be an integer, got '3'"),
        ("samples = 8", "samples = 0", "`samples` must be an integer of at least 1, got 0"),
        ("lyapunov = 2", "lyapunov = -1", "`lyapunov` must be an integer of at least 0, got -1"),
        ("samples = 8", "epsilons = [0]", "`epsilons` must be a finite number > 0"),
        ("samples = 8", "jacobian = 1", "jacobian must be true or false, got 1"),
        ("[0, 0.5]", "[0.5, 0]", "`attack_epsilons` must increase, got 0 after 0.5"),
        ("[0, 0.5]", "0.5", "attack_epsilons must be a list of finite numbers, got 0.5"),
        ("weight_epsilons = [1]", "weight_epsilons = []", "`weight_epsilons` must be a list of"),
        ("lr = 0.1", "lr = nan", r"\[train\]: lr must be a finite number, got nan"),
        ("[0, 0.5]", "[0, inf]", "attack_epsilons must be a list of finite numbers, got"),
        ('name = "tiny"', "name = 3", "name must be a quoted text, got 3"),
        ("[train]", "[train", "is not a readable TOML file"),
    ],
)
def test_a_file_that_is_no_study(study_file, old, new, said):
    with pytest.raises(ValueError, match=said):
        read_plan(study_file({old: new}))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("train = 3", "study.toml: train must be a table, got 3"),
        ("conditions.plain = 3", r"\[conditions\]: plain must be a table, got 3"),
    ],
)
def test_a_table_that_is_none(tmp_path, line, said):
    path = tmp_path / "study.toml"
    path.write_text(f'datasets = ["digits"]\ncells = ["rnn"]\nseeds = [3]\n{line}')
    with pytest.raises(ValueError, match=said):
        read_plan(path)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(ValueError, match="absent.toml does not exist"):
        read_plan(tmp_path / "absent.toml")
