import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from scripted import until

from flowviz.core.queries import LoopQuery, ProbeQuery
from flowviz.gui.control.probing import FLAT_ONLY, even_polygon
from flowviz.gui.state.probes import MOST_PINS
from flowviz.scene.marks import Lines
from flowviz.scene.options import StageOptions

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture(scope="module")
def run_of_two_frames(shared, qapp):
    window, backend = shared
    window.run_controller.run_or_pause()
    backend.train(10, 20)
    until(lambda: len(window.run.timeline) == 2)
    window.playback.play(False)
    return window, backend


@pytest.fixture
def scripted(run_of_two_frames):
    return run_of_two_frames[1]


@pytest.fixture
def trained(run_of_two_frames, qtbot, scripted):
    window = run_of_two_frames[0]
    window.probes.hover(None)
    window.probing.clear()
    window.options.value = StageOptions(layers=frozenset({"target", "particles", "trails"}))
    window.options.changed.emit()
    window.stage.gazes = {}
    window.playback.set_t(0.5)
    window.presenter.refresh()
    qtbot.waitUntil(lambda: window.presenter.is_idle and window.stage.picture.job.t == 0.5, timeout=5000)
    return window


def shown(window, qtbot, change, holds):
    with qtbot.waitSignal(window.presenter.shown, timeout=5000, check_params_cb=holds):
        change()


def coloured(picture, colour):
    return [mark for mark in picture.scene.panels[0].marks if isinstance(mark, Lines) and mark.colour == colour]


def test_hovering_shows_the_path_through_that_point_and_leaving_takes_it_away(trained, qtbot, scripted):
    stage = trained.stage
    at = stage.to_world(QPoint(300, 200).toPointF())
    shown(trained, qtbot, lambda: qtbot.mouseMove(stage, QPoint(300, 200)), lambda p: bool(coloured(p, "text")))
    query = next(query for lane, query in scripted.asked if lane == "hover")
    assert isinstance(query, ProbeQuery) and not query.is_detailed and query.t == 0.5
    assert query.points[0] == pytest.approx([at.x(), at.y()], abs=1e-5)
    shown(trained, qtbot, lambda: trained.probes.hover(None), lambda p: not coloured(p, "text"))


def test_a_click_pins_ctrl_click_adds_and_escape_clears(trained, qtbot):
    stage, probes, curves = trained.stage, trained.probes, trained.curves
    front = curves.currentIndex()
    qtbot.mouseClick(stage, LEFT, pos=QPoint(300, 200))
    qtbot.mouseClick(stage, LEFT, pos=QPoint(320, 210))
    assert len(probes.value.pins) == 1
    qtbot.mouseClick(stage, LEFT, Qt.KeyboardModifier.ControlModifier, QPoint(350, 260))
    assert len(probes.value.pins) == 2
    qtbot.waitUntil(lambda: len(curves.probe.words().splitlines()) == 2, timeout=5000)
    assert curves.currentWidget() is curves.probe
    assert curves.probe.words().startswith("pin 1 at t = 0.50: log p 1.000, |v| 1.000, div v 1.000, log det 1.000")
    assert coloured(stage.picture, "series0") and coloured(stage.picture, "series1")
    stage.setFocus()
    qtbot.keyClick(stage, Qt.Key.Key_Escape)
    assert probes.value.pins == ()
    assert curves.currentIndex() == front


def test_a_drag_or_a_double_click_pins_nothing(trained, qtbot):
    stage = trained.stage
    qtbot.mousePress(stage, LEFT, pos=QPoint(300, 200))
    qtbot.mouseMove(stage, QPoint(340, 200))
    qtbot.mouseRelease(stage, LEFT, pos=QPoint(340, 200))
    assert trained.probes.value.pins == ()
    qtbot.mouseDClick(stage, LEFT, pos=QPoint(300, 200))
    assert trained.probes.value.pins == ()


def test_there_are_never_more_pins_than_colours(trained):
    for index in range(MOST_PINS + 2):
        trained.probing._probes.pin(trained.probing._pin_at(QPoint(200 + 10 * index, 200).toPointF()), True)
    assert len(trained.probes.value.pins) == MOST_PINS


@pytest.mark.parametrize("with_key", [True, False])
def test_a_drawn_loop_is_carried_along_and_prints_its_mass(trained, qtbot, scripted, with_key):
    stage = trained.stage
    held = Qt.KeyboardModifier.NoModifier
    if with_key:
        stage.setFocus()
        qtbot.keyClick(stage, Qt.Key.Key_O)
        assert trained.layer_bar.loop_button.isChecked()
    else:
        held = Qt.KeyboardModifier.ShiftModifier
    view = stage.view()
    places = [QPoint(200, 150), QPoint(300, 150), QPoint(300, 250), QPoint(200, 250)]
    qtbot.mousePress(stage, LEFT, held, places[0])
    for place in places[1:]:
        qtbot.mouseMove(stage, place)

    def labelled(picture):
        return any(label.text == "mass 0.250" for label in picture.scene.panels[0].labels)

    shown(trained, qtbot, lambda: qtbot.mouseRelease(stage, LEFT, held, places[-1]), labelled)
    assert stage.view() == view, "the plane moved with the loop"
    assert not trained.layer_bar.loop_button.isChecked()
    query = next(query for _, query in scripted.asked if isinstance(query, LoopQuery))
    assert query.t == 0.5 and query.points.shape == (160, 2)


def test_where_no_plane_is_seen_the_button_says_where_a_loop_is_drawn(trained, qtbot, monkeypatch):
    button, refused = trained.layer_bar.loop_button, []
    trained.probing.refused.connect(lambda *words: refused.append(words))
    for mode in ("journey", "strip"):
        trained.options.update(mode=mode)
        qtbot.waitUntil(lambda: "drawn in Flow, Four-up or Compare" in button.toolTip(), timeout=5000)
        qtbot.mouseClick(button, LEFT)
        assert not button.isChecked() and not trained.probing.draws_loop
        shown(trained, qtbot, lambda: trained.options.update(mode="flow"), lambda p: p.job.options.mode == "flow")
    assert refused == [FLAT_ONLY] * 2
    assert button.toolTip().startswith("Draw a loop")


def test_the_anomaly_level_is_a_contour_and_hovering_reads_the_p_value(trained, qtbot):
    stage = trained.stage
    shown(trained, qtbot, lambda: trained.options.toggle_layer("anomaly"), lambda p: bool(coloured(p, "danger")))
    ring = coloured(stage.picture, "danger")[0].paths.reshape(-1, 2)
    # 5 % of the levels -8 ... 0 are below -7.6, where |x|^2 = 15.2
    assert np.hypot(*ring.T) == pytest.approx(np.sqrt(15.2), abs=0.1)
    place = stage.to_widget(2.0, 0.0).toPoint()

    def read(picture):
        return [label.text.strip() for label in picture.scene.panels[0].labels if label.text.strip().startswith("p ")]

    shown(trained, qtbot, lambda: qtbot.mouseMove(stage, place), lambda p: bool(read(p)))
    assert float(read(stage.picture)[0].removeprefix("p = ")) == pytest.approx(0.75, abs=0.03)


def test_corners_of_a_drawn_line_are_evenly_spaced():
    corners = even_polygon(np.array([[0.0, 0.0], [2.0, 0.0], [2.0, 1.0], [0.0, 1.0]]), 60)
    gaps = np.hypot(*(np.roll(corners, -1, axis=0) - corners).T)
    assert gaps == pytest.approx(0.1)
    assert even_polygon(np.zeros((5, 2)), 60) is None
