"""The strip above the canvas: tools, undo, and the measures of the brush."""

from __future__ import annotations

import math

from PySide6.QtCore import QSignalBlocker, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSlider,
    QToolButton,
    QWidget,
)

from flowviz.gui.control.painting import LARGEST, SMALLEST, Painting, Tool
from flowviz.gui.theme.icons import set_icon

_STEPS = 200
_TOOLS: tuple[tuple[Tool, str, str, str], ...] = (
    ("brush", "Brush", "B", "Brush (B): draw density; hold still to make it denser"),
    ("spray", "Spray", "S", "Spray (S): scatter small specks; hold still to go on spraying"),
    ("eraser", "Eraser", "E", "Eraser (E): take density away"),
)


class ToolStrip(QFrame):
    """Chooses the tool; shows undo, redo and clear; `done_requested` and `start_from_requested` go to the page."""

    done_requested = Signal()
    start_from_requested = Signal()

    def __init__(self, controller: Painting, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("toolStrip")
        self._controller = controller
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 8, 12, 4)
        row.setSpacing(6)
        self._group = QButtonGroup(self)
        self._buttons: dict[Tool, QToolButton] = {}
        for tool, label, _key, tip in _TOOLS:
            button = _tool_button(label, tool, tip)
            button.setCheckable(True)
            set_icon(button, tool)
            self._group.addButton(button)
            self._buttons[tool] = button
            row.addWidget(button)
        self._group.buttonClicked.connect(self._tool_clicked)
        row.addSpacing(12)
        stack = controller.undo_stack
        self._undo = _icon_button("Undo", "undo", "Undo (Ctrl+Z)")
        self._redo = _icon_button("Redo", "redo", "Redo (Ctrl+Shift+Z)")
        self._clear = _icon_button("Clear", "clear", "Clear the drawing (can be undone)")
        for button in (self._undo, self._redo, self._clear):
            row.addWidget(button)
        self._undo.clicked.connect(stack.undo)
        self._redo.clicked.connect(stack.redo)
        self._clear.clicked.connect(controller.clear)
        stack.canUndoChanged.connect(self._undo.setEnabled)
        stack.canRedoChanged.connect(self._redo.setEnabled)
        self._undo.setEnabled(stack.canUndo())
        self._redo.setEnabled(stack.canRedo())
        row.addStretch(1)
        self._guide = QCheckBox("Guide")
        self._guide.setToolTip("Show samples of the chosen target faintly behind, to trace them")
        self._guide.setChecked(controller.is_guide_shown)
        self._guide.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._guide.toggled.connect(controller.show_guide)
        row.addWidget(self._guide)
        row.addSpacing(6)
        self.start_from = QPushButton("Start from target")
        self.start_from.setToolTip("Make the target on screen the drawing, to draw on top of it or erase from it")
        self.start_from.clicked.connect(self.start_from_requested)
        row.addWidget(self.start_from)
        self.done = QPushButton("Done")
        self.done.setProperty("primary", True)
        self.done.setToolTip("Back to the stage (Esc)")
        self.done.clicked.connect(self.done_requested)
        row.addWidget(self.done)
        controller.brush_changed.connect(self._show)
        controller.density_changed.connect(self._show_clear)
        self._show()
        self._show_clear()

    @Slot()
    def _show(self) -> None:
        self._buttons[self._controller.brush.tool].setChecked(True)

    @Slot()
    def _show_clear(self) -> None:
        if not self._controller.is_drawing:
            self._clear.setEnabled(not self._controller.is_empty)

    def _tool_clicked(self, clicked: QToolButton) -> None:
        for tool, button in self._buttons.items():
            if button is clicked:
                self._controller.set_brush(tool=tool)


class BrushMeasures(QFrame):
    """Sliders for size, softness and strength."""

    def __init__(self, controller: Painting, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("brushMeasures")
        self._controller = controller
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 0, 12, 4)
        row.setSpacing(8)
        self._size, self._size_text = self._slider(row, "Size", "Diameter of the brush: [ and ], or Shift + wheel")
        self._softness, self._softness_text = self._slider(row, "Softness", "How much of the brush fades out")
        self._strength, self._strength_text = self._slider(row, "Strength", "How fast density gathers")
        self._size.valueChanged.connect(self._size_moved)
        self._softness.valueChanged.connect(lambda value: controller.set_brush(softness=value / _STEPS))
        self._strength.valueChanged.connect(self._strength_moved)
        controller.brush_changed.connect(self._show)
        self._show()

    def _slider(self, row: QHBoxLayout, label: str, tip: str) -> tuple[QSlider, QLabel]:
        if row.count():
            row.addSpacing(10)
        name = QLabel(label)
        name.setProperty("role", "muted")
        slider = QSlider(Qt.Orientation.Horizontal)
        slider.setRange(0, _STEPS)
        slider.setToolTip(tip)
        slider.setAccessibleName(f"Brush {label.lower()}")
        slider.setObjectName(f"brush{label}")
        slider.setMinimumWidth(50)
        name.setBuddy(slider)
        value = QLabel()
        value.setMinimumWidth(value.fontMetrics().horizontalAdvance("100 %"))
        row.addWidget(name)
        row.addWidget(slider, 1)
        row.addWidget(value)
        return slider, value

    def _size_moved(self, position: int) -> None:
        self._controller.set_brush(size=SMALLEST * (LARGEST / SMALLEST) ** (position / _STEPS))

    def _strength_moved(self, position: int) -> None:
        self._controller.set_brush(strength=0.1 * 30.0 ** (position / _STEPS))

    @Slot()
    def _show(self) -> None:
        brush = self._controller.brush
        positions = {
            self._size: math.log(brush.size / SMALLEST) / math.log(LARGEST / SMALLEST),
            self._softness: brush.softness,
            self._strength: math.log(brush.strength / 0.1) / math.log(30.0),
        }
        for slider, share in positions.items():
            with QSignalBlocker(slider):
                slider.setValue(round(share * _STEPS))
        self._size_text.setText(f"{brush.size:.2f}")
        self._softness_text.setText(f"{brush.softness:.0%}")
        self._strength_text.setText(f"{brush.strength:.0%}")


def _tool_button(label: str, icon: str, tip: str) -> QToolButton:
    button = QToolButton()
    button.setText(label)
    button.setToolTip(tip)
    button.setAccessibleName(label)
    button.setObjectName(f"tool{label}")
    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    set_icon(button, icon)
    return button


def _icon_button(label: str, icon: str, tip: str) -> QToolButton:
    button = _tool_button(label, icon, tip)
    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
    button.setProperty("flat", True)
    return button
