"""The stage in three dimensions: the same window, a target in space, a hand on the camera."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt

from flowviz.core.camera import Camera
from flowviz.core.events import FrameReady
from flowviz.core.frames import Frame
from flowviz.core.queries import DensityQuery
from flowviz.core.spec import TargetSpec
from flowviz.gui.bridge.pace import Pace
from flowviz.gui.views import _stage_gl
from flowviz.gui.views._stage_space import ball_at
from flowviz.scene._lens import Lens
from flowviz.scene.marks import Points

TIMES = np.linspace(0, 1, 5, dtype=np.float32)
NONE, CTRL, ALT = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier
LEFT, MIDDLE = Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton


def space_frame(step, n=200):
    start = np.random.default_rng(0).normal(size=(n, 3))
    paths = start + TIMES[:, None, None] * np.array([0.0, 0.0, step / 100.0])
    return Frame(step, step / 100, "", TIMES, paths.astype(np.float32), weights={"w": np.ones(3)})


@pytest.fixture(scope="module")
def opened(qapp):
    """One window for all of these tests, since opening it takes longest; those without a run come first."""
    from scripted import NoStudio, ScriptedBackend, destroy

    from flowviz.gui.main_window import MainWindow
    from flowviz.gui.theme.theme import Theme

    backend = ScriptedBackend()
    window = MainWindow(backend, NoStudio(), Theme(qapp, "dark"))
    window.resize(1280, 800)
    window.show()
    yield window, backend
    destroy(window)


@pytest.fixture
def scripted(opened):
    return opened[1]


@pytest.fixture
def space(opened, qtbot):
    """The window with the target in space chosen, its first camera, and a whole picture."""
    window, _ = opened
    window.options.update(layers=frozenset({"target", "particles"}), density="estimate")
    window.draft.set_target(TargetSpec("trefoil", name="Trefoil knot"))
    window.stage.reset()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow, timeout=5000)
    window.stage.setFocus()
    qtbot.waitUntil(lambda: window.engine.ready is not None, timeout=10000)
    qtbot.waitUntil(lambda: window.stage.camera() is not None and window.presenter.is_idle, timeout=10000)
    qtbot.waitUntil(lambda: not window.target_panel.is_busy(), timeout=20000)
    settle(window, qtbot)
    return window


@pytest.fixture
def trained(space, qtbot, scripted):
    if not len(space.run.timeline):
        space.run_controller.run_or_pause()
        scripted.say(FrameReady(space_frame(10)))
        qtbot.waitUntil(lambda: len(space.run.timeline) == 1, timeout=5000)
    space.playback.play(False)
    settle(space, qtbot)
    return space


def settle(window, qtbot):
    """Until the stage shows what it should, with the camera at rest."""
    stage = window.stage
    qtbot.waitUntil(lambda: not stage.is_turning and window.presenter.is_idle, timeout=5000)


def drag(qtbot, stage, button, start, end, modifier=NONE):
    qtbot.mousePress(stage, button, modifier, QPoint(*start))
    middle = QPoint((start[0] + end[0]) // 2, (start[1] + end[1]) // 2)
    for place in (middle, QPoint(*end)):
        event_to(stage, place, button, modifier)
    qtbot.mouseRelease(stage, button, modifier, QPoint(*end))


def event_to(stage, place, button, modifier):
    """A mouse move with a button held and keys down, which QTest cannot make."""
    from PySide6.QtCore import QEvent
    from PySide6.QtGui import QMouseEvent

    spot = QPointF(place)
    move = QMouseEvent(QEvent.Type.MouseMove, spot, stage.mapToGlobal(spot), Qt.MouseButton.NoButton, button, modifier)
    stage.mouseMoveEvent(move)


def pixels(window):
    return window.stage.picture.tiles[0].buffer.copy()


def test_the_stage_goes_from_the_plane_to_space_and_back_with_its_target(space, qtbot, monkeypatch):
    assert space.layer_bar.chips["slice"].isVisibleTo(space)
    assert (np.ptp(pixels(space)[..., :3], axis=(0, 1)) > 100).any(), "a knot is no empty picture"
    space.draft.set_target(TargetSpec("two_moons", name="Two moons"))
    qtbot.waitUntil(lambda: space.stage.camera() is None and space.presenter.is_idle, timeout=10000)
    assert space.layer_bar.chips["slice"].isHidden()
    assert space.layer_bar.slice_strip.isHidden()
    monkeypatch.setattr(_stage_gl, "renderer_name", lambda: pytest.fail("a plane has touched OpenGL"))
    space.stage.zoom(1.5, QPointF(100, 100))
    qtbot.waitUntil(lambda: space.presenter.is_idle, timeout=5000)
    assert not space.stage.draws_by_opengl


def test_a_left_drag_turns_and_the_pixels_move(space, qtbot):
    before, camera = pixels(space), space.stage.camera()
    drag(qtbot, space.stage, LEFT, (300, 250), (400, 210))
    turned = space.stage.camera()
    assert turned.azimuth != camera.azimuth and turned.elevation < camera.elevation
    assert (turned.centre, turned.span) == (camera.centre, camera.span)
    settle(space, qtbot)
    assert (pixels(space) != before).any(axis=-1).mean() > 0.005


@pytest.mark.parametrize(("button", "modifier"), [(MIDDLE, NONE), (LEFT, CTRL)])
def test_a_middle_or_ctrl_left_drag_moves_what_is_seen_with_the_hand(space, qtbot, button, modifier):
    camera, height = space.stage.camera(), space.stage.spots()[0].plot.height()
    drag(qtbot, space.stage, button, (300, 200), (360, 180), modifier)
    moved = space.stage.camera()
    assert (moved.azimuth, moved.elevation) == (camera.azimuth, camera.elevation)
    shift = camera.rotation() @ np.subtract(moved.centre, camera.centre)
    assert shift[:2] == pytest.approx([-60 * camera.span / height, -20 * camera.span / height])


def test_the_wheel_zooms_a_fits_and_r_goes_back_to_the_first_camera(space, qtbot):
    first = space.stage.camera()
    space.stage.zoom(2.0, QPointF(200, 200))
    assert space.stage.camera().span == pytest.approx(first.span / 2)
    qtbot.keyClick(space.stage, Qt.Key.Key_Left, ALT)
    qtbot.keyClick(space.stage, Qt.Key.Key_A)
    fitted = space.stage.camera()
    assert fitted.span == pytest.approx(first.span, rel=0.1) and fitted.azimuth == first.azimuth - 5
    qtbot.keyClick(space.stage, Qt.Key.Key_R)
    assert space.stage.camera() == first


def test_one_click_on_a_ball_of_the_triad_looks_from_there(space, qtbot):
    stage = space.stage
    stage.look(Camera(azimuth=-60.0, elevation=20.0))
    places = ((x, y) for x in range(0, 120, 3) for y in range(stage.height() - 120, stage.height(), 3))
    spot = stage.spots()[0]
    x, y = next(place for place in places if ball_at(spot, QPointF(*place), 1.0) == "+z")
    qtbot.mouseClick(stage, LEFT, pos=QPoint(x, y))
    assert (stage.camera().azimuth, stage.camera().elevation) == (-90, 90)


def test_a_picture_that_turns_is_thinned_says_so_and_becomes_whole_at_rest(space, qtbot):
    space.presenter._thread._pace.most = 500
    space.options.update(layers=frozenset({"target"}))
    settle(space, qtbot)
    with qtbot.waitSignal(space.presenter.shown, timeout=5000, check_params_cb=lambda p: p.dots < p.all_dots) as seen:
        space.camera.orbit(5.0, 0.0)
    dots = [len(m.xy) for panel in seen.args[0].scene.panels for m in panel.marks if isinstance(m, Points)]
    assert sum(dots) == seen.args[0].dots <= 500 < seen.args[0].all_dots == 2000
    settle(space, qtbot)
    assert space.stage.picture.dots == 2000


def test_the_keys_look_along_axes_turn_and_make_it_parallel_and_leave_the_arrows_to_the_clock(trained, qtbot):
    stage = trained.stage
    qtbot.keyClick(stage, Qt.Key.Key_X, ALT)
    assert (stage.camera().azimuth, stage.camera().elevation) == (0, 0)
    qtbot.keyClick(stage, Qt.Key.Key_Up, ALT)
    assert stage.camera().elevation == 5
    qtbot.keyClick(stage, Qt.Key.Key_P)
    assert stage.camera().projection == "parallel"
    trained.cursor_state.set_t(0.5)
    camera = stage.camera()
    qtbot.keyClick(stage, Qt.Key.Key_Right)
    assert trained.cursor_state.t == pytest.approx(0.51) and stage.camera() == camera


def test_the_camera_stays_under_the_hand_while_frames_stream_in(trained, qtbot, scripted):
    stage = trained.stage
    qtbot.mousePress(stage, LEFT, NONE, QPoint(300, 250))
    event_to(stage, QPoint(340, 250), LEFT, NONE)
    held = stage.camera()
    scripted.say(FrameReady(space_frame(20)))
    with qtbot.waitSignal(
        trained.presenter.shown, timeout=5000, check_params_cb=lambda p: p.job.frame.step == 20
    ) as seen:
        pass
    assert stage.camera() == held == seen.args[0].tiles[0].view
    qtbot.mouseRelease(stage, LEFT, NONE, QPoint(340, 250))
    assert stage.camera() == held


def test_the_pace_comes_down_where_pictures_are_slow_and_goes_up_where_they_are_quick():
    pace = Pace()
    pace.took(0.12, 50_000)
    slow = pace.most
    assert slow <= 25_000
    for _ in range(5):
        pace.took(0.01, pace.most)
    assert pace.most > 2 * slow
    quick = pace.most
    pace.took(0.01, quick // 2)
    assert pace.most == quick, "a picture that was not thinned says nothing about more dots"


def test_the_slice_is_moved_by_its_strip_and_asked_of_the_engine(trained, qtbot, scripted):
    strip = trained.layer_bar.slice_strip
    trained.options.update(layers=frozenset({"slice"}), density="exact")
    assert strip.isVisibleTo(trained)
    strip.axes["x"].click()
    strip.slider.setValue(strip.slider.maximum())
    assert trained.options.value.slice_axis == "x"
    assert trained.options.value.slice_place == pytest.approx(trained.stage.spots()[0].panel.room[1][0], abs=1e-3)
    qtbot.keyClick(trained.stage, Qt.Key.Key_PageDown)
    assert strip.slider.value() == strip.slider.maximum() - 5
    settle(trained, qtbot)
    assert any(isinstance(query, DensityQuery) and query.axis == "x" for _, query in scripted.asked)


def test_pointing_at_a_particle_in_space_shows_its_path_a_click_pins_it_and_escape_clears(trained, qtbot, scripted):
    stage, probes = trained.stage, trained.probes
    trained.options.update(layers=frozenset({"particles"}), particles=200)
    settle(trained, qtbot)
    spot = stage.spots()[0]
    points = next(mark.xy for mark in spot.panel.marks if isinstance(mark, Points))
    lens = Lens(spot.view, spot.plot.width(), spot.plot.height(), spot.panel.room)
    seen, nearness = lens.places(points)
    middle = np.abs(seen).max(axis=1) < 0.4  # far from triad and title; and nothing is before it
    chosen = points[np.argmax(np.where(middle, nearness, -1))]
    x, y = lens.places(chosen)[0] * spot.plot.height() / 2
    place = spot.plot.center() + QPoint(round(x), round(-y))
    asked = len(scripted.asked)
    qtbot.mouseMove(stage, place)
    qtbot.waitUntil(lambda: any(lane == "hover" for lane, _ in scripted.asked[asked:]), timeout=5000)
    hover = next(query for lane, query in scripted.asked[asked:] if lane == "hover")
    assert hover.points.shape == (1, 3) and hover.points[0] == pytest.approx(chosen, abs=0.1)
    qtbot.mouseClick(stage, Qt.MouseButton.LeftButton, pos=place)
    (pin,) = probes.value.pins
    assert pin.place == pytest.approx(tuple(chosen), abs=0.1)
    qtbot.waitUntil(lambda: "log det" in trained.curves.probe.words(), timeout=5000)
    qtbot.mouseClick(stage, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier, place + QPoint(3, 0))
    assert len(probes.value.pins) == 2
    stage.setFocus()
    qtbot.keyClick(stage, Qt.Key.Key_Escape)
    assert probes.value.pins == ()


def test_no_loop_is_drawn_in_space_and_the_window_says_why(trained, qtbot):
    settle(trained, qtbot)
    assert "in space" in trained.layer_bar.loop_button.toolTip()
    qtbot.mouseClick(trained.layer_bar.loop_button, Qt.MouseButton.LeftButton)
    assert not trained.probing.draws_loop and not trained.layer_bar.loop_button.isChecked()
    assert trained.notice_bar.isVisible()
    trained.notice_bar.hide()
