import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from scripted import until

from flowviz.core.queries import TransportQuery
from flowviz.core.solver import Solver
from flowviz.core.timeline import KEPT_PATHS, Timeline


@pytest.fixture(scope="module")
def run_of_ten_frames(shared):
    window, backend = shared
    window.run_controller.run_or_pause()
    backend.train(*range(100, 1100, 100))
    until(lambda: len(window.run.timeline) == 10)
    return window, backend


@pytest.fixture
def scripted(run_of_ten_frames):
    return run_of_ten_frames[1]


@pytest.fixture
def trained(run_of_ten_frames):
    window = run_of_ten_frames[0]
    window.playback.play(False)
    for clock, loop in ((window.cursor_state.flow, "loop"), (window.cursor_state.training, "once")):
        clock.set_speed(1.0)
        clock.set_loop(loop)
    window.playback.follow(True)
    window.stage.setFocus()
    timeline = window.run.timeline
    yield window
    window.playback.play(False)
    window.run.timeline = timeline


def test_the_training_plays_from_the_first_frame_to_the_newest_in_ten_seconds_and_takes_hold_of_it(trained, qtbot):
    clock, cursor = trained.playback.training, trained.cursor_state
    qtbot.keyClick(trained.stage, Qt.Key.Key_Space, Qt.KeyboardModifier.ShiftModifier)
    assert cursor.training.playing and not cursor.flow.playing
    assert cursor.step == 100 and not cursor.follow_latest
    seen = [cursor.step]
    for _ in range(50):
        clock.advance(0.2)
        seen.append(cursor.step)
    assert seen == sorted(seen) and set(seen) == set(range(100, 1100, 100))
    assert seen.index(1000) > 45, "the last frame came too early"
    clock.advance(0.2)
    assert not cursor.training.playing and cursor.follow_latest
    assert trained.clocks.training.play_button.accessibleName() == "Play the training"


@pytest.mark.parametrize(("key", "t"), [(Qt.Key.Key_Return, 0.25), (Qt.Key.Key_Escape, 0.5)])
def test_enter_takes_a_typed_time_escape_does_not_and_both_give_the_keys_back_to_the_stage(trained, qtbot, key, t):
    trained.playback.set_t(0.5)
    box = trained.clocks.t_box
    box.setFocus()
    box.selectAll()
    qtbot.keyClicks(box, "0.25")
    qtbot.keyClick(box, key)
    assert trained.cursor_state.t == t and box.value() == t
    assert trained.stage.hasFocus()


def test_holding_the_training_track_freezes_its_clock_but_keeps_that_it_plays(trained, qtbot):
    clock, cursor = trained.playback.training, trained.cursor_state
    clock.play()
    track = trained.clocks.training.track
    place = QPoint(track.width() // 2, 12)
    qtbot.mousePress(track, Qt.MouseButton.LeftButton, pos=place)
    held = cursor.step
    assert held in (500, 600)
    clock._tick()
    assert cursor.step == held and cursor.training.playing
    qtbot.mouseRelease(track, Qt.MouseButton.LeftButton, pos=place)
    qtbot.waitUntil(lambda: cursor.step > held, timeout=5000)


def test_each_clock_has_its_own_speed_and_loop_mode(trained, qtbot):
    cursor = trained.cursor_state
    qtbot.keyClick(trained.stage, Qt.Key.Key_Minus)
    qtbot.keyClick(trained.stage, Qt.Key.Key_L, Qt.KeyboardModifier.ShiftModifier)
    assert (cursor.flow.speed, cursor.training.speed) == (0.5, 1.0)
    assert (cursor.flow.loop, cursor.training.loop) == ("loop", "loop")
    trained.playback.training.play()
    for _ in range(60):
        trained.playback.training.advance(0.2)
    assert cursor.training.playing and cursor.step < 600, "it did not begin again"
    box = trained.clocks.training.speed_box
    box.setCurrentIndex(box.findData(4.0))
    box.activated.emit(box.currentIndex())
    assert (cursor.flow.speed, cursor.training.speed) == (0.5, 4.0)


def test_the_keys_of_the_training_clock(trained, qtbot):
    for key, modifier, step in (
        (Qt.Key.Key_Home, Qt.KeyboardModifier.ControlModifier, 100),
        (Qt.Key.Key_Up, Qt.KeyboardModifier.NoModifier, 200),
        (Qt.Key.Key_Up, Qt.KeyboardModifier.ShiftModifier, 300),
        (Qt.Key.Key_Down, Qt.KeyboardModifier.NoModifier, 200),
        (Qt.Key.Key_End, Qt.KeyboardModifier.ControlModifier, 1000),
    ):
        qtbot.keyClick(trained.stage, key, modifier)
        assert trained.cursor_state.step == step
    assert trained.cursor_state.follow_latest


def test_a_typed_training_step_shows_the_nearest_frame(trained, qtbot):
    box = trained.clocks.step_box
    box.setFocus()
    box.selectAll()
    qtbot.keyClicks(box, "333")
    qtbot.keyClick(box, Qt.Key.Key_Return)
    assert trained.cursor_state.step == 300
    assert not trained.cursor_state.follow_latest


def test_the_flow_track_marks_the_steps_of_the_own_solver_and_of_a_chosen_one(trained, qtbot):
    track = trained.clocks.flow.track
    qtbot.waitUntil(lambda: len(track._ticks) == 11, timeout=5000)
    trained.options.update(solver=Solver("rk4", 4))
    qtbot.waitUntil(lambda: track._ticks == (0.0, 0.25, 0.5, 0.75, 1.0), timeout=5000)
    assert trained.clocks.solver.nfe.text() == "NFE 48"


def test_a_thinned_frame_is_asked_for_again_with_the_particles_of_the_run(trained, qtbot, scripted):
    whole = trained.run.timeline.frames
    wide = [np.repeat(frame.paths, 4, axis=1) for frame in whole]
    thin = Timeline(sum(paths.nbytes for paths in wide) * 3 // 4)
    for frame, paths in zip(whole, wide, strict=True):
        thin.append(type(frame)(frame.step, 0.0, "", frame.times, paths, weights={"w": np.ones(3)}))
    trained.run.timeline = thin
    assert len(thin) == 10, "a checkpoint was dropped"
    trained.options.update(particles=200)
    assert thin.nearest(300).paths.shape[1] == KEPT_PATHS
    asked = len(scripted.asked)
    trained.playback.show_step(300)

    def again():
        return [query for _, query in scripted.asked[asked:] if isinstance(query, TransportQuery) and query.n == 200]

    qtbot.waitUntil(lambda: bool(again()), timeout=5000)
    assert (again()[0].start, again()[0].seed) == ("noise", trained.run.spec.seed)
    assert len(again()) == 1, "particles and trails asked twice"
