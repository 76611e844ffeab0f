"""Drawing a distribution with the mouse."""

from time import perf_counter

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QSlider, QToolButton

from flowviz.core.spec import TargetSpec
from flowviz.gui.canvas.canvas import DrawingCanvas
from flowviz.gui.control.draw import DrawController
from flowviz.targets import build

SHIFT = Qt.KeyboardModifier.ShiftModifier
PLAIN = Qt.KeyboardModifier.NoModifier


@pytest.fixture
def controller(qtbot):
    return DrawController()


@pytest.fixture
def canvas(controller, qtbot):
    canvas = DrawingCanvas(controller)
    qtbot.addWidget(canvas)
    canvas.resize(700, 640)
    canvas.show()
    qtbot.waitExposed(canvas)
    return canvas


def mouse(canvas, kind, x, y, modifiers=PLAIN, button=Qt.MouseButton.LeftButton):
    surface = canvas.surface
    place = surface.to_widget(x, y)
    types = QMouseEvent.Type
    event_type = {"press": types.MouseButtonPress, "move": types.MouseMove, "release": types.MouseButtonRelease}[kind]
    held = Qt.MouseButton.NoButton if kind == "release" else button
    changed = Qt.MouseButton.NoButton if kind == "move" else button
    QApplication.sendEvent(
        surface, QMouseEvent(event_type, place, surface.mapToGlobal(place), changed, held, modifiers)
    )


def drag(canvas, *places, modifiers=PLAIN):
    mouse(canvas, "press", *places[0])
    for place in places[1:]:
        mouse(canvas, "move", *place, modifiers=modifiers)
    mouse(canvas, "release", *places[-1])


def density_at(controller, x, y):
    return float(controller.grid[int((y + 4) / 8 * 256), int((x + 4) / 8 * 256)])


def test_a_stroke_leaves_density_where_the_mouse_was_and_nowhere_else(canvas, controller):
    drag(canvas, (-2, 1), (0, 1), (2, 1))
    assert density_at(controller, 0, 1) > 0.3
    assert density_at(controller, 1.5, 1) > 0.3
    assert density_at(controller, 0, -1) == 0
    assert density_at(controller, 0, 1.9) == 0


def test_a_stroke_becomes_a_target_that_can_be_sampled(canvas, controller, qtbot):
    with qtbot.waitSignal(controller.target_changed) as heard:
        drag(canvas, (-2, 1), (2, 1))
    spec = heard.args[0]
    assert spec.key == "drawing"
    assert spec.data["density"].dtype == np.float32
    assert not spec.data["density"].flags.writeable
    points = build(spec).sample(500, np.random.default_rng(0))
    assert abs(points[:, 1].mean() - 1) < 0.1
    assert points[:, 0].min() < -1
    assert points[:, 0].max() > 1


def test_shift_draws_a_straight_line_from_where_it_was_pressed(canvas, controller):
    mouse(canvas, "press", -2, -2)
    for place in ((-1, 2), (0, 3), (2, 2)):
        mouse(canvas, "move", *place, modifiers=SHIFT)
    mouse(canvas, "release", 2, 2)
    assert density_at(controller, 0, 0) > 0.3
    assert density_at(controller, -1, 2) == 0
    assert density_at(controller, 0, 3) == 0


def test_shift_and_click_joins_the_last_stroke_with_a_line(canvas, controller):
    drag(canvas, (-3, 0), (-2, 0))
    mouse(canvas, "press", 2, 0, modifiers=SHIFT)
    mouse(canvas, "release", 2, 0)
    assert density_at(controller, 0.5, 0) > 0.3


def test_a_click_makes_a_point(canvas, controller):
    drag(canvas, (1, 1))
    assert density_at(controller, 1, 1) > 0.2
    assert (controller.grid > 0).sum() < 1000


def test_holding_still_makes_it_denser(canvas, controller):
    mouse(canvas, "press", 0, 0)
    levels = []
    for _ in range(4):
        canvas.surface.hold(0.1)
        levels.append(density_at(controller, 0, 0))
    mouse(canvas, "release", 0, 0)
    assert np.allclose(np.diff(levels), levels[0], rtol=0.05)


def test_the_timer_adds_density_while_the_button_is_down(canvas, controller, qtbot):
    mouse(canvas, "press", 0, 0)
    qtbot.waitUntil(lambda: density_at(controller, 0, 0) > 0.1, timeout=3000)
    mouse(canvas, "release", 0, 0)
    resting = density_at(controller, 0, 0)
    qtbot.wait(80)
    assert density_at(controller, 0, 0) == resting


def test_undo_and_redo_take_one_stroke_at_a_time_and_clear_is_a_step(canvas, controller):
    drag(canvas, (-2, 1), (2, 1))
    one = controller.grid.copy()
    drag(canvas, (-2, -1), (2, -1))
    two = controller.grid.copy()
    controller.clear()
    assert controller.is_empty
    stack = controller.undo_stack
    stack.undo()
    assert np.array_equal(controller.grid, two)
    stack.undo()
    assert np.array_equal(controller.grid, one)
    stack.undo()
    assert controller.is_empty
    stack.redo()
    stack.redo()
    assert np.array_equal(controller.grid, two)
    assert stack.count() == 3


