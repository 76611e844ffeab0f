"""What is measured while training waits."""

from flowviz.core.events import Finished, Paused
from flowviz.core.queries import MetricQuery
from flowviz.gui.views.traces import FINE_W2, KINDS, traces
from flowviz.scene.tokens import DARK

W2 = next(kind for kind in KINDS if kind.metric == "w2")


def asked(scripted):
    return [query for _, query in scripted.asked if isinstance(query, MetricQuery)]


def train(window, qtbot, scripted, *steps):
    window.run_controller.run_or_pause()
    scripted.train(*steps)
    qtbot.waitUntil(lambda: len(window.run.timeline) == len(steps), timeout=5000)


def test_a_finished_run_is_measured_on_more_points_and_the_plot_shows_it(window, qtbot, scripted):
    train(window, qtbot, scripted, 10, 20)
    assert not asked(scripted), "a run that trains has no time"
    scripted.say(Finished(20, 1.0))
    qtbot.waitUntil(lambda: FINE_W2 in window.run.metrics, timeout=5000)
    assert len(asked(scripted)) == 1
    steps, values = window.run.metrics[FINE_W2].curve()
    assert (steps.tolist(), values.tolist()) == ([20.0], [0.0625])
    dots = traces(W2, window.run, DARK)[-1]
    assert (dots.style, dots.label) == ("dots", "on 2000 points 0.062, floor 0.040")
    page = window.curves.pages["w2"]
    page.show_run(window.run, 20)
    assert page.words.text() == "On 2000 points 0.062: 1.6 times their noise floor."
    assert page.plot.dots.isVisible() and page.plot.dots.getData()[0].tolist() == [20.0]


def test_another_step_is_measured_when_the_cursor_rests_there_and_none_twice(window, qtbot, scripted):
    train(window, qtbot, scripted, 10, 20)
    scripted.say(Paused(20))
    qtbot.waitUntil(lambda: FINE_W2 in window.run.metrics, timeout=5000)
    window.cursor_state.set_follow(False)
    for step in (10, 20, 10):
        window.cursor_state.set_step(step)
    qtbot.waitUntil(lambda: len(window.run.metrics[FINE_W2].curve()[0]) == 2, timeout=5000)
    assert window.run.metrics[FINE_W2].curve()[0].tolist() == [10.0, 20.0]
    assert len(asked(scripted)) == 2
