"""The page on which one draws a distribution: tools above, the canvas, a line of help below."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, Qt, Slot
from PySide6.QtGui import QKeyEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from flowviz.gui.canvas.surface import DrawingSurface
from flowviz.gui.canvas.tool_strip import BrushMeasures, ToolStrip
from flowviz.gui.control.draw import DrawController

_HELP = {
    "brush": "Drag to draw, hold still for denser · Shift: straight line · [ ] size · Ctrl+Z undo",
    "spray": "Hold to spray · Shift: straight line · [ ] size · Ctrl+Z undo",
    "eraser": "Drag to erase · Shift: straight line · [ ] size · Ctrl+Z undo",
}


class DrawingCanvas(QWidget):
    """The drawing page; the window puts it in the place of the stage.

    Args:
        controller: owns the drawing; shared with the target panel.
    """

    def __init__(self, controller: DrawController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("drawingPage")
        self._controller = controller
        self.strip = ToolStrip(controller)
        self.measures = BrushMeasures(controller)
        self.surface = DrawingSurface(controller)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.strip)
        column.addWidget(self.measures)
        column.addWidget(self.surface, 1)
        self._help = QLabel()
        self._help.setProperty("role", "muted")
        self._place = QLabel()
        self._place.setProperty("role", "muted")
        self._place.setMinimumWidth(self._place.fontMetrics().horizontalAdvance("x −0.00, y −0.00"))
        bottom = QHBoxLayout()
        bottom.setContentsMargins(14, 0, 14, 8)
        bottom.addWidget(self._help, 1)
        bottom.addWidget(self._place)
        column.addLayout(bottom)
        self.surface.pointer_moved.connect(self._show_place)
        self.strip.done_requested.connect(controller.done_requested)
        self.strip.start_from_requested.connect(controller.start_from_requested)
        controller.brush_changed.connect(self._show_help)
        controller.target_changed.connect(self._show_start_from)
        self._show_help()
        self._keys = self._key_table()

    def _key_table(self) -> dict[str, Callable[[], object]]:
        set_brush, scale = self._controller.set_brush, self._controller.scale_brush
        # By the character and not by the key: brackets lie elsewhere on other keyboards.
        return {
            "b": lambda: set_brush(tool="brush"),
            "s": lambda: set_brush(tool="spray"),
            "e": lambda: set_brush(tool="eraser"),
            "[": lambda: scale(1 / 1.15),
            "]": lambda: scale(1.15),
            "{": lambda: scale(1 / 2),
            "}": lambda: scale(2),
        }

    def event(self, event: QEvent) -> bool:
        # Keys of the tools go before shortcuts of the window with the same letter.
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride and self._action_of(event):
            event.accept()
            return True
        return super().event(event)

    def _action_of(self, event: QKeyEvent) -> Callable[[], object] | None:
        if event.modifiers() & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.MetaModifier):
            return None
        if event.key() == Qt.Key.Key_Escape:
            return self._controller.done_requested.emit
        return self._keys.get(event.text().lower())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        action = self._action_of(event)
        if action is not None:
            action()
        else:
            super().keyPressEvent(event)

    def showEvent(self, event: QShowEvent) -> None:
        self._show_start_from()
        self.surface.setFocus(Qt.FocusReason.OtherFocusReason)
        super().showEvent(event)

    @Slot()
    def _show_start_from(self) -> None:
        target = self._controller.target
        self.strip.start_from.setEnabled(target is not None and target.key != "drawing")

    @Slot(float, float)
    def _show_place(self, x: float, y: float) -> None:
        self._place.setText(f"x {x:.2f}, y {y:.2f}")

    @Slot()
    def _show_help(self) -> None:
        self._help.setText(_HELP[self._controller.brush.tool])
