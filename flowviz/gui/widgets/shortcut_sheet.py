"""All shortcuts on one sheet, made from the table of actions."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QDialog, QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from flowviz.gui.actions import Action

_DRAWING = (("Brush size", "[  ]"), ("Straight line", "Shift+drag"))
_STAGE = (("Zoom at the cursor", "Wheel"), ("Move the view", "Drag"), ("Fit", "Double click"))


class ShortcutSheet(QDialog):
    """Columns of names and keys; closes with Escape."""

    def __init__(self, rows: Sequence[Action], parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Shortcuts")
        outer = QHBoxLayout(self)
        outer.setContentsMargins(26, 22, 26, 24)
        outer.setSpacing(42)
        groups: dict[str, list[tuple[str, str]]] = {}
        for row in rows:
            if row.shortcuts:
                key = QKeySequence(row.shortcuts[0]).toString(QKeySequence.SequenceFormat.NativeText)
                groups.setdefault(row.menu.rpartition("/")[2], []).append((row.text.rstrip("…"), key))
        groups["Edit"] = [("Undo", "Ctrl+Z"), ("Redo", "Ctrl+Shift+Z"), *_DRAWING]
        groups["Stage"] = list(_STAGE)
        for names in (("File", "Edit", "Run"), ("Time",), ("Layers", "View", "Stage", "Help")):
            column = QVBoxLayout()
            column.setSpacing(16)
            for name in names:
                column.addLayout(_group(name, groups.get(name, [])))
            column.addStretch(1)
            outer.addLayout(column)


def _group(name: str, rows: list[tuple[str, str]]) -> QGridLayout:
    grid = QGridLayout()
    grid.setHorizontalSpacing(24)
    grid.setVerticalSpacing(5)
    heading = QLabel(name)
    heading.setProperty("role", "heading")
    grid.addWidget(heading, 0, 0, 1, 2)
    for index, (text, key) in enumerate(rows, 1):
        grid.addWidget(QLabel(text), index, 0)
        label = QLabel(key)
        label.setProperty("role", "muted")
        grid.addWidget(label, index, 1, Qt.AlignmentFlag.AlignRight)
    return grid