def test_undoing_the_first_stroke_brings_the_preset_back(canvas, controller):
    preset = TargetSpec("two_moons", name="Two moons")
    controller.choose(preset, "Two moons")
    drag(canvas, (-2, 1), (2, 1))
    assert controller.target.key == "drawing"
    controller.undo_stack.undo()
    assert controller.target == preset


def test_steps_with_the_same_merge_key_are_undone_at_once(controller):
    start = TargetSpec("rings", {"rings": 3})
    controller.choose(start, "Rings")
    for count in (4, 5, 6):
        controller.choose(TargetSpec("rings", {"rings": count}), "Change", merge_key="rings/rings")
    assert controller.undo_stack.count() == 2
    controller.undo_stack.undo()
    assert controller.target == start


def test_the_eraser_takes_density_away(canvas, controller, qtbot):
    drag(canvas, (-2, 0), (2, 0))
    qtbot.keyClick(canvas.surface, "e")
    assert controller.brush.tool == "eraser"
    drag(canvas, (0, -1), (0, 1))
    drag(canvas, (0, -1), (0, 1))
    assert density_at(controller, 0, 0) < 0.05
    assert density_at(controller, 1.5, 0) > 0.3


def test_the_spray_scatters_specks_within_its_ring(canvas, controller, qtbot):
    controller.set_brush(size=1.0)
    qtbot.keyClick(canvas.surface, "s")
    mouse(canvas, "press", 0, 0)
    for _ in range(10):
        canvas.surface.hold(0.1)
    mouse(canvas, "release", 0, 0)
    rows, columns = np.nonzero(controller.grid)
    radius = np.hypot((rows + 0.5) / 32 - 4, (columns + 0.5) / 32 - 4)
    assert len(rows) > 30
    assert radius.max() < 0.6


def test_strength_scales_the_ink(canvas, controller):
    drag(canvas, (-2, 2), (2, 2))
    controller.set_brush(strength=0.25)
    drag(canvas, (-2, -2), (2, -2))
    # The mouse moves at once, so that both strokes rest equally little.
    assert density_at(controller, 0, -2) / density_at(controller, 0, 2) == pytest.approx(0.25, rel=0.2)


def test_brackets_and_shift_with_the_wheel_change_the_size(canvas, controller, qtbot):
    size = controller.brush.size
    qtbot.keyClick(canvas.surface, "]")
    assert controller.brush.size == pytest.approx(size * 1.15)
    qtbot.keyClick(canvas.surface, "[")
    assert controller.brush.size == pytest.approx(size)
    qtbot.keyClick(canvas.surface, "}", SHIFT)
    assert controller.brush.size == pytest.approx(2 * size)
    wheel(canvas, SHIFT)
    assert controller.brush.size == pytest.approx(2.2 * size)
    wheel(canvas, PLAIN)
    assert controller.brush.size == pytest.approx(2.2 * size)


def wheel(canvas, modifiers):
    where = QPointF(canvas.surface.rect().center())
    event = QWheelEvent(
        where, canvas.surface.mapToGlobal(where), QPoint(), QPoint(0, 120), Qt.MouseButton.NoButton,
        modifiers, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(canvas.surface, event)


def test_other_buttons_draw_nothing(canvas, controller):
    for button in (Qt.MouseButton.MiddleButton, Qt.MouseButton.RightButton):
        mouse(canvas, "press", 0, 0, button=button)
        mouse(canvas, "move", 1, 1, button=button)
        mouse(canvas, "release", 1, 1, button=button)
    assert controller.is_empty


def test_escape_takes_a_stroke_back_and_then_leaves(canvas, controller, qtbot):
    mouse(canvas, "press", 0, 0)
    mouse(canvas, "move", 1, 1)
    qtbot.keyClick(canvas.surface, Qt.Key.Key_Escape)
    assert controller.is_empty
    with qtbot.waitSignal(controller.done_requested):
        qtbot.keyClick(canvas.surface, Qt.Key.Key_Escape)


def test_what_is_drawn_is_seen(canvas, controller):
    place = canvas.surface.to_widget(0.5, 0.5).toPoint()
    before = canvas.surface.grab().toImage().pixelColor(place)
    drag(canvas, (-2, 0.5), (2, 0.5), (-2, 0.5))
    after = canvas.surface.grab().toImage().pixelColor(place)
    assert after.lightness() > before.lightness() + 40


def test_the_frame_is_square_and_its_corners_map_both_ways(canvas):
    surface = canvas.surface
    assert surface.square().width() == surface.square().height()
    for corner in ((-4, -4), (4, 4), (0, 0)):
        assert surface.to_world(surface.to_widget(*corner)) == pytest.approx(corner)


def test_every_control_of_the_page_has_a_name(canvas):
    for control in [*canvas.findChildren(QToolButton), *canvas.findChildren(QSlider)]:
        assert control.accessibleName()


def test_a_mouse_move_costs_less_than_five_milliseconds(canvas, controller):
    controller.set_brush(size=1.0)
    mouse(canvas, "press", -3, -3)
    costs = []
    for step in range(100):
        start = perf_counter()
        mouse(canvas, "move", -3 + 0.06 * step, 2 * np.sin(step / 8))
        costs.append(perf_counter() - start)
    mouse(canvas, "release", 3, 3)
    assert np.median(costs) < 0.005
