import subprocess
import sys

import numpy as np
from PySide6.QtCore import Qt
from scripted import blocks

from flowviz.core.backend import EngineLost
from flowviz.core.events import Finished
from flowviz.core.spec import Budget, TargetSpec


def run_and_train(window, qtbot, scripted, *steps, **more):
    window.run_controller.run_or_pause()
    scripted.train(*steps, **more)
    qtbot.waitUntil(lambda: len(window.run.timeline) == len(steps), timeout=5000)


def test_run_sends_the_choices_of_the_panels_to_the_engine(window, qtbot, scripted):
    window.draft.set_target(TargetSpec("two_moons", name="Two moons"))
    window.method_panel.seed_box.setValue(7)
    window.method_panel.form.value_changed.emit("rate", 0.01)
    qtbot.mouseClick(window.top_bar.run_button, Qt.MouseButton.LeftButton)
    spec = scripted.specs[-1]
    assert (spec.target.key, spec.flow.key, spec.seed) == ("two_moons", "cnf", 7)
    assert spec.flow.params == {"rate": 0.01, "width": 64}
    assert spec.budget == Budget()


def test_frames_arrive_and_the_cursor_follows_the_newest(window, qtbot, scripted):
    run_and_train(window, qtbot, scripted, 10, 20, 30)
    assert window.run.status == "running"
    assert window.cursor_state.step == 30
    assert window.top_bar.counter.text() == "000030"
    assert window.clocks.training_track.maximum() == 30
    with qtbot.waitSignal(window.presenter.shown, timeout=5000, check_params_cb=lambda p: p.job.frame is not None):
        scripted.train(40)
    qtbot.waitUntil(lambda: window.cursor_state.step == 40, timeout=5000)


def test_the_flow_clock_starts_to_play_when_run_is_pressed(window, qtbot, scripted):
    run_and_train(window, qtbot, scripted, 1)
    assert window.cursor_state.playing
    qtbot.waitUntil(lambda: window.cursor_state.t > 0.01, timeout=5000)


def test_the_big_button_pauses_resumes_and_continues(window, qtbot, scripted):
    button = window.top_bar.run_button
    run_and_train(window, qtbot, scripted, 1)
    assert button.text() == "Pause"
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: button.text() == "Resume", timeout=5000)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: button.text() == "Pause", timeout=5000)
    scripted.say(Finished(1, 1.0))
    qtbot.waitUntil(lambda: button.text() == "Continue", timeout=5000)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.run.status == "running", timeout=5000)
    assert scripted.handle.calls == ["pause", "resume", ("extend", Budget())]
    assert len(window.run.timeline) == 1


def test_a_live_parameter_changes_at_once_and_another_asks_for_a_restart(window, qtbot, scripted):
    run_and_train(window, qtbot, scripted, 1)
    window.draft.set_param("rate", 0.02)
    assert ("rate", 0.02) in scripted.handle.calls
    assert not window.restart_bar.isVisible()
    window.draft.set_param("width", 128)
    window.draft.set_seed(3)
    assert window.restart_bar.isVisible()
    assert "width, seed" in window.restart_bar.words
    assert all(call[0] != "width" for call in scripted.handle.calls)
    window.run_controller.restart()
    assert scripted.specs[-1].flow.params == {"rate": 0.02, "width": 128}
    assert scripted.specs[-1].seed == 3
    assert not window.restart_bar.isVisible()


def test_keeping_the_run_as_it_is_puts_the_panels_back(window, qtbot, scripted):
    run_and_train(window, qtbot, scripted, 1)
    window.draft.set_param("rate", 0.02)
    window.draft.set_param("width", 128)
    window.run_controller.revert()
    assert window.draft.params["cnf"] == {"rate": 0.02, "width": 64}
    assert not window.restart_bar.isVisible()


def test_a_failed_run_shows_what_to_try_and_keeps_its_frames(window, qtbot, scripted):
    run_and_train(window, qtbot, scripted, 1, 2)
    scripted.fail()
    qtbot.waitUntil(window.error_bar.isVisible, timeout=5000)
    assert window.error_bar.words == "The loss is not finite. Lower the learning rate."
    assert len(window.run.timeline) == 2
    window.playback.show_step(1)
    assert window.cursor_state.step == 1
    window.run_controller.proceed()
    weights, step = scripted.starts[-1]
    assert step == 2
    np.testing.assert_array_equal(weights["w"], np.ones(3))
    assert len(window.run.timeline) == 2


def test_a_lost_engine_is_announced_and_a_new_one_can_run(window, qtbot, scripted):
    run_and_train(window, qtbot, scripted, 1)
    scripted.events.append(EngineLost("The engine stopped."))
    scripted.fail()
    qtbot.waitUntil(window.notice_bar.isVisible, timeout=5000)
    assert not window.top_bar.run_button.isEnabled()
    assert window.top_bar.words.text() == "Starting the engine…"
    from scripted import READY

    scripted.events.append(READY)
    qtbot.waitUntil(window.top_bar.run_button.isEnabled, timeout=5000)
    assert window.top_bar.run_button.text() == "Continue"
    window.run_controller.run_or_pause()
    assert scripted.starts[-1][1] == 1, "it goes on from the last frame"


def test_training_can_pause_when_the_block_in_training_is_done(window, qtbot, scripted):
    window.draft.set_method("jko")
    run_and_train(window, qtbot, scripted, 1, blocks=blocks(0))
    assert window.curves.isTabVisible(window.curves.indexOf(window.blocks))
    window.blocks.pause_after_block_requested.emit(True)
    scripted.train(2, blocks=blocks(0))
    qtbot.waitUntil(lambda: len(window.run.timeline) == 2, timeout=5000)
    assert "pause" not in scripted.handle.calls
    scripted.train(3, blocks=blocks(1))
    qtbot.waitUntil(lambda: window.run.status == "paused", timeout=5000)
    assert not window.blocks.pause_button.isChecked()


def test_adding_a_block_to_a_finished_run_trains_on(window, qtbot, scripted):
    window.draft.set_method("jko")
    run_and_train(window, qtbot, scripted, 1, blocks=blocks(3))
    scripted.say(Finished(1, 1.0))
    qtbot.waitUntil(lambda: window.run.status == "finished", timeout=5000)
    window.run_controller.add_block()
    assert scripted.handle.calls == [("blocks", 4), ("extend", Budget())]
    assert window.draft.params["jko"]["blocks"] == 4


def test_one_step_without_a_run_starts_one_that_waits(window, qtbot, scripted):
    window.run_controller.step_once()
    qtbot.waitUntil(lambda: window.run.status == "paused", timeout=5000)
    assert scripted.handle.calls == ["step_once"]


def test_curves_show_entropy_and_noise_floor(window, qtbot, scripted):
    run_and_train(window, qtbot, scripted, 1, 2, 3)
    window.curves.setCurrentWidget(window.curves.plots["w2"])
    plot = window.curves.plots["w2"]
    assert plot.band.isVisible()
    np.testing.assert_allclose(plot.band.getRegion(), np.log10([0.05, 0.15]))
    window.curves.setCurrentWidget(window.curves.plots["nll"])
    assert window.curves.plots["nll"].bound.value() == 2.3


def test_closing_the_window_closes_the_engine(window, qtbot, scripted):
    run_and_train(window, qtbot, scripted, 1)
    window.close()
    assert scripted.closed


def test_the_window_never_imports_torch():
    code = "import sys; import flowviz.gui.main_window, flowviz.app; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
