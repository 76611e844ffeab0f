"""How many threads training takes, with a method whose speed is known."""

import pytest
import torch

from flowviz.core.spec import FlowSpec
from flowviz.engine import threads


@pytest.fixture
def clock(monkeypatch):
    """Seconds of a training step by number of threads; restores torch's threads."""
    seconds = {}

    def measured(flow, count):
        torch.set_num_threads(count)
        return seconds[count]

    before = torch.get_num_threads()
    monkeypatch.setattr(threads, "_seconds", measured)
    threads._best.cache_clear()
    yield seconds
    threads._best.cache_clear()
    torch.set_num_threads(before)


@pytest.mark.parametrize(
    ("seconds", "chosen"),
    [
        ({1: 0.004, 2: 0.001}, 1),  # a small network, however fast two threads seem in a quiet moment
        ({1: 0.2, 2: 0.12}, 2),
        ({1: 0.2, 2: 0.19}, 1),  # hardly faster: not worth a core
        ({1: 0.2, 2: 4.0}, 1),  # a busy machine
    ],
)
def test_more_threads_are_taken_where_they_pay(clock, seconds, chosen):
    clock.update(seconds)
    threads.set_threads(FlowSpec("cnf"), 2, torch.device("cpu"), most=2)
    assert torch.get_num_threads() == chosen


def test_never_more_than_are_allowed_are_tried(clock):
    clock.update({1: 0.2})
    threads.set_threads(FlowSpec("jko"), 2, torch.device("cpu"), most=1)
    assert torch.get_num_threads() == 1


def test_equal_specs_get_equal_threads_within_a_process(clock):
    clock.update({1: 0.2, 2: 0.1})
    threads.set_threads(FlowSpec("cnf"), 2, torch.device("cpu"), most=2)
    clock.update({1: 0.2, 2: 0.5})
    threads.set_threads(FlowSpec("cnf"), 2, torch.device("cpu"), most=2)
    assert torch.get_num_threads() == 2
