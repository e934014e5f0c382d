import sys

import pytest

from rnnspec.study import cluster


def test_a_scheduler_that_is_not_there(monkeypatch):
    monkeypatch.setattr(cluster, "CONNECT", 0.5)
    said = "`--scheduler` 'tcp://127.0.0.1:9': no scheduler answers within 0.5 s"
    with pytest.raises(ValueError, match=said), cluster.connect(None, "tcp://127.0.0.1:9"):
        pass


def test_an_address_that_is_none(monkeypatch):
    monkeypatch.setattr(cluster, "CONNECT", 0.5)
    with (
        pytest.raises(ValueError, match="`--scheduler` 'nonsense://x': no scheduler answers"),
        cluster.connect(None, "nonsense://x"),
    ):
        pass


def test_workers_are_of_a_cluster_made_here():
    with (
        pytest.raises(ValueError, match="`--workers` starts processes on this machine"),
        cluster.connect(2, "tcp://127.0.0.1:9"),
    ):
        pass


def test_without_dask_it_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with (
        pytest.raises(ValueError, match=r"needs Dask: pip install 'rnnspec\[cluster\]'"),
        cluster.connect(1, None),
    ):
        pass
