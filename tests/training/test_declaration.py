import inspect
from dataclasses import dataclass, fields

import click
import pytest
from click.testing import CliRunner

from rnnspec.cli.settings import setting_options
from rnnspec.models.classifier import SequenceClassifier
from rnnspec.study.plan import TREATMENTS
from rnnspec.study.tables import SETTINGS
from rnnspec.training.config import DEFAULTS, TrainingConfig
from rnnspec.training.declaration import columns_of, describe_settings, setting, settings_of
from rnnspec.training.settings import check_setting, check_settings, read_settings


@describe_settings
@dataclass(frozen=True)
class Longer(TrainingConfig):
    """A training with two settings more: a line each."""

    momentum: float = setting(0.9, "How much of an update is kept.", least=0, column=9)
    shape: str = setting("round", "What it looks like.", choices=("round", "flat"))


@click.command()
@setting_options(Longer)
def command(**flags):
    print({name: value for name, value in flags.items() if value is not None})


def run(*arguments):
    return CliRunner().invoke(command, [str(each) for each in arguments])


def test_a_setting_is_a_flag():
    assert run("--momentum", 0.5, "--shape", "flat").output == (
        "{'momentum': 0.5, 'shape': 'flat'}\n"
    )
    assert run().output == "{}\n"
    told = " ".join(run("--help").output.split())
    assert "--momentum FLOAT How much of an update is kept. [default: 0.9]" in told
    assert "--shape [round|flat] What it looks like. [default: round]" in told
    assert run("--shape", "square").exit_code == 2


def test_a_setting_is_a_key_of_a_file():
    given = {"momentum": 1, "batch-size": 3}
    assert read_settings(given, "a.toml", Longer) == {"momentum": 1.0, "batch_size": 3}
    with pytest.raises(ValueError, match="momentum must be a finite number, got 'much'"):
        read_settings({"momentum": "much"}, "a.toml", Longer)
    with pytest.raises(ValueError, match="unknown setting 'momentum'"):
        read_settings(given, "a.toml")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("momentum", -1.0, "`momentum` must be a finite number >= 0, got -1.0"),
        ("momentum", float("inf"), "`momentum` must be a finite number >= 0, got inf"),
        ("shape", "square", "`shape` must be one of round, flat, got 'square'"),
        ("hidden", 0, "`hidden` must be an integer of at least 1, got 0"),
        ("device", "tpu:0", "`device` must be one of cpu, cuda, got 'tpu'"),
    ],
)
def test_a_setting_is_checked(name, value, message):
    check_settings(Longer())
    with pytest.raises(ValueError, match=message):
        check_settings(Longer(**{name: value}))
    with pytest.raises(ValueError, match=message.replace(f"`{name}`", "`other`")):
        check_setting(value, name, "other", of=Longer)


def test_a_setting_is_described():
    assert "momentum : float, default 0.9\n        How much of an update" in Longer.__doc__
    assert 'shape : {"round", "flat"}, default round' in Longer.__doc__


def test_a_setting_is_a_column_of_a_study():
    assert columns_of(Longer) == (*SETTINGS, "momentum")


def test_every_setting_is_declared():
    names = [field.name for field in fields(TrainingConfig)]
    assert names == list(settings_of(TrainingConfig)) == list(vars(DEFAULTS))
    for name, declared in settings_of(TrainingConfig).items():
        assert declared.help.endswith("."), name
        check_setting(getattr(DEFAULTS, name), name)


def test_columns_and_treatments_of_recorded_studies_stay():
    assert SETTINGS == ("normalize", "estimator", "init", "adversarial", "curvature_penalty")
    parts = ("normalize", "estimator", "bound", "block", "adversarial", "adv_", "curvature_")
    names = [field.name for field in fields(TrainingConfig)]
    assert tuple(name for name in names if name.startswith(parts)) == TREATMENTS


def test_a_network_without_settings_is_the_one_of_the_default_settings():
    parameters = inspect.signature(SequenceClassifier).parameters
    for name in ("hidden", "layers", "bidirectional", "init", "seed"):
        assert parameters[name].default == getattr(DEFAULTS, name), name
