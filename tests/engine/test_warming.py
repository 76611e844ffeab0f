"""What is slow the first time is done before it is wanted, and never in the way of a run."""

import threading

import pytest

from flowviz.engine import warming


@pytest.fixture
def steps(monkeypatch):
    """Three steps; the second waits until it is let go."""
    done, let_go, begun = [], threading.Event(), threading.Event()

    def second():
        begun.set()
        assert let_go.wait(10)
        done.append(2)

    monkeypatch.setattr(warming, "_steps", lambda: iter([lambda: done.append(1), second, lambda: done.append(3)]))
    return done, begun, let_go


def test_the_first_method_is_warm_at_once_and_the_rest_follows_beside(steps):
    done, _, let_go = steps
    warm = warming.Warming()
    assert done == [1]
    warm.start()
    let_go.set()
    warm._thread.join(10)
    assert done == [1, 2, 3]


def test_a_run_stops_the_warming_after_the_step_under_way(steps):
    done, begun, let_go = steps
    warm = warming.Warming()
    warm.start()
    assert begun.wait(10)
    warm.stop()
    let_go.set()
    warm._thread.join(10)
    assert done == [1, 2]
