"""Key frames: captured from the stage, visited, changed, and filmed along."""

import pytest
from PySide6.QtCore import QPoint, Qt

from flowviz.core.film import KeyFrame
from flowviz.gui.control.look import look_of, show_look
from flowviz.gui.state.keyframes import Captured, KeyFrameState


@pytest.fixture
def trained(window, scripted, qtbot):
    window.run_controller.run_or_pause()
    qtbot.waitUntil(lambda: window.run.status in ("starting", "running"), timeout=5000)
    scripted.train(100, 200, 300)
    qtbot.waitUntil(lambda: len(window.run.timeline) == 3, timeout=5000)
    window.playback.play(False)
    return window


def test_a_captured_moment_comes_back_onto_the_stage(trained, qtbot):
    window, keys = trained, trained.keyframes
    window.playback.show_step(100)
    window.playback.set_t(0.25)
    window.options.update(layers=frozenset({"particles"}))
    keys.capture()
    first = keys.state.keys[0]
    assert (first.step, first.t, first.layers) == (100, 0.25, ("particles",)) and first.extent is not None
    window.playback.show_step(300)
    window.playback.set_t(0.9)
    window.options.update(layers=frozenset({"particles", "density"}))
    keys.capture()
    keys.visit(-1)
    assert window.cursor_state.step == 100 and window.cursor_state.t == 0.25
    assert window.options.value.layers == {"particles"}
    keys.visit(-1)  # around the end
    assert window.cursor_state.t == 0.9


def test_a_key_frame_can_be_replaced_and_deleted(trained):
    window, keys = trained, trained.keyframes
    for t in (0.1, 0.5, 0.9):
        window.playback.set_t(t)
        keys.capture()
    keys.visit(-1)
    window.playback.set_t(0.6)
    keys.replace()
    assert [key.t for key in keys.state.keys] == [0.1, 0.6, 0.9]
    keys.delete()
    assert [key.t for key in keys.state.keys] == [0.1, 0.9] and keys.state.current == 0


def test_two_key_frames_are_offered_in_the_film_dialog(trained):
    window = trained
    look = (window.stage.view(), "dark")
    assert window.films.defaults(*look).keys == ()
    for t in (0.1, 0.9):
        window.playback.set_t(t)
        window.keyframes.capture()
    defaults = window.films.defaults(*look)
    assert [key.t for key in defaults.keys] == [0.1, 0.9]
    window.export_film()
    clock = window.films.dialog.form._clock
    assert clock.findData("keys") >= 0 and "2 key frames" in clock.itemText(clock.findData("keys"))
    clock.setCurrentIndex(clock.findData("keys"))
    assert window.films.dialog.form.spec().clock == "keys"
    boxes = window.films.dialog.form.look._layers
    assert not boxes["particles"].isVisible(), "key frames bring their own layers"
    clock.setCurrentIndex(clock.findData("flow"))
    assert boxes["particles"].isVisible()
    assert "slice" not in boxes and "coupling" not in boxes, "nothing that this run cannot show"
    clock.setCurrentIndex(clock.findData("keys"))
    job = window.films.job(window.films.dialog.form.spec(), "x.mp4")
    assert len(job.frames) == 3  # key frames may lead through all of the training


def capture_at(window, *times):
    for t in times:
        window.playback.set_t(t)
        window.keyframes.capture()


def above(track, place):
    """Where a person presses a mark."""
    return QPoint(round(track._x_of(track._marks[place].value)), track.height() - 22)


def test_key_frames_stand_as_marks_on_both_clocks_and_a_press_goes_there(trained, qtbot):
    window = trained
    window.playback.show_step(200)
    capture_at(window, 0.25, 0.75)
    flow, training = window.clocks.tracks()
    assert [mark.value for mark in flow._marks] == [250, 750] and [m.value for m in training._marks] == [200, 200]
    assert [mark.is_current for mark in flow._marks] == [False, True]
    assert flow._marks[0].tip.startswith("Key frame 1 of 2: t = 0.25, step 200")
    qtbot.mouseClick(flow, Qt.MouseButton.LeftButton, pos=above(flow, 0))
    assert window.cursor_state.t == 0.25 and window.keyframes.state.current == 0
    qtbot.mouseClick(flow, Qt.MouseButton.LeftButton, pos=QPoint(above(flow, 1).x(), flow.height() - 13))
    assert window.cursor_state.t == pytest.approx(0.75, abs=0.01), "on the line one scrubs as ever"
    assert window.keyframes.state.current == 0


