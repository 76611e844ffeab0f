"""The page on which one draws a distribution: tools above, the canvas, a line of help below."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, Qt, Slot
from PySide6.QtGui import QKeyEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from flowviz.gui.canvas.surface import DrawingSurface
from flowviz.gui.canvas.tool_strip import BrushMeasures, ToolStrip
from flowviz.gui.control.draw import DrawController
from flowviz.gui.control.painting import Painting
from flowviz.targets import dim_of

_HELP = {
    "brush": "Drag to draw, hold still for denser · Shift: straight line · [ ] size · Ctrl+Z undo",
    "spray": "Hold to spray · Shift: straight line · [ ] size · Ctrl+Z undo",
    "eraser": "Drag to erase · Shift: straight line · [ ] size · Ctrl+Z undo",
}


class DrawingPage(QWidget):
    """Tools, a surface and a line of help. Abstract: which surface stands there is the heir's matter.

    Args:
        controller: owns the drawing; shared with the target panel.
    """

    def __init__(self, controller: Painting, surface: DrawingSurface, middle: QWidget | None = None) -> None:
        super().__init__()
        self.setObjectName("drawingPage")
        self._controller = controller
        self.strip = ToolStrip(controller)
        self.measures = BrushMeasures(controller)
        self.surface = surface
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.strip)
        column.addWidget(self.measures)
        column.addWidget(middle or surface, 1)
        self.place = (0.0, 0.0)
        self._help = QLabel()
        self._help.setProperty("role", "muted")
        self._place = QLabel()
        self._place.setProperty("role", "muted")
        self._place.setMinimumWidth(self._place.fontMetrics().horizontalAdvance(self.words_of_place(-0.0, -0.0)))
        bottom = QHBoxLayout()
        bottom.setContentsMargins(14, 0, 14, 8)
        bottom.addWidget(self._help, 1)
        bottom.addWidget(self._place)
        column.addLayout(bottom)
        self.surface.pointer_moved.connect(self.show_place)
        self.strip.done_requested.connect(controller.done_requested)
        self.strip.start_from_requested.connect(controller.start_from_requested)
        controller.brush_changed.connect(self._show_help)
        self._show_help()
        self._keys = self.key_table()

    def key_table(self) -> dict[str, Callable[[], object]]:
        """What the keys do, by the character that they write."""
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
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride and self.action_of(event):
            event.accept()
            return True
        return super().event(event)

    def action_of(self, event: QKeyEvent) -> Callable[[], object] | None:
        """What a key does here, or None."""
        if event.modifiers() & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.MetaModifier):
            return None
        if event.key() == Qt.Key.Key_Escape:
            return self._controller.done_requested.emit
        return self._keys.get(event.text().lower())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        action = self.action_of(event)
        if action is not None:
            action()
        else:
            super().keyPressEvent(event)

    def showEvent(self, event: QShowEvent) -> None:
        self.show_start_from()
        self.surface.setFocus(Qt.FocusReason.OtherFocusReason)
        super().showEvent(event)

    @Slot()
    def show_start_from(self) -> None:
        """Whether the chosen target can be the base of the drawing."""
        target = self._controller.chosen()
        dim = 0 if target is None or target.key == self._controller.key else dim_of(target)
        self.strip.start_from.setEnabled(dim == self._controller.ink.ndim)

    @Slot(float, float)
    def show_place(self, x: float, y: float) -> None:
        """Say where the pointer is."""
        self.place = (x, y)
        self._place.setText(self.words_of_place(x, y))

    def words_of_place(self, x: float, y: float) -> str:
        """Where the pointer is."""
        return f"x {x:.2f}, y {y:.2f}"

    @Slot()
    def _show_help(self) -> None:
        self._help.setText(self.help_words())

    def help_words(self) -> str:
        """What the pointer and the keys do."""
        return _HELP[self._controller.brush.tool]


class DrawingCanvas(DrawingPage):
    """The page on which one draws in the plane.

    Args:
        controller: owns the drawing.
    """

    def __init__(self, controller: DrawController) -> None:
        super().__init__(controller, DrawingSurface(controller))
        controller.target_changed.connect(self.show_start_from)
