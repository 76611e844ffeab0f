import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QHeaderView,
    QLineEdit,
    QListView,
    QScrollBar,
    QTabBar,
    QToolBar,
)

from flowviz.gui.theme.theme import ZOOMS, current_zoom, style_sheet
from flowviz.scene.tokens import DARK

CONTROLS = (QAbstractButton, QComboBox, QAbstractSpinBox, QAbstractSlider, QLineEdit, QTabBar, QAbstractItemView)


@pytest.fixture
def trained(window, qtbot, scripted):
    window.run_controller.run_or_pause()
    scripted.train(10, 20)
    qtbot.waitUntil(lambda: len(window.run.timeline) == 2, timeout=5000)
    window.playback.play(False)
    return window


@pytest.fixture
def usual_size(qapp):
    yield
    qapp.setProperty("flowvizZoom", None)


def own_controls(window):
    """Every control that we made, shown or not; what Qt puts inside its own widgets it names itself."""
    inner = (QScrollBar, QHeaderView)
    for kind in CONTROLS:
        for widget in window.findChildren(kind):
            parent = widget.parentWidget()
            is_inner = isinstance(widget, inner) or widget.objectName().startswith("qt_")
            is_part = isinstance(parent, (QAbstractSpinBox, QComboBox, QTabBar, QToolBar))
            is_part = is_part or isinstance(widget, QListView) or type(parent).__name__ in ("QDockWidget", "MainWindow")
            if not (is_inner or is_part):
                yield widget


def test_every_control_of_the_window_has_a_name_for_those_who_cannot_see_it(trained):
    def words(widget):
        text = widget.text() if isinstance(widget, QAbstractButton) else ""
        return widget.accessibleName() or text

    nameless = {
        f"{type(widget).__name__} in {type(widget.parent()).__name__}"
        for widget in own_controls(trained)
        if not words(widget)
    }
    assert not nameless


def test_everything_that_can_be_pressed_can_be_reached_with_the_tab_key(trained):
    unreachable = {
        f"{widget.accessibleName() or widget.text()} in {type(widget.parent()).__name__}"
        for widget in trained.findChildren(QAbstractButton)
        if widget.isVisible()
        and widget.isEnabled()
        and not widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        and not widget.objectName().startswith("qt_")
        and type(widget.parentWidget()).__name__ not in ("QDockWidget", "QTabBar", "QMainWindow")
    }
    assert not unreachable


def test_presenting_leaves_the_stage_and_one_clock_and_escape_brings_everything_back(trained, qtbot):
    stage, clocks = trained.stage, trained.clocks
    trained.curves.hide()
    trained.layout_of_docks.docks["method"].hide()
    docks = trained.layout_of_docks.docks
    before = {key: dock.isHidden() for key, dock in docks.items()}
    stage.setFocus()
    with qtbot.waitSignal(trained.presenter.shown, check_params_cb=lambda p: p.job.emphasis == 2.0, timeout=5000):
        qtbot.keyClick(stage, Qt.Key.Key_F5)
    assert trained.presentation.is_on
    shown = [clocks.flow.track, clocks.flow.play_button, clocks.t_box]
    hidden = [trained.menuBar(), trained.top_bar, trained.mode_bar, trained.layer_bar, clocks.training.track]
    hidden += [clocks.solver.box, docks["target"], docks["method"]]
    assert all(widget.isVisible() for widget in shown)
    assert not any(widget.isVisible() for widget in hidden)
    t = trained.cursor_state.t
    qtbot.keyClick(stage, Qt.Key.Key_Right)
    assert trained.cursor_state.t != t, "the keys are dead without the menu"
    for x in (200, 220):
        qtbot.mouseMove(stage, QPoint(x, 200))
    qtbot.waitUntil(lambda: stage._pointer is not None, timeout=5000)
    qtbot.keyClick(stage, Qt.Key.Key_Escape)
    assert not trained.presentation.is_on and not trained.isFullScreen()
    assert {key: dock.isHidden() for key, dock in docks.items()} == before
    assert clocks.training.track.isVisible() and trained.menuBar().isVisible()
    assert stage.emphasis == 1.0


def test_the_interface_grows_and_shrinks_by_keys(trained, qtbot, usual_size):
    box, stage = trained.clocks.t_box, trained.stage
    width, letters = box.width(), stage._font(11).pixelSize()
    stage.setFocus()
    qtbot.keyClick(stage, Qt.Key.Key_Plus, Qt.KeyboardModifier.ControlModifier)
    assert current_zoom() == 1.15
    assert box.width() == round(width * 1.15)
    assert stage._font(11).pixelSize() > letters
    qtbot.keyClick(stage, Qt.Key.Key_Minus, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClick(stage, Qt.Key.Key_Minus, Qt.KeyboardModifier.ControlModifier)
    assert current_zoom() == 0.85
    qtbot.keyClick(stage, Qt.Key.Key_0, Qt.KeyboardModifier.ControlModifier)
    assert current_zoom() == 1.0 and box.width() == width
    trained.theme.set_zoom(99.0)
    assert current_zoom() == ZOOMS[-1]


def test_a_larger_sheet_has_larger_letters_and_the_same_hairlines():
    sheet = style_sheet(DARK, 2.0)
    assert "font-size: 26px" in sheet and "1px solid" in sheet
    assert "2px solid transparent" in sheet and "2px solid $" not in sheet
