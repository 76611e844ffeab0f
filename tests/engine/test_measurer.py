"""Measuring beside the training: in a thread of its own, never in its way."""

import threading

import numpy as np
import pytest

from flowviz.core.control import Control
from flowviz.core.events import Cancelled, Failed, Finished, FloorsReady, FrameReady, MetricsReady, Paused
from flowviz.core.spec import Budget
from flowviz.engine._measuring import Measuring
from flowviz.engine.run import Run, run

LONG = 10_000_000
WAIT = 30.0


def of(events, kind):
    return [event for event in events if isinstance(event, kind)]


@pytest.fixture
def held(monkeypatch):
    """Every measurement waits for the first event and says by the second that it has begun."""
    may_go_on, begun = threading.Event(), threading.Event()
    whole = Measuring.measure

    def measure(self, flow, step, check=lambda: None):
        begun.set()
        while not may_go_on.wait(0.001):
            check()
        return whole(self, flow, step, check)

    monkeypatch.setattr(Measuring, "measure", measure)
    yield may_go_on, begun
    may_go_on.set()


def test_training_goes_on_while_a_step_is_measured(scripted, held):
    may_go_on, begun = held
    control, measured_from, events = Control(), None, []
    for event in run(scripted(LONG), control):
        events.append(event)
        if isinstance(event, FrameReady) and begun.is_set():
            measured_from = measured_from or event.frame.step
            if event.frame.step > measured_from + 200:
                may_go_on.set()
        if isinstance(event, MetricsReady):
            control.cancel()
    first = of(events, MetricsReady)[0]
    before = events[: events.index(first)]
    assert of(before, FrameReady)[-1].frame.step > first.step + 200
    assert isinstance(events[-1], Cancelled) and of(events, MetricsReady)[-1].step == events[-1].step


def test_what_is_measured_beside_the_training_is_what_is_measured_alone(scripted):
    control, events = Control(), []
    for event in run(scripted(LONG), control):
        events.append(event)
        if of(events, MetricsReady):
            control.cancel()
    first = of(events, MetricsReady)[0]
    weights = next(event.frame.weights for event in of(events, FrameReady) if event.frame.step == first.step)
    alone = Run(scripted(1), weights, first.step)
    flow, measurer = alone._prepare()
    assert measurer.measuring.measure(flow, first.step) == first.values


def test_a_run_that_makes_way_does_not_wait_for_a_figure(scripted, held):
    may_go_on, begun = held
    control, events = Control(), []
    for event in run(scripted(LONG), control):
        events.append(event)
        if begun.is_set():
            control.cancel(quick=True)
    assert isinstance(events[-1], Cancelled) and not of(events, MetricsReady)
    assert not may_go_on.is_set()


def test_a_run_that_waits_for_its_last_figure_can_still_make_way(scripted, held):
    _, begun = held
    control, events = Control(), []
    threading.Thread(target=lambda: begun.wait(WAIT) and control.cancel(quick=True)).start()
    events = list(run(scripted(3), control))
    assert isinstance(events[-1], Finished) and not of(events, MetricsReady)


def test_a_paused_run_is_measured_where_it_stands_and_its_floors_become_complete(scripted):
    control, events = Control(), []
    control.step_once()
    for event in run(scripted(LONG), control):
        events.append(event)
        if of(events, MetricsReady) and of(events, FloorsReady):
            control.cancel(quick=True)
    assert [event.step for event in of(events, Paused)] == [1]
    assert [event.step for event in of(events, MetricsReady)] == [1]
    assert set(of(events, FloorsReady)[0].floors) == {"w2", "sliced_w2", "moments_w2"}


def test_a_run_whose_measuring_goes_wrong_fails_with_a_sentence_and_can_be_trained_on(scripted, monkeypatch):
    def broken(self, flow, step, check=None):
        raise MemoryError

    whole = Run(scripted(5))
    with monkeypatch.context() as patch:
        patch.setattr(Measuring, "measure", broken)
        events = list(whole.stretch(Control()))
    assert isinstance(events[-1], Failed) and events[-1].hint
    assert isinstance(list(whole.stretch(Control(), Budget(steps=2)))[-1], Finished)


def test_floors_that_a_stretch_left_unfinished_are_the_same_after_the_next(scripted):
    whole, control = Run(scripted(3)), Control()
    control.cancel(quick=True)
    assert not of(list(whole.stretch(control)), FloorsReady)
    floors = of(list(whole.stretch(Control())), FloorsReady)[0].floors
    assert floors == of(list(run(scripted(3))), FloorsReady)[0].floors
    assert all(np.isfinite(values).all() for values in floors.values())


def test_the_least_possible_loss_is_told_until_a_person_changes_the_loss(small):
    control, events = Control(), []
    control.pause()
    for event in run(small("flow_matching", Budget(steps=3), {"width": 8, "batch_size": 32}), control):
        events.append(event)
        if isinstance(event, FloorsReady):
            if len(of(events, FloorsReady)) == 1:
                control.change("learning_rate", 0.001)
                control.change("sigma", 0.3)
            else:
                control.resume()
    floors = [set(event.floors) for event in of(events, FloorsReady)]
    assert floors == [{"w2", "sliced_w2", "moments_w2", "loss"}, {"w2", "sliced_w2", "moments_w2"}]
