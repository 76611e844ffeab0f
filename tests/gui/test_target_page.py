"""Choosing a target: presets, their forms, text and drawing."""

import numpy as np
import pytest
from given import settled
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QComboBox, QLabel, QLineEdit, QWidget

from flowviz.core.spec import TargetSpec
from flowviz.gui.widgets.param_editors import NumberBox
from flowviz.targets import TARGETS, build

PRESETS = [key for key, cls in TARGETS.items() if cls.is_preset]


def test_every_preset_gets_a_live_picture(panel, qtbot):
    assert len(PRESETS) >= 23
    qtbot.waitUntil(lambda: all(panel.gallery.tiles[key].has_picture for key in PRESETS), timeout=20000)
    assert panel.gallery.tiles["two_moons"].isChecked()


def test_the_gallery_shows_one_dimension_and_follows_the_target(panel, qtbot):
    tiles = panel.gallery.tiles
    assert tiles["rose"].isVisible() and not tiles["torus"].isVisible()
    panel.browser.dimension.buttons["3"].click()
    assert tiles["torus"].isVisible() and not tiles["rose"].isVisible()
    assert panel.heard == []  # looking at the others chooses nothing
    with qtbot.waitSignal(panel.target_changed):
        tiles["torus"].click()
    panel.undo_stack().undo()
    assert panel.heard[-1].key == "two_moons" and panel.browser.dimension.key == "2" and tiles["rose"].isVisible()


def test_the_keyboard_stays_in_the_gallery_when_it_shows_the_other_dimension(panel, qtbot):
    panel.activateWindow()
    tiles = panel.gallery.tiles
    tiles["rose"].setFocus()
    qtbot.waitUntil(tiles["rose"].hasFocus, timeout=2000)
    panel.browser.dimension.buttons["3"].click()
    assert panel.gallery.isAncestorOf(panel.focusWidget()) and panel.focusWidget().isVisible()


def test_every_tile_and_button_has_a_name(panel):
    for tile in panel.gallery.tiles.values():
        assert tile.accessibleName()
        assert tile.toolTip()


def test_setting_a_target_is_silent_and_a_click_is_heard_and_undone(panel, qtbot):
    assert panel.heard == []
    with qtbot.waitSignal(panel.target_changed):
        panel.gallery.tiles["pinwheel"].click()
    assert panel.heard[-1].key == "pinwheel"
    assert panel.gallery.tiles["pinwheel"].isChecked()
    panel.undo_stack().undo()
    assert panel.heard[-1].key == "two_moons"
    assert panel.gallery.tiles["two_moons"].isChecked()
    panel.undo_stack().redo()
    assert panel.heard[-1].key == "pinwheel"


def test_the_form_changes_the_chosen_target_and_a_drag_is_one_undo_step(panel, qtbot):
    with qtbot.waitSignal(panel.target_changed):
        panel.gallery.tiles["rings"].click()
    name = next(field.name for field in panel.card.form.fields if field.kind in ("int", "float"))
    box = panel.findChild(NumberBox, f"field_{name}")
    steps = panel.undo_stack().count()
    for _ in range(2):
        with qtbot.waitSignal(panel.target_changed):
            box.stepBy(1)
    assert panel.heard[-1].params[name] == pytest.approx(box.value())
    assert panel.undo_stack().count() == steps + 1
    panel.undo_stack().undo()
    settled(panel, qtbot)
    assert panel.findChild(NumberBox, f"field_{name}").value() != panel.heard[-2].params[name]


def test_a_preset_keeps_its_parameters_until_they_are_reset(panel, qtbot):
    panel.choose(TargetSpec("rings", {"count": 2}, {}, "Rings"))
    qtbot.waitUntil(lambda: any(spec.key == "rings" for spec in panel.heard), timeout=5000)
    assert panel.card.reset_button.isVisible()
    for key in ("tree", "rings"):
        with qtbot.waitSignal(panel.target_changed):
            panel.gallery.tiles[key].click()
    assert panel.heard[-1].params == {"count": 2}
    with qtbot.waitSignal(panel.target_changed):
        panel.card.reset_button.click()
    assert panel.heard[-1].params == {}
    assert not panel.card.reset_button.isVisible()
    assert panel.findChild(NumberBox, "field_count").value() != 2


def test_known_entropies_are_shown(panel, qtbot):
    with qtbot.waitSignal(panel.target_changed):
        panel.gallery.tiles["gaussian"].click()
    expected = f"entropy {build(TargetSpec('gaussian')).entropy():.3f} nats"
    qtbot.waitUntil(lambda: any(expected in label.text() for label in panel.findChildren(QLabel)), timeout=5000)


def test_text_can_be_typed_and_an_empty_one_turns_the_field_red(panel, qtbot):
    with qtbot.waitSignal(panel.target_changed):
        panel.browser.text_button.click()
    settled(panel, qtbot)
    field = panel.findChild(QLineEdit, "field_text")
    assert panel.findChild(QComboBox, "field_font").count() >= 1
    field.selectAll()
    qtbot.keyClicks(field, "Hi")
    qtbot.waitUntil(lambda: panel.heard[-1].params.get("text") == "Hi", timeout=5000)
    assert panel.heard[-1].data
    field.clear()
    settled(panel, qtbot)
    assert any(label.isVisible() and "text is empty" in label.text() for label in panel.findChildren(QLabel))
    assert panel._controller.target.params["text"] == "Hi"


def test_too_long_a_text_is_refused_in_a_notice(panel, qtbot):
    QGuiApplication.clipboard().setText("word " * 200)
    with qtbot.waitSignal(panel.notice):
        panel.intake.paste()
    assert "characters" in panel.notices[-1]
    assert panel._controller.target.key == "two_moons"


def test_the_drawing_gets_a_tile_and_the_target_can_be_its_base(panel, qtbot):
    controller = panel._controller
    panel.start_drawing_from_target()
    qtbot.waitUntil(lambda: controller.target.key == "drawing", timeout=10000)
    points = build(controller.target).sample(3000, np.random.default_rng(0))
    moons = build(TargetSpec("two_moons")).sample(3000, np.random.default_rng(1))
    assert np.allclose(points.mean(axis=0), moons.mean(axis=0), atol=0.2)
    assert np.allclose(points.std(axis=0), moons.std(axis=0), atol=0.2)
    assert panel.gallery.tiles["drawing"].isChecked()
    panel.undo_stack().undo()
    assert controller.target.key == "two_moons"
    assert controller.is_empty


def test_only_the_newest_choice_counts(panel, qtbot):
    panel.gallery.tiles["tree"].click()
    panel.gallery.tiles["rose"].click()
    settled(panel, qtbot)
    assert [spec.key for spec in panel.heard] == ["rose"]


def test_draw_asks_for_the_canvas(panel, qtbot):
    with qtbot.waitSignal(panel.draw_mode_requested) as heard:
        panel.browser.draw_button.click()
    assert heard.args == [True]
    with qtbot.waitSignal(panel.draw_mode_requested) as heard:
        panel._controller.done_requested.emit()
    assert heard.args == [False]
    assert not panel.browser.draw_button.isChecked()


def test_the_panel_fits_its_width(panel, qtbot):
    settled(panel, qtbot)
    body = panel.findChild(QWidget, "scrollBody")
    assert body.minimumSizeHint().width() <= 244
