"""A row of small buttons of which one is chosen."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QHBoxLayout, QToolButton, QWidget


class Segments(QWidget):
    """Buttons side by side; `chosen(key)` when the person picks another.

    Args:
        choices: (key, label, tool tip) of each, from left to right; the first one is chosen at the start.
        name: what the choice is about, for screen readers.
    """

    chosen = Signal(str)

    def __init__(self, choices: tuple[tuple[str, str, str], ...], name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        self._group = QButtonGroup(self)
        self.buttons: dict[str, QToolButton] = {}
        for key, label, tip in choices:
            button = QToolButton()
            button.setText(label)
            button.setToolTip(tip)
            button.setAccessibleName(f"{name}: {label}")
            button.setObjectName(f"segment_{key}")
            button.setProperty("chip", True)
            button.setCheckable(True)
            button.setChecked(not self.buttons)
            self._group.addButton(button)
            self.buttons[key] = button
            row.addWidget(button)
        self._group.buttonClicked.connect(self._clicked)

    @property
    def key(self) -> str:
        """The chosen one."""
        return next(key for key, button in self.buttons.items() if button.isChecked())

    def show_key(self, key: str) -> None:
        """Choose one, without a signal."""
        self.buttons[key].setChecked(True)

    def _clicked(self, clicked: QAbstractButton) -> None:
        for key, button in self.buttons.items():
            if button is clicked:
                self.chosen.emit(key)
