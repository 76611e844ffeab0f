import re

import pytest
import shiboken6
from PySide6.QtCore import QPoint, QSize, Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDialog,
    QHeaderView,
    QLabel,
    QLineEdit,
    QListView,
    QScrollBar,
    QSlider,
    QTabBar,
    QToolBar,
    QWidget,
)
from scripted import blocks, destroy

from flowviz.core.events import Finished
from flowviz.core.params import ParamField
from flowviz.gui.export.job_dialog import JobDialog
from flowviz.gui.theme.theme import ZOOMS, current_zoom, style_sheet
from flowviz.gui.widgets.param_form import ParamForm
from flowviz.gui.widgets.shortcut_sheet import ShortcutSheet
from flowviz.scene.tokens import DARK

CONTROLS = (QAbstractButton, QComboBox, QAbstractSpinBox, QAbstractSlider, QLineEdit, QTabBar, QAbstractItemView)


@pytest.fixture
def trained(window, qtbot, scripted):
    window.run_controller.run_or_pause()
    scripted.train(10, 20)
    qtbot.waitUntil(lambda: len(window.run.timeline) == 2, timeout=5000)
    window.playback.play(False)
    return window


def settle():
    """Sizes asked for in one round of events are given in the next."""
    for _ in range(5):
        QApplication.sendPostedEvents()
        QApplication.processEvents()


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


def test_tab_leads_through_the_panels_as_one_reads_them_and_comes_back(trained, qtbot):
    window, order = trained, trained.focus_order
    panels = (window.top_bar, window.target_panel, window.centre, window.method_panel, window.curves, window.clocks)
    widgets = order.widgets()
    places = [next((i for i, panel in enumerate(panels) if panel.isAncestorOf(w)), len(panels)) for w in widgets]
    assert places == sorted(places) and set(places) == set(range(len(panels) + 1))
    by_name = [widget.accessibleName() for widget in widgets]
    for first, then in (("Draw", "Arms"), ("Arms", "Arms slider"), ("Stage mode", "Stage"), ("Method", "Seed")):
        assert by_name.index(first) < by_name.index(then)
    window.top_bar.run_button.setFocus()
    seen = []
    for _ in widgets:
        qtbot.keyClick(window.focusWidget(), Qt.Key.Key_Tab)
        seen.append(window.focusWidget())
        if seen[-1] is seen[0] and len(seen) > 1:
            break
        assert order.ring.isVisible(), "one sees where one is"
        assert order.ring.geometry().intersects(window.rect())
    widgets = order.widgets()  # of segments only the chosen one is a stop; arrows lead to the others
    start = widgets.index(window.top_bar.run_button) + 1
    assert seen[: len(widgets)] == [*widgets[start:], *widgets[:start]]
    qtbot.keyClick(window.focusWidget(), Qt.Key.Key_Backtab)
    assert window.focusWidget() is window.top_bar.run_button
    qtbot.mouseClick(window.stage, Qt.MouseButton.LeftButton)
    assert not order.ring.isVisible()


def test_no_menu_leaves_keys_dead_that_could_do_nothing_while_it_was_open(window):
    for action in window.menuBar().actions():
        menu = action.menu()
        menu.popup(window.mapToGlobal(QPoint(40, 40)))
        assert not window.table.actions["stop"].isEnabled() or menu.title().replace("&", "") != "Run"
        menu.close()
        assert window.table.actions["stop"].isEnabled(), menu.title()


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


@pytest.mark.parametrize("method", ["cnf", "jko"])
def test_up_to_130_percent_the_window_fits_a_small_screen_and_cuts_nothing_off(window, qtbot, scripted, method):
    window.draft.set_method(method)
    window.run_controller.run_or_pause()
    scripted.train(10, blocks=blocks(1) if method == "jko" else ())
    scripted.say(Finished(10, 1.0))
    qtbot.waitUntil(lambda: window.run.status == "finished", timeout=5000)
    if method == "jko":
        window.curves.setCurrentWidget(window.curves.blocks)
    body = window.target_panel.page.findChild(QWidget, "scrollBody")
    for zoom in (1.0, 1.15, 1.3):
        window.theme.set_zoom(zoom)
        window.grab()  # all that waits for its place gets it
        window.resize(1024, 700)
        settle()
        assert window.minimumSizeHint().width() <= window.width() == 1024
        assert body.parentWidget().width() == body.width() >= body.minimumSizeHint().width()


def test_the_clocks_are_as_tall_as_before_when_the_interface_is_back_at_its_usual_size(trained, qtbot):
    docks = trained.layout_of_docks.docks
    least = docks["clocks"].widget().sizeHint().height()
    trained.theme.set_zoom(1.5)
    qtbot.waitUntil(lambda: docks["clocks"].height() > 1.2 * least, timeout=5000)
    trained.theme.set_zoom(1.0)
    qtbot.waitUntil(lambda: docks["clocks"].height() <= least, timeout=5000)


