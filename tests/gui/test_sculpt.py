"""Drawing in space, as a person does it: planes, strokes, solids, undo."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QUndoStack, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit

from flowviz.core.spec import TargetSpec
from flowviz.gui.canvas.pages import DrawingPages
from flowviz.gui.canvas.sculpt_canvas import SculptCanvas
from flowviz.gui.control.ends import Ends
from flowviz.gui.panels.target_panel import TargetPanel
from flowviz.targets import build
from tests.gui.test_canvas import drag


@pytest.fixture
def ends():
    return Ends(QUndoStack())


@pytest.fixture
def panel(ends, qtbot):
    panel = TargetPanel(ends)
    panel.show_ends(TargetSpec("torus", {}, {}, "Torus"), None)
    qtbot.addWidget(panel)
    return panel


@pytest.fixture
def page(ends, qtbot):
    page = SculptCanvas(ends.target)
    qtbot.addWidget(page)
    page.resize(900, 660)
    page.show()
    qtbot.waitExposed(page)
    return page


def wheel(widget, turns):
    middle = QPointF(widget.rect().center())
    place = widget.mapToGlobal(middle)
    none = Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(
        widget,
        QWheelEvent(middle, place, QPoint(), QPoint(0, 120 * turns), Qt.MouseButton.NoButton, none,
                    Qt.ScrollPhase.NoScrollPhase, False),
    )  # fmt: skip


def test_a_stroke_on_a_plane_is_a_target_in_space_at_its_height(page, ends, panel):
    page._space.set_plane(axis=0, layer=72)
    drag(page, (-1, 0), (0, 0), (1, 0))
    assert ends.target.target.key == "drawing_3d"
    x = build(ends.target.target).sample(4000, np.random.default_rng(0))
    np.testing.assert_allclose(x.mean(axis=0), [page._space.height, 0.0, 0.0], atol=0.1)
    assert x[:, 1].std() > 1.5 * x[:, 2].std()  # to the right on a plane across x is y


def test_strokes_on_several_planes_undo_and_redo_one_by_one(page, ends, panel):
    space, stack = page._space, ends.target.undo_stack
    drag(page, (0, 0), (1, 1))
    one = space.ink.copy()
    space.set_plane(axis=1)
    drag(page, (0, 2), (-1, 2))
    two = space.ink.copy()
    stack.undo()
    np.testing.assert_array_equal(space.ink, one)
    stack.undo()
    assert space.is_empty and ends.target.target.key == "torus"
    stack.redo()
    stack.redo()
    np.testing.assert_array_equal(space.ink, two)
    np.testing.assert_array_equal(ends.target.target.data["density"], two)


def test_wheel_keys_and_slider_move_the_plane_and_letters_turn_it(page):
    space = page._space
    wheel(page.surface, 3)
    assert space.layer == 49
    QTest.keyClick(page.surface, Qt.Key.Key_PageDown)
    assert space.layer == 48
    QTest.keyClick(page.surface, Qt.Key.Key_X)
    assert space.axis == 0
    for turns in (-1,) * 60:
        wheel(page.surface, turns)
    assert space.layer == 0 and space.height == pytest.approx(-4 + 4 / 96)


def test_layers_below_and_above_are_seen_faintly_and_fade(page):
    space = page._space
    drag(page, (0, 0), (1, 0))
    space.set_plane(layer=space.layer + 12)
    below, above = space.ghosts()
    assert not space.grid.any() and below.max() > 0.1 and above.max() == 0
    near = below.max()
    space.set_plane(layer=space.layer + 12)
    assert space.ghosts()[0].max() < near
    before = page.surface.grab().toImage()
    space.set_plane(layer=95)
    assert page.surface.grab().toImage() != before


def test_a_drawing_in_the_plane_is_extruded_and_turned(page, ends, panel, qtbot):
    ends.target.set_brush(size=1.0)
    ends.target.begin(2.0, 0.0)
    ends.target.move(2.0, 1.5)
    ends.target.end()
    page._space.set_plane(axis=2)
    maker = page.findChild(type(page.strip.done), "extrude")
    with qtbot.waitSignal(ends.target.target_changed):
        maker.click()
    x = build(ends.target.target).sample(4000, np.random.default_rng(0))
    assert x[:, 0].mean() == pytest.approx(2.0, abs=0.1) and np.ptp(x[:, 2]) == pytest.approx(1.5, abs=0.2)
    with qtbot.waitSignal(ends.target.target_changed):
        page.findChild(type(page.strip.done), "revolve").click()
    x = build(ends.target.target).sample(4000, np.random.default_rng(0))
    assert np.hypot(x[:, 0], x[:, 1]).mean() == pytest.approx(2.0, abs=0.15)  # a tube about z
    assert np.abs(x[:, :2].mean(axis=0)).max() < 0.1
    ends.target.undo_stack.undo()
    assert np.ptp(build(ends.target.target).sample(4000, np.random.default_rng(0))[:, 2]) < 2


def test_text_is_extruded_and_nothing_drawn_is_said(page, ends, panel, qtbot):
    extrude = page.findChild(type(page.strip.done), "extrude")
    with qtbot.waitSignal(panel.notice) as heard:
        extrude.click()
    assert "drawing in the plane is empty" in heard.args[0]
    page.findChild(QLineEdit).setText("HI")
    page._space.set_plane(axis=1)
    with qtbot.waitSignal(ends.target.target_changed):
        extrude.click()
    low, high = build(ends.target.target).bounds()
    assert high[0] - low[0] == pytest.approx(7.0, abs=0.3) and high[1] - low[1] < 2


def test_a_target_in_space_is_the_base_of_a_drawing(page, ends, panel, qtbot):
    page.show_start_from()
    with qtbot.waitSignal(ends.target.target_changed, timeout=10000):
        page.strip.start_from.click()
    x = build(ends.target.target).sample(20_000, np.random.default_rng(0))
    rho = np.hypot(np.hypot(x[:, 0], x[:, 1]) - 2.5, x[:, 2])
    assert rho.mean() == pytest.approx(1.1, abs=0.1)


def test_the_page_of_the_shown_end_and_dimension_stands_there(ends, panel, qtbot):
    pages = DrawingPages(ends)
    qtbot.addWidget(pages)
    panel.place_changed.connect(pages.show_place)
    panel.target.browser.dimension.buttons["2"].click()
    panel.target.browser.dimension.buttons["3"].click()
    assert isinstance(pages.page, SculptCanvas) and pages.page._controller is ends.target.space
    panel.tabs.setCurrentIndex(1)
    assert pages.page._controller is ends.source.space


def test_the_preview_shows_the_ink_and_turns_under_the_hand(page, qtbot):
    from flowviz.gui.canvas.volume_preview import VolumePreview

    preview = page.findChild(VolumePreview)
    empty = preview.grab().toImage()
    drag(page, (-2, -2), (2, 2))
    preview.refresh()
    drawn = preview.grab().toImage()
    assert drawn != empty
    QTest.mousePress(preview, Qt.MouseButton.LeftButton, pos=QPoint(60, 60))
    QTest.mouseMove(preview, QPoint(100, 70))
    QTest.mouseRelease(preview, Qt.MouseButton.LeftButton, pos=QPoint(100, 70))
    preview.refresh()
    assert preview.grab().toImage() != drawn


def test_preview_and_ghosts_follow_the_theme(page, qtbot):
    from PySide6.QtGui import QPalette

    from flowviz.gui.canvas.volume_preview import VolumePreview

    drag(page, (0, 0), (1, 0))
    preview = page.findChild(VolumePreview)
    preview.refresh()
    before = preview._image.cacheKey()
    preview.setPalette(QPalette(Qt.GlobalColor.white))
    preview.grab()
    assert preview._image.cacheKey() != before
