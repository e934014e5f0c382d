from dataclasses import fields, replace

from rnnspec.study.measuring import Measuring
from rnnspec.study.plan import Plan, Task
from rnnspec.training.config import DEFAULTS, TrainingConfig

OTHERS = {
    **{"dataset": "mnist", "view": "cols", "cell": "gru", "hidden": 3, "layers": 2},
    **{"bidirectional": True, "init": "torch", "normalize": "norm", "estimator": "power"},
    **{"bound": 0.5, "normalize_mode": "scale", "block": 1, "adversarial": "pgd"},
    **{"adv_epsilon": 0.2, "adv_steps": 2, "adv_schedule": "linear", "adv_beta": 1.0},
    **{"curvature_penalty": 0.1, "curvature_form": "hutchinson", "curvature_step": 0.5},
    **{"epochs": 1, "batch_size": 2, "lr": 0.1, "clip_norm": 2.0, "seed": 1},
    **{"device": "cuda", "threads": 1},
}
MEASURED = {
    **{"epsilons": (0.1,), "jacobian": False, "lyapunov": 1, "samples": 3},
    **{"attack_epsilons": (0.0,), "weight_epsilons": (1.0,)},
}


def test_a_run_is_named_by_every_setting():
    task = Task("plain", DEFAULTS, Measuring())
    assert set(OTHERS) == {field.name for field in fields(TrainingConfig)}
    assert set(MEASURED) == {field.name for field in fields(Measuring)}
    others = [replace(task, config=replace(DEFAULTS, **{k: v})) for k, v in OTHERS.items()]
    others += [replace(task, measuring=replace(Measuring(), **{k: v})) for k, v in MEASURED.items()]
    assert len({task.run, *(other.run for other in others)}) == 1 + len(OTHERS) + len(MEASURED)


def test_a_task_is_named_by_its_place():
    task = Task("plain", replace(DEFAULTS, dataset="digits", cell="gru", seed=3), Measuring())
    assert str(task) == "digits gru plain 3"


def test_a_start_is_what_treatments_leave_as_it_is():
    task = Task("plain", DEFAULTS, Measuring())
    treated = replace(DEFAULTS, normalize="radius", adversarial="pgd", curvature_penalty=0.1)
    assert replace(task, config=treated).start == task.start
    assert replace(task, config=replace(DEFAULTS, hidden=3)).start != task.start


def test_a_plan_is_shown_by_its_size():
    plan = Plan("tiny", "x" * 500, (Task("plain", DEFAULTS, Measuring()),) * 36)
    assert repr(plan).endswith("tasks=<36 items>)")
    assert len(repr(plan)) < 120