def test_a_larger_sheet_has_larger_letters_and_the_same_hairlines():
    sheet = style_sheet(DARK, 2.0)
    assert "font-size: 26px" in sheet and "1px solid" in sheet
    assert "2px solid transparent" in sheet and "2px solid $" not in sheet


DIALOGS = ("shortcuts", "export", "export_data", "about", "log")


def opened(window, qtbot, name):
    """The dialog that this action opens."""
    before = set(window.findChildren(QDialog))
    window.table.actions[name].trigger()
    qtbot.waitUntil(lambda: any(d.isVisible() for d in set(window.findChildren(QDialog)) - before), timeout=5000)
    return next(d for d in set(window.findChildren(QDialog)) - before if d.isVisible())


def put_away(window, dialog):
    window.films.close()
    window.films.close_data()
    if shiboken6.isValid(dialog):
        dialog.close()


def test_every_control_of_every_dialog_has_a_name_and_is_reached_with_the_tab_key(trained, qtbot):
    nameless, unreachable = set(), set()
    for name in DIALOGS:
        dialog = opened(trained, qtbot, name)
        for widget in own_controls(dialog):
            is_button = isinstance(widget, QAbstractButton)
            words = widget.accessibleName() or (widget.text() if is_button else "")
            kind = f"{type(widget).__name__} in {type(widget.parent()).__name__} of {name}"
            nameless |= set() if words else {kind}
            if is_button and widget.isEnabled() and not widget.focusPolicy() & Qt.FocusPolicy.TabFocus:
                unreachable.add(f"{words}: {kind}")
        put_away(trained, dialog)
    assert not nameless and not unreachable


def test_a_dialog_is_as_large_as_the_interface(trained, qtbot, usual_size, monkeypatch):
    monkeypatch.setattr(JobDialog, "room", property(lambda self: QSize(2000, 1200)))  # of a large screen
    widths = []
    for zoom in (1.0, 1.5):
        trained.theme.set_zoom(zoom)
        dialogs = [opened(trained, qtbot, name) for name in DIALOGS if name != "shortcuts"]
        widths.append([dialog.width() for dialog in dialogs])
        for dialog in dialogs:
            put_away(trained, dialog)
    assert all(large >= 1.2 * usual for usual, large in zip(*widths, strict=True)), widths


def test_the_sheet_of_shortcuts_names_every_key_and_fits_into_the_window(trained):
    for width in (1280, 1024):
        trained.resize(width, 700)
        sheet = ShortcutSheet(trained.table.rows, trained)
        words = {label.text() for label in sheet.findChildren(QLabel)}
        missing = {row.text.rstrip("…") for row in trained.table.rows if row.shortcuts} - words
        assert not missing and "Ctrl+click" in words
        assert sheet.width() <= width and sheet.page.widget().sizeHint().width() <= sheet.width()
        sheet.close()


def test_a_form_that_is_made_while_the_interface_is_large_has_large_fields(trained, usual_size):
    field = ParamField("rate", "float", 0.5, 0.0, 1.0, "Rate")
    before = ParamForm((field,))
    usual = before.findChild(QAbstractSpinBox).maximumWidth()
    trained.theme.set_zoom(1.5)
    forms = [before, ParamForm((field,))]
    assert [form.findChild(QAbstractSpinBox).maximumWidth() for form in forms] == [1.5 * usual] * 2
    trained.theme.set_zoom(1.0)
    assert [form.findChild(QAbstractSpinBox).maximumWidth() for form in forms] == [usual] * 2
    destroy(*forms)


def test_the_knob_of_a_slider_is_a_whole_circle_at_every_size(trained, qtbot):
    slider = trained.findChildren(QSlider)[0]
    for zoom in ZOOMS:
        trained.theme.set_zoom(zoom)
        numbers = re.search(
            r"handle:horizontal \{ width: (\d+)px; height: (\d+)px; margin: -(\d+)px", style_sheet(DARK, zoom)
        )
        groove = re.search(r"groove:horizontal \{ height: (\d+)px", style_sheet(DARK, zoom))
        width, height, overhang = map(int, numbers.groups())
        assert width == height == int(groove[1]) + 2 * overhang
        assert slider.minimumSizeHint().height() >= height or slider.minimumHeight() >= height
    trained.theme.set_zoom(1.0)


def test_a_radius_is_never_above_half_of_what_it_rounds():
    for zoom in ZOOMS:
        sheet = style_sheet(DARK, zoom)
        handle = re.search(r"handle:horizontal \{ width: (\d+)px; .*border-radius: (\d+)px", sheet)
        assert int(handle[2]) <= int(handle[1]) / 2, "Qt would draw it square"
