"""The list of runs in the window: earlier runs are kept, drawn in grey, brought back and trained on."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from scripted import frame

from flowviz.core.events import Changed, Finished, FrameReady, MetricsReady
from flowviz.core.probes import Pin
from flowviz.core.spec import Budget, FlowSpec, RunSpec, TargetSpec
from flowviz.gui.state import runs as runs_module
from flowviz.gui.state.run import RunState
from flowviz.gui.state.runs import RunsState


def run_once(window, qtbot, scripted, *steps):
    """Start a run, train it at these steps, and let it end."""
    window.run_controller.restart()
    scripted.train(*steps)
    scripted.say(Finished(steps[-1], 1.0))
    qtbot.waitUntil(lambda: window.run.status == "finished", timeout=5000)


@pytest.fixture
def two(window, qtbot, scripted):
    """A window with a CNF run that is over and, on the stage, a JKO run that is over."""
    run_once(window, qtbot, scripted, 10, 20)
    window.draft.set_method("jko")
    run_once(window, qtbot, scripted, 5, 8)
    dock = window.layout_of_docks.docks["runs"]
    dock.show()
    dock.raise_()
    qtbot.waitUntil(window.runs_panel.isVisible, timeout=2000)
    return window


def rows(window):
    """The list as a person reads it."""
    tree = window.runs_panel.list
    items = [tree.topLevelItem(i) for i in range(tree.topLevelItemCount())]
    return [(item.text(0), item.data(0, Qt.ItemDataRole.UserRole), item.text(1), item.text(2)) for item in items]


def test_a_run_in_the_list_is_brought_back_with_frames_curves_and_choices_and_trained_on(two, qtbot, scripted):
    assert rows(two) == [
        ("Run 1", "CNF · Pinwheel", "2.500", "0.050"),
        ("Run 2", "JKO flow · Pinwheel", "2.500", "0.125"),
    ]
    tree = two.runs_panel.list
    place = tree.visualItemRect(tree.topLevelItem(0)).center()
    qtbot.mouseClick(tree.viewport(), Qt.MouseButton.LeftButton, pos=place)
    qtbot.mouseDClick(tree.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert two.run.spec.flow.key == "cnf" == two.draft.method
    assert two.run.timeline.steps == [10, 20]
    assert two.run.status == "finished" and two.run.step == 20
    assert two.run.metrics["w2"].last == pytest.approx(0.05)
    assert [entry.number for entry in two.runs.earlier] == [2]

    two.draft.set_param("rate", 0.25)
    assert two.run_controller.continues
    qtbot.mouseClick(two.top_bar.run_button, Qt.MouseButton.LeftButton)
    weights, step = scripted.starts[-1]
    assert step == 20 and np.array_equal(weights["w"], np.ones(3))
    assert ("rate", 0.25) in scripted.handle.calls, "a live change made in between counts"
    scripted.train(30)
    qtbot.waitUntil(lambda: two.run.timeline.steps == [10, 20, 30], timeout=5000)
    assert len(two.runs.entries) == 2, "it is the same run still"


def test_bringing_a_run_back_stops_the_one_in_training_and_keeps_it(two, qtbot, scripted):
    two.run_controller.proceed()
    scripted.train(12)
    qtbot.waitUntil(lambda: two.run.status == "running" and two.run.step == 12, timeout=5000)
    training = scripted.handle
    two.runs_controller.bring_back(1)
    assert training.calls[-1] == "stop"
    assert "Run 2 was stopped" in two.notice_bar.words
    kept = two.runs.entry(2)
    assert kept.status == "stopped" and kept.record.last.step == 12
    qtbot.wait(50)  # the end of the other run arrives and must not be taken for this one's
    assert two.run.status == "finished" and two.run.step == 20


def test_no_figure_of_the_list_is_cut_off(two, scripted, qtbot):
    scripted.say(MetricsReady(20, {"nll": -10.946}))
    tree = two.runs_panel.list
    newest = tree.topLevelItem(tree.topLevelItemCount() - 1)
    qtbot.waitUntil(lambda: newest.text(1).startswith("-10.9"), timeout=5000)
    for column in (1, 2, 3):
        need = tree.fontMetrics().horizontalAdvance(newest.text(column))
        qtbot.waitUntil(lambda c=column, n=need: tree.columnWidth(c) > n, timeout=2000)


def test_earlier_runs_stay_in_the_curves_until_they_are_switched_off_and_are_named_and_removed(two, qtbot):
    page = two.curves.pages["w2"]
    two.curves.setCurrentWidget(page)
    two.curves.draw()
    assert list(page.entries) == ["w2", "floor", "run 1"]
    assert page.entries["run 1"].text() == "Run 1 0.050"
    x, _ = page.plot._lines["run 1"].getData()
    assert x.tolist() == [10.0, 20.0]
    assert page.plot.viewRange()[0][1] >= 20, "the longer earlier run is in view"
    item = two.runs_panel.list.topLevelItem(0)
    item.setCheckState(0, Qt.CheckState.Unchecked)
    two.curves.draw()
    assert "run 1" not in page.entries and not two.runs.entry(1).is_shown

    tree = two.runs_panel.list
    tree.topLevelItem(0).setText(0, "narrow")
    qtbot.waitUntil(lambda: rows(two)[0][0] == "narrow", timeout=2000)
    tree.topLevelItem(0).setText(0, "  ")
    qtbot.waitUntil(lambda: rows(two)[0][0] == "narrow", timeout=2000)
    tree.setCurrentItem(tree.topLevelItem(1))
    assert not two.runs_panel.remove_button.isEnabled(), "the run on the stage cannot be removed"
    tree.setCurrentItem(tree.topLevelItem(0))
    tree.setFocus()
    qtbot.keyClick(tree, Qt.Key.Key_Delete)
    assert [row[0] for row in rows(two)] == ["Run 2"]


def test_another_method_is_run_on_the_same_target_and_seed_by_one_press_and_shown_beside(two, qtbot, scripted):
    two.choices.set_seed(99)
    panel = two.runs_panel
    panel.methods.aboutToShow.emit()
    assert [action.text() for action in panel.methods.actions()] == ["CNF"]
    panel.methods.actions()[0].trigger()
    assert scripted.specs[-1].flow.key == "cnf"
    assert scripted.specs[-1].seed == scripted.specs[-2].seed == 0
    assert scripted.specs[-1].target == scripted.specs[-2].target
    assert two.options.value.mode == "compare"
    scripted.train(30)
    words = [("Run 3 · CNF", "step 30"), ("Run 2 · JKO flow", "step 8"), ("Run 1 · CNF", "step 20")]
    qtbot.waitUntil(lambda: [(panel.title, panel.note) for panel in shown_panels(two)] == words, timeout=5000)
    scene = two.stage.picture.scene
    assert scene.title == "3 runs on Pinwheel" and "step" not in scene.clock
    asked = {lane.partition("/")[0]: spec for lane, spec, _ in scripted.asked_of}
    assert asked["run 2"].flow.key == "jko", "what a run must be asked is asked of that run"
    two.playback.show_step(30)
    two.playback.follow(False)
    two.cursor_state.set_step(8)
    qtbot.waitUntil(lambda: shown_panels(two)[2].note == "step 10", timeout=5000)
    two.runs_controller.show_curves(1, False)
    qtbot.waitUntil(lambda: len(shown_panels(two)) == 2, timeout=5000)


def shown_panels(window):
    """What the stage shows now."""
    return window.stage.picture.scene.panels if window.stage.picture is not None else ()


def test_kept_runs_share_a_budget_of_memory_and_one_without_a_picture_is_not_kept(qapp, monkeypatch):
    size = frame(1).paths.nbytes + 24
    monkeypatch.setattr(runs_module, "KEPT_BYTES", 30 * size)
    run = RunState()
    runs = RunsState(run)
    spec = RunSpec(TargetSpec("rings"), FlowSpec("cnf"))
    run.begin(spec)
    run.begin(spec)
    assert [entry.name for entry in runs.entries] == ["Run 2"], "the first had no picture"
    run.apply([FrameReady(frame(step)) for step in range(10, 410, 10)])
    run.begin(spec)
    kept = runs.entry(2).record.frames
    assert len(kept) <= 30 and (kept[0].step, kept[-1].step) == (10, 400)


def test_copy_as_python_tells_what_a_person_did_to_the_run_and_what_it_cannot_repeat(window, qtbot, scripted):
    window.choices.set_budget(Budget(seconds=9.0))
    window.run_controller.restart()
    scripted.train(4, 8)
    scripted.say(Changed(8, "rate", 0.02))
    scripted.train(12)
    scripted.say(Finished(12, 9.0))
    qtbot.waitUntil(lambda: window.run.status == "finished", timeout=5000)
    window.table.actions["copy_python"].trigger()
    script = QGuiApplication.clipboard().text()
    assert "Change(8, 'rate', 0.02)" in script and "Budget(seconds=9.0)" in script
    assert "clock limited its training" in script.split('"""')[1]
    assert "clock limited its training" in window.notice_bar.words


