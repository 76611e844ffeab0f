"""Small pieces of the export dialogs' forms."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QComboBox, QDoubleSpinBox, QGridLayout, QHBoxLayout, QSpinBox, QWidget


def row(*widgets: QWidget) -> QWidget:
    """Widgets side by side."""
    place = QWidget()
    line = QHBoxLayout(place)
    line.setContentsMargins(0, 0, 0, 0)
    line.setSpacing(10)
    for widget in widgets:
        line.addWidget(widget)
    return place


def choice(name: str, items: Sequence[tuple[str, object, str]], prefix: str = "film") -> QComboBox:
    """A combo box of (label, data, tool tip)."""
    box = QComboBox()
    for index, (label, data, tip) in enumerate(items):
        box.addItem(label, data)
        if tip:
            box.setItemData(index, tip, Qt.ItemDataRole.ToolTipRole)
    box.setAccessibleName(name)
    box.setObjectName(f"{prefix}_{name.lower()}")
    return box


def boxes(items: Sequence[tuple[str, str, str]], prefix: str, columns: int) -> tuple[QWidget, dict[str, QCheckBox]]:
    """A grid of check boxes from (key, label, tool tip), and the boxes by key."""
    place, made = QWidget(), {}
    grid = QGridLayout(place)
    grid.setContentsMargins(0, 2, 0, 0)
    grid.setVerticalSpacing(6)
    grid.setHorizontalSpacing(18)
    grid.setColumnStretch(columns, 1)
    for index, (key, label, tip) in enumerate(items):
        box = QCheckBox(label)
        box.setToolTip(tip)
        box.setObjectName(f"{prefix}_{key}")
        grid.addWidget(box, index // columns, index % columns)
        made[key] = box
    return place, made


def quiet_set(box: QSpinBox | QDoubleSpinBox, value: float) -> None:
    """Show a value without telling anybody."""
    blocked = box.blockSignals(True)
    if isinstance(box, QSpinBox):
        box.setValue(round(value))
    else:
        box.setValue(value)
    box.blockSignals(blocked)
