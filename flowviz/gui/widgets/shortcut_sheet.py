"""All shortcuts on one sheet, made from the table of actions."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QDialog, QFrame, QGridLayout, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from flowviz.gui.actions import Action

_DRAWING = (("Brush size", "[  ]"), ("Straight line", "Shift+drag"))
_STAGE = (
    ("Zoom at the cursor", "Wheel"),
    ("Move the view", "Drag"),
    ("Fit", "Double click"),
    ("Pin a path", "Click"),
    ("Pin one more", "Ctrl+click"),
    ("Draw a loop", "Shift+drag"),
    ("Clear pins and loop", "Esc"),
)
_COLUMNS = (
    (("File", "Edit", "Run"), ("Time", "Key frames"), ("Stage", "Layers"), ("View", "Camera", "Help")),
    (("File", "Edit", "Run", "Help"), ("Time", "Key frames", "View"), ("Stage", "Layers", "Camera")),
    (("File", "Edit", "Run", "Stage", "Help"), ("Time", "Key frames", "View", "Layers", "Camera")),
    (("File", "Edit", "Run", "Time", "Key frames", "Stage", "Layers", "View", "Camera", "Help"),),
)
"""Four columns, three, two or one: as many as the window has room for."""
_ARROWS = {"Left": "←", "Right": "→", "Up": "↑", "Down": "↓"}


class ShortcutSheet(QDialog):
    """Columns of names and keys, to be scrolled where the window is small; closes with Escape."""

    def __init__(self, rows: Sequence[Action], parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Shortcuts")
        groups: dict[str, list[tuple[str, str]]] = {}
        for row in rows:
            if row.shortcuts:
                groups.setdefault(row.menu.rpartition("/")[2], []).append((row.text.rstrip("…"), _key(row)))
        groups["Edit"] = [("Undo", "Ctrl+Z"), ("Redo", "Ctrl+Shift+Z"), *_DRAWING]
        groups["Stage"] = [*groups.get("Stage", ()), *_STAGE]
        self.page = QScrollArea()
        self.page.setFrameShape(QFrame.Shape.NoFrame)
        self.page.setWidgetResizable(True)
        self.page.setAccessibleName("All shortcuts")
        outer = QHBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self.page)
        room = parent.window().size() - QSize(24, 48)
        bar = self.page.verticalScrollBar().sizeHint().width()
        for names in _COLUMNS:
            columns = _columns(groups, names)
            self.page.setWidget(columns)
            if columns.sizeHint().width() + bar <= room.width():
                break
        self.resize((columns.sizeHint() + QSize(bar, 0)).boundedTo(room))
        self.page.setFocus()


def _key(row: Action) -> str:
    """The first key, arrows as arrows."""
    parts = QKeySequence(row.shortcuts[0]).toString(QKeySequence.SequenceFormat.NativeText).split("+")
    return "+".join(_ARROWS.get(part, part) for part in parts)


def _columns(groups: dict[str, list[tuple[str, str]]], names_of_columns: Sequence[Sequence[str]]) -> QWidget:
    page = QWidget()
    row = QHBoxLayout(page)
    row.setContentsMargins(22, 18, 22, 18)
    row.setSpacing(30)
    for names in names_of_columns:
        column = QVBoxLayout()
        column.setSpacing(14)
        for name in names:
            column.addLayout(_group(name, groups.get(name, [])))
        column.addStretch(1)
        row.addLayout(column)
    return page


def _group(name: str, rows: list[tuple[str, str]]) -> QGridLayout:
    grid = QGridLayout()
    grid.setHorizontalSpacing(16)
    grid.setVerticalSpacing(4)
    heading = QLabel(name)
    heading.setProperty("role", "heading")
    grid.addWidget(heading, 0, 0, 1, 2)
    for index, (text, key) in enumerate(rows, 1):
        grid.addWidget(QLabel(text), index, 0)
        label = QLabel(key)
        label.setProperty("role", "muted")
        grid.addWidget(label, index, 1, Qt.AlignmentFlag.AlignRight)
    return grid
