"""How a budget of seconds is shared among blocks."""

from __future__ import annotations

import pytest

from flowviz.core.spec import Budget
from flowviz.flows._jko_work import FIRST, Work


def test_what_the_figures_of_a_block_take_is_no_training_time_of_the_next() -> None:
    work = Work(Budget(seconds=10.0))
    work.begin_block([FIRST, FIRST], 100, 0)
    for second in range(6):
        work.advance(float(second))
    assert work.block_is_over
    work.block_done()
    work.begin_block([FIRST], 100, 0)  # its figures were computed in the step that began at 5 s, and took 2 s
    work.advance(7.0)
    assert work.block_progress == 0
    work.advance(8.5)
    assert work.block_progress == pytest.approx(0.5)
    assert not work.block_is_over
    work.advance(10.0)
    assert work.block_is_over
