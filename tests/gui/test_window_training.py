import subprocess
import sys

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton
from scripted import blocks

from flowviz.core.backend import EngineLost
from flowviz.core.block_edits import Add
from flowviz.core.events import Finished, Losses, Paused
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
    assert window.clocks.training.track.maximum() == 30
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
    next(b for b in window.restart_bar.findChildren(QPushButton) if b.text() == "Keep as it is").click()
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
    qtbot.waitUntil(window.error_bar.isVisible, timeout=5000)
    assert not window.notice_bar.isVisible(), "the failure is said once"
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
    window.curves.setCurrentWidget(window.blocks)
    window.blocks.pause_after_block_requested.emit(True)
    assert scripted.handle.calls[-1] == ("pause_after_block", True)
    assert window.blocks.pause_button.isChecked()
    scripted.train(2, blocks=blocks(1))
    scripted.say(Paused(2))
    qtbot.waitUntil(lambda: window.run.status == "paused", timeout=5000)
    assert not window.blocks.pause_button.isChecked(), "it was done"


def test_pausing_after_the_block_can_be_taken_back(window, qtbot, scripted):
    window.draft.set_method("jko")
    run_and_train(window, qtbot, scripted, 1, blocks=blocks(0))
    window.run_controller.pause_after_block(True)
    window.run_controller.pause_after_block(False)
    assert scripted.handle.calls[-2:] == [("pause_after_block", True), ("pause_after_block", False)]
    assert not window.run_controller.pauses_after_block


def test_adding_a_block_to_a_finished_run_trains_on(window, qtbot, scripted):
    window.draft.set_method("jko")
    run_and_train(window, qtbot, scripted, 1, blocks=blocks(3))
    scripted.say(Finished(1, 1.0))
    qtbot.waitUntil(lambda: window.run.status == "finished", timeout=5000)
    window.block_adder.add()
    assert scripted.handle.calls == [("extend", Budget(), Add())]
    qtbot.waitUntil(lambda: window.run.status == "running", timeout=5000)
    window.block_adder.add()
    assert scripted.handle.calls[-1] == ("blocks", 4), "a run that trains takes the higher number"
    window.history.stack.undo()
    assert scripted.handle.calls[-1] == ("blocks", 3)


def test_one_step_without_a_run_starts_one_that_waits(window, qtbot, scripted):
    window.run_controller.step_once()
    qtbot.waitUntil(lambda: window.run.status == "paused", timeout=5000)
    assert scripted.handle.calls == ["step_once"]


def test_curves_show_entropy_and_noise_floor(window, qtbot, scripted):
    run_and_train(window, qtbot, scripted, 1, 2, 3)
    page = window.curves.pages["w2"]
    window.curves.setCurrentWidget(page)
    assert page.plot.band.isVisible()
    np.testing.assert_allclose(page.plot.band.getRegion(), np.log10([0.05, 0.15]))
    assert [entry.text() for entry in page.entries.values()] == ["W₂ 0.333", "noise floor 0.100"]
    page = window.curves.pages["nll"]
    window.curves.setCurrentWidget(page)
    assert page.plot.bounds["entropy"].value() == 2.3
    assert [entry.text() for entry in page.entries.values()] == ["NLL 2.500", "entropy 2.300"]


def test_a_tiny_part_of_the_loss_is_shown_only_when_asked_for(window, qtbot, scripted):
    run_and_train(window, qtbot, scripted, 1)
    steps = np.arange(2, 5)
    values = {"loss": np.full(3, 3.01), "nll": np.full(3, 3.0), "energy": np.full(3, 0.01)}
    scripted.say(Losses(steps, values, "", 100.0, 0.5, 10.0))
    page = window.curves.pages[""]
    qtbot.waitUntil(lambda: "energy" in page.entries, timeout=5000)
    assert {key: entry.isChecked() for key, entry in page.entries.items()} == {
        "loss": True, "nll": True, "energy": False,
    }  # fmt: skip
    low, _ = page.plot.plotItem.getViewBox().viewRange()[1]
    assert low > 1, "a part that is not shown flattened the plot"
    qtbot.mouseClick(page.entries["energy"], Qt.MouseButton.LeftButton)
    low, _ = page.plot.plotItem.getViewBox().viewRange()[1]
    assert low < 0.01
    assert page.entries["energy"].isChecked()


def test_a_shortcut_works_after_another_was_used_at_a_bad_time(window, qtbot, scripted):
    window.draft.set_method("jko")
    qtbot.keyClick(window, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert scripted.specs, "the shortcut started a run"
    scripted.train(1, blocks=blocks(0))
    qtbot.waitUntil(lambda: bool(window.run.blocks), timeout=5000)
    qtbot.keyClick(window, Qt.Key.Key_B)
    assert window.run_controller.pauses_after_block, "no block was there when the run began; now it is"


def test_letters_are_shortcuts_also_from_a_number_field(window, qtbot, scripted):
    run_and_train(window, qtbot, scripted, 1, 2)
    field = window.method_panel.seed_box
    field.setFocus()
    before = window.cursor_state.playing
    qtbot.keyClick(field, Qt.Key.Key_Space)
    assert window.cursor_state.playing != before
    qtbot.keyClick(field, Qt.Key.Key_5)
    assert "5" in field.text(), "figures stay in the field"


def test_the_legend_stands_above_the_plot(window, qtbot, scripted):
    run_and_train(window, qtbot, scripted, 1, 2)
    page = window.curves.pages[""]

    def stands_above():
        places = [entry.mapTo(page, entry.rect().bottomLeft()).y() for entry in page.entries.values()]
        return len(places) == 2 and page.plot.isVisible() and 0 < max(places) <= page.plot.y()

    qtbot.waitUntil(stands_above, timeout=5000)


def test_closing_the_window_closes_the_engine(window, qtbot, scripted):
    run_and_train(window, qtbot, scripted, 1)
    window.close()
    assert scripted.closed


def test_the_window_never_imports_torch():
    code = "import sys; import flowviz.gui.main_window, flowviz.app; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0


def test_the_axes_of_a_curve_stay_while_what_is_drawn_fits():
    from flowviz.gui.views.curve_plot import steady_range

    first = steady_range((0.0, 0.0), (0.0, 100.0), 0.05)
    assert first == (0.0, 105.0)
    assert steady_range(first, (0.0, 104.0), 0.05) == first
    assert steady_range(first, (0.0, 106.0), 0.05) == (0.0, 106.0 + 0.05 * 106.0)
    assert steady_range(first, (0.0, 50.0), 0.05) == (0.0, 52.5), "what became much smaller is shown larger"
    assert steady_range((1.0, 2.0), (0.99, 2.01)) == (1.0, 2.0)
    assert steady_range((1.0, 2.0), (0.8, 2.0)) == (0.8, 2.0)