def test_the_list_waits_behind_another_tab_and_is_up_to_date_when_it_comes_to_the_front(two, qtbot, scripted):
    filled = []
    two.runs_panel._timer.timeout.connect(lambda: filled.append(two.runs_panel._is_seen))
    two.layout_of_docks.docks["curves"].raise_()
    qtbot.waitUntil(lambda: not two.runs_panel._is_seen, timeout=2000)
    two.run.curves_changed.emit()
    assert two.runs_panel._is_stale and not two.runs_panel._timer.isActive()
    two.layout_of_docks.docks["runs"].raise_()
    qtbot.waitUntil(lambda: filled == [True], timeout=2000)
    assert not two.runs_panel._is_stale


def test_a_film_of_the_comparison_has_every_run_that_the_stage_shows_and_its_pins(two):
    two.probes.pin(Pin(0.5, -0.25, 1.0), adds=False)
    film = two.films.defaults((-4.0, 4.0, -4.0, 4.0), "dark")
    assert film.pins == two.probes.value.pins
    assert two.films.job(film, "x.mp4").beside == (), "another mode shows the run on the stage alone"
    two.options.update(mode="compare")
    film = two.films.defaults((-4.0, 4.0, -4.0, 4.0), "dark")
    still, moving = (two.films.job(replace(film, clock=clock), "x.mp4") for clock in ("flow", "training"))
    assert (still.name, [other.label for other in still.beside]) == ("Run 2 · JKO flow", ["Run 1 · CNF"])
    assert [len(other.frames) for other in still.beside] == [1], "only the frame that is shown goes to the film"
    assert [frame.step for frame in moving.beside[0].frames] == [10, 20]


def test_a_legend_names_the_newest_runs_and_counts_the_others(window, qtbot, scripted):
    for _ in range(6):
        run_once(window, qtbot, scripted, 4, 8)
    page = window.curves.pages[""]
    window.curves.draw()
    assert [key for key in page.entries if key.startswith("run ")] == ["run 5", "run 4", "run 3"]
    assert page._others.text() == "and 2 more"
    assert len([trace for trace in page._traces if trace.key.startswith("run ")]) == 5, "all are drawn"