def test_a_mark_is_deleted_by_key_or_menu_and_comes_back_by_undo(trained, qtbot):
    window, state = trained, trained.keyframes.state
    capture_at(window, 0.25, 0.5, 0.75)
    flow = window.clocks.tracks()[0]
    qtbot.mouseClick(flow, Qt.MouseButton.LeftButton, pos=above(flow, 1))
    qtbot.keyClick(flow, Qt.Key.Key_Delete)
    assert [key.t for key in state.keys] == [0.25, 0.75]
    window.playback.set_t(0.9)
    window.key_marks._open_menu(1, flow.mapToGlobal(above(flow, 1)))
    assert window.cursor_state.t == 0.9, "the stage stays, so that it can take the mark's place"
    named = {action.text(): action for action in window.key_marks.menu.actions()}
    named["Replace by what is on the stage now"].trigger()
    assert [key.t for key in state.keys] == [0.25, 0.9]
    named["Delete"].trigger()
    window.key_marks.menu.close()
    assert [key.t for key in state.keys] == [0.25]
    for times in ([0.25, 0.9], [0.25, 0.75], [0.25, 0.5, 0.75]):
        window.history.stack.undo()
        assert [key.t for key in state.keys] == times
    window.history.stack.redo()
    assert [key.t for key in state.keys] == [0.25, 0.75]


def test_the_stage_mode_is_captured_and_comes_back(trained):
    window = trained
    capture_at(window, 0.2)
    window.options.update(mode="strip")
    capture_at(window, 0.8)
    assert [key.mode for key in window.keyframes.state.keys] == ["flow", "strip"]
    window.keyframes.visit(-1)
    assert window.options.value.mode == "flow"
    window.keyframes.visit(1)
    assert window.options.value.mode == "strip"


def test_key_frames_are_part_of_how_a_session_looks(trained):
    window = trained
    window.options.update(mode="journey")
    capture_at(window, 0.2, 0.8)
    kept, look = window.keyframes.state.keys, look_of(window)
    window.keyframes.state.clear()
    show_look(window, look)
    assert window.keyframes.state.keys == kept and window.keyframes.state.current == 1
    assert len(window.clocks.tracks()[0]._marks) == 2
    look["key_frames"]["1"]["all"][0]["key"]["mode"] = "no such mode"
    window.keyframes.state.clear()
    show_look(window, look)
    assert window.keyframes.state.keys == (), "a foreign key frame brings in none"


def test_every_run_has_its_own_key_frames_and_brings_them_back_onto_the_stage(trained, scripted, qtbot):
    window, state = trained, trained.keyframes.state
    capture_at(window, 0.2, 0.8)
    window.keyframes.visit(-1)
    first = state.keys
    window.run_controller.restart()
    scripted.train(100)
    qtbot.waitUntil(lambda: len(window.run.timeline) == 1, timeout=5000)
    window.playback.play(False)
    assert state.keys == () and not window.clocks.tracks()[0]._marks, "a new run begins without any"
    capture_at(window, 0.5)
    second = state.keys
    look = look_of(window)
    window.history.stack.undo()
    assert state.keys == ()
    window.history.stack.undo()
    assert state.keys == (), "a step of the other run waits for it"
    window.runs_controller.bring_back(1)
    assert state.keys == first[:1], "and is undone there"
    assert len(window.clocks.tracks()[0]._marks) == 1
    state.clear()
    show_look(window, look)
    assert (state.keys, state.current) == (first, 0)
    window.runs_controller.bring_back(2)
    assert state.keys == second


def test_nothing_happens_without_a_run(window):
    for act in (window.keyframes.capture, window.keyframes.replace, window.keyframes.delete):
        act()
    window.keyframes.visit(1)
    assert window.keyframes.state.all == ()


def test_a_new_one_comes_after_the_current_one():
    state = KeyFrameState()
    for t in (0.0, 1.0):
        state.insert(Captured(KeyFrame(1, t), {}))
    state.walk(-1)
    state.insert(Captured(KeyFrame(1, 0.5), {}))
    assert [key.t for key in state.keys] == [0.0, 0.5, 1.0]
