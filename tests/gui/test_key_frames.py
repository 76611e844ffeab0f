"""Key frames: captured from the stage, visited, changed, and filmed along."""

import pytest

from flowviz.core.film import KeyFrame
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
    job = window.films.job(window.films.dialog.form.spec(), "x.mp4")
    assert len(job.frames) == 3  # key frames may lead through all of the training


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
