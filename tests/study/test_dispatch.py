from dataclasses import replace
from types import SimpleNamespace

import distributed
import pytest

from rnnspec.study import dispatch
from rnnspec.study.measuring import Measuring
from rnnspec.study.plan import Task
from rnnspec.training.config import DEFAULTS

TASK = Task("plain", DEFAULTS, Measuring())


class Completed(list):
    """Futures in the order in which they were added, as ``distributed.as_completed``."""

    add = list.append


class Future:
    """A task that is over, with an error or without, or cancelled."""

    def __init__(self, error=None, cancelled=False):
        self.exception, self.cancelled = lambda: error, lambda: cancelled


@pytest.fixture
def client(monkeypatch):
    """A client that gives out futures from a list, and keeps what was submitted."""

    def make(futures):
        given, submitted = iter(futures), []

        def submit(_, task, *where, pure, priority):
            submitted.append((task, where, pure, priority))
            return next(given)

        return SimpleNamespace(submit=submit, submitted=submitted)

    monkeypatch.setattr(distributed, "as_completed", Completed)
    return make


def dead():
    return Future(distributed.KilledWorker("task", None, 3))


def test_a_task_whose_workers_die_is_tried_again(client):
    there = client([dead(), dead(), Future()])
    assert list(dispatch.compute_all(there, [TASK], ("folder",))) == [(TASK, None)]
    assert there.submitted == [(TASK, ("folder",), False, 0)] * 3


def test_a_task_that_kills_every_worker_is_given_up(client):
    there = client([dead() for _ in range(99)])
    ((task, error),) = dispatch.compute_all(there, [TASK], ())
    assert task is TASK
    assert isinstance(error, distributed.KilledWorker)
    assert len(there.submitted) == 1 + dispatch.DEATHS


def test_a_task_that_fails_is_not_tried_again(client):
    there = client([Future(ValueError("why"))])
    ((_, error),) = dispatch.compute_all(there, [TASK], ())
    assert str(error) == "why"


def test_a_scheduler_that_dies_ends_the_study(client):
    there = client([Future(cancelled=True)])
    with pytest.raises(RuntimeError, match="the scheduler is gone; --resume goes on"):
        list(dispatch.compute_all(there, [TASK], ()))


def test_long_tasks_come_first(client):
    there = client([Future()])
    long = Task("adversarial", replace(DEFAULTS, adversarial="pgd"), Measuring())
    list(dispatch.compute_all(there, [long], ()))
    assert there.submitted == [(long, (), False, 1)]
